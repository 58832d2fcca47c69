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

/**
 * The one timer of all phones: refills the tone of every ringing call each {@link #PERIOD} and ends
 * those whose time is over. It only runs while something rings. Thread-safe.
 */
final class RingTimer {
  static final Duration PERIOD = Duration.ofMillis(100);

  private final ScheduledExecutorService executor;
  private final Clock clock;
  private final Set<SimulatedCall> ringing = ConcurrentHashMap.newKeySet();
  private final long originNanos = System.nanoTime();
  private final Instant origin = Instant.now();
  private boolean scheduled;

  RingTimer(ScheduledExecutorService executor, Clock clock) {
    this.executor = executor;
    this.clock = clock;
  }

  /** Rings this call until its {@code tick} says that it is over. */
  void add(SimulatedCall call) {
    ringing.add(call);
    schedule();
  }

  /** Real time, whatever the simulator's clock says: how long a tone sounded is a fact. */
  Instant instant(long nanoTime) {
    return origin.plusNanos(nanoTime - originNanos);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // it runs once and schedules itself
  private synchronized void schedule() {
    if (!scheduled && !ringing.isEmpty()) {
      try {
        executor.schedule(this::tick, delayMillis(), TimeUnit.MILLISECONDS);
        scheduled = true;
      } catch (RejectedExecutionException e) {
        ringing.clear(); // the simulator was closed
      }
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

  private void tick() {
    Instant now = clock.instant();
    ringing.removeIf(call -> !call.tick(now));
    synchronized (this) {
      scheduled = false;
    }
    schedule();
  }
}
