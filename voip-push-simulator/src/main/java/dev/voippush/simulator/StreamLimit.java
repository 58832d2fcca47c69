// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * SETTINGS_MAX_CONCURRENT_STREAMS of one connection, and the streams that count against it.
 *
 * <p>The first limit holds from the start: a client that does not wait for SETTINGS is refused what
 * exceeds it. A raised limit holds as soon as it is sent, a lowered one when the client has
 * acknowledged it. Confined to the connection's event loop.
 */
final class StreamLimit {
  private final Deque<Integer> unacknowledged = new ArrayDeque<>();
  private int latest;
  private int inForce;
  private int open;
  private boolean everAcknowledged;

  StreamLimit(int first) {
    inForce = first;
    latest = first;
    unacknowledged.add(first);
  }

  void sent(int limit) {
    unacknowledged.add(limit);
    latest = limit;
    inForce = Math.max(inForce, limit);
  }

  /** Other SETTINGS were sent, which will be acknowledged too. */
  void sentSettingsWithoutLimit() {
    unacknowledged.add(latest);
  }

  void acknowledged() {
    Integer limit = unacknowledged.poll();
    if (limit != null) {
      everAcknowledged = true;
      inForce = unacknowledged.stream().reduce(limit, Math::max);
    }
  }

  /** Counts one more stream, or returns false if that is too many. */
  boolean open() {
    if (open >= inForce) {
      return false;
    }
    open++;
    return true;
  }

  void close() {
    open--;
  }

  int openStreams() {
    return open;
  }

  /** True if the client has acknowledged a limit, so that exceeding it is its fault. */
  boolean everAcknowledged() {
    return everAcknowledged;
  }
}
