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
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small runs of the whole benchmark: every row of the report has a number. */
class BenchmarkTest {
  @TempDir Path docs;

  private Results run(String... more) throws Exception {
    String[] fixed = {
      "--quick",
      "--millis",
      "100",
      "--jdks",
      System.getProperty("java.home"),
      "--docs",
      docs.toString()
    };
    String[] arguments = Stream.of(fixed, more).flatMap(Arrays::stream).toArray(String[]::new);
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    Results results =
        Benchmark.run(
            Options.parse(arguments), new PrintStream(printed, true, StandardCharsets.UTF_8));
    assertEquals(Set.of(), results.failures(), printed.toString(StandardCharsets.UTF_8));
    return results;
  }

  @Test
  void everyFigureOfTheTwoThatTheTargetsCompare() throws Exception {
    Results results = run("--clients", "voip_push,pushy");

    String report = Files.readString(docs.resolve("performance.md"));
    assertEquals(1, results.jdks().size());
    for (Figures.Figure figure : Figures.ALL) {
      for (Client client : List.of(Client.VOIP_PUSH, Client.PUSHY)) {
        List<Double> values = results.values(results.jdks().get(0), client, figure.key());
        if (!mayBeMissing(figure, client)) {
          assertEquals(1, values.size(), figure + " of " + client);
          assertTrue(Double.isFinite(values.get(0)), figure + " of " + client + ": " + values);
          if (figure.scenario() != Scenario.CONNECTIONS) {
            assertTrue(values.get(0) > 0, figure + " of " + client + ": " + values);
          }
        }
      }
      assertTrue(
          report.contains("\n| " + figure.titleWithUnit() + " |"), figure + " in\n" + report);
    }
    assertTrue(report.contains("Not to be believed"), report);
    assertEquals(7, report.lines().filter(line -> line.contains("| ≤ ")).count(), report);
    assertTrue(ImageIO.read(docs.resolve("performance.png").toFile()).getHeight() > 0);
  }

  private static boolean mayBeMissing(Figures.Figure figure, Client client) {
    return switch (figure.scenario()) {
      case CONNECTIONS -> client == Client.VOIP_PUSH; // until the builder has connections(int)
      case FIRST_CONNECTED -> client == Client.PUSHY; // has no connect()
      default -> false;
    };
  }

  @Test
  void allClients() throws Exception {
    Results results = run("--scenarios", "throughput");

    for (Client client : EnumSet.allOf(Client.class)) {
      assertTrue(
          results.median(results.jdks().get(0), client, "throughput/cpu").isPresent(),
          client.title);
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
