// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The phones of one simulator and what they share: numbers, tokens, timer, clock, listeners,
 * signalling. Thread-safe.
 */
final class Phones {
  private static final Logger logger = LoggerFactory.getLogger(Phones.class);

  private final Devices devices;
  private final RingTimer timer;
  private final Clock clock;
  private final Executor listenerExecutor;
  private final int kept;
  private final CallSignalling signalling = new CallSignalling();
  private final List<Consumer<PhoneEvent>> listeners = new CopyOnWriteArrayList<>();
  private final List<SimulatedPhone> registered = new ArrayList<>(); // guarded by this

  /** Phones of which each keeps so many pushes, and calls that are over. */
  Phones(Devices devices, RingTimer timer, Clock clock, Executor listenerExecutor, int kept) {
    this.devices = devices;
    this.timer = timer;
    this.clock = clock;
    this.listenerExecutor = listenerExecutor;
    this.kept = kept;
  }

  synchronized SimulatedPhone register(SimulatedPhone.Builder settings) {
    SimulatedPhone phone = new SimulatedPhone(this, settings, registered.size() + 1);
    registered.add(phone);
    signalling.add(phone);
    phone.register();
    return phone;
  }

  /** All phones in the order of their numbers, those included whose app was removed since. */
  synchronized List<SimulatedPhone> all() {
    return List.copyOf(registered);
  }

  /**
   * Calls the listener with everything that happens from now on, on any phone, also on those
   * registered later; otherwise as {@link SimulatedPhone#onEvent}.
   */
  void onEvent(Consumer<PhoneEvent> listener) {
    listeners.add(listener);
  }

  int kept() {
    return kept;
  }

  Devices devices() {
    return devices;
  }

  CallSignalling signalling() {
    return signalling;
  }

  RingTimer timer() {
    return timer;
  }

  Clock clock() {
    return clock;
  }

  /** Tells the phone's listeners, then those of all phones. The phone's lock is held. */
  void tell(List<Consumer<PhoneEvent>> ofPhone, PhoneEvent event) {
    try {
      for (Consumer<PhoneEvent> listener : ofPhone) {
        listenerExecutor.execute(() -> tell(listener, event));
      }
      for (Consumer<PhoneEvent> listener : listeners) {
        listenerExecutor.execute(() -> tell(listener, event));
      }
    } catch (RejectedExecutionException e) {
      logger.debug("the simulator was closed before {} was told", event.type());
    }
  }

  private static void tell(Consumer<PhoneEvent> listener, PhoneEvent event) {
    try {
      listener.accept(event);
    } catch (RuntimeException | Error e) {
      logger.warn("a phone's listener failed at {}", event.type(), e);
    }
  }
}
