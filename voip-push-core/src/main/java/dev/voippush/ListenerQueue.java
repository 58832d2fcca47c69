// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells a listener one event at a time, in order, on the executor. Thread-safe. */
final class ListenerQueue {
  private static final Logger log = LoggerFactory.getLogger(ListenerQueue.class);

  private final PushListener listener;
  private final Executor executor;
  private final ConcurrentLinkedQueue<Consumer<PushListener>> events =
      new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();
  private final AtomicLong dropped = new AtomicLong();

  ListenerQueue(PushListener listener, Executor executor) {
    this.listener = listener;
    this.executor = executor;
  }

  void tell(Consumer<PushListener> event) {
    if (waiting.get() >= PushListener.MOST_WAITING) {
      dropped.incrementAndGet();
      return;
    }
    events.add(event);
    if (waiting.getAndIncrement() == 0) { // counted until it is over
      AtomicBoolean begun = new AtomicBoolean(); // an executor that fails may have taken it
      executor.execute(
          () -> {
            if (!begun.getAndSet(true)) {
              tellAll();
            }
          });
    }
  }

  private void tellAll() {
    do {
      Consumer<PushListener> event = events.poll();
      try {
        if (event != null) {
          event.accept(listener);
        }
      } catch (RuntimeException | Error e) {
        log.error("the listener failed", e);
      }
      if (dropped.get() > 0) {
        log.warn("the listener is too slow: {} events were dropped", dropped.getAndSet(0));
      }
    } while (waiting.decrementAndGet() > 0);
  }
}
