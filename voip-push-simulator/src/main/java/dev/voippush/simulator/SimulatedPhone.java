// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An iPhone with one app that takes calls. Pushes that APNs accepts arrive here before the client
 * reads its 200, wake the app, and make the phone ring until the call is answered, declined, ended
 * or expired.
 *
 * <p>A new phone is online, its app killed, and the app reports calls to CallKit. Thread-safe.
 */
public final class SimulatedPhone {
  /** Whether the app runs. */
  public enum AppState {
    /** Not running; a VoIP push launches it. */
    KILLED,
    /** Running, not on the screen. */
    BACKGROUND,
    /** On the screen. */
    FOREGROUND
  }

  /** After this many VoIP pushes without a reported call, iOS delivers no more of them. */
  static final int TOLERATED_OFFENCES = 3;

  /** More calls than this do not ring at once; CallKit's own limit is lower. */
  static final int MAX_RINGING = 8;

  private static final Logger logger = LoggerFactory.getLogger(SimulatedPhone.class);
  private static final SecureRandom random = new SecureRandom();

  private final Devices devices;
  private final RingTimer timer;
  private final Clock clock;
  private final Executor listenerExecutor;
  private final List<Consumer<PhoneEvent>> listeners = new CopyOnWriteArrayList<>();

  // Guarded by this
  private String token;
  private Devices.Device voipDevice;
  private final String alertToken;
  private final Devices.Device alertDevice;
  private AppState appState = AppState.KILLED;
  private boolean online = true;
  private boolean reportsCalls = true;
  private int offences;
  private final List<ReceivedPush> pushes = new ArrayList<>();
  private final Map<UUID, SimulatedCall> calls = new LinkedHashMap<>();
  private final Map<UUID, Instant> endedBeforePush = new HashMap<>();
  private final Set<SimulatedCall> ringing = new LinkedHashSet<>();
  private final Deque<SimulatedCall> toAwait = new ArrayDeque<>();
  private boolean awaited;

  /** The push that APNs stores for this phone while it is offline, by topic: only the newest. */
  private final Map<String, Stored> stored = new LinkedHashMap<>();

  private record Stored(RecordedRequest request, RequestRules.Delivery delivery) {}

  SimulatedPhone(Devices devices, RingTimer timer, Clock clock, Executor listenerExecutor) {
    this.devices = devices;
    this.timer = timer;
    this.clock = clock;
    this.listenerExecutor = listenerExecutor;
    token = newToken();
    alertToken = newToken();
    voipDevice = new Devices.Device(this, true);
    alertDevice = new Devices.Device(this, false);
  }

  /** Tells APNs about the tokens; separate from the constructor, which must not leak the phone. */
  SimulatedPhone register() {
    synchronized (this) {
      devices.add(token, voipDevice);
      devices.add(alertToken, alertDevice);
    }
    return this;
  }

  /** The token for VoIP pushes: 64 lower-case hex digits. */
  public synchronized String token() {
    return token;
  }

  /** The token for all other pushes, never the same as {@link #token()}. */
  public String alertToken() {
    return alertToken;
  }

  /**
   * Gets a new VoIP token, as after a reinstallation or a restored backup, and returns it. Pushes
   * to the old one are answered 410 from now on; iOS forgives the app what it failed to report.
   */
  public synchronized String rotateToken() {
    voipDevice.unregister(clock.instant());
    voipDevice = new Devices.Device(this, true);
    token = newToken();
    devices.add(token, voipDevice);
    offences = 0;
    return token;
  }

  /**
   * The user removes the app: pushes to both tokens are answered 410 Unregistered with this moment
   * as the timestamp, and nothing rings any more.
   */
  public synchronized void unregister() {
    Instant now = clock.instant();
    voipDevice.unregister(now);
    alertDevice.unregister(now);
    stored.clear();
    killApp();
  }

  /** Whether the app runs. */
  public synchronized AppState appState() {
    return appState;
  }

  /** The user swipes the app away. Its calls end; the next VoIP push launches it again. */
  public synchronized void killApp() {
    appState = AppState.KILLED;
    for (SimulatedCall call : calls.values()) {
      if (isAlive(call)) {
        end(call, SimulatedCall.State.ENDED, PhoneEvent.Type.ENDED);
      }
    }
  }

  /** The user opens the app. */
  public synchronized void openApp() {
    appState = AppState.FOREGROUND;
  }

  /** The user leaves the app without closing it; nothing happens if it does not run. */
  public synchronized void leaveApp() {
    if (appState == AppState.FOREGROUND) {
      appState = AppState.BACKGROUND;
    }
  }

  /** True if the phone has a network. */
  public synchronized boolean online() {
    return online;
  }

