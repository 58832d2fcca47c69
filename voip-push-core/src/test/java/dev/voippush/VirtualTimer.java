// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Time that stands still until the test lets it pass; the wall clock goes along. */
final class VirtualTimer extends DeadlineTimer {
  private final AtomicLong nanos;
  private final MutableClock wallClock;

  VirtualTimer(MutableClock wallClock) {
    this(new AtomicLong(), wallClock);
  }

  private VirtualTimer(AtomicLong nanos, MutableClock wallClock) {
    super(nanos::get, Threads.daemons("virtual-timer"));
    this.nanos = nanos;
    this.wallClock = wallClock;
  }

  @Override
  void wake() {} // by the test, on its own thread

  /** Lets time pass, from one deadline to the next; each one's task runs at its time. */
  void advance(Duration duration) {
    long end = nanoTime() + duration.toNanos();
    for (long next = nanosToNext(); next <= end - nanoTime(); next = nanosToNext()) {
      lag(Duration.ofNanos(Math.max(0, next)));
      runDue();
    }
    lag(Duration.ofNanos(end - nanoTime()));
  }

  /** Lets time pass without any deadline's task, as on a machine that is starved. */
  void lag(Duration duration) {
    nanos.addAndGet(duration.toNanos());
    wallClock.add(duration);
  }
}
