// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Every message, whole: these lines are what most users see of this package. */
class ProblemTest {
  private static final X509Certificate VOIP = Apple.voip(Apple.RSA, Apple.BUNDLE);
  private static final String CERTIFICATE = Pem.of(VOIP);
  private static final String KEY = Pem.of(Apple.RSA.getPrivate());

  @TempDir private Path folder;

  @Test
  void wrongPassword() throws Exception {
    String rest =
        ": the password does not open it; use the one chosen when this file was exported or written"
            + " (docs/troubleshooting.md#wrong-password)";
    Path p12 = write("voip.p12", Keychain.export(Apple.RSA, VOIP, "right"));
    assertMessage(p12 + rest, () -> load(p12, "wrong"));
    Path withoutMac =
        write(
            "nomac.p12", new Keychain().identity("k", Apple.RSA, VOIP).withoutMac().write("right"));
    assertMessage(withoutMac + rest, () -> load(withoutMac, "wrong"));
    Path pem = encryptedPem("right");
    assertMessage(pem + rest, () -> load(pem, "wrong"));
    Path dek =
        write(
            "dek.pem",
            CERTIFICATE
                + "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                + "DEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0F\n\n"
                + "AAAAAAAAAAAAAAAAAAAAAA==\n-----END RSA PRIVATE KEY-----\n");
    assertMessage(dek + rest, () -> load(dek, "wrong"));
  }

  @Test
  void passwordMissing() throws Exception {
    String rest =
        ": encrypted, but no password was given; use the one chosen when this file was exported or"
            + " written (docs/troubleshooting.md#password-missing)";
    Path p12 = write("voip.p12", Keychain.export(Apple.RSA, VOIP, "right"));
    assertMessage(p12 + rest, () -> CertificateLoader.load(p12, null));
    assertMessage(p12 + rest, () -> load(p12, ""));
    Path pem = encryptedPem("right");
    assertMessage(pem + rest, () -> CertificateLoader.load(pem, null));
  }

  @Test
  void passwordIsNeededForWhatIsEncrypted() throws Exception {
    assertTrue(CertificateLoader.needsPassword(encryptedPem("right")));
    assertTrue(
        CertificateLoader.needsPassword(
            write("voip.p12", Keychain.export(Apple.RSA, VOIP, "right"))));
    assertFalse(CertificateLoader.needsPassword(write("plain.pem", CERTIFICATE + KEY)));
  }

  @Test
  void passwordNotNeededForAKeyOfItsOwnEither() throws Exception {
    String fault = "a password was given, but its private key is not encrypted";
    Path certificate = write("voip.pem", CERTIFICATE);
    Path key = write("key.pem", KEY);
    assertEquals(
        fault,
        assertThrows(
                CredentialsException.class,
                () ->
                    CertificateLoader.fromCertificateAndKey(
                        certificate, key, "secret".toCharArray()))
            .fault());
  }

  @Test
  void passwordNotNeeded() throws Exception {
    Path pem = write("ck.pem", CERTIFICATE + KEY);
    assertMessage(
        pem
            + ": a password was given, but its private key is not encrypted; pass null, or protect the key"
            + " with CertificateConverter (docs/troubleshooting.md#password-not-needed)",
        () -> load(pem, "any"));
  }

  @Test
  void emptyFile() throws Exception {
    Path empty = write("VoIPKey.pem", "");
    String message =
        empty
            + ": empty file; openssl 3 leaves one when it refuses Keychain's .p12 without -legacy: write it"
            + " again with CertificateConverter (docs/troubleshooting.md#empty-file)";
    assertMessage(message, () -> load(empty, ""));
    Path certificate = write("VoiPCert.pem", CERTIFICATE);
    assertMessage(
        message, () -> CertificateConverter.combine(certificate, empty, folder.resolve("ck.pem")));
    assertMessage(message, () -> SigningKey.load(empty, "ABCDEFGH12", Apple.TEAM));
  }

