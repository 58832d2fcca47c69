// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The command line.
 *
 * @param quick true if the figures are not to be believed
 * @param time how long each measurement warms up, and then measures
 * @param jdks Java homes
 * @param docs where the report goes
 */
record Options(
    boolean quick,
    int rounds,
    Duration time,
    List<Path> jdks,
    List<Scenario> scenarios,
    List<Sender.Client> clients,
    Path docs,
    List<String> arguments) {

  static final String USAGE =
      """
      --rounds N          how often each figure is measured, 7 by default
      --quick             one short round, to see whether everything works
      --millis N          how long to warm up and how long to measure, 3000 by default
      --jdks HOME,HOME    by default the JDK that runs this and the one in JAVA25_HOME
      --scenarios S,S     some of throughput, one, rate_1000, rate_5000, first_cold,
                          first_connected, queue, connections, growth, devices
      --clients C,C       some of voip_push, voip_push_call, pushy, okhttp
      --docs DIRECTORY    where performance.md and performance.png go, docs by default
      """;

  /**
   * @throws IllegalArgumentException if there is anything else than in {@link #USAGE}
   */
  static Options parse(String... args) {
    boolean quick = List.of(args).contains("--quick");
    int rounds = quick ? 1 : 7;
    Duration time = Duration.ofMillis(quick ? 400 : 3_000);
    List<Path> jdks = defaultJdks(System.getenv("JAVA25_HOME"));
    List<Scenario> scenarios = List.of(Scenario.values());
    List<Sender.Client> clients = List.of(Sender.Client.values());
    Path docs = Path.of("docs");
    List<String> shown = new ArrayList<>();
    Iterator<String> rest = List.of(args).iterator();
    while (rest.hasNext()) {
      String option = rest.next();
      if (option.equals("--quick")) {
        shown.add(option);
        continue;
      }
      if (!rest.hasNext()) {
        throw new IllegalArgumentException(option + " must be known and have a value\n" + USAGE);
      }
      String value = rest.next();
      switch (option) {
        case "--rounds" -> rounds = Integer.parseInt(value);
        case "--millis" -> time = Duration.ofMillis(Integer.parseInt(value));
        case "--jdks" -> jdks = Arrays.stream(value.split(",")).map(Path::of).toList();
        case "--scenarios" ->
            scenarios = names(value).stream().map(Scenario::valueOf).sorted().toList();
        case "--clients" ->
            clients = names(value).stream().map(Sender.Client::valueOf).sorted().toList();
        case "--docs" -> docs = Path.of(value);
        default -> throw new IllegalArgumentException("no such option: " + option + "\n" + USAGE);
      }
      if (!option.equals("--docs")) {
        shown.add(option);
        shown.add(value);
      }
    }
    return new Options(quick, rounds, time, jdks, scenarios, clients, docs, List.copyOf(shown));
  }

  private static List<String> names(String value) {
    return List.of(value.toUpperCase(Locale.ROOT).replace('-', '_').split(","));
  }

  private static List<Path> defaultJdks(@Nullable String second) {
    Path first = Path.of(System.getProperty("java.home"));
    if (second == null
        || second.isEmpty()
        || !Files.isExecutable(Path.of(second, "bin", "java"))
        || Path.of(second).normalize().equals(first)) {
      return List.of(first);
    }
    return List.of(first, Path.of(second));
  }
}
