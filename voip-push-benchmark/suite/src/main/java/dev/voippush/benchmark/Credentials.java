// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.SimulatorCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Key and certificate files that clients and server share, made for one run and worth nothing
 * elsewhere.
 *
 * @param directory where they are; the run deletes it
 */
record Credentials(Path directory) {
  /** Of both PKCS#12 files. */
  static final String PASSWORD = "voip-push";

  /** What all clients send to. */
  static final String TOPIC = "com.example.app.voip";

  Path clientP12() {
    return directory.resolve("voippush.p12");
  }

  Path clientIssuerPem() {
    return directory.resolve("issuer.pem");
  }

  Path serverP12() {
    return directory.resolve("server.p12");
  }

  Path serverPem() {
    return directory.resolve("server.pem");
  }

  X509Certificate serverCertificate() throws IOException, GeneralSecurityException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(serverPem())));
  }

  static KeyStore load(Path p12) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (var in = Files.newInputStream(p12)) {
      store.load(in, PASSWORD.toCharArray());
    }
    return store;
  }

  static Credentials create(Path directory) throws IOException, GeneralSecurityException {
    Credentials credentials = new Credentials(directory);
    try (ApnsSimulator simulator = ApnsSimulator.start()) { // for its VoIP certificate
      SimulatorCredentials client = simulator.credentials();
      client.writeTo(directory);
      Files.writeString(credentials.clientIssuerPem(), pem(client.chain().get(1)));
    }
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    KeyPair key = generator.generateKeyPair();
    X509Certificate certificate = selfSigned(key);
    Files.writeString(credentials.serverPem(), pem(certificate));
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(
        "server", key.getPrivate(), PASSWORD.toCharArray(), new Certificate[] {certificate});
    try (OutputStream out = Files.newOutputStream(credentials.serverP12())) {
      store.store(out, PASSWORD.toCharArray());
    }
    return credentials;
  }

  private static X509Certificate selfSigned(KeyPair key)
      throws IOException, GeneralSecurityException {
    X500Name name = new X500Name("CN=127.0.0.1");
    Instant now = Instant.now();
    try {
      byte[] encoded =
          new JcaX509v3CertificateBuilder(
                  name,
                  BigInteger.ONE,
                  Date.from(now.minus(Duration.ofDays(1))),
                  Date.from(now.plus(Duration.ofDays(30))),
                  name,
                  key.getPublic())
              .addExtension(
                  Extension.subjectAlternativeName,
                  false,
                  new GeneralNames(new GeneralName(GeneralName.iPAddress, "127.0.0.1")))
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate()))
              .getEncoded();
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(encoded));
    } catch (OperatorCreationException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private static String pem(X509Certificate certificate) throws GeneralSecurityException {
    return "-----BEGIN CERTIFICATE-----\n"
        + Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
            .encodeToString(certificate.getEncoded())
        + "\n-----END CERTIFICATE-----\n";
  }
}
