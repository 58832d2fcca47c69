// SPDX-License-Identifier: Apache-2.0
package dev.voippush.foreign;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.foreign.ForeignClient.Answer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The executable jar as those use it who have no Java of their own. */
@Timeout(120)
class StandaloneJarTest {
  @TempDir Path directory;

  @Test
  void printsWhatClientsNeedRingsAndEndsInOrder() throws Exception {
    try (JavaProcess simulator =
        JavaProcess.standalone(
            directory,
            "--port",
            "0",
            "--sandbox-port=0",
            "--web=0",
            "--without-alpn",
            "--credentials",
            "credentials",
            "--phones=2")) {
      int port = URI.create(simulator.await("production")).getPort();
      int sandboxPort = URI.create(simulator.await("sandbox")).getPort();
      URI page = URI.create(simulator.await("page"));
      assertEquals("com.example.app, topic com.example.app.voip", simulator.await("app"));
      Path credentials = Path.of(simulator.await("trust")).getParent();
      assertTrue(Files.isSameFile(directory.resolve("credentials"), credentials));
      assertEquals(credentials.resolve("voip.cer").toString(), simulator.await("certificate"));
      assertEquals(credentials + "/voippush.p12, password voip-push", simulator.await("with key"));
      assertEquals(credentials + "/ck.pem, password voip-push", simulator.await("with key"));
      assertEquals(credentials + "/AuthKey_ABC123DEFG.p8", simulator.await("signing key"));
      assertEquals("ABC123DEFG", simulator.await("key id"));
      assertEquals("A1B2C3D4E5", simulator.await("team id"));
      String first = simulator.await("phone 1      token ");
      String second = simulator.await("phone 2      token ");
      assertEquals("ends it.", simulator.await("Ctrl-C "));

      Answer accepted = new Answer(200, "", Optional.empty());
      assertEquals(accepted, ForeignClient.CURL.send(credentials, port, first));
      assertEquals("", simulator.await("phone 1      ringing: Ada, video"));
      String state =
          Program.run(directory, "curl", "--silent", "--fail", page.resolve("api/state"));
      assertTrue(state.contains("\"state\":\"RINGING\""), state);
      assertEquals(accepted, ForeignClient.CURL_P8.send(credentials, port, second));
      assertEquals("", simulator.await("phone 2      ringing: Ada, video"));
      assertEquals(
          new Answer(400, "BadDeviceToken", Optional.empty()),
          ForeignClient.CURL.send(credentials, sandboxPort, first));
      assertEquals(accepted, ForeignClient.PUSHY_P8.send(credentials, port, first));

      simulator.terminate();
      assertEquals("", simulator.await("ended"));
      assertEquals(128 + 15, simulator.awaitEnd());
      assertThrows(
          ConnectException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port).close());
    }
  }

  @Test
  void wrongOptionIsNamed() throws Exception {
    try (JavaProcess simulator = JavaProcess.standalone(directory, "--port", "http")) {
      String fix = simulator.await("--port must be a number from 0 to 65535, but was http; ");
      assertTrue(fix.startsWith("give "), fix);
      assertEquals(2, simulator.awaitEnd());
    }
  }

  @Test
  void helpIsPrinted() throws Exception {
    try (JavaProcess simulator = JavaProcess.standalone(directory, "--help")) {
      simulator.await("A local APNs with phones that ring");
      simulator.await("  --credentials DIR");
      assertEquals(0, simulator.awaitEnd());
    }
    try (var made = Files.list(directory)) {
      assertEquals(List.of(), made.toList());
    }
  }

  @Test
  void credentialsThatCannotBeWrittenAreNamed() throws Exception {
    Path below = Files.writeString(directory.resolve("file"), "").resolve("credentials");
    try (JavaProcess simulator =
        JavaProcess.standalone(
            directory, "--port=0", "--sandbox-port=0", "--credentials", below.toString())) {
      String cause =
          simulator.await("--credentials must be a directory that may be written to, but was not:");
      assertTrue(cause.contains(directory.resolve("file").toString()), cause);
      assertEquals(1, simulator.awaitEnd());
    }
  }

  @Test
  void takenPortIsNamed() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        JavaProcess simulator =
            JavaProcess.standalone(
                directory, "--port=" + other.getLocalPort(), "--sandbox-port=0")) {
      String message =
          simulator.await("the simulator cannot listen on 127.0.0.1:" + other.getLocalPort());
      assertTrue(message.endsWith("; give another port, or 0 for any free one"), message);
      assertEquals(1, simulator.awaitEnd());
    }
  }

  @Test
  void jarHasAllThatItNeedsAndNothingElse() throws IOException {
    try (JarFile jar = new JarFile(JavaProcess.JAR.toFile())) {
      var manifest = jar.getManifest().getMainAttributes();
      assertEquals("dev.voippush.simulator.Standalone", manifest.getValue("Main-Class"));
      assertEquals("true", manifest.getValue("Multi-Release"));
      List<String> names = jar.stream().map(JarEntry::getName).toList();
      Pattern broken =
          Pattern.compile(
              "META-INF/[^/]*\\.(SF|RSA|DSA|EC)|META-INF/INDEX.LIST|(.*/)?module-info.class"
                  + "|META-INF/LICENSE\\..*|org/junit/.*|okhttp3/.*|dev/voippush/[A-Z].*");
      assertEquals(List.of(), names.stream().filter(broken.asMatchPredicate()).toList());
      assertEquals(
          "org.slf4j.simple.SimpleServiceProvider",
          text(jar, "META-INF/services/org.slf4j.spi.SLF4JServiceProvider").strip());
      assertTrue(text(jar, "META-INF/io.netty.versions.properties").contains("netty-codec-http2."));
      assertTrue(text(jar, "simplelogger.properties").contains("defaultLogLevel=warn"));
      assertEquals(Files.readString(Path.of("../../LICENSE")), text(jar, "META-INF/LICENSE"));
      assertEquals(Files.readString(Path.of("../../NOTICE")), text(jar, "META-INF/NOTICE"));
      assertTrue(text(jar, "META-INF/licenses/bouncycastle-MIT.txt").contains("Bouncy Castle"));
      assertTrue(text(jar, "META-INF/licenses/slf4j-MIT.txt").contains("QOS.ch"));
      assertTrue(text(jar, "META-INF/licenses/README.txt").contains("Netty"));
      assertTrue(text(jar, "META-INF/licenses/netty.txt").contains("Twitter, Inc."));
    }
  }

  /** Whose licences are in it: who is added here goes into META-INF/licenses, too. */
  @Test
  void jarHasClassesOnlyOfThoseWhoseLicencesItHas() throws IOException {
    Pattern owner =
        Pattern.compile("(?:META-INF/versions/\\d+/)?((?:(?:com|dev|io|org)/)?[^/]+)/.*\\.class");
    try (JarFile jar = new JarFile(JavaProcess.JAR.toFile())) {
      assertEquals(
          Set.of(
              "com/squareup",
              "dev/voippush",
              "io/netty",
              "kotlin",
              "okio",
              "org/bouncycastle",
              "org/intellij",
              "org/jetbrains",
              "org/jspecify",
              "org/slf4j"),
          jar.stream()
              .map(entry -> owner.matcher(entry.getName()))
              .filter(Matcher::matches)
              .map(found -> found.group(1))
              .collect(toSet()));
    }
  }

  private static String text(JarFile jar, String name) throws IOException {
    return new String(
        jar.getInputStream(jar.getJarEntry(name)).readAllBytes(), StandardCharsets.UTF_8);
  }
}
