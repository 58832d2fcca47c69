// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What came out of a soak. */
record SoakResult(SoakPlan plan, List<Sample> samples, Audit audit, List<String> faults) {
  static final String REPORT = "soak.md";
  static final String PLOT = "soak.svg";

  void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve(REPORT), report());
    Files.writeString(directory.resolve(PLOT), new SoakPlot(plan, samples).svg());
  }

  String report() {
    StringBuilder text = new StringBuilder();
    row(text, "", "");
    row(text, "---", "---");
    row(text, "duration", plan.duration.toString().substring(2).toLowerCase(Locale.ROOT));
    row(text, "seed", String.valueOf(plan.seed));
    row(text, "digest of the plan", plan.digest());
    row(text, "JDK", System.getProperty("java.vendor") + " " + Runtime.version());
    row(text, "pushes", String.format(Locale.ROOT, "%,d", plan.pushes()));
    row(text, "requests that the server has", count(audit.requests()));
    audit.ends().forEach((end, times) -> row(text, "ended " + end, count(times)));
    row(text, "accepted more than once by the server", count(audit.processedTwice()));
    row(text, "told that it can be so", count(audit.toldDuplicates()));
    row(text, "faults in this proof", faults.isEmpty() ? "none" : String.join("; ", faults));
    text.append('\n');
    row(text, "what went wrong", "times");
    row(text, "---", "---:");
    Map<SoakPlan.Kind, Integer> events = new EnumMap<>(SoakPlan.Kind.class);
    plan.events.forEach(event -> events.merge(event.kind(), 1, Integer::sum));
    events.forEach((kind, times) -> row(text, kind.title, count(times)));
    plan.metBy(audit.requests()).forEach((fault, times) -> row(text, fault.title, count(times)));
    text.append("\n| held by the client at | 10 % | 50 % | 100 % |\n|---|---:|---:|---:|\n");
    at(text, "heap after collection, MiB", sample -> String.format("%.1f", mib(sample)));
    at(text, "threads", sample -> String.valueOf(sample.threads()));
    at(text, "file descriptors", sample -> sample.files() < 0 ? "–" : "" + sample.files());
    at(text, "connections", sample -> String.valueOf(sample.connections()));
    return text.toString();
  }

  private static double mib(Sample sample) {
    return sample.heap() / (double) (1 << 20);
  }

  private static String count(int number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static void row(StringBuilder text, String name, String value) {
    text.append("| ").append(name).append(" | ").append(value).append(" |\n");
  }

  @FunctionalInterface
  private interface Shown {
    String of(Sample sample);
  }

  private void at(StringBuilder text, String name, Shown shown) {
    text.append("| ").append(name);
    for (double part : new double[] {0.1, 0.5, 1}) {
      text.append(" | ");
      if (!samples.isEmpty()) {
        text.append(shown.of(samples.get((int) (part * (samples.size() - 1)))));
      }
    }
    text.append(" |\n");
  }
}
