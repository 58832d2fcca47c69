// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * How far a partition may be committed: up to the first record that has not ended.
 *
 * <p>Thread-safe. Offsets need not be consecutive, as a compacted or transactional topic has gaps.
 */
final class OffsetTracker {
  private final Deque<Long> begun = new ArrayDeque<>();
  private final Set<Long> ended = new HashSet<>();
  private long position = -1;

  /** A record is being worked on; records begin in the order of their offsets. */
  synchronized void begin(long offset) {
    if (!begun.isEmpty() && offset <= begun.getLast()) {
      throw new IllegalArgumentException(
          "offset must be more than " + begun.getLast() + ", but was " + offset);
    }
    begun.add(offset);
  }

  /** A record has its end. */
  synchronized void end(long offset) {
    ended.add(offset);
    while (!begun.isEmpty() && ended.remove(begun.getFirst())) {
      position = begun.removeFirst() + 1;
    }
  }

  /**
   * The offset to commit: of the record with which the next owner has to begin; -1 if none ended.
   */
  synchronized long position() {
    return position;
  }
}