  @Test
  void certificateOnly() throws Exception {
    String rest =
        ": a certificate without its private key; add the key from Keychain's .p12 with"
            + " CertificateConverter.toPem (docs/troubleshooting.md#certificate-only)";
    Path ck = write("ck.pem", CERTIFICATE);
    assertMessage(ck + rest, () -> load(ck, "any"));
    Path cer = write("voip.cer", VOIP.getEncoded());
    assertMessage(cer + rest, () -> load(cer, "any"));
    assertMessage(ck + rest, () -> CertificateConverter.combine(ck, ck, folder.resolve("out.pem")));
  }

  @Test
  void noPrivateKey() throws Exception {
    Path p12 = write("voip.p12", new Keychain().certificate("voip", VOIP).write("x"));
    String message =
        p12
            + ": no private key entry; export the identity, not only the certificate"
            + " (docs/troubleshooting.md#no-private-key)";
    assertMessage(message, () -> load(p12, "x"));
    assertMessage(message, () -> convertKey(p12, "x"));
    Path cer = write("voip.cer", VOIP.getEncoded());
    assertMessage(message, () -> CertificateLoader.fromCerAndPkcs12(cer, p12, "x".toCharArray()));
  }

  @Test
  void noCertificate() throws Exception {
    String rest =
        ": a private key without its certificate; add Apple's .cer: CertificateLoader.fromCerAndPkcs12"
            + " (docs/troubleshooting.md#no-certificate)";
    Path p12 = write("voip.p12", new Keychain().key("My Key", Apple.RSA).write("x"));
    assertMessage(p12 + rest, () -> load(p12, "x"));
    Path key = write("VoIPKey.pem", KEY);
    assertMessage(key + rest, () -> CertificateLoader.load(key, null));
    assertMessage(key + rest, () -> CertificateLoader.fromCertificateAndKey(key, key, null));
    Path encrypted = write("enc.pem", Pem.block("ENCRYPTED PRIVATE KEY", new byte[] {48, 0}));
    assertMessage(
        encrypted + rest,
        () -> CertificateLoader.fromCertificateAndKey(encrypted, encrypted, null));
  }

  @Test
  void keyOfAnotherCertificate() throws Exception {
    String rest =
        ": the private key belongs to another certificate than \"VoIP Services: com.example.app\"; use"
            + " the key of the signing request that this certificate was made from"
            + " (docs/troubleshooting.md#key-mismatch)";
    Path ck = write("ck.pem", CERTIFICATE + Pem.of(Apple.OTHER_RSA.getPrivate()));
    assertMessage(ck + rest, () -> CertificateLoader.load(ck, null));
    Path p12 = write("voip.p12", Keychain.export(Apple.OTHER_RSA, VOIP, "x"));
    assertMessage(p12 + rest, () -> load(p12, "x"));
    Path cer = write("voip.cer", VOIP.getEncoded());
    assertMessage(
        p12 + rest, () -> CertificateLoader.fromCerAndPkcs12(cer, p12, "x".toCharArray()));
    assertMessage(
        p12 + rest,
        () -> CertificateConverter.toPem(cer, p12, "x".toCharArray(), folder.resolve("out"), null));
    Path certificate = write("c.pem", CERTIFICATE);
    assertMessage(
        ck + rest, () -> CertificateConverter.combine(certificate, ck, folder.resolve("out")));
    assertMessage(
        "key and certificate" + rest,
        () -> PushCertificate.of(Apple.OTHER_RSA.getPrivate(), List.of(VOIP)));
    assertMessage(
        "key and certificate" + rest,
        () -> PushCertificate.of(Apple.EC.getPrivate(), List.of(VOIP)));
  }

  @Test
  void keyThatCannotSign() {
    PrivateKey key =
        new PrivateKey() {
          private static final long serialVersionUID = 1;

          @Override
          public String getAlgorithm() {
            return "RSA";
          }

          @Override
          public String getFormat() {
            return "none";
          }

          @Override
          public byte[] getEncoded() {
            return new byte[0];
          }
        };
    CredentialsException e =
        assertThrows(CredentialsException.class, () -> PushCertificate.of(key, List.of(VOIP)));
    assertTrue(e.fault().startsWith("the private key cannot sign ("), e.fault());
    assertEquals("check the provider or the hardware module that holds it", e.fix());
  }

