// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateDoctorTest {
  private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");
  private static final Instant END = Instant.parse("2027-12-24T00:00:00Z");
  private static final X509Certificate VOIP = Apple.voip(Apple.RSA, Apple.BUNDLE, Apple.START, END);

  @Test
  void identityInGoodHealth() throws Exception {
    byte[] p12 =
        new Keychain()
            .identity("My Key", Apple.RSA, VOIP)
            .certificate("issuer", Apple.ISSUER)
            .certificate("root", Apple.ROOT)
            .write("x");

    assertEquals(
        """
        voip.p12: VoIP Services certificate
          name          "VoIP Services: com.example.app"
          bundle id     com.example.app
          topics        com.example.app, com.example.app.voip
          team          A1B2C3D4E5
          environments  production, sandbox
          valid         2025-01-01 to 2027-12-24, 394 days left
          key           RSA, 2048 bits, here, and it belongs to the certificate
          issuer        "Not Apple Worldwide Developer Relations", then "Not Apple Root CA"
        """,
        describe("voip.p12", p12, "x"));
  }

  @Test
  void expiresSoon() throws Exception {
    assertEquals(
        List.of(
            "  advice        expires in 12 days: create a new one at"
                + " https://developer.apple.com/account/resources/certificates"),
        advice(identity(VOIP, END.minus(12, ChronoUnit.DAYS))));
    assertEquals(List.of(), advice(identity(VOIP, END.minus(31, ChronoUnit.DAYS))));
  }

  @Test
  void expired() throws Exception {
    String text = identity(VOIP, END.plus(5, ChronoUnit.DAYS));

    assertTrue(text.contains("2027-12-24, 0 days left\n"), text);
    assertEquals(
        List.of(
            "  advice        expired on 2027-12-24T00:00:00Z: create a new one at"
                + " https://developer.apple.com/account/resources/certificates"),
        advice(text));
  }

  @Test
  void wrongKinds() throws Exception {
    String fix =
        ", which cannot send VoIP pushes: create a VoIP Services Certificate at"
            + " https://developer.apple.com/account/resources/certificates";
    assertEquals(
        List.of(
            "  advice        universal push certificate (Apple Push Services)"
                + " (\"Apple Push Services: com.example.app\")"
                + fix),
        advice(identity(Apple.universal(Apple.RSA, Apple.BUNDLE, "app"), NOW)));
    String old = identity(Apple.singleEnvironment(Apple.RSA, Apple.BUNDLE, false), NOW);
    assertTrue(old.startsWith("key and certificate: old push certificate for a single"), old);
    assertTrue(old.contains("  environments  sandbox\n"), old);
    String none = identity(Apple.distribution(Apple.RSA), NOW);
    assertTrue(none.startsWith("key and certificate: not a push certificate\n"), none);
    assertEquals(
        List.of("  advice        it names no topic: tell the client with bundleId(…)"),
        advice(identity(Apple.unnamed(Apple.RSA), NOW)));
  }

  @Test
  void universalForVoipIsFine() throws Exception {
    assertEquals(
        List.of(), advice(identity(Apple.universal(Apple.RSA, Apple.BUNDLE, "app", "voip"), NOW)));
  }

  @Test
  void certificateAlone() throws Exception {
    String text = describe("ck.pem", Pem.of(VOIP).getBytes(UTF_8), "x");

    assertTrue(
        text.contains("  key           RSA, 2048 bits, the private key is not here\n"), text);
    assertEquals(
        List.of(
            "  advice        a certificate without its private key: add the key from Keychain's .p12 with"
                + " CertificateConverter.toPem",
            "  advice        if openssl 3 wrote the key: without -legacy it leaves an empty file of"
                + " Keychain's .p12"),
        advice(text));
  }

  @Test
  void certificateAndAnotherKey() throws Exception {
    String pem = Pem.of(VOIP) + Pem.of(Apple.EC.getPrivate());
    String text = describe("ck.pem", pem.getBytes(UTF_8), "");

    assertTrue(
        text.contains("  key           RSA, 2048 bits, but the private key here is another one\n"),
        text);
    assertEquals(1, advice(text).size());
  }

  @Test
  void keysAlone() throws Exception {
    assertEquals(
        """
        AuthKey.p8: EC private key on its own, as in Apple's AuthKey_….p8
          key           EC, 256 bits
          advice        if Apple made it as an APNs key: load it with SigningKey.load
        """,
        describe("AuthKey.p8", Pem.of(Apple.EC.getPrivate()).getBytes(UTF_8), ""));
    assertEquals(
        """
        k.p12: a private key without its certificate
          key           RSA, 2048 bits, encrypted
          advice        add Apple's .cer: CertificateLoader.fromCerAndPkcs12
        """,
        describe("k.p12", new Keychain().key("k", Apple.RSA).write("x"), "x"));
  }

  @Test
  void fileThatDoesNotLoadIsDescribedByItsFault(@TempDir Path folder) throws Exception {
    Path empty = Files.createFile(folder.resolve("VoIPKey.pem"));

    assertEquals(
        empty
            + ": empty file; openssl 3 leaves one when it refuses Keychain's .p12 without -legacy: write it"
            + " again with CertificateConverter (docs/troubleshooting.md#empty-file)\n",
        CertificateDoctor.describe(empty, null));
  }

  @Test
  void whatACertificateSaysOfItselfStartsNoLine() throws Exception {
    String forged = "x\r\n2026-01-01 INFO forged\u2028\u202e";
    X509Certificate certificate = Apple.voip(Apple.RSA, forged);
    PushCertificate loaded = PushCertificate.of(Apple.RSA.getPrivate(), List.of(certificate));

    String text = loaded.describe();
    assertTrue(
        text.contains("  name          \"VoIP Services: x??2026-01-01 INFO forged??\"\n"), text);
    assertTrue(text.contains("  bundle id     x??2026-01-01 INFO forged??\n"), text);
    assertTrue(text.contains("  topics        x??2026-01-01 INFO forged??, x??2026-"), text);
    assertEquals(1, loaded.toString().lines().count());
    String mismatch = fault(Pem.of(certificate) + Pem.of(Apple.EC.getPrivate()));
    assertEquals(
        "the private key belongs to another certificate than"
            + " \"VoIP Services: x??2026-01-01 INFO forged??\"",
        mismatch);
    String two = Pem.of(certificate) + Pem.of(Apple.voip(Apple.RSA, Apple.BUNDLE));
    assertEquals(
        "2 identities that can send VoIP pushes: x??2026-01-01 INFO forged??, com.example.app",
        fault(two + Pem.of(Apple.RSA.getPrivate())));
    assertEquals("holds only ?[31mX", fault(Pem.block("\u001b[31mX", new byte[] {1})));
  }

  @Test
  void longNamesAreCut() throws Exception {
    String bundle = "x".repeat(100_000);
    ASN1Encodable name = new DERUTF8String(bundle);
    X500Name subject =
        new X500NameBuilder().addRDN(BCStyle.UID, name).addRDN(BCStyle.CN, name).build();
    X509Certificate certificate = Apple.issued(subject, Apple.EC, subject, Apple.RSA, Apple.END);
    PushCertificate loaded = PushCertificate.of(Apple.RSA.getPrivate(), List.of(certificate));

    assertEquals(bundle, loaded.bundleId());
    String text = loaded.describe();
    assertTrue(text.contains("  bundle id     " + "x".repeat(1_000) + "…\n"));
    assertTrue(text.lines().allMatch(line -> line.length() < 1_200));
    assertTrue(fault(Pem.of(certificate) + Pem.of(Apple.EC.getPrivate())).length() < 1_200);
  }

  private static String fault(String pem) {
    return assertThrows(
            CredentialsException.class,
            () -> CertificateLoader.fromPem(new ByteArrayInputStream(pem.getBytes(UTF_8)), null))
        .fault();
  }

  @Test
  void loadedCertificateDescribesItself() throws Exception {
    PushCertificate loaded = PushCertificate.of(Apple.RSA.getPrivate(), List.of(VOIP));

    assertTrue(loaded.describe().startsWith("key and certificate: VoIP Services certificate\n"));
  }

  private static String identity(X509Certificate certificate, Instant now) throws Exception {
    return CertificateDoctor.describe(
        PushCertificate.of(Apple.RSA.getPrivate(), List.of(certificate)), now);
  }

  private static String describe(String name, byte[] bytes, String password) throws Exception {
    return CertificateDoctor.describe(new Source(name, bytes), password.toCharArray(), NOW);
  }

  private static List<String> advice(String text) {
    return text.lines().filter(line -> line.startsWith("  advice")).toList();
  }
}
