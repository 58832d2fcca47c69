// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Attempts in the order in which they were added. Adding, taking and removing from the middle
 * allocate nothing; an attempt is in one queue at most. Guarded by the transport's lock.
 */
final class StreamQueue {
  private @Nullable StreamAttempt first;
  private @Nullable StreamAttempt last;

  boolean isEmpty() {
    return first == null;
  }

  void add(StreamAttempt attempt) {
    StreamAttempt before = last;
    attempt.previous = before;
    if (before == null) {
      first = attempt;
    } else {
      before.next = attempt;
    }
    last = attempt;
  }

  @Nullable StreamAttempt poll() {
    StreamAttempt taken = first;
    if (taken != null) {
      remove(taken);
    }
    return taken;
  }

  /** Takes out an attempt that is in the queue. */
  void remove(StreamAttempt attempt) {
    StreamAttempt before = attempt.previous;
    StreamAttempt after = attempt.next;
    if (before == null) {
      first = after;
    } else {
      before.next = after;
    }
    if (after == null) {
      last = before;
    } else {
      after.previous = before;
    }
    attempt.previous = null;
    attempt.next = null;
  }

  @Nullable StreamAttempt first() {
    return first;
  }

  /** Returns a copy. */
  List<StreamAttempt> all() {
    List<StreamAttempt> all = new ArrayList<>();
    for (StreamAttempt next = first; next != null; next = next.next) {
      all.add(next);
    }
    return all;
  }

  List<StreamAttempt> takeAll() {
    List<StreamAttempt> all = all();
    all.forEach(this::remove);
    return all;
  }
}