  @Test
  void severalIdentities() throws Exception {
    Path p12 = write("voip.p12", CertificateLoaderTest.twoApps().write("x"));
    assertMessage(
        p12
            + ": 2 identities that can send VoIP pushes: com.example.app, com.example.other; choose one with"
            + " CertificateLoader.load(file, password, bundleId)"
            + " (docs/troubleshooting.md#several-identities)",
        () -> load(p12, "x"));
    assertMessage(
        p12
            + ": no identity for com.example.third, only for com.example.app, com.example.other; name one of"
            + " these, or the file of that app (docs/troubleshooting.md#other-bundle-id)",
        () -> CertificateLoader.load(p12, "x".toCharArray(), "com.example.third"));
  }

  @Test
  void noVoipIdentity() throws Exception {
    Path p12 =
        write(
            "voip.p12",
            new Keychain()
                .identity("a", Apple.RSA, Apple.universal(Apple.RSA, Apple.BUNDLE, "app"))
                .identity("a", Apple.OTHER_RSA, Apple.unnamed(Apple.OTHER_RSA))
                .write("x"));
    assertMessage(
        p12
            + ": 2 identities, but none that can send VoIP pushes: com.example.app, \"unnamed\"; export the"
            + " one named \"VoIP Services: <bundle id>\" (docs/troubleshooting.md#no-voip-identity)",
        () -> load(p12, "x"));
  }

  @Test
  void cerAndPkcs12TheOtherWayRound() throws Exception {
    Path cer = write("voip.cer", VOIP.getEncoded());
    Path p12 = write("voip.p12", Keychain.export(Apple.RSA, VOIP, "x"));
    String swapped =
        p12
            + ": a PKCS#12 file where a certificate belongs; name Apple's .cer here, and the .p12 after it"
            + " (docs/troubleshooting.md#pkcs12-not-certificate)";
    assertMessage(swapped, () -> CertificateLoader.fromCerAndPkcs12(p12, cer, "x".toCharArray()));
    assertMessage(
        swapped, () -> CertificateConverter.certificateToPem(p12, folder.resolve("out.pem")));
    String rest =
        " where a PKCS#12 file belongs; name Keychain's .p12 here, and the .cer before it"
            + " (docs/troubleshooting.md#certificate-not-pkcs12)";
    assertMessage(
        cer + ": a certificate" + rest,
        () -> CertificateLoader.fromCerAndPkcs12(cer, cer, "x".toCharArray()));
    Path pem = write("ck.pem", CERTIFICATE + KEY);
    assertMessage(pem + ": a PEM file" + rest, () -> convertKey(pem, ""));
    assertMessage(
        cer
            + ": not a PEM file; convert it first, or make ck.pem in one step with"
            + " CertificateConverter.toPem (docs/troubleshooting.md#not-pem)",
        () -> CertificateConverter.combine(cer, pem, folder.resolve("out.pem")));
  }

  @Test
  void signingKeyAndCertificateTheOtherWayRound() throws Exception {
    Path p8 = write("AuthKey_ABCDEFGH12.p8", Pem.of(Apple.EC.getPrivate()));
    String message =
        p8
            + ": an APNs signing key (.p8) where a certificate belongs; use SigningKey.load with its key id"
            + " and team id (docs/troubleshooting.md#signing-key-not-certificate)";
    assertMessage(message, () -> CertificateLoader.load(p8, null));
    assertMessage(message, () -> CertificateConverter.certificateToPem(p8, folder.resolve("out")));
    String rest =
        " where an APNs signing key (.p8) belongs; use CertificateLoader for certificates"
            + " (docs/troubleshooting.md#certificate-not-signing-key)";
    Path cer = write("voip.cer", VOIP.getEncoded());
    assertMessage(
        cer + ": a certificate" + rest, () -> SigningKey.load(cer, "ABCDEFGH12", Apple.TEAM));
    Path p12 = write("voip.p12", Keychain.export(Apple.RSA, VOIP, "x"));
    assertMessage(
        p12 + ": a PKCS#12 file" + rest, () -> SigningKey.load(p12, "ABCDEFGH12", Apple.TEAM));
    Path encrypted = encryptedPem("x");
    assertMessage(
        encrypted
            + ": not an APNs signing key: an encrypted key; download the AuthKey_….p8 that Apple made"
            + " (docs/troubleshooting.md#not-a-signing-key)",
        () -> SigningKey.load(encrypted, "ABCDEFGH12", Apple.TEAM));
  }

