// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Duration;
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

  void refill(long now) {
    stop(now);
    if (used == cycles.length) {
      cycles = Arrays.copyOf(cycles, Math.max(64, 2 * used));
    }
    cycles[used] = now;
    sounding = true;
  }

  void stop(long now) {
    if (sounding) {
      cycles[used + 1] = endOfCycle(now);
      used += 2;
      sounding = false;
    }
  }

  /** The cycles so far, the present one up to now. */
  List<RingCycle> cycles(long now, RingTimer timer) {
    List<RingCycle> list = new ArrayList<>();
    for (int i = 0; i < used; i += 2) {
      list.add(new RingCycle(timer.instant(cycles[i]), timer.instant(cycles[i + 1])));
    }
    if (sounding) {
      list.add(new RingCycle(timer.instant(cycles[used]), timer.instant(endOfCycle(now))));
    }
    return List.copyOf(list);
  }

  private long endOfCycle(long now) {
    return cycles[used] + Math.min(now - cycles[used], BUFFER.toNanos());
  }
}
