// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has the calls sent that are placed in the page, and ends them. Thread-safe. */
final class PlacedCalls {
  /** So many of the last calls can be ended also before a push of theirs has arrived. */
  private static final int REMEMBERED = 1000;

  private static final Logger logger = LoggerFactory.getLogger(PlacedCalls.class);

  private final ApnsSimulator simulator;
  private final WebEvents events;
  private final JoinableThreads threads = new JoinableThreads("apns-simulator-calls");
  private final ExecutorService executor = Executors.newCachedThreadPool(threads);

  // Guarded by this
  private final Map<UUID, Placed> placed = new LinkedHashMap<>();
  private final Set<UUID> hungUp = new HashSet<>(); // of those
  private @Nullable CallSender sender;

  /** A call, and when it was given to whoever sends it. */
  private record Placed(PlacedCall call, CompletableFuture<Void> given) {}

  PlacedCalls(ApnsSimulator simulator, WebEvents events) {
    this.simulator = simulator;
    this.events = events;
  }

  /** Gives the call to whoever sends calls, on a thread of its own. */
  void place(PlacedCall call) {
    CompletableFuture<Void> given = new CompletableFuture<>();
    synchronized (this) {
      placed.put(call.callId(), new Placed(call, given));
      if (placed.size() > REMEMBERED) {
        UUID oldest = placed.keySet().iterator().next();
        placed.remove(oldest);
        hungUp.remove(oldest);
      }
    }
    executor.execute(
        () -> {
          Consumer<PlacedCall> sends = simulator.callSender().orElseGet(this::ownSender);
          try {
            sends.accept(call);
          } catch (RuntimeException | Error e) {
            logger.warn("{} could not be sent", call, e);
            events.failed(call.callId(), String.valueOf(e.getMessage()));
          } finally {
            given.complete(null);
          }
        });
  }

  private synchronized CallSender ownSender() {
    if (sender == null) {
      sender = new CallSender(simulator, executor, this::hungUp, events::failed);
    }
    return sender;
  }

  private synchronized boolean hungUp(UUID callId) {
    return hungUp.contains(callId);
  }

  /**
   * The caller hangs up: the app's server tells the phones that ring or shall ring.
   *
   * @return false if there is no such call
   */
  boolean end(UUID callId) {
    Set<SimulatedPhone> phones = new LinkedHashSet<>();
    Placed call;
    synchronized (this) {
      call = placed.get(callId);
      if (call != null) {
        phones.addAll(call.call().phones());
        hungUp.add(callId);
      }
    }
    for (SimulatedPhone phone : simulator.phones()) {
      if (phone.calls().stream().anyMatch(on -> on.callId().equals(callId))) {
        phones.add(phone);
      }
    }
    phones.forEach(phone -> phone.callEnded(callId));
    if (call != null) {
      var unused = call.given().thenRunAsync(() -> tellEnder(callId), executor);
    }
    return !phones.isEmpty();
  }

  private void tellEnder(UUID callId) {
    try {
      simulator.callEnder().accept(callId);
    } catch (RuntimeException | Error e) {
      logger.warn("call {} could not be ended", callId, e);
    }
  }

  void close() {
    executor.shutdownNow();
    threads.join();
    synchronized (this) {
      sender = null; // the thread of its HTTP client ends when nobody holds it any more
    }
  }
}