  @Test
  void provisioningProfile() throws Exception {
    CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
    byte[] plist = "<?xml version=\"1.0\"?><plist version=\"1.0\"/>".getBytes(UTF_8);
    Path profile =
        write(
            "app.mobileprovision",
            generator.generate(new CMSProcessableByteArray(plist), true).getEncoded());
    assertMessage(
        profile
            + ": a provisioning profile; that belongs into the app; the server needs the VoIP certificate's"
            + " .p12 (docs/troubleshooting.md#provisioning-profile)",
        () -> load(profile, ""));
  }

  @Test
  void signingRequest() throws Exception {
    byte[] request =
        new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=My Key"), Apple.RSA.getPublic())
            .build(new JcaContentSignerBuilder("SHA256withRSA").build(Apple.RSA.getPrivate()))
            .getEncoded();
    String rest =
        ": a certificate signing request; upload it at developer.apple.com and use the .cer that Apple"
            + " makes of it (docs/troubleshooting.md#signing-request)";
    Path der = write("a.certSigningRequest", request);
    assertMessage(der + rest, () -> load(der, ""));
    Path pem = write("b.certSigningRequest", Pem.block("CERTIFICATE REQUEST", request));
    assertMessage(pem + rest, () -> load(pem, ""));
    assertMessage(
        pem + rest, () -> CertificateConverter.certificateToPem(pem, folder.resolve("out.pem")));
  }

  @Test
  void fileThatHoldsOnlySomethingElse() throws Exception {
    Path pem = write("key.pub", Pem.block("PUBLIC KEY", Apple.RSA.getPublic().getEncoded()));
    assertMessage(
        pem
            + ": holds only PUBLIC KEY; name the file with the certificate and its private key"
            + " (docs/troubleshooting.md#unusable-content)",
        () -> load(pem, ""));
  }

  @Test
  void fileOfAnUnknownKind() throws Exception {
    String rest =
        ": neither PKCS#12 nor PEM nor a DER certificate or key; name a .p12, .pem, .cer or .p8 file"
            + " (docs/troubleshooting.md#unknown-format)";
    Path html = write("login.html", "<html>");
    assertMessage(html + rest, () -> load(html, ""));
    Path sequence = write("a.der", new byte[] {48, 3, 1, 1, 1});
    assertMessage(sequence + rest, () -> load(sequence, ""));
  }

  @Test
  void filesThatCannotBeRead() throws Exception {
    Path missing = folder.resolve("missing.p12");
    assertMessage(
        missing
            + ": no such file; check the path and the working directory"
            + " (docs/troubleshooting.md#no-such-file)",
        () -> load(missing, ""));
    assertMessage(
        "PEM text in place of a path: no such file; check the path and the working directory"
            + " (docs/troubleshooting.md#no-such-file)",
        () -> load(Path.of(KEY), ""));
    assertMessage(
        folder + ": a directory; name the file inside it (docs/troubleshooting.md#a-directory)",
        () -> load(folder, ""));
    Path large = write("large.p12", new byte[(1 << 20) + 1]);
    assertMessage(
        large
            + ": larger than 1 MiB; name a .p12, .pem, .cer or .p8 file; these have a few kilobytes"
            + " (docs/troubleshooting.md#too-large)",
        () -> load(large, ""));
    Path failing = Path.of("/proc/self/mem"); // a read error even for root
    if (Files.exists(failing)) {
      CredentialsException e = assertThrows(CredentialsException.class, () -> load(failing, ""));
      assertTrue(e.fault().startsWith("cannot be read ("), e.fault());
    }
    assertEquals(
        "voip.p12: cannot be read (permission denied); let the user that runs this process read it"
            + " (docs/troubleshooting.md#unreadable-file)",
        Source.unreadable(new AccessDeniedException("voip.p12"), "voip.p12").getMessage());
  }

