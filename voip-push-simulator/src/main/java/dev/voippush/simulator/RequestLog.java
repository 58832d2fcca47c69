// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;

/** The requests that arrived whole: those processed, and those a script kept from it. */
final class RequestLog {
  private final List<RecordedRequest> processed = new ArrayList<>();
  private final List<RecordedRequest> unprocessed = new ArrayList<>();

  synchronized void addProcessed(RecordedRequest request) {
    processed.add(request);
    notifyAll();
  }

  synchronized void addUnprocessed(RecordedRequest request) {
    unprocessed.add(request);
    notifyAll();
  }

  synchronized List<RecordedRequest> processed() {
    return List.copyOf(processed);
  }

  synchronized List<RecordedRequest> unprocessed() {
    return List.copyOf(unprocessed);
  }

  synchronized void clear() {
    processed.clear();
    unprocessed.clear();
  }

  synchronized void await(int count, Duration timeout)
      throws InterruptedException, TimeoutException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (processed.size() + unprocessed.size() < count) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new TimeoutException(
            "%d requests expected within %s, but %d were processed and %d not processed"
                .formatted(count, timeout, processed.size(), unprocessed.size()));
      }
      wait(left / 1_000_000, (int) (left % 1_000_000));
    }
  }
}
