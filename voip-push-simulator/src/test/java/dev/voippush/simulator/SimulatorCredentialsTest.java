// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The credentials, judged by Java and by the openssl that users have. */
final class SimulatorCredentialsTest {
  private static final Provider[] providers = Security.getProviders();
  private static SimulatorCredentials credentials;
  private static SimulatorFiles files;
  private static boolean hasOpenssl;

  @TempDir static Path directory;

  @BeforeAll
  static void write() throws Exception {
    credentials = new SimulatorCredentials("com.example.app", "A1B2C3D4E5", "ABC123DEFG");
    files = credentials.writeTo(directory.resolve("new/credentials"));
    try {
      hasOpenssl = run("openssl", "version").exit == 0;
    } catch (IOException e) {
      hasOpenssl = false;
    }
  }

  private record Result(int exit, String output) {}

  private static Result run(String... command) throws Exception {
    Path output = directory.resolve("output-" + System.nanoTime());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertTrue(process.waitFor(30, TimeUnit.SECONDS));
    return new Result(process.exitValue(), Files.readString(output));
  }

  /** Runs openssl, which must succeed, and returns what it printed. */
  private static String openssl(String... arguments) throws Exception {
    assumeTrue(hasOpenssl, "openssl is not installed");
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments));
    Result result = run(command.toArray(new String[0]));
    assertEquals(0, result.exit, result.output);
    return result.output;
  }

  @Test
  void renewedHasAnotherCertificateAndKeyOfTheSameAuthorities() throws Exception {
    SimulatorCredentials renewed = credentials.renewed();
    renewed.certificate().verify(renewed.chain().get(1).getPublicKey());
    assertEquals(credentials.chain().get(1), renewed.chain().get(1));
    assertEquals(
        credentials.certificate().getSubjectX500Principal(),
        renewed.certificate().getSubjectX500Principal());
    assertNotEquals(
        credentials.certificate().getSerialNumber(), renewed.certificate().getSerialNumber());
    assertNotEquals(credentials.privateKey(), renewed.privateKey());
    assertEquals(credentials.caCertificate(), renewed.caCertificate());
    assertEquals(credentials.signingKeyPem(), renewed.signingKeyPem());
  }

  @Test
  void certificateLooksLikeApples() throws Exception {
    X509Certificate certificate = credentials.certificate();
    assertTrue(
        certificate
            .getSubjectX500Principal()
            .toString()
            .contains("CN=VoIP Services: com.example.app"));
    assertEquals("RSA", certificate.getPublicKey().getAlgorithm());
    assertEquals(
        Set.of("com.example.app", "com.example.app.voip"), CertificateProvider.topics(certificate));
    certificate.verify(credentials.chain().get(1).getPublicKey());
    credentials.chain().get(1).verify(credentials.caCertificate().getPublicKey());
    assertArrayEquals(certificate.getEncoded(), Files.readAllBytes(files.voipCer()));
  }

  @Test
  void openSslReadsTheCertificates() throws Exception {
    String cer = files.voipCer().toString();
    String text = openssl("x509", "-inform", "der", "-in", cer, "-noout", "-text");
    assertTrue(
        text.contains(
            "Subject: UID = com.example.app.voip, CN = VoIP Services: com.example.app, OU = A1B2C3D4E5"),
        text);
    assertTrue(text.contains("1.2.840.113635.100.6.3.4"), text);
    assertTrue(text.contains("TLS Web Client Authentication"), text);

    Path issuer = directory.resolve("issuer.pem");
    Files.writeString(issuer, PemFile.certificate(credentials.chain().get(1)));
    Path leaf = directory.resolve("leaf.pem");
    Files.writeString(leaf, PemFile.certificate(credentials.certificate()));
    Path server = directory.resolve("server.pem");
    Files.writeString(server, PemFile.certificate(credentials.serverCertificate()));
    String ca = files.caPem().toString();
    openssl(
        "verify", "-x509_strict", "-CAfile", ca, "-untrusted", issuer.toString(), leaf.toString());
    for (String address : List.of("127.0.0.1", "::1")) {
      openssl("verify", "-x509_strict", "-CAfile", ca, "-verify_ip", address, server.toString());
    }
    openssl("verify", "-CAfile", ca, "-verify_hostname", "localhost", server.toString());
  }

  @Test
  void p12IsEncryptedAsKeychainDoes() throws Exception {
    String p12 = files.voipP12().toString();
    String info =
        openssl("pkcs12", "-legacy", "-info", "-in", p12, "-passin", "pass:voip-push", "-nodes");
    assertTrue(info.contains("MAC: sha1, Iteration 1\n"), info);
    assertTrue(info.contains("pbeWithSHA1And40BitRC2-CBC, Iteration 2048"), info);
    assertTrue(info.contains("pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048"), info);
    assertTrue(info.contains("MAC length: 20, salt length: 8"), info);
    assertTrue(
        info.contains("    friendlyName: VoIP Services: com.example.app\n    localKeyID: "), info);
    assertTrue(info.contains("    friendlyName: Example Developer\n    localKeyID: "), info);
    assertNotEquals(
        0, run("openssl", "pkcs12", "-in", p12, "-passin", "pass:voip-push", "-nodes").exit);
  }

  @Test
  void javaReadsTheP12() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    char[] password = credentials.password().toCharArray();
    store.load(new ByteArrayInputStream(Files.readAllBytes(files.voipP12())), password);
    String alias = store.aliases().nextElement();
    assertEquals(credentials.privateKey(), store.getKey(alias, password));
    assertEquals(credentials.certificate(), store.getCertificate(alias));
  }

  @Test
  void ckPemIsWhatOpensslWouldWrite() throws Exception {
    String pem = Files.readString(files.ckPem());
    assertTrue(pem.startsWith("-----BEGIN CERTIFICATE-----\n"), pem);
    assertTrue(
        pem.contains("Bag Attributes\n    friendlyName: Example Developer\n    localKeyID: "));

    String key =
        openssl("pkey", "-in", files.ckPem().toString(), "-passin", "pass:voip-push", "-check");
    assertTrue(key.contains("Key is valid"), key);
    Result wrong = run("openssl", "pkey", "-in", files.ckPem().toString(), "-passin", "pass:wrong");
    assertNotEquals(0, wrong.exit);

    // The steps themselves, apart from salts
    Path theirs = directory.resolve("VoIPKey.pem");
    openssl(
        "pkcs12",
        "-legacy",
        "-nocerts",
        "-in",
        files.voipP12().toString(),
        "-out",
        theirs.toString(),
        "-passin",
        "pass:voip-push",
        "-passout",
        "pass:voip-push");
    String attributes = pem.substring(pem.indexOf("Bag"), pem.indexOf("-----BEGIN ENCRYPTED"));
    String expected = Files.readString(theirs);
    assertEquals(expected.substring(0, expected.indexOf("-----BEGIN")), attributes);

    Path ours = directory.resolve("ours.pem");
    Files.writeString(ours, pem.substring(pem.indexOf("-----BEGIN ENCRYPTED")));
    String structure = openssl("asn1parse", "-i", "-in", ours.toString());
    for (String part : List.of(":PBES2", ":PBKDF2", ":hmacWithSHA256", ":aes-256-cbc", ":0800")) {
      assertTrue(structure.contains(part), structure);
    }
  }

  @Test
  void signingKeyIsAP256KeyInPkcs8() throws Exception {
    assertEquals("AuthKey_ABC123DEFG.p8", files.signingKey().getFileName().toString());
    assertEquals(credentials.signingKeyPem(), Files.readString(files.signingKey()));
    String key = openssl("pkey", "-in", files.signingKey().toString(), "-noout", "-text");
    assertTrue(key.contains("NIST CURVE: P-256"), key);
    // How every .p8 of Apple's begins: curve twice, secret, public key
    assertTrue(
        credentials
            .signingKeyPem()
            .startsWith(
                "-----BEGIN PRIVATE KEY-----\nMIGTAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBHkwdwIBAQQg"));
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static void assumePermissions() {
    assumeTrue(
        directory.getFileSystem().supportedFileAttributeViews().contains("posix"),
        "the file system has no owners");
  }

  @Test
  void secretsAreForTheirOwnerOnly() throws Exception {
    assumePermissions();
    for (Path secret : List.of(files.voipP12(), files.ckPem(), files.signingKey())) {
      assertEquals("rw-------", permissions(secret));
    }
    assertEquals("rwx------", permissions(files.directory()));
  }

  @Test
  void whoHasAnOldFileOpenDoesNotGetTheKey() throws Exception {
    assumePermissions();
    Path open = Files.createDirectory(directory.resolve("open"));
    Path old = Files.writeString(open.resolve("ck.pem"), "open to all");
    Files.setPosixFilePermissions(old, PosixFilePermissions.fromString("rw-rw-rw-"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
    try (BufferedReader reader = Files.newBufferedReader(old)) {
      Path ckPem = credentials.writeTo(open).ckPem();
      assertEquals("rw-------", permissions(ckPem));
      assertEquals("open to all", reader.readLine());
    }
    assertEquals("rwxr-xr-x", permissions(open), "not ours to change");
  }

  @Test
  void writingAgainReplacesTheFiles() throws Exception {
    Path again = directory.resolve("again");
    new SimulatorCredentials("org.other", "T", "ABC123DEFG").writeTo(again);
    SimulatorFiles second = credentials.writeTo(again);
    assertEquals(credentials.signingKeyPem(), Files.readString(second.signingKey()));
    assertArrayEquals(credentials.certificate().getEncoded(), Files.readAllBytes(second.voipCer()));
  }

  @Test
  void showsNoSecretsAndRegistersNoProvider() {
    assertEquals(
        "credentials of com.example.app, team A1B2C3D4E5, key ABC123DEFG", credentials.toString());
    assertArrayEquals(providers, Security.getProviders());
  }
}