  @Test
  void truncatedAtEvery16thByte() throws Exception {
    assertEveryCutIsNamed("voip.p12", Keychain.export(Apple.RSA, VOIP, "x"), "truncated: ");
    assertEveryCutIsNamed("voip.cer", VOIP.getEncoded(), "truncated: ");
    assertEveryCutIsNamed("key.der", Apple.RSA.getPrivate().getEncoded(), "truncated: ");
    byte[] pem = (CERTIFICATE + KEY).getBytes(UTF_8);
    assertEveryCutIsNamed("ck.pem", pem, "truncated: ", "a certificate without its private key");
    assertEveryCutIsNamed(
        "ck-encrypted.pem",
        Files.readAllBytes(encryptedPem("x")),
        "truncated: ",
        "a certificate without its private key");
    assertEveryCutIsNamed(
        "AuthKey.p8", Pem.of(Apple.EC.getPrivate()).getBytes(UTF_8), "truncated: ");
    assertEveryCutIsNamed(
        "ber.p12",
        new Keychain().identity("k", Apple.RSA, VOIP).indefiniteLength().write("x"),
        "truncated: ",
        "damaged: no valid ASN.1 structure");
  }

  private void assertEveryCutIsNamed(String name, byte[] whole, String... faults) throws Exception {
    for (int length = 16; length < whole.length; length += 16) {
      Path file = write(name, Arrays.copyOf(whole, length));
      CredentialsException e = assertThrows(CredentialsException.class, () -> load(file, "x"));
      assertTrue(
          Arrays.stream(faults).anyMatch(fault -> e.fault().startsWith(fault)),
          () -> "at " + file.toFile().length() + ": " + e.getMessage());
    }
  }

  @Test
  void truncatedSaysWhereItEnds() throws Exception {
    byte[] whole = Keychain.export(Apple.RSA, VOIP, "x");
    Path p12 = write("voip.p12", Arrays.copyOf(whole, 1000));
    assertMessage(
        p12
            + ": truncated: "
            + whole.length
            + " bytes long by its header, but only 1000 are there; copy it again from where it was whole"
            + " (docs/troubleshooting.md#truncated)",
        () -> load(p12, "x"));
    Path pem = write("ck.pem", CERTIFICATE.substring(0, 200));
    assertMessage(
        pem
            + ": truncated: the block CERTIFICATE has no END line; copy it again from where it was whole"
            + " (docs/troubleshooting.md#truncated)",
        () -> load(pem, "x"));
  }

  @Test
  void damaged() throws Exception {
    Path pem = write("ck.pem", CERTIFICATE.replace("MII", "M!I") + KEY);
    assertMessage(
        pem
            + ": damaged: the block CERTIFICATE is not valid base64; copy it again from where it was whole,"
            + " in binary mode (docs/troubleshooting.md#damaged)",
        () -> CertificateLoader.load(pem, null));
  }

  @Test
  void unsupportedKey() throws Exception {
    Path pem =
        write(
            "ck.pem",
            CERTIFICATE
                + Pem.of(KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPrivate()));
    assertMessage(
        pem
            + ": a private key of a kind that is not supported (1.3.101.112); use RSA or EC P-256"
            + " (docs/troubleshooting.md#unsupported-key)",
        () -> CertificateLoader.load(pem, null));
  }

  @Test
  void unsupportedEncryption() throws Exception {
    Path pem =
        write(
            "ck.pem",
            CERTIFICATE
                + "-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: CAMELLIA-128-CBC,00\n\nAAAA\n"
                + "-----END RSA PRIVATE KEY-----\n");
    assertMessage(
        pem
            + ": encrypted with CAMELLIA-128-CBC, which is not supported; export it again as AES-256"
            + " (docs/troubleshooting.md#unsupported-encryption)",
        () -> load(pem, "x"));
  }

