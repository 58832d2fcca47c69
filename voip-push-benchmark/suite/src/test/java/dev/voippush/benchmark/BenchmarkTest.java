// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.CallPayload;
import dev.voippush.benchmark.Sender.Client;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Small runs of the whole benchmark: every row of the report has a number. The clients are compared
 * on the JDK in {@code JAVA25_HOME} where there is one, so that both JDKs have their turn.
 */
class BenchmarkTest {
  private static final String JDK = System.getProperty("java.home");
  private static final String OTHER_JDK =
      Optional.ofNullable(System.getenv("JAVA25_HOME")).orElse(JDK);

  @TempDir Path docs;

  private Results run(String jdk, String... more) throws Exception {
    String[] fixed = {"--quick", "--millis", "100", "--jdks", jdk, "--docs", docs.toString()};
    String[] arguments = Stream.of(fixed, more).flatMap(Arrays::stream).toArray(String[]::new);
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    Results results =
        Benchmark.run(
            Options.parse(arguments), new PrintStream(printed, true, StandardCharsets.UTF_8));
    assertEquals(Set.of(), results.failures(), printed.toString(StandardCharsets.UTF_8));
    return results;
  }

  @Test
  void everyFigure() throws Exception {
    Results results = run(JDK, "--clients", "voip_push");

    String report = Files.readString(docs.resolve(Report.FILE));
    String jdk = results.jdks().get(0);
    for (Figures.Figure figure : Figures.ALL) {
      List<Double> values = results.values(jdk, Client.VOIP_PUSH, figure.key());
      assertEquals(1, values.size(), figure.key());
      // CPU time ticks every 10 ms, and threads of connections are a difference
      boolean mayBeZero =
          figure.key().endsWith("/cpu") || figure.scenario() == Scenario.CONNECTIONS;
      assertTrue(mayBeZero ? values.get(0) >= 0 : values.get(0) > 0, figure.key() + " " + values);
      String row = "| " + figure.titleWithUnit() + " | " + figure.show(values.get(0)) + " |";
      assertTrue(report.contains("\n" + row + "\n"), row + " in\n" + report);
    }
    assertTrue(report.contains("Not to be believed"), report);
    assertTrue(ImageIO.read(docs.resolve(Report.PLOT).toFile()).getHeight() > 0);
  }

  @Test
  void allClients() throws Exception {
    Results results = run(OTHER_JDK, "--scenarios", "one"); // sends both ways

    for (Client client : Client.values()) {
      assertTrue(
          results.median(results.jdks().get(0), client, "one/p99").orElse(0) > 0, client.title);
    }
  }

  @Test
  void payloadOfAllClientsIsTheSame() {
    CallPayload call = VoipPushSender.payload(UUID.randomUUID());

    assertEquals(
        new String(call.toJson(), StandardCharsets.UTF_8),
        Workload.json(call.callId(), call.sentAt().toEpochMilli()));
    assertTrue(call.size() > 230 && call.size() < 270, "bytes: " + call.size());
  }

  @Test
  void unknownOption() {
    assertThrows(IllegalArgumentException.class, () -> Options.parse("--round", "7"));
    assertThrows(IllegalArgumentException.class, () -> Options.parse("--rounds"));
  }
}
