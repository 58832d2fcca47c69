// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The open streams of a connection: by their ids, and in the order in which they were opened.
 *
 * <p>Adding and removing allocate nothing but for a larger table. Guarded by the transport's lock.
 */
final class StreamTable {
  private static final int FIRST_CAPACITY = 64;

  private @Nullable StreamAttempt[] table = new @Nullable StreamAttempt[FIRST_CAPACITY];
  private final StreamQueue order = new StreamQueue();
  private int size;

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Adds a stream whose id was not used before. */
  void add(StreamAttempt attempt) {
    if (size >= table.length / 2) {
      grow();
    }
    place(attempt);
    order.add(attempt);
    size++;
  }

  private void place(StreamAttempt attempt) {
    int i = home(attempt.streamId);
    while (table[i] != null) {
      i = after(i);
    }
    table[i] = attempt;
  }

  private void grow() {
    table = new @Nullable StreamAttempt[table.length * 2];
    order.all().forEach(this::place);
  }

  @Nullable StreamAttempt get(int streamId) {
    return table[find(streamId)];
  }

  @Nullable StreamAttempt remove(int streamId) {
    int hole = find(streamId);
    StreamAttempt removed = table[hole];
    if (removed == null) {
      return null;
    }
    order.remove(removed);
    size--;
    // Move up what stands behind because its home was taken, so that no search ends at the hole.
    for (int i = after(hole); table[i] != null; i = after(i)) {
      StreamAttempt candidate = table[i];
      if (candidate != null && distance(home(candidate.streamId), i) >= distance(hole, i)) {
        table[hole] = candidate;
        hole = i;
      }
    }
    table[hole] = null;
    return removed;
  }

  /** Returns the stream that was opened first of those that are open. */
  @Nullable StreamAttempt oldest() {
    return order.first();
  }

  /** Returns a copy, the oldest first. */
  List<StreamAttempt> all() {
    return order.all();
  }

  /** The place of the stream, or the free place where a search for it ends. */
  private int find(int streamId) {
    int i = home(streamId);
    for (StreamAttempt at = table[i]; at != null && at.streamId != streamId; at = table[i]) {
      i = after(i);
    }
    return i;
  }

  /** Spreads neighbours: in a row without gaps each removal would look at the whole row. */
  private int home(int streamId) {
    int mixed = (streamId >>> 1) * 0x9e3779b9; // the golden ratio of 2^32
    return (mixed >>> 8) & (table.length - 1);
  }

  private int after(int i) {
    return (i + 1) & (table.length - 1);
  }

  private int distance(int from, int to) {
    return (to - from) & (table.length - 1);
  }
}