  @Test
  void unusableCertificates() throws Exception {
    String create =
        "create a new one at https://developer.apple.com/account/resources/certificates"
            + " (docs/troubleshooting.md#expired)";
    PushCertificate voip = PushCertificate.of(Apple.RSA.getPrivate(), List.of(VOIP));
    assertMessage(
        "key and certificate: expired on 2045-01-01T00:00:00Z; " + create,
        () -> voip.requireUsable(Apple.END.plusSeconds(1)));
    assertMessage(
        "key and certificate: not valid before 2025-01-01T00:00:00Z; check this machine's clock"
            + " (docs/troubleshooting.md#not-yet-valid)",
        () -> voip.requireUsable(Apple.START.minusSeconds(1)));
    assertWrong(
        Apple.universal(Apple.RSA, Apple.BUNDLE, "app"),
        "universal push certificate (Apple Push Services) (\"Apple Push Services: com.example.app\")");
    assertWrong(
        Apple.singleEnvironment(Apple.RSA, Apple.BUNDLE, true),
        "old push certificate for a single environment (\"Apple Production IOS Push Services:"
            + " com.example.app\")");
    assertWrong(
        Apple.distribution(Apple.RSA),
        "not a push certificate (\"iPhone Distribution: Example Co.\")");
  }

  private void assertWrong(X509Certificate certificate, String kind) throws Exception {
    Path p12 = write("voip.p12", Keychain.export(Apple.RSA, certificate, "x"));
    PushCertificate loaded = CertificateLoader.load(p12, "x".toCharArray());
    assertMessage(
        p12
            + ": "
            + kind
            + ", which cannot send VoIP pushes; create a VoIP Services Certificate at"
            + " https://developer.apple.com/account/resources/certificates"
            + " (docs/troubleshooting.md#wrong-certificate)",
        () -> loaded.requireUsable(Apple.START));
  }

  @Test
  void everyProblemIsExplainedInTheDocumentation() throws Exception {
    Set<String> headings =
        Docs.read("troubleshooting.md")
            .lines()
            .filter(line -> line.startsWith("#"))
            .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT))
            .map(line -> line.replaceAll("[^a-z0-9 -]", "").replace(' ', '-'))
            .collect(Collectors.toSet());
    Set<String> missing = new TreeSet<>();
    for (Problem problem : Problem.values()) {
      if (!headings.contains(problem.anchor())) {
        missing.add(problem.anchor());
      }
    }
    assertEquals(Set.of(), missing);
  }

  private interface Action extends Executable {}

  private static void assertMessage(String message, Action action) {
    CredentialsException e = assertThrows(CredentialsException.class, action);
    assertEquals(message, e.getMessage());
    assertTrue(message.startsWith(e.file() + ": " + e.fault() + "; " + e.fix() + " ("));
  }

  private static void load(Path file, String password) throws CredentialsException {
    CertificateLoader.load(file, password.toCharArray());
  }

  private void convertKey(Path p12, String password) throws CredentialsException {
    CertificateConverter.privateKeyToPem(
        p12, password.toCharArray(), folder.resolve("key.pem"), null);
  }

  private Path encryptedPem(String password) throws Exception {
    Path cer = write("for-encrypted.cer", VOIP.getEncoded());
    Path p12 = write("for-encrypted.p12", Keychain.export(Apple.RSA, VOIP, "x"));
    Path pem = folder.resolve("encrypted.pem");
    CertificateConverter.toPem(cer, p12, "x".toCharArray(), pem, password.toCharArray());
    return pem;
  }

  private Path write(String name, String text) throws Exception {
    return write(name, text.getBytes(ISO_8859_1));
  }

  private Path write(String name, byte[] bytes) throws Exception {
    return Files.write(folder.resolve(name), bytes);
  }
}
