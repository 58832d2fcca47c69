// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import java.util.Locale;

/**
 * What the client's process holds at a moment, and what it did since the last one.
 *
 * @param second since the load began
 * @param heap bytes in use after a full collection
 * @param files open file descriptors, or negative where the system does not tell
 * @param perSecond pushes that had their end
 * @param p50 milliseconds from the moment a push was due to its end
 * @param p99 likewise
 */
record Sample(
    double second,
    long heap,
    int threads,
    long files,
    int connections,
    int inFlight,
    int queued,
    double perSecond,
    double p50,
    double p99) {

  static Sample parse(String line) {
    String[] parts = line.split(" ", -1);
    return new Sample(
        Double.parseDouble(parts[0]),
        Long.parseLong(parts[1]),
        Integer.parseInt(parts[2]),
        Long.parseLong(parts[3]),
        Integer.parseInt(parts[4]),
        Integer.parseInt(parts[5]),
        Integer.parseInt(parts[6]),
        Double.parseDouble(parts[7]),
        Double.parseDouble(parts[8]),
        Double.parseDouble(parts[9]));
  }

  String line() {
    return String.format(
        Locale.ROOT,
        "%.3f %d %d %d %d %d %d %.1f %.2f %.2f",
        second,
        heap,
        threads,
        files,
        connections,
        inFlight,
        queued,
        perSecond,
        p50,
        p99);
  }
}
