// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.io.IOException;
import java.util.Locale;
import java.util.OptionalDouble;

/** Shows the results as Markdown. */
final class Report {
  private final Options options;
  private final Results results;

  Report(Options options, Results results) {
    this.options = options;
    this.results = results;
  }

  String table() {
    StringBuilder text = new StringBuilder();
    for (String jdk : results.jdks()) {
      text.append("JDK ").append(jdk).append("\n\n| |");
      for (Sender.Client client : options.clients()) {
        text.append(' ').append(client.title).append(" |");
      }
      text.append("\n|---|").append("---:|".repeat(options.clients().size())).append('\n');
      for (Figures.Figure figure : Figures.ALL) {
        if (!options.scenarios().contains(figure.scenario())) {
          continue;
        }
        text.append("| ").append(figure.title());
        if (!figure.unit().isEmpty()) {
          text.append(", ").append(figure.unit());
        }
        text.append(" |");
        for (Sender.Client client : options.clients()) {
          OptionalDouble median = results.median(jdk, client, figure.key());
          text.append(' ').append(show(median, figure)).append(" |");
        }
        text.append('\n');
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static String show(OptionalDouble value, Figures.Figure figure) {
    return value.isEmpty()
        ? "—"
        : String.format(Locale.ROOT, "%,." + figure.digits() + "f", value.getAsDouble());
  }

  void write() throws IOException {}
}
