// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.nio.file.CopyOption;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateConverterTest {
  private static final X509Certificate VOIP = Apple.voip(Apple.RSA, Apple.BUNDLE);
  private static final char[] P12_PASSWORD = "p12".toCharArray();
  private static final char[] PASSPHRASE = "pässphrase".toCharArray();

  @TempDir private Path folder;

  private Path cer;
  private Path p12;
  private Path ck;

  @BeforeEach
  void writeWhatAppleAndKeychainGive() throws Exception {
    cer = Files.write(folder.resolve("voip.cer"), VOIP.getEncoded());
    byte[] keychain = new Keychain().identity("Juergen's key", Apple.RSA, VOIP).write("p12");
    p12 = Files.write(folder.resolve("voippush.p12"), keychain);
    ck = folder.resolve("ck.pem");
  }

  @Test
  void certificateIsWhatOpensslWrites() throws Exception {
    Path openssl = folder.resolve("openssl.pem");
    Program.openssl("x509", "-in", cer.toString(), "-inform", "der", "-out", openssl.toString());

    CertificateConverter.certificateToPem(cer, ck);

    assertArrayEquals(Files.readAllBytes(openssl), Files.readAllBytes(ck));
  }

  @Test
  void keyInTheClearIsWhatOpensslWrites() throws Exception {
    Path openssl = folder.resolve("openssl.pem");
    opensslKey(openssl, "-nodes");

    CertificateConverter.privateKeyToPem(p12, P12_PASSWORD, ck, null);

    assertEquals(Files.readString(openssl), Files.readString(ck));
  }

  @Test
  void encryptedKeyHasOpensslsShape() throws Exception {
    Path openssl = folder.resolve("openssl.pem");
    opensslKey(openssl, "-passout", "pass:x");

    CertificateConverter.privateKeyToPem(p12, P12_PASSWORD, ck, PASSPHRASE);

    String begin = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    String ours = Files.readString(ck);
    assertEquals(Files.readString(openssl).split(begin, 2)[0], ours.split(begin, 2)[0]);
    String structure = Program.openssl("asn1parse", "-strictpem", "-in", ck.toString());
    for (String part : List.of("PBES2", "PBKDF2", ":0927C0", "hmacWithSHA256", "aes-256-cbc")) {
      assertTrue(structure.contains(part), part); // 0x0927C0 is 600,000
    }
    Path passphrase = Files.writeString(folder.resolve("passphrase"), "pässphrase\n");
    String plain = Program.openssl("pkey", "-in", ck.toString(), "-passin", "file:" + passphrase);
    assertArrayEquals(Apple.RSA.getPrivate().getEncoded(), Pem.decode("PRIVATE KEY", plain));
  }

  @Test
  void labelIsWrittenInUtf8AndStartsNoLine() throws Exception {
    String label = "密钥\n-----BEGIN CERTIFICATE-----";
    Files.write(p12, new Keychain().identity(label, Apple.RSA, VOIP).write("p12"));

    toPem();

    String friendlyName = "    friendlyName: 密钥 -----BEGIN CERTIFICATE-----\n";
    assertTrue(Files.readString(ck).contains(friendlyName));
    assertEquals(VOIP, CertificateLoader.load(ck, null).certificate());
  }

  @Test
  void combineIsCat() throws Exception {
    Path certificate = folder.resolve("VoiPCert.pem");
    Path key = folder.resolve("VoIPKey.pem");
    CertificateConverter.certificateToPem(cer, certificate);
    CertificateConverter.privateKeyToPem(p12, P12_PASSWORD, key, PASSPHRASE);

    CertificateConverter.combine(certificate, key, ck);

    assertEquals(Files.readString(certificate) + Files.readString(key), Files.readString(ck));
    assertEquals(VOIP, CertificateLoader.load(ck, PASSPHRASE).certificate());
  }

  @Test
  void combineMendsWhatOtherProgramsStumbleOver() throws Exception {
    String key = Pem.of(Apple.RSA.getPrivate());
    Path utf16 =
        Files.write(folder.resolve("a.pem"), ("\ufeff" + Pem.of(VOIP).strip()).getBytes(UTF_16LE));
    Path bom = Files.write(folder.resolve("b.pem"), ("\ufeff" + key).getBytes(UTF_8));

    CertificateConverter.combine(utf16, bom, ck);

    assertEquals(Pem.of(VOIP) + key, Files.readString(ck));
  }

  /** What openssl, curl and nginx take. */
  @Test
  void combineWantsTheKeyThatComesFirstToFit() throws Exception {
    String fits = Pem.of(Apple.RSA.getPrivate());
    String other = Pem.of(Apple.OTHER_RSA.getPrivate());
    Path certificate = Files.writeString(folder.resolve("a.pem"), Pem.of(VOIP));
    Path withOther = Files.writeString(folder.resolve("b.pem"), Pem.of(VOIP) + other);
    Path otherFirst = Files.writeString(folder.resolve("c.pem"), other + fits);
    Path otherLast = Files.writeString(folder.resolve("d.pem"), fits + other);

    assertMismatch(otherFirst, certificate, otherFirst);
    assertMismatch(withOther, withOther, otherLast);
    CertificateConverter.combine(certificate, otherLast, ck);

    assertEquals(Pem.of(VOIP) + fits + other, Files.readString(ck));
  }

  private void assertMismatch(Path named, Path certificate, Path key) {
    CredentialsException e =
        assertThrows(
            CredentialsException.class, () -> CertificateConverter.combine(certificate, key, ck));
    assertEquals(named.toString(), e.file());
    assertEquals(
        "the private key belongs to another certificate than \"VoIP Services: com.example.app\"",
        e.fault());
    assertFalse(Files.exists(ck));
  }

  @Test
  void allStepsInOneGiveTheSameAsOneByOne() throws Exception {
    Path certificate = folder.resolve("VoiPCert.pem");
    Path key = folder.resolve("VoIPKey.pem");
    CertificateConverter.certificateToPem(cer, certificate);
    CertificateConverter.privateKeyToPem(p12, P12_PASSWORD, key, null);

    CertificateConverter.toPem(cer, p12, P12_PASSWORD, ck, null);

    assertEquals(Files.readString(certificate) + Files.readString(key), Files.readString(ck));
  }

  @Test
  void ofSeveralKeysTheOneForVoipIsWritten() throws Exception {
    Files.write(
        p12,
        new Keychain()
            .identity("Same", Apple.OTHER_RSA, Apple.distribution(Apple.OTHER_RSA))
            .identity("Same", Apple.RSA, VOIP)
            .write("p12"));

    CertificateConverter.privateKeyToPem(p12, P12_PASSWORD, ck, null);

    assertArrayEquals(
        Apple.RSA.getPrivate().getEncoded(), Pem.decode("PRIVATE KEY", Files.readString(ck)));
  }

  @Test
  void onlyTheOwnerReadsWhatIsWritten() throws Exception {
    Assumptions.assumeTrue(
        folder.getFileSystem().supportedFileAttributeViews().contains("posix"),
        "no file modes here");
    toPem();

    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(ck)));
    Files.writeString(ck, "open to all");
    Files.setPosixFilePermissions(ck, PosixFilePermissions.fromString("rw-rw-rw-"));
    try (BufferedReader reader = Files.newBufferedReader(ck)) {
      toPem(StandardCopyOption.REPLACE_EXISTING);
      assertEquals("open to all", reader.readLine(), "who had it open does not get the key");
    }
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(ck)));
  }

  @Test
  void existingFileIsReplacedOnlyOnDemand() throws Exception {
    Files.writeString(ck, "precious");

    CredentialsException e = assertThrows(CredentialsException.class, () -> toPem());

    assertEquals(
        ck
            + ": exists already; choose another name or pass StandardCopyOption.REPLACE_EXISTING"
            + " (docs/troubleshooting.md#file-exists)",
        e.getMessage());
    assertEquals("precious", Files.readString(ck));
    toPem(StandardCopyOption.REPLACE_EXISTING);
    assertTrue(Files.readString(ck).startsWith("-----BEGIN CERTIFICATE-----"));
    assertOnlyInputsAnd("ck.pem");
  }

  @Test
  void symbolicLinkToNowhereIsAnExistingFileToo() throws Exception {
    Path elsewhere = folder.resolve("elsewhere");
    Files.createSymbolicLink(ck, elsewhere);

    assertThrows(CredentialsException.class, () -> toPem());

    assertTrue(Files.isSymbolicLink(ck));
    assertFalse(Files.exists(elsewhere, LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void faultLeavesWhatWasThere() throws Exception {
    Files.writeString(ck, "precious");

    assertThrows(
        CredentialsException.class,
        () ->
            CertificateConverter.toPem(
                cer, p12, "wrong".toCharArray(), ck, null, StandardCopyOption.REPLACE_EXISTING));

    assertEquals("precious", Files.readString(ck));
    assertOnlyInputsAnd("ck.pem");
  }

  /** The child process may write files of 1 KiB at most, so that writing fails half way. */
  @Test
  void fullDiskLeavesWhatWasThere() throws Exception {
    Program.require("bash");
    Files.writeString(ck, "precious");
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    Program.Result result =
        Program.run(
            List.of(
                Program.find("bash").orElseThrow().toString(),
                "-c",
                "ulimit -f 1; exec \"$@\"",
                "bash",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-UsePerfData",
                "-cp",
                classPath,
                ConvertInLittleSpace.class.getName(),
                cer.toString(),
                p12.toString(),
                ck.toString()),
            Map.of(),
            "");

    assertTrue(result.output().contains(ck + ": cannot be written ("), result.output());
    assertEquals("precious", Files.readString(ck));
    assertOnlyInputsAnd("ck.pem");
  }

  /** Runs in a process of its own. */
  static final class ConvertInLittleSpace {
    public static void main(String[] args) {
      try {
        CertificateConverter.toPem(
            Path.of(args[0]),
            Path.of(args[1]),
            P12_PASSWORD,
            Path.of(args[2]),
            null,
            StandardCopyOption.REPLACE_EXISTING);
      } catch (CredentialsException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void folderThatIsNotThere() {
    Path nowhere = folder.resolve("no").resolve("ck.pem");

    CredentialsException e =
        assertThrows(
            CredentialsException.class, () -> CertificateConverter.certificateToPem(cer, nowhere));

    assertEquals(
        nowhere
            + ": cannot be written (no such folder); check the folder, its permissions and the space left"
            + " (docs/troubleshooting.md#cannot-write)",
        e.getMessage());
  }

  @Test
  void otherOptionsAreAWrongCall() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> toPem(StandardCopyOption.COPY_ATTRIBUTES));

    assertEquals("option must be REPLACE_EXISTING, but was COPY_ATTRIBUTES", e.getMessage());
  }

  private void toPem(CopyOption... options) throws CredentialsException {
    CertificateConverter.toPem(cer, p12, P12_PASSWORD, ck, null, options);
  }

  private void opensslKey(Path out, String... options) {
    String[] command = {
      "pkcs12",
      "-legacy",
      "-nocerts",
      "-in",
      p12.toString(),
      "-passin",
      "pass:p12",
      "-out",
      out.toString()
    };
    Program.openssl(Stream.concat(Stream.of(command), Stream.of(options)).toArray(String[]::new));
  }

  private void assertOnlyInputsAnd(String name) throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(
          List.of(name, "voip.cer", "voippush.p12"),
          files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }
}
