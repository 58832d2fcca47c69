// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** The figures of the report, in its order. */
final class Figures {
  static final List<Integer> IN_FLIGHT = List.of(1, 10, 100, 1_000, 10_000);
  static final List<Integer> DEVICES = List.of(1, 10, 100, 1_000);

  /** All of them. */
  static final List<Figure> ALL = all();

  private Figures() {}

  /**
   * A figure.
   *
   * @param key as measurements print it
   * @param scenario which measures it
   * @param digits after the point
   */
  record Figure(String key, Scenario scenario, String title, String unit, int digits) {
    String show(OptionalDouble value) {
      return value.isEmpty() ? "—" : show(value.getAsDouble());
    }

    String show(double value) {
      return String.format(Locale.ROOT, "%,." + digits + "f", value);
    }

    String titleWithUnit() {
      return unit.isEmpty() ? title : title + ", " + unit;
    }
  }

  static Figure of(String key) {
    return ALL.stream().filter(figure -> figure.key().equals(key)).findFirst().orElseThrow();
  }

  private static List<Figure> all() {
    List<Figure> all = new ArrayList<>();
    Scenario s = Scenario.THROUGHPUT;
    all.add(new Figure("throughput/rate", s, "pushes, 1,000 in flight", "1/s", 0));
    all.add(new Figure("throughput/cpu", s, "client CPU per push, 1,000 in flight", "µs", 2));
    all.add(new Figure("throughput/allocated", s, "allocation per push", "B", 0));
    all.add(new Figure("throughput/threads", s, "threads, 1,000 in flight", "", 0));
    s = Scenario.CONNECTIONS;
    all.add(new Figure("connections/threads", s, "threads per connection", "", 2));
    all.add(new Figure("connections/constant", s, "threads besides", "", 0));
    all.add(
        new Figure("queue/heap", Scenario.QUEUE, "heap per queued push beside payload", "B", 0));
    latencies(all, "one", Scenario.ONE, "one at a time");
    latencies(all, "rate1000", Scenario.RATE_1000, "1,000/s open loop");
    latencies(all, "rate5000", Scenario.RATE_5000, "5,000/s open loop");
    all.add(new Figure("first/cold", Scenario.FIRST_COLD, "first push, cold", "ms", 0));
    all.add(
        new Figure(
            "first/connected", Scenario.FIRST_CONNECTED, "first push after connect()", "ms", 1));
    for (int n : IN_FLIGHT) {
      String title = String.format(Locale.ROOT, "%,d in flight", n);
      String key = "inflight" + n;
      all.add(new Figure(key + "/rate", Scenario.GROWTH, "growth, pushes, " + title, "1/s", 0));
      all.add(new Figure(key + "/cpu", Scenario.GROWTH, "growth, CPU per push, " + title, "µs", 2));
    }
    for (int n : DEVICES) {
      String title =
          String.format(Locale.ROOT, "%,d %s per call", n, n == 1 ? "device" : "devices");
      String key = "devices" + n;
      all.add(
          new Figure(
              key + "/p50", Scenario.DEVICES, "growth, all answered, " + title + ", p50", "µs", 0));
      all.add(
          new Figure(key + "/cpu", Scenario.DEVICES, "growth, CPU per push, " + title, "µs", 2));
    }
    return List.copyOf(all);
  }

  private static void latencies(List<Figure> all, String key, Scenario scenario, String title) {
    for (String percentile : List.of("p50", "p99", "p99.9")) {
      all.add(
          new Figure(
              key + "/" + percentile, scenario, "latency " + title + ", " + percentile, "µs", 0));
    }
    all.add(new Figure(key + "/cpu", scenario, "CPU per push, " + title, "µs", 1));
  }
}
