// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * The program: measures this library, Pushy and OkHttp in turn, round after round, each figure in a
 * process of its own against one server, and writes {@code performance.md} and its plot.
 */
public final class Benchmark {
  static final int SECONDARY_ROUNDS = 2;

  private final Options options;
  private final PrintStream out;
  private final Results results = new Results();

  private Benchmark(Options options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  /** Takes the options that a wrong one makes it print. */
  public static void main(String[] args) throws Exception {
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    Results results = run(options, out);
    System.exit(results.failures().isEmpty() ? 0 : 1);
  }

  static Results run(Options options, PrintStream out) throws Exception {
    Benchmark benchmark = new Benchmark(options, out);
    Path repository = options.docs().toAbsolutePath().getParent();
    Machine machine =
        Machine.now(
            repository != null && Files.isDirectory(repository) ? repository : Path.of("."));
    Path directory = Files.createTempDirectory("voip-push-benchmark");
    try {
      benchmark.measure(Credentials.create(directory));
    } finally {
      delete(directory);
    }
    Report report = new Report(options, benchmark.results, machine);
    out.println();
    out.print(report.table());
    out.print(Targets.table(benchmark.results));
    out.println();
    report.write();
    out.println("written to " + options.docs().resolve(Report.FILE));
    return benchmark.results;
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private void measure(Credentials credentials) throws Exception {
    Path running = Path.of(System.getProperty("java.home"));
    String directory = credentials.directory().toString();
    try (Child server = Child.start(running, options.quick(), Server.class, directory)) {
      String port = server.await("PORT ", Duration.ofSeconds(30));
      if (port == null) {
        throw new IOException("the server did not start");
      }
      warmUp(directory, port);
      for (int round = 1; round <= options.rounds(); round++) {
        List<Sender.Client> order = new ArrayList<>(options.clients());
        Collections.rotate(order, round - 1); // nobody is always the first
        for (Scenario scenario : options.scenarios()) {
          for (Path jdk : jdksFor(scenario, round)) {
            for (Sender.Client client : order) {
              measure(jdk, round, scenario, client, directory, port);
            }
          }
        }
      }
    }
  }

  /** What no promise is made about is measured on the last JDK, and in the first rounds only. */
  private List<Path> jdksFor(Scenario scenario, int round) {
    if (scenario.promised()) {
      return options.jdks();
    }
    int last = options.jdks().size() - 1;
    return round <= SECONDARY_ROUNDS ? options.jdks().subList(last, last + 1) : List.of();
  }

  /** The server's code gets compiled: otherwise the first client would pay for it. */
  private void warmUp(String directory, String port) throws Exception {
    if (!options.quick()) {
      child(options.jdks().get(0), Scenario.THROUGHPUT, Sender.Client.PUSHY, directory, port);
    }
  }

  private List<String> child(
      Path jdk, Scenario scenario, Sender.Client client, String directory, String port)
      throws IOException, InterruptedException {
    try (Child child =
        Child.start(
            jdk,
            options.quick(),
            Measurement.class,
            client.name(),
            scenario.name(),
            directory,
            port,
            Long.toString(options.time().toMillis()))) {
      return child.lines(options.time().multipliedBy(20).plusSeconds(90));
    }
  }

  private void measure(
      Path jdk, int round, Scenario scenario, Sender.Client client, String directory, String port)
      throws InterruptedException {
    String what = "round " + round + ", " + scenario.name().toLowerCase(Locale.ROOT);
    List<String> lines;
    try {
      lines = child(jdk, scenario, client, directory, port);
    } catch (IOException e) {
      String message = String.valueOf(e.getMessage());
      results.failed(what + ", " + client.title + ": " + message.lines().findFirst().orElse(""));
      out.println(what + ", " + client.title + " failed: " + message);
      return;
    }
    String version = jdk.toString();
    StringBuilder shown = new StringBuilder();
    for (String line : lines) {
      String[] words = line.split(" ", 3);
      if (words.length < 3) {
        continue;
      }
      if (words[0].equals("INFO") && words[1].equals("java")) {
        version = words[2];
      } else if (words[0].equals("INFO") && words[1].equals("threads")) {
        results.threads(version, client, words[2]);
      } else if (words[0].equals("RESULT")) {
        double value = Double.parseDouble(words[2]);
        results.add(new Results.Sample(version, round, client, words[1], value));
        Figures.Figure figure = Figures.of(words[1]);
        shown.append(
            String.format(
                Locale.ROOT,
                "  %s %,." + figure.digits() + "f %s",
                words[1],
                value,
                figure.unit()));
      }
    }
    out.printf("%s, JDK %s, %s:%s%n", what, version, client.title, shown);
  }
}
