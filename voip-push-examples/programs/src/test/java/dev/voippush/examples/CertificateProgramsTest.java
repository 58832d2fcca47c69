// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.credentials.CertificateLoader;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.SimulatorCredentials;
import dev.voippush.simulator.SimulatorFiles;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateProgramsTest {
  private static SimulatorCredentials credentials;

  @TempDir Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private SimulatorFiles files;

  @BeforeAll
  static void makeCredentials() {
    try (ApnsSimulator apns = ApnsSimulator.start()) {
      credentials = apns.credentials();
    }
  }

  @BeforeEach
  void writeFiles() throws Exception {
    files = credentials.writeTo(directory);
  }

  private static PrintStream utf8(ByteArrayOutputStream stream) {
    return new PrintStream(stream, true, StandardCharsets.UTF_8);
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String complained() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private int convert(Map<String, String> environment, String... arguments) {
    return ConvertCertificate.run(arguments, environment, utf8(out), utf8(err));
  }

  private int inspect(Map<String, String> environment, String... arguments) {
    return InspectCertificate.run(arguments, environment, utf8(out), utf8(err));
  }

  @Test
  void convertsWithPasswordsFromTheEnvironment() throws Exception {
    Path ckPem = directory.resolve("out.pem");
    Map<String, String> environment =
        Map.of("P12_PASSWORD", credentials.password(), "CK_PASSPHRASE", "new one");
    int code = convert(environment, "" + files.voipCer(), "" + files.voipP12(), "" + ckPem);
    assertEquals(0, code, complained());
    assertEquals(ckPem + ": written, readable by you only\n", printed());
    assertEquals(
        credentials.certificate(),
        CertificateLoader.load(ckPem, "new one".toCharArray()).certificate());
    assertFalse(printed().contains("new one"));
  }

  @Test
  void convertsWithPasswordFromAFileAndWithoutPassphrase() throws Exception {
    Path ckPem = directory.resolve("out.pem");
    Path file = Files.writeString(directory.resolve("pw"), credentials.password() + "\nrest");
    Map<String, String> environment = Map.of("P12_PASSWORD_FILE", file.toString());
    int code =
        convert(environment, "--nodes", "" + files.voipCer(), "" + files.voipP12(), "" + ckPem);
    assertEquals(0, code, complained());
    assertTrue(Files.readString(ckPem).contains("-----BEGIN PRIVATE KEY-----"));
    assertEquals(credentials.certificate(), CertificateLoader.load(ckPem, null).certificate());
  }

  @Test
  void convertsAKeyWithoutPasswordAndAsksForNone() throws Exception {
    Path p12 = directory.resolve("open.p12");
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    X509Certificate[] chain = {credentials.certificate()};
    store.setKeyEntry("key", credentials.privateKey(), new char[0], chain);
    try (OutputStream file = Files.newOutputStream(p12)) {
      store.store(file, new char[0]);
    }
    Path ckPem = directory.resolve("out.pem");
    int code = convert(Map.of(), "--nodes", "" + files.voipCer(), "" + p12, "" + ckPem);
    assertEquals(0, code, complained());
    assertEquals(credentials.certificate(), CertificateLoader.load(ckPem, null).certificate());
  }

  @Test
  void neverOverwritesUnlessForced() throws Exception {
    Path ckPem = Files.writeString(directory.resolve("out.pem"), "precious");
    Map<String, String> environment = Map.of("P12_PASSWORD", credentials.password());
    String[] arguments = {"--nodes", "" + files.voipCer(), "" + files.voipP12(), "" + ckPem};
    assertEquals(1, convert(environment, arguments));
    assertEquals("precious", Files.readString(ckPem));
    assertTrue(complained().contains("out.pem"), complained());
    String[] forced = {"--force", "--nodes", arguments[1], arguments[2], arguments[3]};
    assertEquals(0, convert(environment, forced), complained());
    assertTrue(Files.readString(ckPem).contains("BEGIN CERTIFICATE"));
  }

  @Test
  void wrongPasswordIsOneLineAndLeavesNothing() {
    Path ckPem = directory.resolve("out.pem");
    Map<String, String> environment = Map.of("P12_PASSWORD", "wrong", "CK_PASSPHRASE", "x");
    int code = convert(environment, "" + files.voipCer(), "" + files.voipP12(), "" + ckPem);
    assertEquals(1, code);
    assertEquals(1, complained().lines().count(), complained());
    assertTrue(complained().contains("voippush.p12"), complained());
    assertFalse(Files.exists(ckPem));
  }

  @Test
  void wrongArguments() {
    assertEquals(2, convert(Map.of(), "a", "b"));
    assertEquals(2, convert(Map.of(), "--password=x", "b", "c"));
    assertEquals(2, inspect(Map.of()));
    assertTrue(complained().startsWith("usage: ConvertCertificate"), complained());
  }

  @Test
  void inspectsEachFile() {
    Map<String, String> environment = Map.of("CERTIFICATE_PASSWORD", credentials.password());
    for (Path file : new Path[] {files.voipCer(), files.voipP12(), files.ckPem()}) {
      out.reset();
      assertEquals(0, inspect(environment, file.toString()), complained());
      assertTrue(printed().contains("com.example.app.voip"), printed());
      assertTrue(printed().contains("A1B2C3D4E5"), printed());
      assertFalse(printed().contains(credentials.password()), printed());
    }
  }

  @Test
  void inspectsWhatNeedsNoPasswordWithoutOne() {
    assertEquals(0, inspect(Map.of(), files.voipCer().toString()), complained());
    assertTrue(printed().contains("VoIP Services"), printed());
  }

  @Test
  void inspectsNothing() {
    assertEquals(1, inspect(Map.of(), directory.resolve("nothing.p12").toString()));
    assertEquals(1, complained().lines().count(), complained());
    assertTrue(complained().contains("nothing.p12: "), complained());
  }

  @Test
  void passwordIsNotReadForAFileThatHasNone() {
    Map<String, String> environment =
        Map.of("CERTIFICATE_PASSWORD_FILE", directory.resolve("nothing").toString());
    assertEquals(0, inspect(environment, files.voipCer().toString()), complained());
    assertEquals(1, inspect(environment, files.ckPem().toString()));
  }
}
