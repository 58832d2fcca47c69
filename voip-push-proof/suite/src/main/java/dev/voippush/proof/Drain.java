// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads a record of which only the last entries are kept, each entry once. */
final class Drain<T> {
  private final Supplier<List<T>> kept;
  private @Nullable T last;

  /** Of what the supplier returns: entries in order, the oldest of which are dropped at times. */
  Drain(Supplier<List<T>> kept) {
    this.kept = kept;
  }

  /**
   * Returns what is new.
   *
   * @throws IllegalStateException if entries can have been dropped unread
   */
  List<T> next() {
    List<T> all = kept.get();
    int from = all.size();
    while (from > 0 && all.get(from - 1) != last) {
      from--;
    }
    if (from == 0 && last != null) {
      throw new IllegalStateException("requests were lost between two readings");
    }
    if (!all.isEmpty()) {
      last = all.get(all.size() - 1);
    }
    return all.subList(from, all.size());
  }
}
