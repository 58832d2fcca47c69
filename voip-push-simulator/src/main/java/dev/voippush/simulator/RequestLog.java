// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * The requests that arrived whole, in order: those processed, and those a script kept from it,
 * whose status is 0.
 */
final class RequestLog {
  private final int kept;
  private final Deque<RecordedRequest> requests = new ArrayDeque<>();
  private int processed;
  private int unprocessed;
  private Consumer<RecordedRequest> listener = request -> {};

  /** A log of the last ones, so many as are to be kept. */
  RequestLog(int kept) {
    this.kept = kept;
  }

  /** Tells the listener of each request from now on; it must not block. */
  synchronized void onRequest(Consumer<RecordedRequest> listener) {
    this.listener = listener;
  }

  synchronized void add(RecordedRequest request) {
    if (isProcessed(request)) {
      processed++;
    } else {
      unprocessed++;
    }
    requests.add(request);
    if (requests.size() > kept) {
      requests.remove();
    }
    listener.accept(request);
    notifyAll();
  }

  private static boolean isProcessed(RecordedRequest request) {
    return request.status() != 0;
  }

  synchronized List<RecordedRequest> processed() {
    return requests.stream().filter(RequestLog::isProcessed).toList();
  }

  synchronized List<RecordedRequest> unprocessed() {
    return requests.stream().filter(request -> !isProcessed(request)).toList();
  }

  /** The last n of them. */
  synchronized List<RecordedRequest> last(int n) {
    return requests.stream().skip(Math.max(0, requests.size() - n)).toList();
  }

  synchronized void clear() {
    requests.clear();
    processed = 0;
    unprocessed = 0;
  }

  synchronized void await(int count, Duration timeout)
      throws InterruptedException, TimeoutException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (processed + unprocessed < count) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new TimeoutException(
            "%d requests expected within %s, but %d were processed and %d not processed"
                .formatted(count, timeout, processed, unprocessed));
      }
      wait(left / 1_000_000, (int) (left % 1_000_000));
    }
  }
}
