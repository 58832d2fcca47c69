// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The tone of one ringing call, played as a loudspeaker plays: {@link #refill} makes it sound for
 * {@link #BUFFER}; if the next refill is late, there is silence in between, and the record shows
 * it. Guarded by the phone's lock.
 */
final class RingTone {
  /** How long the tone sounds without a refill. */
  static final Duration BUFFER = Duration.ofMillis(150);

  /** Start and end of each cycle, in nanoseconds of the timer: a long ring has hundreds. */
  private long[] cycles = {};

  private int used;
  private boolean sounding;
  private long longestGap;

  // Real time, whatever the simulator's clock says: how long a tone sounded is a fact
  private final Instant origin = Instant.now();
  private final long originNanos;

  RingTone(long now) {
    originNanos = now;
  }

  void refill(long now) {
    stop(now);
    silentUntil(now);
    if (used == cycles.length) {
      cycles = Arrays.copyOf(cycles, Math.max(64, 2 * used));
    }
    cycles[used] = now;
    sounding = true;
  }

  private void stop(long now) {
    if (sounding) {
      cycles[used + 1] = endOfCycle(now);
      used += 2;
      sounding = false;
    }
  }

  private void silentUntil(long now) {
    if (used > 0) {
      longestGap = Math.max(longestGap, now - cycles[used - 1]);
    }
  }

  /** From the first tone to the last, silence in between included. */
  Duration rang(long now) {
    if (used == 0 && !sounding) {
      return Duration.ZERO;
    }
    long end = sounding ? endOfCycle(now) : cycles[used - 1];
    return Duration.ofNanos(end - cycles[0]);
  }

  /** How long it was silent at most since it began to sound, up to now. */
  Duration longestGap(long now) {
    long sinceLast = sounding ? now - endOfCycle(now) : 0;
    return Duration.ofNanos(Math.max(longestGap, sinceLast));
  }

  /** It will sound no more. */
  void end(long now) {
    stop(now);
    silentUntil(now);
    cycles = Arrays.copyOf(cycles, used);
  }

  /** The cycles so far, the present one up to now. */
  List<RingCycle> cycles(long now) {
    List<RingCycle> list = new ArrayList<>();
    for (int i = 0; i < used; i += 2) {
      list.add(cycle(cycles[i], cycles[i + 1]));
    }
    if (sounding) {
      list.add(cycle(cycles[used], endOfCycle(now)));
    }
    return List.copyOf(list);
  }

  private RingCycle cycle(long start, long end) {
    return new RingCycle(
        origin.plusNanos(start - originNanos), origin.plusNanos(end - originNanos));
  }

  private long endOfCycle(long now) {
    return cycles[used] + Math.min(now - cycles[used], BUFFER.toNanos());
  }
}
