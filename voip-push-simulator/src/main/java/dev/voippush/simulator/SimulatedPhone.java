// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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

  /** How long a phone without CallKit sounds after each alert, unless it was told otherwise. */
  static final Duration ALERT_SOUND = Duration.ofSeconds(5);

  /** More calls than this do not ring at once; CallKit's own limit is lower. */
  static final int MAX_RINGING = 8;

  private static final SecureRandom random = new SecureRandom();

  private final Phones phones;
  private final int number;
  private final String name;
  private final Optional<String> user;
  private final String bundleId;
  private final boolean sandbox;
  private final boolean callKit;
  private final Duration alertSound;
  private final List<Consumer<PhoneEvent>> listeners = new CopyOnWriteArrayList<>();

  // Guarded by this
  private String token = newToken();
  private Devices.Device voipDevice;
  private String alertToken = newToken();
  private Devices.Device alertDevice;
  private AppState appState = AppState.KILLED;
  private boolean online = true;
  private boolean reportsCalls = true;
  private int offences;
  private final Deque<ReceivedPush> pushes = new ArrayDeque<>();
  private final Map<String, Banner> banners = new LinkedHashMap<>(); // by what replaces them
  private final Map<UUID, SimulatedCall> calls = new LinkedHashMap<>();
  private final Map<UUID, SimulatedCall.State> endedBeforePush = new LinkedHashMap<>();
  private final Set<SimulatedCall> ringing = new LinkedHashSet<>();
  private final Deque<SimulatedCall> toAwait = new ArrayDeque<>();
  private boolean awaited;

  /** What the user answered or declined without a connection, to be said when there is one. */
  private final Map<UUID, SimulatedCall.State> unsaid = new LinkedHashMap<>();

  /** Calls decided here of which the user's other phones do not know yet. */
  private final Set<UUID> toTell = new LinkedHashSet<>();

  /** What APNs stores while the phone is offline: the newest push to each of its tokens. */
  private final Map<Devices.Device, Stored> stored = new LinkedHashMap<>();

  private record Stored(RecordedRequest request, RequestRules.Delivery delivery) {}

  SimulatedPhone(Phones phones, Builder settings, int number) {
    this.phones = phones;
    this.number = number;
    name = settings.name.orElse("phone " + number);
    user = settings.user;
    bundleId = settings.bundleId;
    sandbox = settings.sandbox;
    callKit = settings.callKit;
    alertSound = settings.alertSound;
    voipDevice = device(true);
    alertDevice = device(false);
  }

  private Devices.Device device(boolean voip) {
    return new Devices.Device(this, bundleId, sandbox, voip);
  }

  /** Tells APNs about the tokens; separate from the constructor, which must not leak the phone. */
  synchronized void register() {
    addDevices();
    fire(PhoneEvent.Type.REGISTERED, null);
  }

  private void addDevices() {
    if (callKit) {
      phones.devices().add(token, voipDevice);
    }
    phones.devices().add(alertToken, alertDevice);
  }

  /** 1 for the first phone that was registered, 2 for the second, and so on. */
  public int number() {
    return number;
  }

  /** What people call it; default {@code phone} and its number. */
  public String name() {
    return name;
  }

  /** Whose phone it is, if it was said. */
  public Optional<String> user() {
    return user;
  }

  /** The app's bundle id. */
  public String bundleId() {
    return bundleId;
  }

  /** True if the tokens are the sandbox's, false if they are production's. */
  public boolean sandbox() {
    return sandbox;
  }

  /** False if the app takes no VoIP pushes: it has no {@link #token()}, and rings by alerts. */
  public boolean callKit() {
    return callKit;
  }

  /**
   * The token for VoIP pushes: 64 lower-case hex digits.
   *
   * @throws IllegalStateException if the phone is one without CallKit, which has none
   */
  public synchronized String token() {
    if (!callKit) {
      throw new IllegalStateException(
          "a VoIP token needs CallKit, but "
              + name
              + " is without: send it alert pushes, to alertToken()");
    }
    return token;
  }

  /** The token for all other pushes, never the same as {@link #token()}. */
  public synchronized String alertToken() {
    return alertToken;
  }

  /**
   * Gets new tokens, as after a reinstallation or a restored backup, and returns the one for calls:
   * the VoIP token, or the alert token of a phone without CallKit. Pushes to the old ones are
   * answered 410 with this moment as the timestamp, or with that of {@link #unregister} if it came
   * before; what APNs stored for them is lost. iOS forgives the app what it failed to report.
   */
  public synchronized String rotateToken() {
    Instant now = phones.clock().instant();
    voipDevice.unregister(now);
    alertDevice.unregister(now);
    stored.clear();
    voipDevice = device(true);
    alertDevice = device(false);
    token = newToken();
    alertToken = newToken();
    addDevices();
    offences = 0;
    fire(PhoneEvent.Type.TOKEN_ROTATED, null);
    return callToken();
  }

  private String callToken() {
    return callKit ? token : alertToken;
  }

  /**
   * The user removes the app: pushes to both tokens are answered 410 Unregistered with this moment
   * as the timestamp, and nothing rings any more until {@link #rotateToken}.
   */
  public synchronized void unregister() {
    Instant now = phones.clock().instant();
    if (alertDevice.unregisteredAt() != null) {
      return;
    }
    voipDevice.unregister(now);
    alertDevice.unregister(now);
    stored.clear();
    unsaid.clear();
    stopApp(PhoneEvent.Type.UNREGISTERED);
  }

  /** Whether the app runs. */
  public synchronized AppState appState() {
    return appState;
  }

  /** The user swipes the app away. Its calls end; the next VoIP push launches it again. */
  public synchronized void killApp() {
    if (appState != AppState.KILLED) {
      stopApp(PhoneEvent.Type.APP_CLOSED);
    }
  }

  private void stopApp(PhoneEvent.Type why) {
    appState = AppState.KILLED;
    for (SimulatedCall call : calls.values()) {
      if (isAlive(call)) {
        end(call, SimulatedCall.State.ENDED);
      }
    }
    fire(why, null);
  }

  /** The user opens the app; nothing happens if it was removed. */
  public void openApp() {
    synchronized (this) {
      if (appState != AppState.FOREGROUND && alertDevice.unregisteredAt() == null) {
        run(AppState.FOREGROUND);
        fire(PhoneEvent.Type.APP_OPENED, null);
      }
    }
    tellOthers();
  }

  /** The app runs from now on; if it did not before, it says and hears what happened meanwhile. */
  private void run(AppState state) {
    boolean launched = appState == AppState.KILLED;
    appState = state;
    if (launched) {
      reconnect();
    }
  }

  /** The user leaves the app without closing it; nothing happens if it is not on the screen. */
  public synchronized void leaveApp() {
    if (appState == AppState.FOREGROUND) {
      appState = AppState.BACKGROUND;
      fire(PhoneEvent.Type.APP_LEFT, null);
    }
  }

  /** True if the phone has a network. */
  public synchronized boolean online() {
    return online;
  }

  /**
   * Gives or takes the network. While it is away, APNs stores the newest push to each token, as
   * long as its {@code apns-expiration} says: not at all if that is 0, without end if there is
   * none. Back online, the phone gets what is stored and not expired; before that the app, when it
   * runs, says over its own connection what the user answered or declined meanwhile, and hears what
   * other phones of theirs did: an answered call that another had answered or declined first ends.
   */
  public void online(boolean online) {
    synchronized (this) {
      if (this.online == online) {
        return;
      }
      this.online = online;
      fire(online ? PhoneEvent.Type.ONLINE : PhoneEvent.Type.OFFLINE, null);
      if (online) {
        reconnect();
        List<Stored> waiting = List.copyOf(stored.values());
        stored.clear();
        for (Stored push : waiting) {
          if (phones.clock().instant().isBefore(push.delivery.storeUntil())) {
            receive(push.request, push.delivery);
          }
        }
      }
    }
    tellOthers();
  }

  /** To be called without the lock after what may have decided a call. */
  private void tellOthers() {
    List<UUID> decided;
    synchronized (this) {
      decided = List.copyOf(toTell);
      toTell.clear();
    }
    decided.forEach(callId -> phones.signalling().tellOthers(this, callId));
  }

  /** True if the app has its own connection, over which phones of one user hear of each other. */
  private boolean connected() {
    return online && appState != AppState.KILLED;
  }

  /** Once connected, the app says what the user did before, and asks what became of the rest. */
  private void reconnect() {
    if (!connected()) {
      return;
    }
    expireDue();
    unsaid.forEach(
        (callId, state) -> {
          SimulatedCall.State agreed = phones.signalling().decide(this, callId, state);
          toTell.add(callId);
          SimulatedCall call = calls.get(callId);
          if (agreed != state && call != null && call.state() == SimulatedCall.State.ANSWERED) {
            end(call, agreed);
          }
        });
    unsaid.clear();
    for (SimulatedCall call : List.copyOf(ringing)) {
      phones
          .signalling()
          .decidedElsewhere(this, call.callId())
          .ifPresent(decision -> end(call, decision.elsewhere()));
    }
  }

  /**
   * Whether the app reports each VoIP push to CallKit, as it must (default true). If it does not,
   * iOS kills it, and after three such pushes delivers no more of them.
   */
  public synchronized void reportsCalls(boolean reportsCalls) {
    if (this.reportsCalls != reportsCalls) {
      this.reportsCalls = reportsCalls;
      fire(PhoneEvent.Type.REPORTING_CHANGED, null);
    }
  }

  /** True if the app reports each VoIP push to CallKit. */
  public synchronized boolean reportsCalls() {
    return reportsCalls;
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
        String last = pushes.isEmpty() ? "none" : pushes.getLast().explanation();
        throw new TimeoutException(
            "no %scall rang within %s on %s (%s, app %s); %d pushes arrived, the last: %s"
                .formatted(
                    awaited ? "further " : "",
                    timeout,
                    this,
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
   * those not yet awaited. The app does not know these calls any more: pushed again, they ring, and
   * nobody tells the user's other phones any more that they were answered or declined here.
   */
  public synchronized void forgetHistory() {
    keepLast(0);
    fire(PhoneEvent.Type.HISTORY_FORGOTTEN, null);
  }

  /** Forgets the oldest of all that is over; what rings or was answered stays. */
  private void keepLast(int kept) {
    trim(pushes, kept);
    trim(banners.keySet(), kept);
    trim(endedBeforePush.keySet(), kept);
    Iterator<SimulatedCall> oldest = calls.values().iterator();
    while (calls.size() > kept && oldest.hasNext()) {
      SimulatedCall call = oldest.next();
      if (!isAlive(call)) {
        oldest.remove();
        toAwait.remove(call);
        unsaid.remove(call.callId());
        phones.signalling().forget(this, call.callId());
      }
    }
  }

  private static void trim(Collection<?> all, int kept) {
    Iterator<?> oldest = all.iterator();
    while (all.size() > kept) {
      oldest.next();
      oldest.remove();
    }
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
   * What the notification centre shows, the oldest first. An alert replaces the one before with the
   * same {@code apns-collapse-id}, and then is the newest.
   */
  public synchronized List<Banner> banners() {
    return List.copyOf(banners.values());
  }

  /**
   * The user takes the call that has been ringing longest; the app comes to the screen. On the
   * user's other phones the call ends as {@link SimulatedCall.State#ANSWERED_ELSEWHERE}, before
   * this returns on those that are online with the app running. If another of them answered or
   * declined at the same moment and was first, it ends so on this phone: look at the state of the
   * call that is returned. Without a network the call is answered on this phone alone until it is
   * back {@link #online(boolean)}.
   *
   * @throws IllegalStateException if nothing rings
   */
  public SimulatedCall answer() {
    return decide(null, SimulatedCall.State.ANSWERED);
  }

  /**
   * The user takes this call, otherwise as {@link #answer()}.
   *
   * @throws IllegalStateException if it does not ring
   */
  public SimulatedCall answer(UUID callId) {
    return decide(callId, SimulatedCall.State.ANSWERED);
  }

  /**
   * The user refuses the call that has been ringing longest. On the user's other phones it ends as
   * {@link SimulatedCall.State#DECLINED_ELSEWHERE}, by the rules of {@link #answer()}.
   *
   * @throws IllegalStateException if nothing rings
   */
  public SimulatedCall decline() {
    return decide(null, SimulatedCall.State.DECLINED);
  }

  /**
   * The user refuses this call, otherwise as {@link #decline()}.
   *
   * @throws IllegalStateException if it does not ring
   */
  public SimulatedCall decline(UUID callId) {
    return decide(callId, SimulatedCall.State.DECLINED);
  }

  /** Answers or declines: this call, or the one that has been ringing longest. */
  private SimulatedCall decide(@Nullable UUID callId, SimulatedCall.State decision) {
    SimulatedCall call;
    synchronized (this) {
      expireDue();
      if (!callKit && appState == AppState.KILLED && !ringing.isEmpty()) {
        run(AppState.BACKGROUND); // by the banner's button
      }
      call =
          callId == null
              ? oldestRinging()
              : callThatIs(SimulatedCall.State.RINGING, callId, "answered or declined");
      if (connected()) {
        end(call, phones.signalling().decide(this, call.callId(), decision));
        toTell.add(call.callId());
      } else {
        end(call, decision);
        unsaid.put(call.callId(), decision);
      }
      banners.remove(call.callId().toString()); // it was what the user tapped
      if (decision == SimulatedCall.State.ANSWERED) {
        appState = AppState.FOREGROUND;
      }
    }
    tellOthers();
    return call;
  }

  /** Another phone of the user was first. */
  synchronized void decidedElsewhere(UUID callId, SimulatedCall.State state) {
    SimulatedCall call = calls.get(callId);
    if (connected() && call != null && call.state() == SimulatedCall.State.RINGING) {
      end(call, state);
    }
  }

  /**
   * The user ends this call, which they had answered.
   *
   * @throws IllegalStateException if it is not being answered
   */
  public synchronized SimulatedCall hangUp(UUID callId) {
    SimulatedCall call = callThatIs(SimulatedCall.State.ANSWERED, callId, "hung up");
    end(call, SimulatedCall.State.ENDED);
    return call;
  }

  /**
   * Says over the app's own connection that the call is over: the caller hung up. A call whose push
   * is still to come will not ring. Without effect while the phone is offline or the app does not
   * run, for then there is no such connection.
   */
  public void callEnded(UUID callId) {
    hearEnd(callId, SimulatedCall.State.ENDED);
  }

  /**
   * Says over the app's own connection that the user answered the call on another device, which the
   * simulator does not know: a browser, a phone of another server. Otherwise as {@link #callEnded};
   * phones with the same {@link Builder#user} tell each other.
   */
  public void answeredElsewhere(UUID callId) {
    hearEnd(callId, SimulatedCall.State.ANSWERED_ELSEWHERE);
  }

  /**
   * Says over the app's own connection that the user declined the call on another device; otherwise
   * as {@link #answeredElsewhere}.
   */
  public void declinedElsewhere(UUID callId) {
    hearEnd(callId, SimulatedCall.State.DECLINED_ELSEWHERE);
  }

  private synchronized void hearEnd(UUID callId, SimulatedCall.State state) {
    if (!connected()) {
      return;
    }
    SimulatedCall call = calls.get(callId);
    if (call == null) {
      endedBeforePush.put(callId, state);
      trim(endedBeforePush.keySet(), phones.kept());
    } else if (isAlive(call)) {
      if (call.state() == SimulatedCall.State.RINGING && state == SimulatedCall.State.ENDED) {
        call.callerGaveUp();
      }
      end(call, state);
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
  void deliver(RecordedRequest request, RequestRules.Delivery delivery) {
    synchronized (this) {
      if (delivery.device().unregisteredAt() != null) {
        return; // the app was removed after APNs had accepted the push
      }
      if (online) {
        receive(request, delivery);
      } else if (phones.clock().instant().isBefore(delivery.storeUntil())) {
        stored.put(delivery.device(), new Stored(request, delivery));
      } else {
        stored.remove(delivery.device()); // a newer push replaces it even if it is lost itself
      }
    }
    tellOthers();
  }

  /** Calls whose time is over expire before the timer's next tick if somebody looks. */
  private void expireDue() {
    Instant now = phones.clock().instant();
    for (SimulatedCall call : List.copyOf(ringing)) {
      if (!now.isBefore(call.expiresAt())) {
        expire(call);
      }
    }
  }

  /** The call's time is over. The lock is held. */
  void expire(SimulatedCall call) {
    end(call, SimulatedCall.State.EXPIRED);
  }

  private void receive(RecordedRequest request, RequestRules.Delivery delivery) {
    Instant now = phones.clock().instant();
    if (!delivery.device().voip()) {
      notify(request, delivery, now);
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
      run(AppState.BACKGROUND);
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
      stopApp(PhoneEvent.Type.APP_KILLED);
      return;
    }
    report(request, now, pushed.get());
  }

  private void notify(RecordedRequest request, RequestRules.Delivery delivery, Instant now) {
    Optional<Banner> banner = Banner.read(delivery.payload());
    if (banner.isEmpty()) {
      record(
          request,
          now,
          PushVerdict.NOTIFICATION,
          "not a VoIP push, and without an alert: iOS shows nothing");
      return;
    }
    String replaces =
        request.header("apns-collapse-id").orElse(request.header("apns-id").orElse(""));
    banners.remove(replaces);
    banners.put(replaces, banner.get());
    Optional<AlertedCall> alerted =
        callKit ? Optional.empty() : AlertedCall.read(delivery.payload(), now);
    if (alerted.isEmpty()) {
      recordBanner(request, now, "");
    } else if (alerted.get().end().isPresent()) {
      alertOfEnd(request, now, alerted.get().call(), alerted.get().end().get());
    } else {
      alertOfRinging(request, now, alerted.get().call());
    }
  }

  /** Before what the banner's call becomes, so that events come in the order of their causes. */
  private void recordBanner(RecordedRequest request, Instant now, String does) {
    record(request, now, PushVerdict.NOTIFICATION, "not a VoIP push; iOS shows a banner" + does);
  }

  /** The app's notification service extension gets the last alert of a call. */
  private void alertOfEnd(
      RecordedRequest request, Instant now, PushedCall pushed, SimulatedCall.State end) {
    expireDue();
    SimulatedCall known = calls.get(pushed.id());
    boolean missed = end == SimulatedCall.State.ENDED;
    if (known == null && missed) {
      recordBanner(request, now, " of a call that was missed");
      add(pushed, now, end).callerGaveUp();
    } else if (known != null && known.state() == SimulatedCall.State.RINGING) {
      recordBanner(request, now, " and rings no more");
      if (missed) {
        known.callerGaveUp();
      }
      end(known, end);
    } else {
      recordBanner(request, now, "");
    }
  }

  /** The app's notification service extension gets an alert of a call that rings. */
  private void alertOfRinging(RecordedRequest request, Instant now, PushedCall pushed) {
    expireDue();
    SimulatedCall known = calls.get(pushed.id());
    if (known != null && known.state() == SimulatedCall.State.RINGING) {
      recordBanner(request, now, " in place of the one before, and rings on");
      known.alerted();
      return;
    }
    if (known != null) {
      recordBanner(request, now, ", but does not ring: the call was over, " + known.state());
      return;
    }
    if (!now.isBefore(pushed.expiresAt())) {
      recordBanner(
          request,
          now,
          ", but does not ring: it came after the call's expiresAt, " + pushed.expiresAt());
      add(pushed, now, SimulatedCall.State.EXPIRED);
      return;
    }
    SimulatedCall.State ended = endedBeforePush.remove(pushed.id());
    if (ended != null) {
      recordBanner(
          request, now, ", but does not ring: the app had heard that the call was over, " + ended);
      SimulatedCall call = add(pushed, now, ended);
      if (ended == SimulatedCall.State.ENDED) {
        call.callerGaveUp();
      }
      return;
    }
    recordBanner(request, now, " and rings for " + alertSound.toMillis() + " ms, until the next");
    ring(pushed, now);
  }

  private void ring(PushedCall pushed, Instant now) {
    SimulatedCall call = add(pushed, now, SimulatedCall.State.RINGING);
    ringing.add(call);
    toAwait.add(call);
    phones.timer().add(call);
    notifyAll();
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
    SimulatedCall.State ended = endedBeforePush.remove(pushed.id());
    Optional<CallSignalling.Decision> decision =
        phones.signalling().decidedElsewhere(this, pushed.id());
    if (decision.isPresent()) {
      boolean answered = decision.get().state() == SimulatedCall.State.ANSWERED;
      endAtOnce(
          request,
          now,
          pushed,
          decision.get().elsewhere(),
          "the user had %s the call on another phone, %s"
              .formatted(answered ? "answered" : "declined", decision.get().by().name()));
    } else if (ended == SimulatedCall.State.ENDED) {
      endAtOnce(request, now, pushed, ended, "the caller had hung up").callerGaveUp();
    } else if (ended != null) {
      boolean answered = ended == SimulatedCall.State.ANSWERED_ELSEWHERE;
      endAtOnce(
          request,
          now,
          pushed,
          ended,
          "the user had %s the call on another device"
              .formatted(answered ? "answered" : "declined"));
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
      ring(pushed, now);
    }
  }

  private SimulatedCall endAtOnce(
      RecordedRequest request,
      Instant now,
      PushedCall pushed,
      SimulatedCall.State state,
      String explanation) {
    record(request, now, PushVerdict.ENDED_AT_ONCE, explanation);
    return add(pushed, now, state);
  }

  private SimulatedCall add(PushedCall pushed, Instant now, SimulatedCall.State state) {
    Optional<Duration> soundsFor = callKit ? Optional.empty() : Optional.of(alertSound);
    SimulatedCall call = new SimulatedCall(this, pushed, phones.timer(), now, state, soundsFor);
    calls.put(pushed.id(), call);
    keepLast(phones.kept());
    fire(PhoneEvent.Type.valueOf(state.name()), call);
    return call;
  }

  private void record(
      RecordedRequest request, Instant now, PushVerdict verdict, String explanation) {
    pushes.add(new ReceivedPush(request, now, verdict, explanation));
    trim(pushes, phones.kept());
    fire(PhoneEvent.Type.PUSH_RECEIVED, null);
  }

  private void end(SimulatedCall call, SimulatedCall.State state) {
    call.become(state);
    ringing.remove(call);
    fire(PhoneEvent.Type.valueOf(state.name()), call);
  }

  private SimulatedCall oldestRinging() {
    if (!ringing.isEmpty()) {
      return ringing.iterator().next();
    }
    throw new IllegalStateException(
        "a call must be ringing to be answered or declined, but the calls are " + calls.values());
  }

  private SimulatedCall callThatIs(SimulatedCall.State state, UUID callId, String toBe) {
    SimulatedCall call = calls.get(callId);
    if (call != null && call.state() == state) {
      return call;
    }
    throw new IllegalStateException(
        "a call must be %s to be %s, but %s %s"
            .formatted(
                state,
                toBe,
                callId,
                call == null ? "is unknown to " + this : "was " + call.state()));
  }

  private static boolean isAlive(SimulatedCall call) {
    SimulatedCall.State state = call.state();
    return state == SimulatedCall.State.RINGING || state == SimulatedCall.State.ANSWERED;
  }

  /** The lock is held, so that events are queued in the order they happened. */
  private void fire(PhoneEvent.Type type, @Nullable SimulatedCall call) {
    phones.tell(
        listeners, new PhoneEvent(type, phones.clock().instant(), this, Optional.ofNullable(call)));
  }

  private static String newToken() {
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public synchronized String toString() {
    return name + " (" + RecordedRequest.shorten(callToken()) + ")";
  }

  /** Sets up a phone. Not thread-safe. */
  public static final class Builder {
    private final Phones phones;
    private Optional<String> name = Optional.empty();
    private Optional<String> user = Optional.empty();
    private String bundleId;
    private boolean sandbox;
    private boolean callKit = true;
    private Duration alertSound = ALERT_SOUND;

    Builder(Phones phones, String bundleId) {
      this.phones = phones;
      this.bundleId = bundleId;
    }

    /** What people call it, default {@code phone} and its number. */
    public Builder name(String name) {
      this.name = Optional.of(notEmpty("name", name));
      return this;
    }

    /**
     * Whose phone it is, default nobody's. The phones of one user tell each other when a call was
     * answered or declined.
     */
    public Builder user(String user) {
      this.user = Optional.of(notEmpty("user", user));
      return this;
    }

    /**
     * The app's bundle id, default the simulator's; pushes need {@link ApnsSimulator#addApp} for
     * another one.
     *
     * @throws IllegalArgumentException if it cannot be one
     */
    public Builder bundleId(String bundleId) {
      this.bundleId = RequestRules.checkBundleId(bundleId);
      return this;
    }

    /** Whether its tokens are the sandbox's, default false: production's. */
    public Builder sandbox(boolean sandbox) {
      this.sandbox = sandbox;
      return this;
    }

    /**
     * Whether the app takes VoIP pushes, default true. Without, it has no VoIP token, and rings by
     * alerts, where CallKit is not allowed: each shows a banner, and if it has a {@code sound},
     * {@code mutable-content} and a call id, it rings for {@link #alertSound}, until one with
     * {@code callEnd} comes, which starts the app's notification service extension, too.
     */
    public Builder callKit(boolean callKit) {
      this.callKit = callKit;
      return this;
    }

    /**
     * How long a phone without CallKit rings after each alert, default 5 s: if the next comes
     * later, the ring has a gap.
     *
     * @throws IllegalArgumentException if it is not from 1 ms to 30 s, Apple's limit for a sound
     */
    public Builder alertSound(Duration alertSound) {
      if (alertSound.toMillis() < 1 || alertSound.compareTo(Duration.ofSeconds(30)) > 0) {
        throw new IllegalArgumentException(
            "alertSound must be from 1 ms to 30 s, but was " + alertSound);
      }
      this.alertSound = alertSound;
      return this;
    }

    /** Registers a new phone with tokens of its own; each call registers another. */
    public SimulatedPhone register() {
      return phones.register(this);
    }

    private static String notEmpty(String what, String text) {
      if (text.isBlank()) {
        throw new IllegalArgumentException(
            what + " must not be blank, but was '" + text + "': leave it out for the default");
      }
      return text;
    }
  }
}
