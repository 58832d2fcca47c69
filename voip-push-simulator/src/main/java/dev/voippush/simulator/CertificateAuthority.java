// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A small Apple: a root, which signs the server's certificate, and a "Worldwide Developer
 * Relations" intermediate, which signs push certificates with Apple's extensions.
 *
 * <p>Push certificates and their issuer have RSA 2048 keys as at Apple; root and server have P-256
 * keys, which are made and used faster.
 */
final class CertificateAuthority {
  private static final String APPLE = "1.2.840.113635.100.6.";
  private static final Duration LIFETIME = Duration.ofDays(395);
  private static final GeneralName[] LOOPBACK = {
    new GeneralName(GeneralName.dNSName, "localhost"),
    new GeneralName(GeneralName.iPAddress, "127.0.0.1"),
    new GeneralName(GeneralName.iPAddress, "::1")
  };
  private static final SecureRandom random = new SecureRandom();

  private final KeyPair rootKey = newEcKey();
  private final KeyPair issuerKey = newRsaKey();
  private final X509Certificate root;
  private final X509Certificate issuer;

  CertificateAuthority() {
    X500Name rootName =
        name("", "Voip-push Simulator Root CA", "Simulated Certification Authority");
    root = sign(authority(rootName, rootName, rootKey, rootKey, false), rootKey);
    X500Name issuerName =
        name("", "Apple Worldwide Developer Relations Certification Authority", "Simulated");
    issuer = sign(authority(rootName, issuerName, issuerKey, rootKey, true), rootKey);
  }

  X509Certificate root() {
    return root;
  }

  X509Certificate issuer() {
    return issuer;
  }

  /** For the addresses of the loopback. */
  X509Certificate server(KeyPair key) {
    return server(key, LIFETIME, LOOPBACK);
  }

  /** For a host that cannot be. */
  X509Certificate serverOfWrongName(KeyPair key) {
    return server(key, LIFETIME, new GeneralName(GeneralName.dNSName, "wrong-name.invalid"));
  }

  /** For the addresses of the loopback, until 23 hours ago. */
  X509Certificate expiredServer(KeyPair key) {
    return server(key, Duration.ofHours(1), LOOPBACK);
  }

  /** The first name is also the subject's. */
  private X509Certificate server(KeyPair key, Duration lifetime, GeneralName... names) {
    try {
      X500Name subject = name("", names[0].getName().toString(), "");
      X509v3CertificateBuilder builder = builder(root, subject, key, lifetime);
      addLeafExtensions(builder, root, key, KeyPurposeId.id_kp_serverAuth);
      builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
      return sign(builder, rootKey);
    } catch (CertIOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** "VoIP Services: bundle", usable in production and sandbox. */
  X509Certificate voipServices(KeyPair key, String bundleId, String teamId) {
    return push(
        key,
        name(bundleId + ".voip", "VoIP Services: " + bundleId, teamId),
        LIFETIME,
        new AppleExtension("1", DERNull.INSTANCE),
        new AppleExtension("2", DERNull.INSTANCE),
        new AppleExtension("3", new DERUTF8String(bundleId)),
        new AppleExtension("4", new DERUTF8String(bundleId + ", " + bundleId + ".voip")),
        new AppleExtension("5", DERNull.INSTANCE));
  }

  /** An extension 1.2.840.113635.100.6.3.n. */
  record AppleExtension(String n, ASN1Encodable value) {}

  /** Any client certificate, signed by the intermediate. */
  X509Certificate push(
      KeyPair key, X500Name subject, Duration lifetime, AppleExtension... extensions) {
    try {
      X509v3CertificateBuilder builder = builder(issuer, subject, key, lifetime);
      addLeafExtensions(builder, issuer, key, KeyPurposeId.id_kp_clientAuth);
      builder.addExtension(
          Extension.authorityInfoAccess,
          false,
          new AuthorityInformationAccess(
              AccessDescription.id_ad_ocsp,
              new GeneralName(
                  GeneralName.uniformResourceIdentifier, "http://ocsp.apple.com/ocsp03-wwdr01")));
      for (AppleExtension extension : extensions) {
        builder.addExtension(
            new ASN1ObjectIdentifier(APPLE + "3." + extension.n), false, extension.value);
      }
      return sign(builder, issuerKey);
    } catch (CertIOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Apple's order: UID, CN, OU, O, C. Empty parts are left out. */
  static X500Name name(String uid, String commonName, String unit) {
    X500NameBuilder builder = new X500NameBuilder(BCStyle.INSTANCE);
    if (!uid.isEmpty()) {
      builder.addRDN(BCStyle.UID, uid);
    }
    builder.addRDN(BCStyle.CN, commonName);
    if (!unit.isEmpty()) {
      builder.addRDN(BCStyle.OU, unit);
    }
    return builder.addRDN(BCStyle.O, "Example Co., Ltd.").addRDN(BCStyle.C, "US").build();
  }

  static KeyPair newRsaKey() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every JDK has RSA
    }
  }

  static KeyPair newEcKey() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every JDK has P-256
    }
  }

  private static X509v3CertificateBuilder authority(
      X500Name issuer, X500Name subject, KeyPair key, KeyPair signer, boolean intermediate) {
    Instant now = Instant.now();
    try {
      JcaX509ExtensionUtils ids = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              serial(),
              Date.from(now.minus(Duration.ofDays(1))),
              Date.from(now.plus(Duration.ofDays(3650))),
              subject,
              key.getPublic());
      builder
          .addExtension(
              Extension.basicConstraints,
              true,
              intermediate ? new BasicConstraints(0) : new BasicConstraints(true))
          .addExtension(
              Extension.subjectKeyIdentifier,
              false,
              ids.createSubjectKeyIdentifier(key.getPublic()))
          .addExtension(
              Extension.authorityKeyIdentifier,
              false,
              ids.createAuthorityKeyIdentifier(signer.getPublic()))
          .addExtension(
              Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      if (intermediate) {
        builder.addExtension(new ASN1ObjectIdentifier(APPLE + "2.1"), false, DERNull.INSTANCE);
      }
      return builder;
    } catch (CertIOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509v3CertificateBuilder builder(
      X509Certificate issuer, X500Name subject, KeyPair key, Duration lifetime) {
    Instant notBefore = Instant.now().minus(Duration.ofDays(1));
    return new JcaX509v3CertificateBuilder(
        X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded()),
        serial(),
        Date.from(notBefore),
        Date.from(notBefore.plus(lifetime)),
        subject,
        key.getPublic());
  }

  private static void addLeafExtensions(
      X509v3CertificateBuilder builder, X509Certificate issuer, KeyPair key, KeyPurposeId purpose)
      throws CertIOException {
    try {
      JcaX509ExtensionUtils ids = new JcaX509ExtensionUtils();
      builder
          .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
          .addExtension(
              Extension.authorityKeyIdentifier,
              false,
              ids.createAuthorityKeyIdentifier(issuer.getPublicKey()))
          .addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose))
          .addExtension(
              Extension.subjectKeyIdentifier,
              false,
              ids.createSubjectKeyIdentifier(key.getPublic()))
          .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, KeyPair signer) {
    String algorithm =
        signer.getPrivate().getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
    try {
      ContentSigner contentSigner =
          new JcaContentSignerBuilder(algorithm).build(signer.getPrivate());
      return new JcaX509CertificateConverter().getCertificate(builder.build(contentSigner));
    } catch (OperatorCreationException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static BigInteger serial() {
    return new BigInteger(126, random).setBit(126);
  }
}
