// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.TreeMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All deadlines of a client, on one thread: cheap to set and to clear, late by about 10 ms at most.
 *
 * <p>Nearly every deadline is cleared before it comes. So they stand in lists, one for each {@value
 * #TICK_MILLIS} ms, from which one is unlinked in constant time; the thread sleeps until the first
 * list is due, and has nothing else to wake up for. Thread-safe. Tasks must not block.
 */
class DeadlineTimer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DeadlineTimer.class);

  private static final int TICK_MILLIS = 10;
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS);
  private static final long NOTHING = Long.MAX_VALUE;

  private final Object lock = new Object();
  private final TreeMap<Long, Deadline> lists = new TreeMap<>(); // by tick, each with a list head
  private final LongSupplier nanoTime;
  private final ThreadFactory threads;
  private final long origin;
  private @Nullable Thread thread;
  private long wakeUp = NOTHING;
  private boolean closed;

  DeadlineTimer() {
    this(System::nanoTime, Threads.daemons("voip-push-timer"));
  }

  /** Measures time by {@code nanoTime}, as {@link System#nanoTime} does. */
  DeadlineTimer(LongSupplier nanoTime, ThreadFactory threads) {
    this.nanoTime = nanoTime;
    this.threads = threads;
    this.origin = nanoTime.getAsLong();
  }

  /** The time by which deadlines come: monotonic, of no particular origin. */
  final long nanoTime() {
    return nanoTime.getAsLong();
  }

  /** Something to do at a time; may be set again and again, the last time counts. */
  final class Deadline {
    private final @Nullable Runnable task;
    private @Nullable Deadline previous; // null: not set
    private @Nullable Deadline next;
    private long tick; // of a list's head

    private Deadline(@Nullable Runnable task) {
      this.task = task;
    }

    /** Sets it, in place of any earlier setting; zero and less means at once. */
    void setIn(long nanos) {
      long due = nanoTime() - origin + Math.max(0, nanos);
      long tick = (due + TICK_NANOS - 1) / TICK_NANOS;
      synchronized (lock) {
        unlink();
        if (closed) {
          return;
        }
        Deadline head = lists.get(tick);
        if (head == null) {
          head = new Deadline(null);
          head.tick = tick;
          head.previous = head;
          head.next = head;
          lists.put(tick, head);
        }
        previous = head.previous;
        next = head;
        if (previous != null) {
          previous.next = this;
        }
        head.previous = this;
        if (tick < wakeUp) {
          wakeUp = tick;
          wake();
        }
      }
    }

    /** Clears it; nothing happens if it is not set. A task that is running already goes on. */
    void clear() {
      synchronized (lock) {
        unlink();
      }
    }

    private void unlink() {
      Deadline before = previous;
      Deadline after = next;
      if (before != null && after != null) {
        before.next = after;
        after.previous = before;
        previous = null;
        next = null;
        if (before == after) { // only the head is left
          lists.remove(before.tick);
        }
      }
    }
  }

  /** Makes a deadline that is not set yet. */
  Deadline deadline(Runnable task) {
    return new Deadline(task);
  }

  /** Makes a deadline and sets it. */
  Deadline in(long nanos, Runnable task) {
    Deadline deadline = new Deadline(task);
    deadline.setIn(nanos);
    return deadline;
  }

  /** The first deadline has changed; called under the lock. */
  void wake() {
    if (thread == null) {
      Thread started = threads.newThread(this::run);
      try {
        started.start();
        thread = started;
      } catch (OutOfMemoryError e) { // no thread to be had: the next deadline tries again
        wakeUp = NOTHING;
        log.warn("deadlines come late: no thread for them", e);
      }
    } else {
      lock.notifyAll();
    }
  }

  private void run() {
    while (awaitDue()) {
      runDue();
    }
  }

  /** Blocks until a deadline is due; false if this is closed. */
  private boolean awaitDue() {
    synchronized (lock) {
      while (!closed) {
        long left = nanosToNext();
        try {
          if (left == NOTHING) {
            lock.wait();
          } else if (left > 0) {
            TimeUnit.NANOSECONDS.timedWait(lock, left + TimeUnit.MILLISECONDS.toNanos(1));
          } else {
            return true;
          }
        } catch (InterruptedException e) { // nobody of ours does
          log.debug("interrupted", e);
        }
      }
      return false;
    }
  }

  /** Returns the nanoseconds until the first deadline, zero and less if it is due. */
  final long nanosToNext() {
    synchronized (lock) {
      wakeUp = lists.isEmpty() ? NOTHING : lists.firstKey();
      return wakeUp == NOTHING ? NOTHING : wakeUp * TICK_NANOS - (nanoTime() - origin);
    }
  }

  /** Runs what is due, on this thread. */
  final void runDue() {
    for (Runnable task = pollDue(); task != null; task = pollDue()) {
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        log.error("a deadline's task failed", e);
      }
    }
  }

  private @Nullable Runnable pollDue() {
    synchronized (lock) {
      if (closed || nanosToNext() > 0) {
        return null;
      }
      Deadline next = lists.firstEntry().getValue().next;
      if (next == null) {
        return null;
      }
      next.unlink();
      return next.task;
    }
  }

  /** Forgets all deadlines and ends the thread. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lists.clear();
      lock.notifyAll();
    }
  }
}
