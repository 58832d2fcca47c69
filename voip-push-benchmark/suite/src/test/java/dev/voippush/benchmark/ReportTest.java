// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.benchmark.Sender.Client;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report of given figures. */
class ReportTest {
  private static final Machine MACHINE =
      new Machine("a CPU", "an OS", "idle", "a commit", Instant.EPOCH);

  @TempDir Path docs;
  private final Results results = new Results();

  private void seven(String jdk, Client client, String figure, double... values) {
    for (int round = values.length; round > 0; round--) { // in any order
      results.add(new Results.Sample(jdk, round, client, figure, values[round - 1]));
    }
  }

  private String write(String... arguments) throws Exception {
    new Report(Options.parse(arguments), results, MACHINE).write();
    return Files.readString(docs.resolve(Report.FILE));
  }

  @Test
  void targetsAreMetOrMissedByTheRatioOfMedians() {
    seven("17.0.15+6", Client.VOIP_PUSH, "throughput/cpu", 2, 3, 9);
    seven("17.0.15+6", Client.PUSHY, "throughput/cpu", 8, 10, 12);
    seven("17.0.15+6", Client.VOIP_PUSH, "one/p50", 104, 104, 104);
    seven("17.0.15+6", Client.PUSHY, "one/p50", 100, 100, 100);
    seven("17.0.15+6", Client.VOIP_PUSH, "one/p99", 500, 500, 500);
    seven("17.0.15+6", Client.PUSHY, "one/p99", 400, 400, 400);
    seven("17.0.15+6", Client.VOIP_PUSH, "queue/heap", 1_001, 900, 1_000);

    assertEquals(
        """
        | JDK | figure | voip-push | Pushy | measured | rounds | target | |
        |---|---|---:|---:|---:|---:|---:|---|
        | 17.0.15 | client CPU per push, 1,000 in flight, µs | 3.00 | 10.00 | **0.30 ×** | 0.25 – 0.75 | ≤ 0.50 × Pushy | met, and the aim |
        | 17.0.15 | latency one at a time, p50, µs | 104 | 100 | **1.04 ×** | 1.04 – 1.04 | ≤ 1.05 × Pushy | met |
        | 17.0.15 | latency one at a time, p99, µs | 500 | 400 | **1.25 ×** | 1.25 – 1.25 | ≤ 1.20 × Pushy | **missed** |
        | 17.0.15 | latency 1,000/s open loop, p50, µs | — | — | — | — | ≤ 1.05 × Pushy | not measured |
        | 17.0.15 | latency 1,000/s open loop, p99, µs | — | — | — | — | ≤ 1.20 × Pushy | not measured |
        | 17.0.15 | threads per connection | — | — | — | — | ≤ 2.00 | not measured |
        | 17.0.15 | heap per queued push beside payload, B | 1,000 | — | **1,000** | 900 – 1,001 | ≤ 1,000 | met |
        """,
        Targets.table(results));
  }

  @Test
  void everyFigureOfEveryClientAndAllRounds() throws Exception {
    for (String jdk : List.of("17.0.15+6", "25+36")) {
      for (Client client : Client.values()) {
        for (Figures.Figure figure : Figures.ALL) {
          seven(jdk, client, figure.key(), 1, 2, 3, 4, 5, 6, 7);
        }
      }
    }

    String report = write("--docs", docs.toString());

    for (Figures.Figure figure : Figures.ALL) {
      String four = " " + figure.show(4) + " |";
      String row = "\n| " + figure.titleWithUnit() + " |" + four.repeat(4) + "\n";
      assertEquals(2, report.split(Pattern.quote(row), -1).length - 1, row);
      String rounds = figure.show(1) + " · " + figure.show(2) + " · " + figure.show(3);
      assertTrue(report.contains("| " + figure.titleWithUnit() + " | Pushy | " + rounds), row);
    }
    assertFalse(report.contains("Not to be believed"), report);
    assertTrue(report.contains("\n| machine | a CPU |\n"), report);
    assertEquals(1_120, ImageIO.read(docs.resolve(Report.PLOT).toFile()).getWidth());
  }

  @Test
  void failuresAndZeroesAreShown() throws Exception {
    seven("25+36", Client.PUSHY, "one/p50", 0, 0, 0);
    seven("25+36", Client.PUSHY, "inflight1/cpu", 0, 0, 0);
    results.failed("round 2, one, OkHttp: ended with 1");

    String report = write("--docs", docs.toString());

    assertTrue(report.contains("Not to be believed"), report);
    assertTrue(report.contains("\n- round 2, one, OkHttp: ended with 1\n"), report);
  }
}
