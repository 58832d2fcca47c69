// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.FaultRun.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Collects what became of all pushes, and writes it as a table of Markdown. Thread-safe. */
final class FaultReport {
  private final Map<Fault, Map<VoipPushClientTest.Kind, List<Outcome>>> rows =
      new LinkedHashMap<>();

  FaultReport(List<Fault> faults) {
    for (Fault fault : faults) {
      rows.put(fault, new TreeMap<>());
    }
  }

  synchronized void add(Fault fault, VoipPushClientTest.Kind kind, List<Outcome> outcomes) {
    rows.get(fault).computeIfAbsent(kind, k -> new ArrayList<>()).addAll(outcomes);
  }

  synchronized void write(Path file, long seed, int rounds) throws IOException {
    StringBuilder text = new StringBuilder();
    int pushes = 0;
    int processed = 0;
    for (Map.Entry<Fault, Map<VoipPushClientTest.Kind, List<Outcome>>> entry : rows.entrySet()) {
      for (Map.Entry<VoipPushClientTest.Kind, List<Outcome>> cell : entry.getValue().entrySet()) {
        text.append(row(entry.getKey(), cell.getKey(), cell.getValue()));
        pushes += cell.getValue().size();
        processed += cell.getValue().stream().mapToInt(Outcome::processed).sum();
      }
    }
    String head =
        "**JDK %s**, seed %d, rounds %d: %d faults, %d pushes, processed %d times.%n%n"
            .formatted(Runtime.version(), seed, rounds, rows.size(), pushes, processed);
    String columns =
        """
        | fault | transport | pushes | ended as | processed | most per push | doubled, told | median | longest |
        |---|---|--:|---|--:|--:|--:|--:|--:|
        """;
    Files.createDirectories(file.getParent());
    Files.writeString(file, head + columns + text);
  }

  private static String row(Fault fault, VoipPushClientTest.Kind kind, List<Outcome> outcomes) {
    Map<String, Integer> ends = new TreeMap<>();
    outcomes.forEach(outcome -> ends.merge(outcome.end().how(), 1, Integer::sum));
    List<String> counted = new ArrayList<>();
    ends.forEach((how, count) -> counted.add(count + " " + how));
    List<Duration> times = outcomes.stream().map(Outcome::took).sorted().toList();
    return "| %s | %s | %d | %s | %d | %d | %d | %s | %s |%n"
        .formatted(
            fault.name(),
            kind.name().toLowerCase(Locale.ROOT),
            outcomes.size(),
            String.join("; ", counted),
            outcomes.stream().mapToInt(Outcome::processed).sum(),
            outcomes.stream().mapToInt(Outcome::processed).max().orElse(0),
            outcomes.stream().filter(o -> o.processed() > 1 && o.end().told()).count(),
            times.isEmpty() ? "" : millis(times.get(times.size() / 2)),
            times.isEmpty() ? "" : millis(times.get(times.size() - 1)));
  }

  private static String millis(Duration time) {
    return time.toMillis() + " ms";
  }
}
