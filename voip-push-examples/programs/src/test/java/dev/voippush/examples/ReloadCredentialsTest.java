// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CertificateLoader;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.credentials.SigningKey;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.SimulatorCredentials;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ReloadCredentialsTest {
  private static ApnsSimulator apns;
  private static SimulatorCredentials old;
  private static SimulatorCredentials renewed;

  @TempDir Path directory;

  private final List<ApnsCredentials> used = new ArrayList<>();
  private final List<String> said = new ArrayList<>();

  @BeforeAll
  static void startApns() {
    apns = ApnsSimulator.start();
    old = apns.credentials();
    renewed = old.renewed();
  }

  @AfterAll
  static void closeApns() {
    apns.close();
  }

  @Test
  void programLosesNoCall() throws Exception {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    boolean well = ReloadCredentials.run(new PrintStream(printed, true, StandardCharsets.UTF_8));
    String output = printed.toString(StandardCharsets.UTF_8);
    assertTrue(well, output);
    String certificate = "certificate [0-9a-f]{8}…\n";
    String[] lines = {
      "service    sends calls with " + certificate,
      "operator   replaces ck.pem by a rename\n",
      "service    APNs takes " + certificate,
      "operator   writes half of the next ck.pem over the old one\n",
      "service    ck.pem cannot be used, the credentials before stay: .*\n",
      "operator   writes the whole of it\n",
      "service    APNs takes " + certificate,
      "simulator  record: [1-9]\\d* calls with " + certificate,
      "simulator  record: [1-9]\\d* calls with " + certificate,
      "simulator  record: [1-9]\\d* calls with " + certificate,
      "service    (\\d+) of \\1 calls accepted\n",
    };
    assertTrue(output.replace("\r", "").matches(String.join("", lines)), output);
  }

  private CredentialsFile watch(Path file) throws IOException {
    return new CredentialsFile(
        file, Files.readAllBytes(file), ReloadCredentialsTest::read, used::add, said::add);
  }

  private static PushCertificate read(Path file, byte[] content) throws IOException {
    char[] password = old.password().toCharArray();
    return CertificateLoader.fromPem(new ByteArrayInputStream(content), password);
  }

  private Path write(SimulatorCredentials credentials, String name) throws IOException {
    return credentials.writeTo(directory.resolve(name)).ckPem();
  }

  private void assertUsed(SimulatorCredentials... expected) {
    List<X509Certificate> certificates =
        used.stream().map(each -> ((PushCertificate) each).certificate()).toList();
    assertEquals(
        Arrays.stream(expected).map(SimulatorCredentials::certificate).toList(), certificates);
  }

  @Test
  void sameContentIsNoNews() throws Exception {
    Path file = write(old, "in-use");
    CredentialsFile watched = watch(file);
    watched.look();
    Files.setLastModifiedTime(file, FileTime.fromMillis(0));
    watched.look();
    assertUsed();
    assertEquals(List.of(), said);
  }

  @Test
  void halfWrittenFileIsTriedAgain() throws Exception {
    Path file = write(old, "in-use");
    byte[] whole = Files.readAllBytes(write(renewed, "new"));
    CredentialsFile watched = watch(file);
    for (int length = 0; length < whole.length - 40; length += 97) {
      Files.write(file, Arrays.copyOf(whole, length));
      watched.look();
      watched.look();
      assertUsed();
    }
    assertTrue(said.size() >= 1);
    for (String each : said) {
      assertTrue(each.startsWith("ck.pem cannot be used, the credentials before stay: "), each);
    }
    for (int i = 1; i < said.size(); i++) {
      assertNotEquals(said.get(i - 1), said.get(i), "said twice");
    }
    Files.write(file, whole);
    watched.look();
    watched.look();
    assertUsed(renewed);
  }

  @Test
  void replacedByRenameWithAnOldDate() throws Exception {
    Path file = write(old, "in-use");
    Path next = write(renewed, "new");
    Files.setLastModifiedTime(next, Files.getLastModifiedTime(file));
    CredentialsFile watched = watch(file);
    Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    watched.look();
    assertUsed(renewed);
    assertEquals(List.of(), said);
  }

  @Test
  void missingForAMoment() throws Exception {
    Path file = write(old, "in-use");
    Path next = write(renewed, "new");
    CredentialsFile watched = watch(file);
    Files.delete(file);
    watched.look();
    watched.look();
    assertEquals(1, said.size(), said.toString());
    Files.move(next, file);
    watched.look();
    assertUsed(renewed);
  }

  @Test
  void kubernetesSecret() throws Exception {
    write(old, "..1");
    write(renewed, "..2");
    Path data = Files.createSymbolicLink(directory.resolve("..data"), Path.of("..1"));
    Path file = Files.createSymbolicLink(directory.resolve("ck.pem"), Path.of("..data/ck.pem"));
    CredentialsFile watched = watch(file);
    watched.look();
    assertUsed();
    Path swapped = Files.createSymbolicLink(directory.resolve("..data_tmp"), Path.of("..2"));
    Files.move(swapped, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    watched.look();
    assertUsed(renewed);
  }

  @Test
  void signingKeyHasItsIdInTheNameOfItsFile() throws Exception {
    Path before = old.writeTo(directory).signingKey();
    Path after = directory.resolve("AuthKey_OTHERKEY01.p8");
    Files.writeString(after, apns.addSigningKey("OTHERKEY01", old.teamId()));
    Path link = Files.createSymbolicLink(directory.resolve("key.p8"), before.getFileName());
    CredentialsFile watched =
        new CredentialsFile(
            link,
            Files.readAllBytes(link),
            (file, content) ->
                SigningKey.fromPem(
                    new ByteArrayInputStream(content),
                    file.getFileName().toString().replaceAll("AuthKey_(.*)\\.p8", "$1"),
                    old.teamId()),
            used::add,
            said::add);
    Path swapped = Files.createSymbolicLink(directory.resolve("new.p8"), after.getFileName());
    Files.move(swapped, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    watched.look();
    assertEquals("OTHERKEY01", ((SigningKey) used.get(0)).keyId());
  }

  @Test
  void whatTheClientRefusesIsReported() throws Exception {
    Path file = write(old, "in-use");
    byte[] next = Files.readAllBytes(write(renewed, "new"));
    CredentialsFile watched =
        new CredentialsFile(
            file,
            Files.readAllBytes(file),
            ReloadCredentialsTest::read,
            credentials -> {
              throw new IllegalArgumentException("credentials must be for another app");
            },
            said::add);
    Files.write(file, next);
    watched.look();
    watched.look();
    assertEquals(
        List.of(
            "ck.pem cannot be used, the credentials before stay: credentials must be for another"
                + " app"),
        said);
  }
}
