// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.Script;
import dev.voippush.simulator.SimulatedPhone;
import dev.voippush.simulator.SimulatorFiles;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program in the README is compiled and run as it stands there, but against the simulator. */
@Timeout(120)
class ReadmeTest {
  private static final String TO_APPLE = "VoipPushClient.builder()";
  private static final String TO_SIMULATOR =
      """
      VoipPushClient.builder()
            .endpoint(java.net.URI.create(System.getenv("APNS")))
            .trustedCertificates(
                (java.security.cert.X509Certificate)
                    java.security.cert.CertificateFactory.getInstance("X.509")
                        .generateCertificate(new java.io.FileInputStream("ca.pem")))
      """;

  private static final String CLASS_PATH = System.getProperty("java.class.path");

  @TempDir Path directory;

  static Path readme() {
    Path up = Path.of("").toAbsolutePath();
    while (!Files.exists(up.resolve("SECURITY.md"))) {
      up = up.getParent();
    }
    return up.resolve("README.md");
  }

  /** The blocks of Java, in order. */
  private static List<String> java() throws IOException {
    return Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
        .matcher(Files.readString(readme()))
        .results()
        .map(block -> block.group(1))
        .toList();
  }

  private void compile(String name, String java) throws IOException {
    Path source = directory.resolve(name + ".java");
    Files.writeString(source, java);
    JavaProcess.compile("-classpath", CLASS_PATH, "-d", "" + directory, "" + source);
  }

  private void compileProgram() throws IOException {
    String program = java().get(0);
    assertTrue(program.contains(TO_APPLE));
    compile("SendPush", program.replace(TO_APPLE, TO_SIMULATOR.strip()));
  }

  @Test
  void ringCompiles() throws IOException {
    String snippet = java().get(1);
    assertTrue(snippet.contains("client.ring("));
    compile(
        "Snippet",
        """
        import dev.voippush.*;
        import java.util.*;

        abstract class Snippet {
          abstract void tellCaller(UUID callId, String why);

          abstract Void alarm(Throwable e);

          void ring(
              VoipPushClient client,
              CallPayload call,
              List<DeviceToken> devices,
              DeadTokens deadTokens) {
            %s
          }
        }
        """
            .formatted(snippet));
  }

  private String run(ApnsSimulator apns, String token) throws Exception {
    SimulatorFiles files = apns.credentials().writeTo(directory);
    assertEquals(directory.resolve("ck.pem"), files.ckPem());
    return JavaProcess.run(
        directory,
        Map.of("APNS", apns.endpoint().toString(), "CK_PASSWORD", apns.credentials().password()),
        List.of("-classpath", directory + File.pathSeparator + CLASS_PATH, "SendPush", token));
  }

  @Test
  void programHandlesBothOutcomes() throws Exception {
    compileProgram();
    try (ApnsSimulator apns = ApnsSimulator.start()) {
      SimulatedPhone phone = apns.registerPhone();
      assertEquals("accepted by APNs: the phone rings\n", run(apns, phone.token()));
      phone.awaitCall(Duration.ofSeconds(5));
      apns.script(phone.token(), Script.reject(400, "DeviceTokenNotForTopic"));
      String refused = run(apns, phone.token());
      assertTrue(refused.contains("DeviceTokenNotForTopic"), refused);
      assertTrue(refused.contains("CHECK_CONFIGURATION"), refused);
    }
  }

  @Test
  void commandsAreTheOnesTheGateRuns() throws IOException {
    Path gate = readme().resolveSibling(".ci").resolve("run");
    String script = Files.readString(gate);
    for (String command : List.of("mvn -q -Pring", "mvn verify")) {
      assertTrue(Files.readString(readme()).contains("\n" + command + "\n"), command);
    }
    assertTrue(script.contains("mvn -q -Pring"));
    assertTrue(script.contains(" verify"));
  }
}
