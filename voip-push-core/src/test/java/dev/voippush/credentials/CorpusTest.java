// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.crypto.spec.PBEParameterSpec;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Files of every format, written by openssl 3, by the JDK and by a writer that does what Keychain
 * does. Each is read by the loader and by openssl, and both must find the same certificate and the
 * same key.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CorpusTest {
  private static final String PASSWORD = "correct horse";
  private static final String[] LEGACY = {"-provider", "legacy", "-provider", "default"};

  /** Openssl's PBE names, each with whether its provider for old ciphers is needed. */
  private static final Map<String, Boolean> OLD_ENCRYPTIONS = new LinkedHashMap<>();

  static {
    OLD_ENCRYPTIONS.put("PBE-SHA1-RC2-40", true);
    OLD_ENCRYPTIONS.put("PBE-SHA1-RC2-128", true);
    OLD_ENCRYPTIONS.put("PBE-SHA1-RC4-40", true);
    OLD_ENCRYPTIONS.put("PBE-SHA1-RC4-128", true);
    OLD_ENCRYPTIONS.put("PBE-SHA1-2DES", false);
    OLD_ENCRYPTIONS.put("PBE-SHA1-3DES", false);
  }

  /** A certificate and its key in a file each, or both in one. */
  private record Sample(String name, Path certificate, Path key, String password) {
    boolean isPkcs12() {
      return key.toString().endsWith(".p12");
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private Path folder;

  private final List<Sample> samples = new ArrayList<>();
  private final X509Certificate rsa = Apple.voip(Apple.RSA, Apple.BUNDLE);
  private final X509Certificate ec = Apple.voip(Apple.EC, Apple.BUNDLE);
  private Path rsaCertificate;
  private Path rsaKey;
  private Path ecCertificate;
  private Path ecKey;
  private Path issuers;

  @BeforeAll
  void writeCorpus(@TempDir Path folder) throws Exception {
    this.folder = folder;
    Program.require("openssl");
    rsaCertificate = write("rsa.crt.pem", Pem.of(rsa));
    rsaKey = write("rsa.key.pem", Pem.of(Apple.RSA.getPrivate()));
    ecCertificate = write("ec.crt.pem", Pem.of(ec));
    ecKey = write("ec.key.pem", Pem.of(Apple.EC.getPrivate()));
    issuers = write("issuers.pem", Pem.of(Apple.ISSUER) + Pem.of(Apple.ROOT));
    writePkcs12ByOpenssl();
    writePkcs12ByJava();
    writeEncryptedPem();
    writeOldPem();
    writeOtherForms();
  }

  private void writePkcs12ByOpenssl() {
    pkcs12("openssl 3 as it comes: AES-256, HMAC-SHA256, SHA-256 MAC");
    pkcs12("openssl 3 with -legacy: RC2-40, 3DES, SHA-1 MAC", "-legacy");
    OLD_ENCRYPTIONS.forEach(
        (pbe, legacy) ->
            pkcs12(
                "PKCS#12 under " + pbe,
                with(legacy ? LEGACY : new String[0], "-certpbe", pbe, "-keypbe", pbe)));
    for (String aes : List.of("AES-128-CBC", "AES-192-CBC")) {
      pkcs12("PKCS#12 under " + aes, "-certpbe", aes, "-keypbe", aes);
    }
    for (String digest : List.of("SHA1", "SHA224", "SHA384", "SHA512")) {
      pkcs12("PKCS#12 with a " + digest + " MAC", "-macalg", digest);
    }
    pkcs12("PKCS#12 with one iteration", "-noiter", "-nomaciter");
    pkcs12("PKCS#12 with 100,000 iterations", "-iter", "100000");
    pkcs12("PKCS#12 without MAC", "-nomac");
    pkcs12("PKCS#12 without MAC, old ciphers", "-nomac", "-legacy");
    pkcs12("PKCS#12 without encryption", "-certpbe", "NONE", "-keypbe", "NONE");
    pkcs12("PKCS#12 with its chain", "-certfile", issuers.toString());
    pkcs12(ecCertificate, ecKey, PASSWORD, "PKCS#12 with an EC key");
    for (String[] old : new String[][] {{}, {"-legacy"}}) {
      String how = old.length == 0 ? "" : ", old ciphers";
      pkcs12(rsaCertificate, rsaKey, "", "PKCS#12 with the empty password" + how, old);
      pkcs12(
          rsaCertificate, rsaKey, "pässwörd-密码-🔑", "PKCS#12 with a Unicode password" + how, old);
    }
  }

  private void writePkcs12ByJava() throws Exception {
    for (String hmac : List.of("SHA1", "SHA224", "SHA256", "SHA384", "SHA512")) {
      for (int bits : new int[] {128, 256}) {
        String algorithm = "PBEWithHmac" + hmac + "AndAES_" + bits;
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setEntry(
            "voip",
            new KeyStore.PrivateKeyEntry(
                Apple.RSA.getPrivate(), new Certificate[] {rsa, Apple.ISSUER}),
            new KeyStore.PasswordProtection(
                PASSWORD.toCharArray(), algorithm, new PBEParameterSpec(new byte[20], 10_000)));
        Path file = file("jdk.p12");
        try (var out = Files.newOutputStream(file)) {
          store.store(out, PASSWORD.toCharArray());
        }
        add("PKCS#12 by the JDK, key under " + algorithm, file, PASSWORD);
      }
    }
    Keychain one = new Keychain().identity("Søren's key 密钥", Apple.RSA, rsa);
    add("PKCS#12 by Keychain", write("keychain.p12", one.write(PASSWORD)), PASSWORD);
    add("PKCS#12 by Keychain, empty password", write("empty.p12", one.write("")), "");
    add("PKCS#12 in BER", write("ber.p12", one.indefiniteLength().write(PASSWORD)), PASSWORD);
  }

  private void writeEncryptedPem() {
    for (String cipher : List.of("des3", "aes-128-cbc", "aes-192-cbc", "aes-256-cbc")) {
      for (String hmac : List.of("SHA1", "SHA224", "SHA256", "SHA384", "SHA512")) {
        pkcs8(
            "ENCRYPTED PRIVATE KEY, PBKDF2 with HMAC-" + hmac + ", " + cipher,
            "-v2",
            cipher,
            "-v2prf",
            "hmacWith" + hmac);
      }
    }
    pkcs8("ENCRYPTED PRIVATE KEY, scrypt, aes-256-cbc", "-v2", "aes-256-cbc", "-scrypt");
    OLD_ENCRYPTIONS.forEach(
        (pbe, legacy) ->
            pkcs8(
                "ENCRYPTED PRIVATE KEY, " + pbe,
                with(legacy ? LEGACY : new String[0], "-v1", pbe)));
    for (String pbe : List.of("PBE-MD5-DES", "PBE-SHA1-DES")) {
      pkcs8("ENCRYPTED PRIVATE KEY, " + pbe, with(LEGACY, "-v1", pbe));
    }
  }

  private void writeOldPem() throws Exception {
    List<String> ciphers = List.of("", "-des", "-des3", "-aes128", "-aes192", "-aes256");
    for (String cipher : ciphers) {
      String how = cipher.isEmpty() ? "plain" : "DEK-Info " + cipher.substring(1);
      traditional("RSA PRIVATE KEY, " + how, "rsa", rsaCertificate, rsaKey, cipher, "-traditional");
      traditional("EC PRIVATE KEY, " + how, "ec", ecCertificate, ecKey, cipher);
    }
  }

  private void writeOtherForms() throws Exception {
    Path trusted = file("trusted");
    Program.openssl(
        "x509",
        "-in",
        rsaCertificate.toString(),
        "-trustout",
        "-addtrust",
        "clientAuth",
        "-out",
        trusted.toString());
    add("TRUSTED CERTIFICATE", trusted, rsaKey, "");
    Path p12 = samples.get(0).certificate;
    Path all = file("all");
    Program.openssl(
        "pkcs12",
        "-in",
        p12.toString(),
        "-out",
        all.toString(),
        "-passin",
        passwordFile(PASSWORD),
        "-passout",
        passwordFile(PASSWORD));
    add("PEM with attributes between blocks, by openssl pkcs12", all, PASSWORD);
    Path cer = write("voip.cer", rsa.getEncoded());
    add("Apple's .cer (DER) and PKCS#8 in PEM", cer, rsaKey, "");
    Path der = write("pkcs8.der", Apple.RSA.getPrivate().getEncoded());
    add("DER: certificate and PKCS#8", cer, der, "");
    Path pkcs1 = file("pkcs1");
    Program.openssl(
        "rsa",
        "-traditional",
        "-in",
        rsaKey.toString(),
        "-outform",
        "der",
        "-out",
        pkcs1.toString());
    add("DER: certificate and RSA key (PKCS#1)", cer, pkcs1, "");
    Path sec1 = file("sec1");
    Program.openssl("ec", "-in", ecKey.toString(), "-outform", "der", "-out", sec1.toString());
    add("DER: certificate and EC key (SEC 1)", ecCertificate, sec1, "");
    Path encrypted = file("encrypted");
    Program.openssl(
        "pkcs8",
        "-topk8",
        "-in",
        rsaKey.toString(),
        "-outform",
        "der",
        "-passout",
        passwordFile(PASSWORD),
        "-out",
        encrypted.toString());
    add("DER: certificate and encrypted PKCS#8", cer, encrypted, PASSWORD);
  }

  Stream<Sample> samples() {
    return samples.stream();
  }

  @ParameterizedTest
  @MethodSource("samples")
  void equalsWhatOpensslReads(Sample sample) throws Exception {
    char[] password = sample.password.toCharArray();
    PushCertificate loaded =
        sample.key.equals(sample.certificate)
            ? CertificateLoader.load(sample.key, password)
            : CertificateLoader.fromCertificateAndKey(sample.certificate, sample.key, password);

    String openssl = opensslReads(sample);
    byte[] key = Pem.decode("PRIVATE KEY", openssl);
    if (loaded.privateKey() instanceof ECPrivateKey loadedKey) {
      ECPrivateKey read =
          (ECPrivateKey) KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(key));
      assertEquals(read.getS(), loadedKey.getS());
      assertEquals(ec, loaded.certificate());
    } else {
      assertEquals(
          KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(key)),
          loaded.privateKey());
      assertEquals(rsa, loaded.certificate());
    }
    if (sample.isPkcs12()) {
      assertArrayEquals(Pem.decode("CERTIFICATE", openssl), loaded.certificate().getEncoded());
    }
    assertEquals(Apple.BUNDLE, loaded.bundleId());
  }

  private String opensslReads(Sample sample) {
    String[] command = {"pkey"};
    if (sample.isPkcs12()) {
      command = new String[] {"pkcs12", "-nodes"};
    }
    command = with(command, "-in", sample.key.toString(), "-passin", passwordFile(sample.password));
    return Program.openssl(with(command, LEGACY));
  }

  @Test
  void factsAreThoseThatOpensslPrints() throws Exception {
    PushCertificate loaded = CertificateLoader.fromCertificateAndKey(rsaCertificate, rsaKey, null);
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(loaded.certificate().getEncoded());
    DateTimeFormatter format =
        DateTimeFormatter.ofPattern("MMM ppd HH:mm:ss yyyy 'GMT'", Locale.ROOT);

    String printed =
        Program.openssl(
            "x509",
            "-in",
            rsaCertificate.toString(),
            "-noout",
            "-fingerprint",
            "-sha256",
            "-enddate",
            "-subject");

    assertEquals(
        "sha256 Fingerprint="
            + HexFormat.ofDelimiter(":").withUpperCase().formatHex(digest)
            + "\nnotAfter="
            + format.format(loaded.expiresAt().atOffset(ZoneOffset.UTC))
            + "\nsubject=UID = "
            + loaded.voipTopic().orElseThrow()
            + ", CN = VoIP Services: "
            + loaded.bundleId()
            + ", OU = "
            + loaded.teamId().orElseThrow()
            + ", O = Beispiel & S\\C3\\B6hne, C = US\n",
        printed);
  }

  @Test
  void chainFollowsTheCertificate() throws Exception {
    Sample withChain =
        samples.stream()
            .filter(s -> s.name.equals("PKCS#12 with its chain"))
            .findFirst()
            .orElseThrow();

    PushCertificate loaded = CertificateLoader.load(withChain.certificate, PASSWORD.toCharArray());

    assertEquals(List.of(rsa, Apple.ISSUER, Apple.ROOT), loaded.chain());
  }

  @Test
  void documentationListsEverySample() throws Exception {
    String table = Docs.read("certificates.md");
    for (Sample sample : samples) {
      assertTrue(table.contains("| " + sample.name + " | `CorpusTest` |"), sample.name);
    }
    Matcher rows = Pattern.compile("\\| `(\\w+Test)\\.(\\w+)` \\|").matcher(table);
    while (rows.find()) {
      Class<?> test = Class.forName(getClass().getPackageName() + "." + rows.group(1));
      String method = rows.group(2);
      assertTrue(
          Arrays.stream(test.getDeclaredMethods()).anyMatch(m -> m.getName().equals(method)),
          rows.group());
    }
  }

  private void pkcs12(String name, String... options) {
    pkcs12(rsaCertificate, rsaKey, PASSWORD, name, options);
  }

  private void pkcs12(Path certificate, Path key, String password, String name, String... options) {
    Path file = file("openssl.p12");
    String[] command = {
      "pkcs12",
      "-export",
      "-in",
      certificate.toString(),
      "-inkey",
      key.toString(),
      "-out",
      file.toString(),
      "-passout",
      passwordFile(password)
    };
    Program.openssl(with(command, options));
    add(name, file, password);
  }

  private void pkcs8(String name, String... options) {
    Path file = file("pkcs8.pem");
    String[] command = {
      "pkcs8",
      "-topk8",
      "-in",
      rsaKey.toString(),
      "-out",
      file.toString(),
      "-passout",
      passwordFile(PASSWORD)
    };
    Program.openssl(with(command, options));
    add(name, rsaCertificate, file, PASSWORD);
  }

  private void traditional(
      String name, String program, Path certificate, Path key, String cipher, String... options) {
    Path file = file(program + ".pem");
    String[] command = {program, "-in", key.toString(), "-out", file.toString()};
    command = with(command, options);
    if (!cipher.isEmpty()) {
      command = with(with(command, LEGACY), cipher, "-passout", passwordFile(PASSWORD));
    }
    Program.openssl(command);
    add(name, certificate, file, cipher.isEmpty() ? "" : PASSWORD);
  }

  private void add(String name, Path file, String password) {
    add(name, file, file, password);
  }

  private void add(String name, Path certificate, Path key, String password) {
    samples.add(new Sample(name, certificate, key, password));
  }

  /** In a file, since a command line is in the encoding of the machine's locale. */
  private String passwordFile(String password) {
    return "file:" + write("password", password + "\n");
  }

  private static String[] with(String[] first, String... second) {
    String[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  private int files;

  private Path file(String name) {
    return folder.resolve(files++ + "-" + name);
  }

  private Path write(String name, String text) {
    return write(name, text.getBytes(UTF_8));
  }

  private Path write(String name, byte[] bytes) {
    try {
      return Files.write(file(name), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
