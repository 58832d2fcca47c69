// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * The pause before a server is dialled again: 100 ms, doubled with each failure in a row up to 5 s,
 * of which the second half is random. Guarded by the lock of its transport.
 */
final class DialPause {
  private static final long FIRST_MILLIS = 100;
  private static final long MAX_MILLIS = 5_000;

  private int failures;
  private long until = System.nanoTime();

  /** A dial has failed, or its connection was of no use. */
  void begin() {
    long most = Math.min(FIRST_MILLIS << Math.min(failures++, 16), MAX_MILLIS);
    long millis = most / 2 + ThreadLocalRandom.current().nextLong(most / 2);
    until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
  }

  /** The next failure is the first in a row; a pause that has begun goes on. */
  void succeeded() {
    failures = 0;
  }

  /** Ends the pause at once. */
  void end() {
    failures = 0;
    until = System.nanoTime();
  }

  /** Returns the rest of the pause; zero or less if there is none. */
  long nanosLeft() {
    return until - System.nanoTime();
  }
}