  /**
   * Gives or takes the network. While it is away, APNs stores the newest push per topic, as long as
   * its {@code apns-expiration} says: not at all if that is 0, without end if there is none. Back
   * online, the phone gets what is stored and not expired.
   */
  public synchronized void online(boolean online) {
    this.online = online;
    if (online) {
      List<Stored> waiting = List.copyOf(stored.values());
      stored.clear();
      for (Stored push : waiting) {
        if (clock.instant().isBefore(push.delivery.storeUntil())) {
          receive(push.request, push.delivery);
        }
      }
    }
  }

  /**
   * Whether the app reports each VoIP push to CallKit, as it must (default true). If it does not,
   * iOS kills it, and after three such pushes delivers no more of them.
   */
  public synchronized void reportsCalls(boolean reportsCalls) {
    this.reportsCalls = reportsCalls;
  }

  /**
   * Waits for the next call to ring and returns it. Each call is returned once, in the order in
   * which they began to ring, even if it was answered or over before this was called.
   *
   * @throws TimeoutException if no further call rang in time; its message says what arrived instead
   */
  public synchronized SimulatedCall awaitCall(Duration timeout)
      throws InterruptedException, TimeoutException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (toAwait.isEmpty()) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        String last = pushes.isEmpty() ? "none" : pushes.get(pushes.size() - 1).explanation();
        throw new TimeoutException(
            "no %scall rang within %s on phone %s (%s, app %s); %d pushes arrived, the last: %s"
                .formatted(
                    awaited ? "further " : "",
                    timeout,
                    RecordedRequest.shorten(token),
                    online ? "online" : "offline",
                    appState,
                    pushes.size(),
                    last));
      }
      wait(left / 1_000_000, (int) (left % 1_000_000));
    }
    awaited = true;
    return toAwait.remove();
  }

  /**
   * Forgets the pushes received and the calls that are over, which otherwise stay in memory, also
   * those not yet awaited. The app does not know these calls any more: pushed again, they ring.
   */
  public synchronized void forgetHistory() {
    pushes.clear();
    calls.values().removeIf(call -> !isAlive(call));
    toAwait.removeIf(call -> !isAlive(call));
    endedBeforePush.clear();
  }

  /** All calls that the app reported, in order, those that never rang included. */
  public synchronized List<SimulatedCall> calls() {
    return List.copyOf(calls.values());
  }

  /** All pushes that reached the phone, in order, each with what it did. */
  public synchronized List<ReceivedPush> pushes() {
    return List.copyOf(pushes);
  }

  /**
   * The user takes the call that has been ringing longest; the app comes to the screen.
   *
   * @throws IllegalStateException if nothing rings
   */
  public synchronized SimulatedCall answer() {
    SimulatedCall call = oldestRinging();
    end(call, SimulatedCall.State.ANSWERED, PhoneEvent.Type.ANSWERED);
    appState = AppState.FOREGROUND;
    return call;
  }

  /**
   * The user refuses the call that has been ringing longest.
   *
   * @throws IllegalStateException if nothing rings
   */
  public synchronized SimulatedCall decline() {
    SimulatedCall call = oldestRinging();
    end(call, SimulatedCall.State.DECLINED, PhoneEvent.Type.DECLINED);
    return call;
  }

  /**
   * Says over the app's own connection that the call is over: the caller hung up, or the callee
   * answered elsewhere. A call whose push is still to come will not ring. Without effect while the
   * phone is offline or the app does not run, for then there is no such connection.
   */
  public synchronized void callEnded(UUID callId) {
    if (!online || appState == AppState.KILLED) {
      return;
    }
    SimulatedCall call = calls.get(callId);
    if (call == null) {
      endedBeforePush.put(callId, clock.instant());
    } else if (isAlive(call)) {
      end(call, SimulatedCall.State.ENDED, PhoneEvent.Type.ENDED);
    }
  }

  /**
   * Calls the listener with everything that happens from now on, in order, on a thread of the
   * simulator that does nothing else. What it throws is logged.
   */
  public void onEvent(Consumer<PhoneEvent> listener) {
    listeners.add(listener);
  }

  /** A push that APNs accepted. */
  synchronized void deliver(RecordedRequest request, RequestRules.Delivery delivery) {
    if (online) {
      receive(request, delivery);
    } else if (clock.instant().isBefore(delivery.storeUntil())) {
      stored.put(delivery.topic(), new Stored(request, delivery));
    } else {
      stored.remove(delivery.topic()); // a newer push replaces the stored one even if it is lost
    }
  }

  /** The call's time is over. The lock is held. */
  void expire(SimulatedCall call) {
    end(call, SimulatedCall.State.EXPIRED, PhoneEvent.Type.EXPIRED);
  }

  private void receive(RecordedRequest request, RequestRules.Delivery delivery) {
    Instant now = clock.instant();
    if (!delivery.device().voip()) {
      record(request, now, PushVerdict.NOTIFICATION, "not a VoIP push; iOS shows a notification");
      return;
    }
    if (offences >= TOLERATED_OFFENCES) {
      record(
          request,
          now,
          PushVerdict.WITHHELD,
          "iOS delivers no more VoIP pushes: the app did not report " + offences + " of them");
      return;
    }
    if (appState == AppState.KILLED) {
      appState = AppState.BACKGROUND;
    }
    Optional<PushedCall> pushed = PushedCall.read(delivery.payload(), now);
    if (!reportsCalls || pushed.isEmpty()) {
      offences++;
      record(
          request,
          now,
          PushVerdict.APP_KILLED,
          reportsCalls
              ? "the payload has no call id that is a UUID (callId, id or uuid), so the app"
                  + " crashed before it reported a call"
              : "the app did not report the call to CallKit, so iOS killed it");
      killApp();
      fire(PhoneEvent.Type.APP_KILLED, null);
      return;
    }
    report(request, now, pushed.get());
  }

  private void report(RecordedRequest request, Instant now, PushedCall pushed) {
    SimulatedCall known = calls.get(pushed.id());
    if (known != null) {
      if (isAlive(known)) {
        record(request, now, PushVerdict.REPEATED, "the app has this call already");
      } else {
        record(request, now, PushVerdict.ENDED_AT_ONCE, "the call was over: " + known.state());
      }
      return;
    }
    if (endedBeforePush.remove(pushed.id()) != null) {
      endAtOnce(request, now, pushed, SimulatedCall.State.ENDED, "the caller had hung up");
    } else if (!now.isBefore(pushed.expiresAt())) {
      endAtOnce(
          request,
          now,
          pushed,
          SimulatedCall.State.EXPIRED,
          "the push came after the call's expiresAt, " + pushed.expiresAt());
    } else if (ringing.size() >= MAX_RINGING) {
      endAtOnce(
          request,
          now,
          pushed,
          SimulatedCall.State.ENDED,
          MAX_RINGING + " other calls are ringing");
    } else {
      record(request, now, PushVerdict.RANG, "the app reported the call and the phone rings");
      SimulatedCall call = new SimulatedCall(this, pushed, timer, SimulatedCall.State.RINGING);
      calls.put(pushed.id(), call);
      ringing.add(call);
      toAwait.add(call);
      timer.add(call);
      fire(PhoneEvent.Type.RINGING, call);
      notifyAll();
    }
  }

  private void endAtOnce(
      RecordedRequest request,
      Instant now,
      PushedCall pushed,
      SimulatedCall.State state,
      String explanation) {
    record(request, now, PushVerdict.ENDED_AT_ONCE, explanation);
    SimulatedCall call = new SimulatedCall(this, pushed, timer, state);
    calls.put(pushed.id(), call);
    fire(
        state == SimulatedCall.State.EXPIRED ? PhoneEvent.Type.EXPIRED : PhoneEvent.Type.ENDED,
        call);
  }

  private void record(
      RecordedRequest request, Instant now, PushVerdict verdict, String explanation) {
    pushes.add(new ReceivedPush(request, now, verdict, explanation));
    fire(PhoneEvent.Type.PUSH_RECEIVED, null);
  }

  private void end(SimulatedCall call, SimulatedCall.State state, PhoneEvent.Type event) {
    call.become(state);
    ringing.remove(call);
    fire(event, call);
  }

  private SimulatedCall oldestRinging() {
    if (!ringing.isEmpty()) {
      return ringing.iterator().next();
    }
    throw new IllegalStateException(
        "a call must be ringing to be answered or declined, but the calls are " + calls.values());
  }

  private static boolean isAlive(SimulatedCall call) {
    SimulatedCall.State state = call.state();
    return state == SimulatedCall.State.RINGING || state == SimulatedCall.State.ANSWERED;
  }

  /** The lock is held, so that events are queued in the order they happened. */
  private void fire(PhoneEvent.Type type, @Nullable SimulatedCall call) {
    if (listeners.isEmpty()) {
      return;
    }
    PhoneEvent event = new PhoneEvent(type, clock.instant(), this, Optional.ofNullable(call));
    for (Consumer<PhoneEvent> listener : listeners) {
      try {
        listenerExecutor.execute(() -> tell(listener, event));
      } catch (RejectedExecutionException e) {
        return; // the simulator was closed
      }
    }
  }

  private static void tell(Consumer<PhoneEvent> listener, PhoneEvent event) {
    try {
      listener.accept(event);
    } catch (RuntimeException | Error e) {
      logger.warn("a phone's listener failed at {}", event.type(), e);
    }
  }

  private static String newToken() {
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public String toString() {
    return "phone " + RecordedRequest.shorten(token());
  }
}
