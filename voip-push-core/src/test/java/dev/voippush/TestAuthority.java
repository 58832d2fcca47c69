// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Issues the certificates of servers that are not the simulator. */
final class TestAuthority {
  private static final X500Name ROOT = new X500Name("CN=Root of the test");

  private final KeyPair rootKey;
  private final X509Certificate root;

  TestAuthority() throws Exception {
    rootKey = newKey();
    root = certificate(ROOT, rootKey, Instant.now().plus(Duration.ofDays(1)), null);
  }

  X509Certificate root() {
    return root;
  }

  /** A new key with a certificate for this host, for an SSLContext. */
  KeyManager[] serverKeys(String hostName, Instant notAfter) throws Exception {
    KeyPair key = newKey();
    X509Certificate own =
        certificate(new X500Name("CN=Server of the test"), key, notAfter, hostName);
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("k", key.getPrivate(), new char[0], new X509Certificate[] {own, root});
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, new char[0]);
    return keys.getKeyManagers();
  }

  /**
   * @param hostName null for the root
   */
  private X509Certificate certificate(X500Name subject, KeyPair key, Instant end, String hostName)
      throws Exception {
    boolean authority = hostName == null;
    X509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            ROOT,
            BigInteger.valueOf(authority ? 1 : 2),
            Date.from(Instant.now().minus(Duration.ofDays(30))),
            Date.from(end),
            subject,
            key.getPublic());
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
    if (!authority) {
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(new GeneralName(GeneralName.dNSName, hostName)));
    }
    return new JcaX509CertificateConverter()
        .getCertificate(
            builder.build(
                new JcaContentSignerBuilder("SHA256withECDSA").build(rootKey.getPrivate())));
  }

  private static KeyPair newKey() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(256);
    return generator.generateKeyPair();
  }
}
