// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Shows the results as Markdown. */
final class Report {
  static final String FILE = "performance.md";
  static final String PLOT = "performance.png";

  private static final String TARGETS =
      """
      Medians of all rounds; what no target is about is measured on the last JDK only, in the first two. "Rounds" are the lowest and the
      highest of the single rounds, ours divided by Pushy's of the same round.

      """;

  private static final String HOW =
      """
      ## How it is measured

      - Each figure of each client comes from a Java process of its own (`-Xmx512m`), which warms up until the JIT compiler is nearly idle
        (at most five times as long as it then measures). Clients take turns within each round, and each round begins with another one. The
        server is Pushy's `BenchmarkApnsServer`, one process for all.
      - All send the same: 1,000 device tokens in turn, one JSON of about 250 bytes, the five headers of a VoIP push, an `apns-id` of its own
        with each push, over mutual TLS by the JDK, on one connection. Pushy is its default configuration; it could use BoringSSL by way of
        netty-tcnative, which is not measured here. The others are given cheap random ids, not `UUID.randomUUID()`; ours makes its own.
      - voip-push is the default client; "OkHttp calls" is the one with `httpClient(…)`. OkHttp is a client with certificate and trust,
        `execute()` on virtual threads (on JDK 17 on 64 platform threads), and a semaphore of 100.
      - In flight: a thread sends until so many are unanswered, and sends on when a tenth of them has been answered. What a client does not
        send at once waits inside it. CPU is that of the client's whole process, JIT and collector included; allocation is that of all threads.
      - One at a time is the blocking call: `send`, Pushy's `.get()`, `execute()`. Open loop: pushes are due by a fixed clock, and the latency
        counts from when a push was due, so that a stall counts for all that it delays; measured three times as long as the rest.
      - Heap per queued push: 10,000 pushes of one call that wait for a server which accepts the connection and says nothing; used heap after
        a full collection, before and after. Threads per connection: those with five connections less those with one, divided by four;
        callback threads, four at most for a client, are left out.
      - First push: `send` alone, in a process that has built the client and done nothing else; where a client can, once more after it has
        opened its connection.
      - Devices per call: calls one after the other, each with a JSON of its own, to so many devices at once, until the last has answered.

      """;

  private final Options options;
  private final Results results;
  private final Machine machine;

  Report(Options options, Results results, Machine machine) {
    this.options = options;
    this.results = results;
    this.machine = machine;
  }

  void write() throws IOException {
    Path docs = options.docs();
    Files.createDirectories(docs);
    new Plot(options, results).write(docs.resolve(PLOT));
    Files.writeString(docs.resolve(FILE), text());
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    text.append(
        "# Performance\n\n<!-- Written by the benchmark: change Report.java instead. -->\n\n");
    if (options.quick() || options.rounds() < 7 || !results.failures().isEmpty()) {
      text.append("> **Not to be believed:** ");
      text.append(
          options.quick()
              ? "a quick run that only shows that everything is measured.\n\n"
              : "a run with fewer than 7 rounds or with failures.\n\n");
    }
    text.append(intro());
    text.append("## Targets\n\n").append(TARGETS).append(Targets.table(results));
    text.append("\n## Plot\n\n![Medians of all clients](").append(PLOT).append(")\n\n");
    text.append("## Medians\n\n").append(table()).append(HOW);
    if (!results.threads().isEmpty()) {
      text.append("## Threads\n\nWith 1,000 in flight, numbers in names left out:\n\n");
      results
          .threads()
          .forEach(
              (client, names) ->
                  text.append("- ").append(client).append(": ").append(names).append('\n'));
      text.append('\n');
    }
    if (!results.failures().isEmpty()) {
      text.append("## Failed measurements\n\n");
      results.failures().forEach(failure -> text.append("- ").append(failure).append('\n'));
      text.append('\n');
    }
    text.append(rounds());
    return text.toString();
  }

  private String intro() {
    return """
        This library beside [Pushy](https://github.com/jchambers/pushy) and beside OkHttp as a user would write it, in one run against one
        server:

        ```
        %s
        ```

        | | |
        |---|---|
        | date | %s |
        | commit | %s |
        | machine | %s |
        | system | %s |
        | load before the run | %s |
        | JDKs | %s |
        | measured beside | Pushy %s (Netty %s), OkHttp %s |
        | rounds | %d, each measurement %s s after at least as long a warm-up |

        """
        .formatted(
            command(),
            machine.date(),
            machine.commit(),
            machine.cpu(),
            machine.system(),
            machine.load(),
            String.join(", ", results.jdks()),
            Machine.version("pushy"),
            Machine.version("netty-handler"),
            Machine.version("okhttp-jvm"),
            options.rounds(),
            options.time().toMillis() / 1e3);
  }

  private String command() {
    String command = "mvn -q -Pbenchmark";
    if (!options.arguments().isEmpty()) {
      command += " -Dbenchmark.args=\"" + String.join(" ", options.arguments()) + "\"";
    }
    return options.jdks().size() > 1 && !options.arguments().contains("--jdks")
        ? "JAVA25_HOME=/path/to/jdk-25 " + command
        : command;
  }

  String table() {
    StringBuilder text = new StringBuilder();
    for (String jdk : results.jdks()) {
      text.append("JDK ").append(jdk).append("\n\n| |");
      for (Sender.Client client : options.clients()) {
        text.append(' ').append(client.title).append(" |");
      }
      text.append("\n|---|").append("---:|".repeat(options.clients().size())).append('\n');
      for (Figures.Figure figure : figures()) {
        text.append("| ").append(figure.titleWithUnit()).append(" |");
        for (Sender.Client client : options.clients()) {
          text.append(' ')
              .append(figure.show(results.median(jdk, client, figure.key())))
              .append(" |");
        }
        text.append('\n');
      }
      text.append('\n');
    }
    return text.toString();
  }

  private List<Figures.Figure> figures() {
    return Figures.ALL.stream()
        .filter(figure -> options.scenarios().contains(figure.scenario()))
        .toList();
  }

  private String rounds() {
    StringBuilder text = new StringBuilder("## All rounds\n\n");
    for (String jdk : results.jdks()) {
      text.append("<details>\n<summary>JDK ").append(jdk).append("</summary>\n\n");
      text.append("| figure | client | rounds, in their order |\n|---|---|---|\n");
      for (Figures.Figure figure : figures()) {
        for (Sender.Client client : options.clients()) {
          List<Double> values = results.values(jdk, client, figure.key());
          if (!values.isEmpty()) {
            text.append(
                String.format(
                    Locale.ROOT,
                    "| %s | %s | %s |\n",
                    figure.titleWithUnit(),
                    client.title,
                    values.stream().map(figure::show).collect(Collectors.joining(" · "))));
          }
        }
      }
      text.append("\n</details>\n\n");
    }
    return text.toString().stripTrailing() + "\n";
  }
}
