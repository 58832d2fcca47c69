// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Tells whether what a process holds stays as it is. Medians of long stretches are compared, so
 * that no single sample counts.
 */
final class Flatness {
  private static final double MIB = 1 << 20;

  /** What must not grow, and by how much it may. */
  private record Figure(
      String title,
      ToDoubleFunction<Sample> value,
      double relative,
      double absolute,
      double steady /* what may be added by a rise that never pauses */) {}

  private static final List<Figure> FIGURES =
      List.of(
          new Figure("heap after collection", Sample::heap, 0.2, 8 * MIB, 4 * MIB),
          new Figure("threads", Sample::threads, 0, 5, 3),
          new Figure("file descriptors", Sample::files, 0, 5, 3),
          new Figure("connections", Sample::connections, 0, 1, 1),
          new Figure("queued pushes", Sample::queued, 0, 100, 50));

  private Flatness() {}

  /** Returns what grew, in words. The first quarter, of long runs the first tenth, is warm-up. */
  static List<String> faults(List<Sample> samples) {
    if (samples.size() < 16) {
      return List.of("samples must be at least 16, but were " + samples.size());
    }
    int warm = samples.size() > 200 ? samples.size() / 10 : samples.size() / 4;
    List<Sample> warmed = samples.subList(warm, samples.size());
    List<String> faults = new ArrayList<>();
    for (Figure figure : FIGURES) {
      check(figure, warmed, faults);
    }
    return faults;
  }

  private static void check(Figure figure, List<Sample> samples, List<String> faults) {
    double second = median(figure, part(samples, 1, 3));
    double last = median(figure, part(samples, 2, 3));
    double allowed = Math.max(figure.absolute(), figure.relative() * second);
    if (last - second > allowed) {
      faults.add(
          "%s grew from %.0f in the second third to %.0f in the last"
              .formatted(figure.title(), second, last));
    }
    List<Double> sixths = new ArrayList<>();
    boolean rising = true;
    for (int i = 0; i < 6; i++) {
      sixths.add(median(figure, part(samples, i, 6)));
      rising &= i == 0 || sixths.get(i) > sixths.get(i - 1);
    }
    if (rising && sixths.get(5) - sixths.get(0) > figure.steady()) {
      faults.add("%s rose all the time, by sixths: %s".formatted(figure.title(), sixths));
    }
  }

  private static List<Sample> part(List<Sample> samples, int number, int of) {
    int size = samples.size();
    return samples.subList(size * number / of, size * (number + 1) / of);
  }

  private static double median(Figure figure, List<Sample> samples) {
    double[] sorted = samples.stream().mapToDouble(figure.value()).sorted().toArray();
    return sorted[sorted.length / 2];
  }
}
