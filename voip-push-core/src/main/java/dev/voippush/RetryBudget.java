// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/**
 * Keeps retries of rejected pushes under a fifth of all pushes, so that an outage at APNs is not
 * multiplied by its clients. Counts in a window of ten seconds. Thread-safe.
 */
final class RetryBudget {
  private static final int SLOTS = 10;
  private static final long SLOT_NANOS = 1_000_000_000L;

  /** What a client that is hardly used may always retry. */
  private static final int ALLOWANCE = 10;

  private final long[] pushes = new long[SLOTS];
  private final long[] retries = new long[SLOTS];
  private long newest = Long.MIN_VALUE;

  /** Counts a push that begins at {@code nanos}. */
  synchronized void push(long nanos) {
    pushes[slot(nanos)]++;
  }

  /** Takes one retry out of the budget; false if there is none left. */
  synchronized boolean tryRetry(long nanos) {
    int slot = slot(nanos);
    long pushed = 0;
    long retried = 0;
    for (int i = 0; i < SLOTS; i++) {
      pushed += pushes[i];
      retried += retries[i];
    }
    if (retried + 1 > Math.max(ALLOWANCE, pushed / 5)) {
      return false;
    }
    retries[slot]++;
    return true;
  }

  private int slot(long nanos) {
    long now = Math.floorDiv(nanos, SLOT_NANOS);
    if (newest == Long.MIN_VALUE) {
      newest = now;
    }
    while (newest < now) {
      if (now - newest > SLOTS) {
        newest = now - SLOTS;
      }
      newest++;
      int slot = (int) Math.floorMod(newest, (long) SLOTS);
      pushes[slot] = 0;
      retries[slot] = 0;
    }
    return (int) Math.floorMod(newest, (long) SLOTS);
  }
}
