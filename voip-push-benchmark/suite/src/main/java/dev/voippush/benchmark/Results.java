// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/** All that was measured, round by round. Not thread-safe. */
final class Results {
  private final List<Sample> samples = new ArrayList<>();
  private final Map<String, String> threads = new LinkedHashMap<>();
  private final Set<String> failures = new LinkedHashSet<>();

  /** One value of one figure. */
  record Sample(String jdk, int round, Sender.Client client, String figure, double value) {}

  void add(Sample sample) {
    samples.add(sample);
  }

  /** Which threads a client had. */
  void threads(String jdk, Sender.Client client, String names) {
    threads.put(client.title + ", JDK " + jdk, names);
  }

  Map<String, String> threads() {
    return threads;
  }

  void failed(String what) {
    failures.add(what);
  }

  Set<String> failures() {
    return failures;
  }

  List<String> jdks() {
    return samples.stream().map(Sample::jdk).distinct().toList();
  }

  /** The values of all rounds, in their order. */
  List<Double> values(String jdk, Sender.Client client, String figure) {
    return samples.stream()
        .filter(
            sample ->
                sample.jdk.equals(jdk) && sample.client == client && sample.figure.equals(figure))
        .sorted(Comparator.comparingInt(Sample::round))
        .map(Sample::value)
        .toList();
  }

  OptionalDouble median(String jdk, Sender.Client client, String figure) {
    double[] sorted =
        values(jdk, client, figure).stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (sorted.length == 0) {
      return OptionalDouble.empty();
    }
    int middle = sorted.length / 2;
    return OptionalDouble.of(
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
  }
}
