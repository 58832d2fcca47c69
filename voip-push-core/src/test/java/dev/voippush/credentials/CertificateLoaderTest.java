// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.ApnsEnvironment;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.InvalidKeyException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.Signature;
import java.security.SignatureException;
import java.security.SignatureSpi;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CertificateLoaderTest {
  private static final X509Certificate VOIP = Apple.voip(Apple.RSA, Apple.BUNDLE);
  private static final X509Certificate OTHER = Apple.voip(Apple.OTHER_RSA, "com.example.other");
  private static final String CERTIFICATE = Pem.of(VOIP);
  private static final String KEY = Pem.of(Apple.RSA.getPrivate());

  @TempDir private Path folder;

  @Test
  void voipServicesCertificate() throws Exception {
    PushCertificate loaded = pem(CERTIFICATE + KEY);

    assertEquals(Apple.BUNDLE, loaded.bundleId());
    assertEquals(Set.of("com.example.app", "com.example.app.voip"), loaded.topics());
    assertEquals(Optional.of("com.example.app.voip"), loaded.voipTopic());
    assertEquals(
        Set.of(ApnsEnvironment.PRODUCTION, ApnsEnvironment.SANDBOX), loaded.environments());
    assertEquals(Optional.of(Apple.TEAM), loaded.teamId());
    assertEquals(Apple.END, loaded.expiresAt());
    loaded.requireUsable(Apple.START);
    loaded.requireUsable(Apple.END);
    assertEquals(
        "PushCertificate[bundleId=com.example.app, expiresAt=2045-01-01T00:00:00Z]",
        loaded.toString());
  }

  @Test
  void topicsExtensionWithoutTopicsLeavesTheDecisionToTheUid() throws Exception {
    PushCertificate loaded = of(Apple.voipWithNullTopics(Apple.RSA, Apple.BUNDLE));

    assertEquals(Set.of("com.example.app.voip"), loaded.topics());
    assertEquals(Optional.of("com.example.app.voip"), loaded.voipTopic());
    assertEquals(Apple.BUNDLE, loaded.bundleId());
  }

  @Test
  void universalCertificate() throws Exception {
    PushCertificate loaded =
        of(Apple.universal(Apple.RSA, Apple.BUNDLE, "app", "voip", "complication"));

    assertEquals(
        List.of("com.example.app", "com.example.app.voip", "com.example.app.complication"),
        List.copyOf(loaded.topics()));
    assertEquals(Optional.of("com.example.app.voip"), loaded.voipTopic());
    assertEquals(Apple.BUNDLE, loaded.bundleId());
    loaded.requireUsable(Apple.START);
  }

  @Test
  void certificateThatNamesNothingIsLoadedAndNotRefused() throws Exception {
    PushCertificate loaded = of(Apple.unnamed(Apple.RSA));

    assertEquals("", loaded.bundleId());
    assertEquals(Set.of(), loaded.topics());
    assertEquals(Set.of(), loaded.environments());
    assertEquals(Optional.empty(), loaded.teamId());
    loaded.requireUsable(Apple.START);
  }

  static Stream<Named<byte[]>> pemShapes() {
    return Stream.of(
        pemShape("key first", KEY + CERTIFICATE),
        pemShape(
            "issuers before the leaf",
            Pem.of(Apple.ROOT) + Pem.of(Apple.ISSUER) + CERTIFICATE + KEY),
        pemShape(
            "text between blocks",
            "subject=/CN=x: y\n"
                + CERTIFICATE
                + "\nBag Attributes\n    friendlyName: ключ\n"
                + KEY
                + "end"),
        pemShape("CRLF", (CERTIFICATE + KEY).replace("\n", "\r\n")),
        pemShape("CR", (CERTIFICATE + KEY).replace('\n', '\r')),
        pemShape("byte order mark", "\u00ef\u00bb\u00bf" + CERTIFICATE + KEY),
        pemShape("no final newline", (CERTIFICATE + KEY).strip()),
        pemShape("cat of files without final newline", CERTIFICATE.strip() + KEY.strip()),
        pemShape("indented", (CERTIFICATE + KEY).replace("\n", "\n  ")),
        pemShape("key twice", CERTIFICATE + KEY + KEY),
        pemShape("certificate twice", CERTIFICATE + CERTIFICATE + KEY),
        pemShape(
            "EC PARAMETERS and others",
            Pem.block("EC PARAMETERS", new byte[] {5, 0}) + CERTIFICATE + KEY),
        Named.of("UTF-16, by PowerShell", ("\ufeff" + CERTIFICATE + KEY).getBytes(UTF_16LE)));
  }

  private static Named<byte[]> pemShape(String name, String pem) {
    return Named.of(name, pem.getBytes(ISO_8859_1));
  }

  @ParameterizedTest
  @MethodSource("pemShapes")
  void pemInAnyShape(byte[] pem) throws Exception {
    PushCertificate loaded = CertificateLoader.fromPem(new ByteArrayInputStream(pem), null);

    assertEquals(VOIP, loaded.certificate());
    assertEquals(Apple.RSA.getPrivate(), loaded.privateKey());
  }

  @Test
  void equalFriendlyNamesHideNoIdentity() throws Exception {
    Keychain keychain =
        new Keychain()
            .identity("Same", Apple.OTHER_RSA, Apple.distribution(Apple.OTHER_RSA))
            .identity("Same", Apple.RSA, VOIP);

    assertEquals(VOIP, p12(keychain, "x").certificate());
  }

  @Test
  void ofTwoForVoipTheBundleIdChooses() throws Exception {
    Path file = write("voip.p12", twoApps().write("x"));

    assertEquals(
        OTHER, CertificateLoader.load(file, "x".toCharArray(), "com.example.other").certificate());
    assertEquals(
        VOIP,
        CertificateLoader.load(file, "x".toCharArray(), "com.example.app.voip").certificate());
  }

  @Test
  void renewedCertificateOfTheSameKeyWins() throws Exception {
    X509Certificate old =
        Apple.voip(Apple.RSA, Apple.BUNDLE, Apple.START, Apple.START.plusSeconds(9));
    Path file =
        write(
            "voip.p12",
            new Keychain()
                .certificate("old", old)
                .identity("k", Apple.RSA, VOIP)
                .certificate("old", old)
                .write("x"));

    assertEquals(VOIP, CertificateLoader.load(file, "x".toCharArray(), Apple.BUNDLE).certificate());
  }

  @Test
  void cerAndPkcs12ArePairedByKeyNotByName() throws Exception {
    Path p12 =
        write(
            "k.p12", new Keychain().key("Same", Apple.OTHER_RSA).key("Same", Apple.RSA).write("x"));
    Path cer = write("voip.cer", VOIP.getEncoded());

    PushCertificate loaded = CertificateLoader.fromCerAndPkcs12(cer, p12, "x".toCharArray());

    assertEquals(VOIP, loaded.certificate());
    assertEquals(Apple.RSA.getPrivate(), loaded.privateKey());
  }

  @Test
  void certificateIsTakenOutOfAFileWithAnEncryptedKey() throws Exception {
    Path p12 = write("k.p12", Keychain.export(Apple.RSA, VOIP, "x"));
    Path cer = write("voip.cer", VOIP.getEncoded());
    Path ck = folder.resolve("ck.pem");
    CertificateConverter.toPem(cer, p12, "x".toCharArray(), ck, "y".toCharArray());

    assertEquals(
        VOIP, CertificateLoader.fromCertificateAndKey(ck, ck, "y".toCharArray()).certificate());
  }

  @Test
  void expiredCertificateIsLoadedButNotUsable() throws Exception {
    Instant end = Instant.parse("2025-03-01T12:00:00Z");
    PushCertificate loaded =
        pem(Pem.of(Apple.voip(Apple.RSA, Apple.BUNDLE, Apple.START, end)) + KEY);

    loaded.requireUsable(end);
    assertThrows(CredentialsException.class, () -> loaded.requireUsable(end.plusMillis(1)));
  }

  @Test
  void passwordIsNeitherKeptNorChanged() throws Exception {
    char[] password = "geheim".toCharArray();
    CertificateLoader.load(write("a.p12", Keychain.export(Apple.RSA, VOIP, "geheim")), password);

    assertArrayEquals("geheim".toCharArray(), password);
    Password copy = new Password(password);
    copy.close();
    assertArrayEquals(new byte[6], copy.utf8());
    assertArrayEquals(new byte[14], copy.bmp());
  }

  @Test
  void saysWhetherAPasswordIsNeeded() throws Exception {
    byte[] p12 = Keychain.export(Apple.RSA, VOIP, "x");
    assertTrue(CertificateLoader.needsPassword(write("a.p12", p12)));
    assertFalse(
        CertificateLoader.needsPassword(write("b.p12", Keychain.export(Apple.RSA, VOIP, ""))));
    assertFalse(
        CertificateLoader.needsPassword(write("c.pem", (CERTIFICATE + KEY).getBytes(US_ASCII))));
    assertFalse(CertificateLoader.needsPassword(write("voip.cer", VOIP.getEncoded())));
  }

  @Test
  void whatFollowsTheFileIsIgnored() throws Exception {
    Keychain keychain = new Keychain().identity("k", Apple.RSA, VOIP);
    for (byte[] p12 : List.of(keychain.write("x"), keychain.indefiniteLength().write("x"))) {
      byte[] more = Arrays.copyOf(p12, p12.length + 1);
      more[p12.length] = '\n';

      assertEquals(
          VOIP,
          CertificateLoader.fromPkcs12(new ByteArrayInputStream(more), "x".toCharArray())
              .certificate());
    }
  }

  @Test
  void ofIssuersWithOneNameTheOneThatSignedIsInTheChain() throws Exception {
    X500Name name = new X500Name("CN=Relay CA 1");
    KeyPair oldKey = Apple.ec("secp256r1");
    KeyPair newKey = Apple.ec("secp256r1");
    Instant later = Apple.END.plusSeconds(1);
    X509Certificate old = Apple.issued(name, oldKey, name, oldKey, Apple.END);
    X509Certificate renewed = Apple.issued(name, oldKey, name, oldKey, later);
    X509Certificate successor = Apple.issued(name, newKey, name, newKey, Apple.START);
    X500Name subject = new X500Name("CN=leaf");
    X509Certificate leaf = Apple.issued(name, newKey, subject, Apple.RSA, Apple.END);
    X509Certificate ofOldKey = Apple.issued(name, oldKey, subject, Apple.RSA, Apple.END);
    X509Certificate ofNobody = Apple.issued(name, Apple.EC, subject, Apple.RSA, Apple.END);
    String issuers = Pem.of(old) + Pem.of(renewed) + Pem.of(successor);

    assertEquals(List.of(leaf, successor), pem(KEY + Pem.of(leaf) + issuers).chain());
    assertEquals(List.of(ofOldKey, renewed), pem(KEY + Pem.of(ofOldKey) + issuers).chain());
    assertEquals(List.of(ofNobody, renewed), pem(KEY + Pem.of(ofNobody) + issuers).chain());
  }

  @Test
  void entriesThatCannotBeReadDoNoHarmToOthers() throws Exception {
    KeyPair ed25519 = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    Keychain keychain =
        new Keychain()
            .certificate("a", Apple.RSA.getPublic(), unparsable())
            .key("b", ed25519)
            .key("c", secp256k1())
            .identity("d", Apple.RSA, VOIP);

    assertEquals(VOIP, p12(keychain, "x").certificate());
  }

  @Test
  void entryThatCannotBeReadIsNamedIfItIsMissed() throws Exception {
    Keychain noKey = new Keychain().certificate("a", VOIP).key("a", secp256k1());
    String unsupported = "a private key of a kind that is not supported (EC, curve 1.3.132.0.10)";
    assertFault(unsupported, noKey);
    assertFault(unsupported, noKey.key("b", Apple.OTHER_RSA));
    String damaged = "damaged: its certificate has no valid structure";
    Keychain noCertificate = new Keychain().certificate("a", Apple.RSA.getPublic(), unparsable());
    assertFault(damaged, noCertificate);
    assertFault(damaged, noCertificate.key("a", Apple.RSA));
    assertTrue(
        CertificateDoctor.describe(write("a.p12", noCertificate.write("x")), "x".toCharArray())
            .contains(damaged));
  }

  private void assertFault(String fault, Keychain keychain) {
    assertEquals(fault, assertThrows(CredentialsException.class, () -> p12(keychain, "x")).fault());
  }

  private static KeyPair secp256k1() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", new BouncyCastleProvider());
    generator.initialize(new ECGenParameterSpec("secp256k1"));
    return generator.generateKeyPair();
  }

  /** Its key is in a form that the JDK does not know. */
  private static X509CertificateHolder unparsable() throws Exception {
    String key = new String(Apple.EC.getPublic().getEncoded(), ISO_8859_1);
    int form = key.length() - 65;
    String other = key.substring(0, form) + '\5' + key.substring(form + 1);
    String der = new String(Apple.unnamed(Apple.EC).getEncoded(), ISO_8859_1);
    return new X509CertificateHolder(der.replace(key, other).getBytes(ISO_8859_1));
  }

  @Test
  void streamIsReadButNotClosed() throws Exception {
    boolean[] closed = {false};
    ByteArrayInputStream in =
        new ByteArrayInputStream((CERTIFICATE + KEY).getBytes(US_ASCII)) {
          @Override
          public void close() {
            closed[0] = true;
          }
        };

    CertificateLoader.fromPem(in, new char[0]);

    assertEquals(0, in.available());
    assertFalse(closed[0]);
  }

  @Test
  void keyInAHardwareModuleNeedsNoEncodedForm() throws Exception {
    Provider module =
        new Provider("Module", "1", "signs with a key nobody sees") {
          private static final long serialVersionUID = 1;
        };
    module.put("Signature.SHA256withRSA", ModuleSignature.class.getName());
    module.put("Signature.SHA256withRSA SupportedKeyClasses", ModuleKey.class.getName());
    Security.addProvider(module);
    try {
      PushCertificate loaded = PushCertificate.of(new ModuleKey(), List.of(VOIP, Apple.ISSUER));

      assertEquals(Apple.BUNDLE, loaded.bundleId());
      assertEquals(List.of(VOIP, Apple.ISSUER), loaded.chain());
    } finally {
      Security.removeProvider("Module");
    }
  }

  @Test
  void emptyChainIsAWrongCall() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> PushCertificate.of(Apple.RSA.getPrivate(), List.of()));
    assertEquals("chain must start with the key's certificate, but was empty", e.getMessage());
  }

  static Keychain twoApps() {
    return new Keychain()
        .identity("Same", Apple.RSA, VOIP)
        .identity("Same", Apple.OTHER_RSA, OTHER);
  }

  private PushCertificate p12(Keychain keychain, String password) throws CredentialsException {
    return CertificateLoader.fromPkcs12(
        new ByteArrayInputStream(keychain.write(password)), password.toCharArray());
  }

  private static PushCertificate pem(String pem) throws CredentialsException {
    return CertificateLoader.fromPem(new ByteArrayInputStream(pem.getBytes(US_ASCII)), null);
  }

  private static PushCertificate of(X509Certificate certificate) throws CredentialsException {
    return PushCertificate.of(Apple.RSA.getPrivate(), List.of(certificate));
  }

  private Path write(String name, byte[] bytes) throws Exception {
    return Files.write(folder.resolve(name), bytes);
  }

  private static final class ModuleKey implements PrivateKey {
    private static final long serialVersionUID = 1;

    @Override
    public String getAlgorithm() {
      return "RSA";
    }

    @Override
    public @Nullable String getFormat() {
      return null;
    }

    @Override
    public byte @Nullable [] getEncoded() {
      return null;
    }
  }

  /** Signs with the test's RSA key wherever the module's is given. */
  public static final class ModuleSignature extends SignatureSpi {
    private final Signature signature;

    public ModuleSignature() throws Exception {
      signature = Signature.getInstance("SHA256withRSA", "SunRsaSign");
    }

    @Override
    protected void engineInitVerify(PublicKey key) throws InvalidKeyException {
      throw new InvalidKeyException("signs only");
    }

    @Override
    protected void engineInitSign(PrivateKey key) throws InvalidKeyException {
      signature.initSign(Apple.RSA.getPrivate());
    }

    @Override
    protected void engineUpdate(byte b) throws SignatureException {
      signature.update(b);
    }

    @Override
    protected void engineUpdate(byte[] b, int off, int len) throws SignatureException {
      signature.update(b, off, len);
    }

    @Override
    protected byte[] engineSign() throws SignatureException {
      return signature.sign();
    }

    @Override
    protected boolean engineVerify(byte[] bytes) throws SignatureException {
      throw new SignatureException("signs only");
    }

    @Override
    @Deprecated
    protected void engineSetParameter(String name, Object value) {}

    @Override
    @Deprecated
    protected Object engineGetParameter(String name) {
      throw new UnsupportedOperationException(name);
    }
  }
}
