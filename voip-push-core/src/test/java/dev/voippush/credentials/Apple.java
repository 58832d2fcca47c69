// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Issues certificates that look like Apple's. Its keys are made once a run: RSA keys take their
 * time.
 */
public final class Apple {
  public static final String BUNDLE = "com.example.app";
  static final String TEAM = "A1B2C3D4E5";
  public static final Instant START = Instant.parse("2025-01-01T00:00:00Z");
  static final Instant END = Instant.parse("2045-01-01T00:00:00Z");

  static final KeyPair RSA = rsa();
  static final KeyPair OTHER_RSA = rsa();
  public static final KeyPair EC = ec("secp256r1");

  private static final String PUSH = "1.2.840.113635.100.6.3.";
  private static final AtomicLong SERIAL = new AtomicLong(0x13DC77955271E53DL);
  private static final KeyPair ROOT_KEY = ec("secp384r1");
  private static final KeyPair ISSUER_KEY = ec("secp256r1");
  private static final X500Name ROOT_NAME =
      new X500Name("CN=Not Apple Root CA,OU=Certification Authority,O=Not Apple Inc.,C=US");
  private static final X500Name ISSUER_NAME =
      new X500Name("CN=Not Apple Worldwide Developer Relations,OU=G4,O=Not Apple Inc.,C=US");

  static final X509Certificate ROOT =
      sign(ROOT_NAME, ROOT_KEY, ROOT_NAME, ROOT_KEY, START, END, authority());
  static final X509Certificate ISSUER =
      sign(ROOT_NAME, ROOT_KEY, ISSUER_NAME, ISSUER_KEY, START, END, authority());

  private Apple() {}

  static KeyPair rsa() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  static KeyPair ec(String curve) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec(curve));
      return generator.generateKeyPair();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** The certificate of {@code VoIP Services: <bundle>}. */
  static X509Certificate voip(KeyPair key, String bundle) {
    return voip(key, bundle, START, END);
  }

  public static X509Certificate voip(KeyPair key, String bundle, Instant start, Instant end) {
    Map<String, ASN1Encodable> extensions = environments(true, true);
    extensions.put(PUSH + "3", new DERUTF8String(bundle));
    extensions.put(PUSH + "4", new DERUTF8String(bundle + ", " + bundle + ".voip"));
    extensions.put(PUSH + "5", DERNull.INSTANCE);
    return issue(
        key, subject(bundle + ".voip", "VoIP Services: " + bundle), start, end, extensions);
  }

  /** As seen elsewhere: the topics' extension is there, but says nothing. */
  static X509Certificate voipWithNullTopics(KeyPair key, String bundle) {
    Map<String, ASN1Encodable> extensions = environments(true, true);
    extensions.put(PUSH + "3", new DERUTF8String(bundle));
    extensions.put(PUSH + "4", DERNull.INSTANCE);
    return issue(
        key, subject(bundle + ".voip", "VoIP Services: " + bundle), START, END, extensions);
  }

  /** {@code Apple Push Services: <bundle>}, for the types that are named. */
  static X509Certificate universal(KeyPair key, String bundle, String... types) {
    ASN1Encodable[] pairs = new ASN1Encodable[2 * types.length];
    for (int i = 0; i < types.length; i++) {
      pairs[2 * i] = new DERUTF8String(types[i].equals("app") ? bundle : bundle + "." + types[i]);
      pairs[2 * i + 1] = new DERSequence(new DERUTF8String(types[i]));
    }
    Map<String, ASN1Encodable> extensions = environments(true, true);
    extensions.put(PUSH + "6", new DERSequence(pairs));
    return issue(key, subject(bundle, "Apple Push Services: " + bundle), START, END, extensions);
  }

  static X509Certificate singleEnvironment(KeyPair key, String bundle, boolean production) {
    String name = "Apple " + (production ? "Production" : "Development") + " IOS Push Services: ";
    return issue(
        key, subject(bundle, name + bundle), START, END, environments(!production, production));
  }

  static X509Certificate distribution(KeyPair key) {
    return issue(key, subject(TEAM, "iPhone Distribution: Example Co."), START, END, Map.of());
  }

  /** Neither extension nor UID: nothing in it names a topic. */
  static X509Certificate unnamed(KeyPair key) {
    return issue(
        key, new X500NameBuilder().addRDN(BCStyle.CN, "unnamed").build(), START, END, Map.of());
  }

  /** For the other end of a connection. */
  static X509Certificate localhost(KeyPair key) {
    Map<String, ASN1Encodable> extensions = new LinkedHashMap<>();
    extensions.put(
        Extension.subjectAlternativeName.getId(),
        new GeneralNames(
            new GeneralName[] {
              new GeneralName(GeneralName.dNSName, "localhost"),
              new GeneralName(GeneralName.iPAddress, "127.0.0.1")
            }));
    X500Name name = new X500Name("CN=localhost");
    return sign(ISSUER_NAME, ISSUER_KEY, name, key, START, END, extensions);
  }

  /** By any authority, without extensions. */
  static X509Certificate issued(
      X500Name issuer, KeyPair issuerKey, X500Name subject, KeyPair key, Instant end) {
    return sign(issuer, issuerKey, subject, key, START, end, Map.of());
  }

  private static X509Certificate issue(
      KeyPair key, X500Name subject, Instant start, Instant end, Map<String, ASN1Encodable> more) {
    Map<String, ASN1Encodable> extensions = new LinkedHashMap<>(more);
    extensions.put(
        Extension.extendedKeyUsage.getId(), new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth));
    return sign(ISSUER_NAME, ISSUER_KEY, subject, key, start, end, extensions);
  }

  private static X500Name subject(String uid, String name) {
    return new X500NameBuilder()
        .addRDN(BCStyle.UID, uid)
        .addRDN(BCStyle.CN, name)
        .addRDN(BCStyle.OU, TEAM)
        .addRDN(BCStyle.O, "Beispiel & Söhne")
        .addRDN(BCStyle.C, "US")
        .build();
  }

  private static Map<String, ASN1Encodable> environments(boolean sandbox, boolean production) {
    Map<String, ASN1Encodable> extensions = new LinkedHashMap<>();
    if (sandbox) {
      extensions.put(PUSH + "1", DERNull.INSTANCE);
    }
    if (production) {
      extensions.put(PUSH + "2", DERNull.INSTANCE);
    }
    return extensions;
  }

  private static Map<String, ASN1Encodable> authority() {
    return Map.of(Extension.basicConstraints.getId(), new BasicConstraints(true));
  }

  private static X509Certificate sign(
      X500Name issuer,
      KeyPair issuerKey,
      X500Name subject,
      KeyPair subjectKey,
      Instant start,
      Instant end,
      Map<String, ASN1Encodable> extensions) {
    try {
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              BigInteger.valueOf(SERIAL.getAndIncrement()),
              Date.from(start),
              Date.from(end),
              subject,
              subjectKey.getPublic());
      for (Map.Entry<String, ASN1Encodable> extension : extensions.entrySet()) {
        builder.addExtension(
            new ASN1ObjectIdentifier(extension.getKey()),
            extension.getKey().equals(Extension.basicConstraints.getId()),
            extension.getValue());
      }
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(
                  new JcaContentSignerBuilder("SHA256withECDSA").build(issuerKey.getPrivate())));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
