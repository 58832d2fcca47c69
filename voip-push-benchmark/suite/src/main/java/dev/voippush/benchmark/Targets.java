// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** What this library promises about itself, most of it beside Pushy, and whether it holds. */
final class Targets {
  private static final Sender.Client OURS = Sender.Client.VOIP_PUSH;
  private static final Sender.Client THEIRS = Sender.Client.PUSHY;

  private static final List<Target> ALL =
      List.of(
          new Target("throughput/cpu", true, 0.5, 1 / 3.0),
          new Target("one/p50", true, 1.05, 1),
          new Target("one/p99", true, 1.2, 1),
          new Target("rate1000/p50", true, 1.05, 1),
          new Target("rate1000/p99", true, 1.2, 1),
          new Target("connections/threads", false, 2, 2),
          new Target("queue/heap", false, 1_000, 1_000));

  private static final String HEAD =
      """
      | JDK | figure | voip-push | Pushy | measured | rounds | target | |
      |---|---|---:|---:|---:|---:|---:|---|
      """;

  private Targets() {}

  /**
   * A promise.
   *
   * @param figure its key
   * @param ratio true if the limits are for our figure divided by Pushy's
   * @param limit the most it may be
   * @param aim the most we want it to be
   */
  private record Target(String figure, boolean ratio, double limit, double aim) {}

  static String table(Results results) {
    StringBuilder text = new StringBuilder(HEAD);
    for (String jdk : results.jdks()) {
      for (Target target : ALL) {
        text.append(row(results, jdk, target)).append('\n');
      }
    }
    return text.toString();
  }

  private static String row(Results results, String jdk, Target target) {
    Figures.Figure figure = Figures.of(target.figure);
    OptionalDouble ours = results.median(jdk, OURS, target.figure);
    OptionalDouble theirs = results.median(jdk, THEIRS, target.figure);
    String limit = target.ratio ? decimal(target.limit) + " × Pushy" : decimal(target.limit);
    String begin =
        String.join(
            " | ",
            "| " + jdk.replaceAll("[+-].*", ""),
            figure.titleWithUnit(),
            figure.show(ours),
            figure.show(theirs));
    if (ours.isEmpty() || (target.ratio && theirs.isEmpty())) {
      return begin + " | — | — | ≤ " + limit + " | not measured |";
    }
    double measured = target.ratio ? ours.getAsDouble() / theirs.getAsDouble() : ours.getAsDouble();
    List<Double> rounds = results.values(jdk, OURS, target.figure);
    if (target.ratio) {
      rounds = ratios(rounds, results.values(jdk, THEIRS, target.figure));
    }
    String spread =
        decimal(rounds.stream().mapToDouble(Double::doubleValue).min().orElse(Double.NaN))
            + " – "
            + decimal(rounds.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN));
    String verdict = verdict(measured, target);
    return String.join(
        " | ",
        begin,
        "**" + decimal(measured) + (target.ratio ? " ×" : "") + "**",
        spread,
        "≤ " + limit,
        verdict + " |");
  }

  private static String verdict(double measured, Target target) {
    if (measured > target.limit) {
      return "**missed**";
    }
    return measured <= target.aim && target.aim < target.limit ? "met, and the aim" : "met";
  }

  /** Round by round, as long as no measurement failed. */
  private static List<Double> ratios(List<Double> ours, List<Double> theirs) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(ours.size(), theirs.size()); i++) {
      ratios.add(ours.get(i) / theirs.get(i));
    }
    return ratios;
  }

  private static String decimal(double value) {
    return value >= 100
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.2f", value);
  }
}
