// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The one timer of all phones: refills the tone of every ringing call each {@link #PERIOD} and ends
 * those whose time is over. It only runs while something rings. Thread-safe.
 */
final class RingTimer {
  static final Duration PERIOD = Duration.ofMillis(100);

  /** Runs a task after a delay, or throws {@link RejectedExecutionException}. */
  interface Scheduler {
    void schedule(Runnable task, long delayMillis);
  }

  private final Scheduler scheduler;
  private final Clock clock;
  private final LongSupplier nanoTime;
  private final Set<SimulatedCall> ringing = ConcurrentHashMap.newKeySet();

  /** The one tick to come, and when; guarded by this. */
  private @Nullable Object pending;

  private long pendingAt;

  /** In real time, whatever the clock that calls expire by says. */
  static RingTimer of(ScheduledExecutorService executor, Clock clock) {
    return new RingTimer(scheduler(executor), clock, System::nanoTime);
  }

  RingTimer(Scheduler scheduler, Clock clock, LongSupplier nanoTime) {
    this.scheduler = scheduler;
    this.clock = clock;
    this.nanoTime = nanoTime;
  }

  @SuppressWarnings("FutureReturnValueIgnored") // a tick schedules the next one itself
  private static Scheduler scheduler(ScheduledExecutorService executor) {
    return (task, delayMillis) -> executor.schedule(task, delayMillis, TimeUnit.MILLISECONDS);
  }

  /** The time that tones are measured in. */
  long nanoTime() {
    return nanoTime.getAsLong();
  }

  /** Rings this call until its {@code tick} says that it is over. */
  void add(SimulatedCall call) {
    ringing.add(call);
    schedule();
  }

  /** Sees to it that a tick comes in time for all that ring. */
  private synchronized void schedule() {
    if (ringing.isEmpty()) {
      return;
    }
    long delayMillis = delayMillis();
    long at = nanoTime() + TimeUnit.MILLISECONDS.toNanos(delayMillis);
    if (pending != null && at - pendingAt >= 0) {
      return;
    }
    Object tick = new Object();
    try {
      scheduler.schedule(() -> tick(tick), delayMillis);
      pending = tick; // in place of a later one, which does nothing
      pendingAt = at;
    } catch (RejectedExecutionException e) {
      ringing.clear(); // the simulator was closed
    }
  }

  /** The period, or less if a call expires sooner. */
  private long delayMillis() {
    long delay = PERIOD.toMillis();
    long now = clock.millis();
    for (SimulatedCall call : ringing) {
      delay = Math.min(delay, Math.max(1, call.expiresAt().toEpochMilli() - now));
    }
    return delay;
  }

  private void tick(Object tick) {
    synchronized (this) {
      if (pending != tick) {
        return;
      }
      pending = null;
    }
    Instant now = clock.instant();
    ringing.removeIf(call -> !call.tick(now));
    schedule();
  }
}
