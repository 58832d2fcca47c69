// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FlatnessTest {
  private static final long MIB = 1 << 20;

  private static Sample sample(long heap, int threads, long files, int connections) {
    return new Sample(0, heap, threads, files, connections, 0, 0, 200, 1, 10);
  }

  private static List<String> faults(IntFunction<Sample> samples) {
    return Flatness.faults(IntStream.range(0, 60).mapToObj(samples).toList());
  }

  @Test
  void noiseIsFlat() {
    Random random = new Random(1);
    assertEquals(
        List.of(),
        faults(
            i ->
                sample(
                    (long) (12 * MIB + random.nextGaussian() * MIB),
                    16 + random.nextInt(6),
                    40 + random.nextInt(4),
                    random.nextInt(2))));
  }

  @Test
  void warmUpAndSinglePeaksAreFlat() {
    assertEquals(
        List.of(),
        faults(
            i ->
                sample(
                    (i < 14 ? 40 - i : i == 50 ? 100 : 12) * MIB, i == 55 ? 200 : 16, 40, i % 3)));
  }

  @Test
  void jumpsAreNot() {
    assertFault("heap", i -> sample((i < 44 ? 12 : 21) * MIB, 16, 40, 1));
    assertFault("threads", i -> sample(12 * MIB, i < 44 ? 16 : 22, 40, 1));
    assertFault("file", i -> sample(12 * MIB, 16, i < 44 ? 40 : 46, 1));
    assertFault("connections", i -> sample(12 * MIB, 16, 40, i < 44 ? 1 : 3));
  }

  @Test
  void slowSteadyRiseIsNot() {
    assertFault("rose all the time", i -> sample(12 * MIB + i * (MIB / 7), 16, 40, 1));
    assertFault("rose all the time", i -> sample(12 * MIB, 16 + i / 7, 40, 1));
  }

  @Test
  void tooFewSamplesProveNothing() {
    assertEquals(
        List.of("samples must be at least 16, but were 15"),
        Flatness.faults(
            IntStream.range(0, 15).mapToObj(i -> sample(12 * MIB, 16, 40, 1)).toList()));
  }

  private static void assertFault(String about, IntFunction<Sample> samples) {
    List<String> faults = faults(samples);
    assertTrue(faults.stream().anyMatch(fault -> fault.contains(about)), faults.toString());
  }
}
