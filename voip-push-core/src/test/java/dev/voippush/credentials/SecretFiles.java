// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PKCS8Generator;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.util.io.pem.PemObject;

/** Reads, converts and describes files of every kind, whole, broken and with wrong passwords. */
public final class SecretFiles {
  public static final String P12_PASSWORD = "Tr0ub4dor-of-the-p12";
  public static final String PASSPHRASE = "c0rrect-horse-of-the-pem";
  public static final String WRONG = "wr0ng-guess-of-a-password";

  private static final String KEY_ID = "ABCDE12345";
  private static final KeyPair RSA = Apple.RSA;
  private static final KeyPair OTHER = Apple.ec("secp256r1");
  private static final KeyPair SIGNING = Apple.EC;
  private static final X509Certificate VOIP = Apple.voip(RSA, Apple.BUNDLE);

  private final Path given;
  private final Path written;
  private final List<Object> said = new ArrayList<>();

  /**
   * @param given where the files are put that are read
   * @param written where the library writes
   */
  public SecretFiles(Path given, Path written) {
    this.given = given;
    this.written = written;
  }

  public static List<PrivateKey> keys() {
    return List.of(RSA.getPrivate(), OTHER.getPrivate(), SIGNING.getPrivate());
  }

  @FunctionalInterface
  private interface Action {
    Object run() throws CredentialsException;
  }

  private void attempt(Action action) {
    try {
      said.add(action.run());
    } catch (CredentialsException e) {
      said.addAll(List.of(e, e.file(), e.fault(), e.fix()));
    } catch (IllegalArgumentException e) {
      said.add(e);
    }
  }

  private Path file(String name, byte[] bytes) throws Exception {
    return Files.write(given.resolve(name), bytes);
  }

  private Path file(String name, String text) throws Exception {
    return file(name, text.getBytes(US_ASCII));
  }

  /** Returns the results and exceptions of it all. */
  public List<Object> use() throws Exception {
    byte[] p12 = Keychain.export(RSA, VOIP, P12_PASSWORD);
    String certificate = Pem.of(VOIP);
    String key = Pem.of(RSA.getPrivate());
    String p8 = Pem.of(SIGNING.getPrivate());
    Path cer = file("voip.cer", VOIP.getEncoded());
    Path keychain = file("voip.p12", p12);
    Path otherCer = file("other.cer", Apple.voip(OTHER, Apple.BUNDLE).getEncoded());
    Path encrypted = written.resolve("ck.pem");
    convert(cer, otherCer, keychain, encrypted);

    byte[] damaged = p12.clone();
    damaged[damaged.length / 2] ^= 1;
    String pem = Files.readString(encrypted);
    List<Path> files =
        List.of(
            cer,
            keychain,
            file("half.p12", Arrays.copyOf(p12, p12.length / 2)),
            file("damaged.p12", damaged),
            file("half.pem", pem.substring(0, pem.length() / 2)),
            file("damaged.pem", certificate + key.replace("MII", "M!I")),
            file("cut-key.pem", certificate + key.substring(0, 400)),
            file("plain.pem", certificate + key),
            file("encrypted.pem", certificate + encryptedPem()),
            file("mismatch.pem", certificate + Pem.of(OTHER.getPrivate())),
            file("key.der", RSA.getPrivate().getEncoded()),
            file("cut.der", Arrays.copyOf(RSA.getPrivate().getEncoded(), 500)),
            file("two-keys.p8", p8 + key),
            file("AuthKey_" + KEY_ID + ".p8", p8),
            file("half.p8", p8.substring(0, p8.length() / 2)),
            Path.of(p8), // the content where the file's name belongs
            Path.of(key));
    for (Path file : files) {
      attempt(() -> SigningKey.load(file, KEY_ID, Apple.TEAM));
      attempt(() -> CertificateLoader.needsPassword(file));
      attempt(() -> CertificateLoader.fromCerAndPkcs12(otherCer, file, P12_PASSWORD.toCharArray()));
      for (String password : new String[] {null, P12_PASSWORD, PASSPHRASE, WRONG}) {
        read(file, password);
      }
    }
    attempt(() -> CertificateLoader.load(keychain, P12_PASSWORD.toCharArray(), "org.other"));
    for (String id : List.of(p8, key, PASSPHRASE)) {
      attempt(() -> SigningKey.load(cer, id, Apple.TEAM));
      attempt(() -> SigningKey.load(cer, KEY_ID, id));
    }
    PushCertificate loaded = CertificateLoader.load(keychain, P12_PASSWORD.toCharArray());
    said.add(loaded.describe());
    attempt(
        () -> {
          loaded.requireUsable(Instant.EPOCH);
          return "usable";
        });
    attempt(() -> PushCertificate.of(OTHER.getPrivate(), loaded.chain()));
    SigningKey signingKey =
        SigningKey.fromPem(new ByteArrayInputStream(p8.getBytes(US_ASCII)), KEY_ID, Apple.TEAM);
    said.add(signingKey);
    return said;
  }

  /** With few iterations: the converter's 600,000 take their time. */
  private static String encryptedPem() throws Exception {
    OutputEncryptor encryptor =
        new JceOpenSSLPKCS8EncryptorBuilder(PKCS8Generator.AES_256_CBC)
            .setProvider(new BouncyCastleProvider())
            .setPassword(PASSPHRASE.toCharArray())
            .setIterationCount(1_000)
            .build();
    PemObject key = new JcaPKCS8Generator(RSA.getPrivate(), encryptor).generate();
    return Pem.block(key.getType(), key.getContent());
  }

  /** What is in between, too, which only the library sees. */
  private void read(Path file, String password) {
    char[] chars = password == null ? null : password.toCharArray();
    attempt(() -> CertificateDoctor.describe(file, chars));
    attempt(() -> CertificateLoader.load(file, chars));
    attempt(
        () -> {
          Source source = Source.of(file);
          said.add(source);
          said.addAll(PemBlock.parse(source.bytes(), source.name()));
          return Contents.read(source, chars);
        });
  }

  private void convert(Path cer, Path otherCer, Path p12, Path encrypted) {
    char[] password = P12_PASSWORD.toCharArray();
    write(() -> CertificateConverter.certificateToPem(cer, written.resolve("VoiPCert.pem")));
    write(
        () -> CertificateConverter.toPem(cer, p12, password, encrypted, PASSPHRASE.toCharArray()));
    Path plain = written.resolve("plain-key.pem");
    write(() -> CertificateConverter.privateKeyToPem(p12, password, plain, null));
    write(() -> CertificateConverter.privateKeyToPem(p12, password, plain, null));
    write(() -> CertificateConverter.privateKeyToPem(p12, WRONG.toCharArray(), encrypted, null));
    write(
        () ->
            CertificateConverter.toPem(
                otherCer, p12, password, encrypted, null, StandardCopyOption.REPLACE_EXISTING));
    write(() -> CertificateConverter.combine(cer, plain, encrypted));
  }

  @FunctionalInterface
  private interface Conversion {
    void run() throws CredentialsException;
  }

  private void write(Conversion conversion) {
    attempt(
        () -> {
          conversion.run();
          return "written";
        });
  }
}
