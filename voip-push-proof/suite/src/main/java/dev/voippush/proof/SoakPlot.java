// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Draws a soak over time as SVG: what the client held, how long pushes took, what happened. */
final class SoakPlot {
  private static final int WIDTH = 920;
  private static final int LEFT = 150;
  private static final int RIGHT = 20;
  private static final int PANEL = 84;
  private static final int GAP = 34;
  private static final int TICKS = 16;

  private static final String STYLE =
      """
      <style>
        svg { --ink: #1f2328; --faint: #d1d9e0; --paper: #ffffff; --one: #0969da; --two: #bc4c00; }
        @media (prefers-color-scheme: dark) {
          svg { --ink: #e6edf3; --faint: #3d444d; --paper: #0d1117; --one: #4493f8; --two: #f0883e; }
        }
        text { fill: var(--ink); font: 12px sans-serif; }
        .title { font-weight: bold; }
        .paper { fill: var(--paper); }
        .frame { fill: none; stroke: var(--faint); }
        .one { fill: none; stroke: var(--one); stroke-width: 1.5; }
        .two { fill: none; stroke: var(--two); stroke-width: 1.5; }
        .fault { stroke: var(--two); stroke-width: 1.5; }
        .end { text-anchor: end; }
        .middle { text-anchor: middle; }
      </style>
      """;

  private final SoakPlan plan;
  private final List<Sample> samples;
  private final StringBuilder svg = new StringBuilder();
  private int top = 40;

  SoakPlot(SoakPlan plan, List<Sample> samples) {
    this.plan = plan;
    this.samples = samples;
  }

  String svg() {
    text(LEFT, 20, "title", "Soak of " + plan.duration.toSeconds() + " s, seed " + plan.seed);
    faults();
    panel("heap, MiB", "one", sample -> sample.heap() / (double) (1 << 20));
    panel("threads", "one", Sample::threads);
    if (samples.stream().allMatch(sample -> sample.files() >= 0)) {
      panel("file descriptors", "one", Sample::files);
    }
    panel("connections", "one", Sample::connections);
    panel("in flight + queued", "one", sample -> sample.inFlight() + (double) sample.queued());
    panel("pushes ended / s", "one", Sample::perSecond);
    panel("latency p50, ms", "one", Sample::p50);
    panel("latency p99, ms", "two", Sample::p99);
    times();
    return String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">%n",
            WIDTH,
            top)
        + "<title>What the client held and did over time</title>\n"
        + STYLE
        + "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
        + svg
        + "</svg>\n";
  }

  private double x(double second) {
    double whole = Math.max(plan.duration.toMillis() / 1e3, lastSecond());
    return LEFT + second / whole * (WIDTH - LEFT - RIGHT);
  }

  private double lastSecond() {
    return samples.isEmpty() ? 0 : samples.get(samples.size() - 1).second();
  }

  private void text(double x, double y, String classes, String text) {
    add("<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>", x, y, classes, text);
  }

  private void add(String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  /** A row for each kind, a stroke for each time. */
  private void faults() {
    for (SoakPlan.Kind kind : SoakPlan.Kind.values()) {
      text(LEFT - 10, top + TICKS - 5, "end", kind.name().toLowerCase(Locale.ROOT));
      for (SoakPlan.Event event : plan.events) {
        if (event.kind() == kind) {
          double x = x(event.atMillis() / 1e3);
          add(
              "<line class=\"fault\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>",
              x, x, top + 2, top + TICKS - 2);
        }
      }
      top += TICKS;
    }
    top += GAP / 2;
  }

  private void panel(String title, String classes, ToDoubleFunction<Sample> value) {
    double max = Math.max(1, samples.stream().mapToDouble(value).max().orElse(0));
    text(LEFT - 10, top + PANEL / 2.0, "end title", title);
    text(LEFT - 10, top + 10, "end", String.format(Locale.ROOT, "%.0f", max));
    text(LEFT - 10, top + PANEL, "end", "0");
    add(
        "<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
        LEFT, top, WIDTH - LEFT - RIGHT, PANEL);
    StringBuilder points = new StringBuilder();
    for (Sample sample : samples) {
      double y = top + PANEL - value.applyAsDouble(sample) / max * (PANEL - 4);
      points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(sample.second()), y));
    }
    add("<polyline class=\"%s\" points=\"%s\"/>", classes, points.toString().strip());
    top += PANEL + GAP / 2;
  }

  private void times() {
    long whole = plan.duration.toSeconds();
    for (int i = 0; i <= 6; i++) {
      double second = whole * i / 6.0;
      String label = whole < 300 ? Math.round(second) + " s" : Math.round(second / 60) + " min";
      text(x(second), top, "middle", label);
    }
    top += GAP / 2;
  }
}
