// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.HdrHistogram.ConcurrentHistogram;
import org.jspecify.annotations.Nullable;

/**
 * Pushes by a thread of its own until stopped. Each call has {@value #PUSHES_PER_CALL} pushes, so
 * that its JSON costs nothing.
 */
final class Load {
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final int PUSHES_PER_CALL = 1_000;
  private static final CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();

  private final Sender sender;
  private final AtomicLong completed = new AtomicLong();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile long started;
  private volatile boolean stopped;
  private volatile boolean full;
  private volatile @Nullable ConcurrentHistogram latencies;
  private final Thread producer;

  private Load(Sender sender, LoopFactory loop) {
    this.sender = sender;
    this.producer = new Thread(loop.of(this), "benchmark-load");
    producer.setDaemon(true);
  }

  private interface LoopFactory {
    Runnable of(Load load);
  }

  /**
   * Keeps that many pushes in flight: when a tenth has been answered, it sends as many new ones, so
   * that the load's own thread is not woken by each answer.
   */
  static Load inFlight(Sender sender, int size) {
    Load load = new Load(sender, self -> () -> self.keepInFlight(size));
    load.producer.start();
    return load;
  }

  /** Pushes by the clock, however long the answers take. */
  static Load perSecond(Sender sender, int rate) {
    Load load = new Load(sender, self -> () -> self.keepRate(1_000_000_000L / rate));
    load.producer.start();
    return load;
  }

  private void keepInFlight(int size) {
    long refillAt = size - Math.max(1L, size / 10);
    LongConsumer end =
        done -> {
          if (full && started - done <= refillAt) {
            LockSupport.unpark(producer);
          }
        };
    long n = 0;
    Sender.Call call = sender.call(Workload.cheapId());
    while (!stopped && failure.get() == null) {
      if (n - completed.get() >= size) {
        full = true;
        while (n - completed.get() > refillAt && !stopped && failure.get() == null) {
          LockSupport.parkNanos(10_000_000);
        }
        full = false;
      }
      if (n % PUSHES_PER_CALL == 0) {
        call = sender.call(Workload.cheapId());
      }
      started = ++n;
      call.push(
          (int) (n % Workload.DEVICES),
          problem -> {
            if (problem != null) {
              failure.compareAndSet(null, problem);
            }
            end.accept(completed.incrementAndGet());
          });
    }
  }

  private void keepRate(long interval) {
    long begin = System.nanoTime();
    long n = 0;
    Sender.Call call = sender.call(Workload.cheapId());
    while (!stopped && failure.get() == null) {
      long intended = begin + n * interval;
      for (long wait = intended - System.nanoTime();
          wait > 0;
          wait = intended - System.nanoTime()) {
        LockSupport.parkNanos(wait);
      }
      if (n % PUSHES_PER_CALL == 0) {
        call = sender.call(Workload.cheapId());
      }
      started = ++n;
      ConcurrentHistogram measured = latencies;
      call.push(
          (int) (n % Workload.DEVICES),
          problem -> {
            if (problem != null) {
              failure.compareAndSet(null, problem);
            } else if (measured != null) {
              measured.recordValue(System.nanoTime() - intended);
            }
            completed.incrementAndGet();
          });
    }
  }

  long completed() {
    return completed.get();
  }

  /** From the next push on, its time from when it was due to its end is recorded here. */
  void record(@Nullable ConcurrentHistogram histogram) {
    latencies = histogram;
  }

  /** Goes on for so long, and until something was answered; fails as soon as a push did. */
  void run(Duration time) throws Exception {
    long before = completed();
    long end = System.nanoTime() + time.toNanos();
    for (long left = time.toMillis(); left > 0; left = (end - System.nanoTime()) / 1_000_000) {
      Thread.sleep(Math.min(left, 100));
      check();
    }
    while (completed() == before && System.nanoTime() - end < LONGEST_NANOS) {
      Thread.sleep(10);
      check();
    }
  }

  /**
   * Goes on for so long, and up to five times as long until the JIT compiler has little left to do,
   * whose time would count as the client's.
   */
  void warmUp(Duration time) throws Exception {
    long busy = time.toMillis();
    for (int i = 0; i < 5 && busy > time.toMillis() / 20 && (i == 0 || time.toSeconds() > 0); i++) {
      long before = compiler.getTotalCompilationTime();
      run(time);
      busy = compiler.getTotalCompilationTime() - before;
    }
  }

  /** Sends nothing more and waits for what is in flight. */
  void stop() throws Exception {
    stopped = true;
    LockSupport.unpark(producer);
    producer.join();
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (completed.get() < started) {
      check();
      if (System.nanoTime() > end) {
        throw new TimeoutException((started - completed.get()) + " pushes were not answered");
      }
      Thread.sleep(1);
    }
    check();
  }

  private void check() throws Exception {
    Throwable problem = failure.get();
    if (problem != null) {
      throw new IllegalStateException("a push failed", problem);
    }
    if (!producer.isAlive() && !stopped) {
      throw new IllegalStateException("the load ended");
    }
  }
}
