// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A named module uses core and simulator on the module path, with nothing on the class path. */
@Timeout(120)
class ModulePathTest {
  private static final String MODULE =
      """
      module consumer {
        requires dev.voippush;
        requires dev.voippush.simulator;
      }
      """;

  private static final String PROGRAM =
      """
      package consumer;

      import dev.voippush.*;
      import dev.voippush.credentials.CertificateLoader;
      import dev.voippush.simulator.*;
      import java.nio.file.*;
      import java.util.UUID;

      public class Main {
        public static void main(String[] args) throws Exception {
          try (ApnsSimulator apns = ApnsSimulator.start()) {
            SimulatedPhone phone = apns.registerPhone();
            SimulatorFiles files = apns.credentials().writeTo(Path.of("credentials"));
            char[] password = apns.credentials().password().toCharArray();
            try (VoipPushClient client =
                VoipPushClient.builder()
                    .credentials(CertificateLoader.load(files.voipP12(), password))
                    .endpoint(apns.endpoint())
                    .trustedCertificates(apns.credentials().caCertificate())
                    .build()) {
              CallPayload call = CallPayload.incoming(UUID.randomUUID()).build();
              PushResult result = client.send(DeviceToken.of(phone.token()), call);
              System.out.println(result.accepted() + " in " + Main.class.getModule());
            }
          }
        }
      }
      """;

  @TempDir Path directory;

  @Test
  void namedModuleSendsAPush() throws Exception {
    String modulePath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> !entry.contains("programs") && !entry.contains("junit"))
            .filter(entry -> !entry.contains("opentest4j") && !entry.contains("apiguardian"))
            .filter(entry -> entry.endsWith(".jar") || entry.endsWith("classes"))
            .collect(Collectors.joining(File.pathSeparator));
    Path sources = Files.createDirectories(directory.resolve("source/consumer"));
    Path main = Files.writeString(sources.resolve("Main.java"), PROGRAM);
    Path module = Files.writeString(directory.resolve("source/module-info.java"), MODULE);
    String classes = directory.resolve("classes").toString();
    JavaProcess.compile("-p", modulePath, "-d", classes, "" + module, "" + main);
    String printed =
        JavaProcess.run(
            directory,
            Map.of(),
            List.of(
                "-p", modulePath + File.pathSeparator + classes, "-m", "consumer/consumer.Main"));
    assertTrue(printed.endsWith("true in module consumer\n"), printed);
  }
}
