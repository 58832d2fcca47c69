// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where users' callbacks run by default: a few daemon threads, of which one does while callbacks
 * are short.
 *
 * <p>To wake a thread costs more than most callbacks. So what comes while one is at work is left to
 * it; another is woken when no callback has ended for {@value #SLOW_MILLIS} ms, and so on up to
 * {@value #MOST}. Thread-safe.
 */
final class Callbacks implements Executor {
  private static final Logger log = LoggerFactory.getLogger(Callbacks.class);

  private static final int MOST = 4;
  private static final int SLOW_MILLIS = 10;

  private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();
  private final ExecutorService threads = Threads.cached("voip-push-callback");
  private final AtomicInteger held = new AtomicInteger();
  private final AtomicInteger working = new AtomicInteger();
  private final AtomicLong ended = new AtomicLong();
  private final AtomicBoolean looking = new AtomicBoolean();
  private final DeadlineTimer.Deadline look;
  private volatile boolean closing; // nobody looks any more whether those at work get on
  private long endedBefore; // of the timer's thread

  Callbacks(DeadlineTimer timer) {
    look = timer.deadline(this::look);
  }

  @Override
  public void execute(Runnable callback) {
    queue.add(callback);
    if (held.get() == 0) {
      begin();
    }
  }

  /** Lets callbacks gather until a {@link #release}, so that one thread is woken for all. */
  void hold() {
    held.incrementAndGet();
  }

  /** Ends a {@link #hold}. */
  void release() {
    held.decrementAndGet();
    if (!queue.isEmpty()) {
      begin();
    }
  }

  private void begin() {
    if (working.compareAndSet(0, 1)) {
      beginWork();
    } else if (closing) {
      working.incrementAndGet();
      beginWork();
    }
    lookSoon();
  }

  private void beginWork() {
    try {
      threads.execute(this::work);
    } catch (RejectedExecutionException | OutOfMemoryError e) { // closed, or no thread to be had
      log.debug("callbacks run on the thread that hands them over", e);
      work();
    }
  }

  private void lookSoon() {
    if (!looking.get() && looking.compareAndSet(false, true)) {
      look.setIn(TimeUnit.MILLISECONDS.toNanos(SLOW_MILLIS));
    }
  }

  private void work() {
    do {
      for (Runnable callback = queue.poll(); callback != null; callback = queue.poll()) {
        try {
          callback.run();
        } catch (RuntimeException | Error e) {
          log.error("a callback failed", e);
        }
        ended.incrementAndGet();
      }
      working.decrementAndGet();
    } while (!queue.isEmpty() && working.compareAndSet(0, 1)); // added in between
  }

  /** Wakes another thread if those at work do not get on. */
  private void look() {
    int count = working.get();
    long now = ended.get();
    if (now == endedBefore
        && !queue.isEmpty()
        && count < MOST
        && working.compareAndSet(count, count + 1)) {
      try {
        threads.execute(this::work);
      } catch (RejectedExecutionException | OutOfMemoryError e) {
        working.decrementAndGet();
      }
    }
    endedBefore = now;
    looking.set(false);
    if (working.get() > 0 || !queue.isEmpty()) {
      lookSoon();
    }
  }

  /** Ends the threads when what waits has run; a callback that blocks holds up no other. */
  void close() {
    closing = true;
    for (int i = 0; i < MOST && !queue.isEmpty(); i++) {
      begin();
    }
    threads.shutdown();
  }
}
