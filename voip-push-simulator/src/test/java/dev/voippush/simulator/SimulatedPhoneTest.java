// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.SimulatedCall.State;
import dev.voippush.simulator.SimulatedPhone.AppState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a phone does with the pushes that APNs lets through. */
final class SimulatedPhoneTest {
  private static final Duration MAX_GAP = Duration.ofMillis(250);

  private static ApnsSimulator simulator;
  private static Pushes client;

  private SimulatedPhone phone;
  private BlockingQueue<PhoneEvent> events;

  @BeforeAll
  static void start() {
    simulator = ApnsSimulator.start();
    client = Pushes.withCertificate(simulator);
  }

  @AfterAll
  static void close() {
    simulator.close();
  }

  @BeforeEach
  void register() {
    phone = simulator.registerPhone();
    events = new LinkedBlockingQueue<>();
    phone.onEvent(events::add);
  }

  private void push(String payload, String expiration) throws Exception {
    Pushes.Push push =
        Pushes.voip(simulator, phone.token()).header("apns-expiration", expiration).body(payload);
    Pushes.Answer answer = client.send(push);
    assertEquals(200, answer.status(), answer.body());
  }

  private void push(UUID callId) throws Exception {
    push(Pushes.call(callId, Instant.now().plusSeconds(30)), "0");
  }

  private PushVerdict lastVerdict() {
    List<ReceivedPush> pushes = phone.pushes();
    return pushes.get(pushes.size() - 1).verdict();
  }

  private void awaitEvent(PhoneEvent.Type type) throws InterruptedException {
    PhoneEvent event;
    do {
      event = events.poll(10, TimeUnit.SECONDS);
      assertTrue(event != null, "no event " + type);
    } while (event.type() != type);
  }

  private static String in(Duration time) {
    return Long.toString(Instant.now().plus(time).getEpochSecond());
  }

  @Test
  void newPhoneHasTokensOfItsOwn() {
    assertTrue(phone.token().matches("[0-9a-f]{64}"));
    assertTrue(phone.alertToken().matches("[0-9a-f]{64}"));
    assertNotEquals(phone.token(), phone.alertToken());
    assertEquals(AppState.KILLED, phone.appState());
    assertTrue(phone.online());
    assertEquals(List.of(), phone.calls());
    assertFalse(phone.toString().contains(phone.token()));
  }

  @Test
  void ringsWithoutAGapUntilAnswered() throws Exception {
    Instant sent = Instant.now();
    push(UUID.randomUUID());
    SimulatedCall call = phone.awaitCall(Pushes.PATIENCE);
    assertEquals(State.RINGING, call.state());
    assertEquals(AppState.BACKGROUND, phone.appState());
    int atLeast = 20;
    long deadline = System.nanoTime() + Pushes.PATIENCE.toNanos();
    while (call.rings().size() < atLeast && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertSame(call, phone.answer());
    Instant answered = Instant.now();
    List<RingCycle> rings = call.rings();
    assertTrue(rings.size() >= atLeast, rings.toString());
    Instant soundingUntil = sent.plus(Duration.ofSeconds(1)); // the push itself takes a while
    for (RingCycle ring : rings) {
      assertTrue(Duration.between(soundingUntil, ring.start()).compareTo(MAX_GAP) < 0, "gap");
      assertFalse(ring.end().isBefore(ring.start()));
      soundingUntil = ring.end();
    }
    assertTrue(Duration.between(soundingUntil, answered).compareTo(MAX_GAP) < 0);
    assertEquals(State.ANSWERED, call.state());
    assertEquals(AppState.FOREGROUND, phone.appState());
    assertEquals(rings, call.rings());
    awaitEvent(PhoneEvent.Type.RINGING);
    awaitEvent(PhoneEvent.Type.ANSWERED);
  }

  @Test
  void lateTimerLeavesAnAudibleGap() {
    RingTone tone = new RingTone();
    RingTimer timer = new RingTimer(null, java.time.Clock.systemUTC());
    long start = System.nanoTime();
    tone.refill(start);
    tone.refill(start + 100_000_000);
    tone.refill(start + 900_000_000);
    tone.stop(start + 950_000_000);
    List<RingCycle> cycles = tone.cycles(0, timer);
    assertEquals(3, cycles.size());
    assertEquals(cycles.get(1).start(), cycles.get(0).end());
    assertEquals(
        Duration.ofMillis(650), Duration.between(cycles.get(1).end(), cycles.get(2).start()));
    assertEquals(
        Duration.ofMillis(50), Duration.between(cycles.get(2).start(), cycles.get(2).end()));
  }

  @Test
  void declined() throws Exception {
    push(UUID.randomUUID());
    SimulatedCall call = phone.awaitCall(Pushes.PATIENCE);
    phone.decline();
    assertEquals(State.DECLINED, call.state());
    awaitEvent(PhoneEvent.Type.DECLINED);
    assertThrows(IllegalStateException.class, phone::answer);
    assertThrows(IllegalStateException.class, phone::decline);
  }

  @Test
  void expires() throws Exception {
    Instant expiresAt = Instant.now().plusSeconds(2);
    push(Pushes.call(UUID.randomUUID(), expiresAt), "0");
    SimulatedCall call = phone.awaitCall(Pushes.PATIENCE);
    awaitEvent(PhoneEvent.Type.EXPIRED);
    assertEquals(State.EXPIRED, call.state());
    List<RingCycle> rings = call.rings();
    Instant last = rings.get(rings.size() - 1).end();
    assertTrue(
        Duration.between(last, expiresAt).abs().compareTo(MAX_GAP) < 0, last + " " + expiresAt);
  }

  @Test
  void callerHangsUp() throws Exception {
    UUID id = UUID.randomUUID();
    push(id);
    SimulatedCall call = phone.awaitCall(Pushes.PATIENCE);
    phone.callEnded(UUID.randomUUID());
    assertEquals(State.RINGING, call.state());
    phone.callEnded(id);
    assertEquals(State.ENDED, call.state());
    awaitEvent(PhoneEvent.Type.ENDED);
    push(id);
    assertEquals(PushVerdict.ENDED_AT_ONCE, lastVerdict());
    assertEquals(State.ENDED, call.state());
  }

  @Test
  void callThatIsOverBeforeItsPushDoesNotRing() throws Exception {
    phone.openApp();
    UUID id = UUID.randomUUID();
    phone.callEnded(id);
    push(id);
    assertEquals(PushVerdict.ENDED_AT_ONCE, lastVerdict());
    push(Pushes.call(UUID.randomUUID(), Instant.now().minusSeconds(1)), "0");
    assertEquals(PushVerdict.ENDED_AT_ONCE, lastVerdict());
    assertEquals(
        List.of(State.ENDED, State.EXPIRED),
        phone.calls().stream().map(SimulatedCall::state).toList());
    assertEquals(List.of(), phone.calls().get(0).rings());
    TimeoutException e =
        assertThrows(TimeoutException.class, () -> phone.awaitCall(Duration.ofMillis(1)));
    assertTrue(
        e.getMessage().contains("2 pushes arrived, the last: the push came after"), e.getMessage());
  }

  @Test
  void killedAppHearsNothingOfAnEndedCall() throws Exception {
    UUID id = UUID.randomUUID();
    phone.callEnded(id);
    push(id);
    assertEquals(PushVerdict.RANG, lastVerdict());
  }

  @Test
  void repeatedPushRingsOnce() throws Exception {
    UUID id = UUID.randomUUID();
    push(id);
    push(id);
    assertEquals(PushVerdict.REPEATED, lastVerdict());
    assertEquals(1, phone.calls().size());
    phone.answer();
    push(id);
    assertEquals(PushVerdict.REPEATED, lastVerdict());
    assertEquals(State.ANSWERED, phone.calls().get(0).state());
  }

  @Test
  void callsAreAwaitedOneByOneAndAnsweredOldestFirst() throws Exception {
    UUID first = UUID.randomUUID();
    UUID second = UUID.randomUUID();
    push(first);
    push(second);
    assertEquals(first, phone.awaitCall(Pushes.PATIENCE).callId());
    assertEquals(second, phone.awaitCall(Pushes.PATIENCE).callId());
    assertEquals(first, phone.answer().callId());
    assertEquals(second, phone.decline().callId());
  }

  @Test
  void floodOfCallsDoesNotRingForEach() throws Exception {
    for (int i = 0; i <= SimulatedPhone.MAX_RINGING; i++) {
      push(UUID.randomUUID());
    }
    assertEquals(PushVerdict.ENDED_AT_ONCE, lastVerdict());
    phone.killApp();
    assertTrue(phone.calls().stream().allMatch(call -> call.state() == State.ENDED));
  }

  @Test
  void appThatDoesNotReportIsKilledAndThenGetsNothing() throws Exception {
    phone.reportsCalls(false);
    phone.openApp();
    for (int i = 0; i < SimulatedPhone.TOLERATED_OFFENCES; i++) {
      push(UUID.randomUUID());
      assertEquals(PushVerdict.APP_KILLED, lastVerdict());
      assertEquals(AppState.KILLED, phone.appState());
    }
    awaitEvent(PhoneEvent.Type.APP_KILLED);
    phone.reportsCalls(true);
    push(UUID.randomUUID());
    assertEquals(PushVerdict.WITHHELD, lastVerdict());
    assertEquals(List.of(), phone.calls());
    phone.rotateToken();
    push(UUID.randomUUID());
    assertEquals(PushVerdict.RANG, lastVerdict());
  }

  @Test
  void callIdThatIsNoUuidCrashesTheApp() throws Exception {
    push("{\"callId\":\"42\",\"aps\":{}}", "0");
    assertEquals(PushVerdict.APP_KILLED, lastVerdict());
    assertTrue(phone.pushes().get(0).explanation().contains("callId"));
  }

  @Test
  void readsTheKeysOfCommonClients() throws Exception {
    UUID id = UUID.randomUUID();
    push(
        "{\"id\":\"%s\",\"nameCaller\":\"Ada\",\"handle\":\"a@b\",\"isVideo\":true,\"extra\":{\"expiresAt\":%d}}"
            .formatted(id, Instant.now().plusSeconds(5).toEpochMilli()),
        "0");
    SimulatedCall flutter = phone.awaitCall(Pushes.PATIENCE);
    assertEquals(id, flutter.callId());
    assertEquals("Ada", flutter.callerName());
    assertEquals("a@b", flutter.handle());
    assertTrue(flutter.video());
    assertTrue(flutter.expiresAt().isBefore(Instant.now().plusSeconds(6)));

    UUID upper = UUID.randomUUID();
    push(
        "{\"uuid\":\"%s\",\"callerName\":\"Bob\",\"handle\":\"1\",\"hasVideo\":false}"
            .formatted(upper.toString().toUpperCase(java.util.Locale.ROOT)),
        "0");
    SimulatedCall reactNative = phone.awaitCall(Pushes.PATIENCE);
    assertEquals(upper, reactNative.callId());
    assertEquals("Bob", reactNative.callerName());
    assertFalse(reactNative.video());
    Duration ringTime = Duration.between(Instant.now(), reactNative.expiresAt());
    assertTrue(ringTime.compareTo(Duration.ofSeconds(40)) > 0);
    assertTrue(ringTime.compareTo(Duration.ofSeconds(46)) < 0);
  }

  @Test
  void offlinePhoneGetsTheNewestStoredPush() throws Exception {
    phone.online(false);
    UUID newest = UUID.randomUUID();
    push(Pushes.call(UUID.randomUUID(), Instant.now().plusSeconds(30)), in(Duration.ofHours(1)));
    push(Pushes.call(newest, Instant.now().plusSeconds(30)), in(Duration.ofHours(1)));
    assertEquals(List.of(), phone.pushes());
    phone.online(true);
    assertEquals(newest, phone.awaitCall(Pushes.PATIENCE).callId());
    assertEquals(1, phone.pushes().size());
    phone.online(false);
    phone.online(true);
    assertEquals(1, phone.pushes().size());
  }

  @Test
  void pushWithExpirationZeroIsNotStored() throws Exception {
    phone.online(false);
    push(UUID.randomUUID());
    push(Pushes.call(UUID.randomUUID(), Instant.now().plusSeconds(30)), in(Duration.ofSeconds(-1)));
    phone.online(true);
    assertEquals(List.of(), phone.pushes());
  }

  @Test
  void storedPushExpires() throws Exception {
    TestClock clock = new TestClock();
    try (ApnsSimulator own = ApnsSimulator.builder().clock(clock).start()) {
      SimulatedPhone offline = own.registerPhone();
      offline.online(false);
      Pushes.Push push =
          Pushes.voip(own, offline.token()).header("apns-expiration", in(Duration.ofMinutes(1)));
      assertEquals(200, Pushes.withCertificate(own).send(push).status());
      clock.advance(Duration.ofMinutes(2));
      offline.online(true);
      assertEquals(List.of(), offline.pushes());
    }
  }

  @Test
  void forgetsWhatIsOverWhenTold() throws Exception {
    UUID over = UUID.randomUUID();
    UUID ringing = UUID.randomUUID();
    push(over);
    phone.decline();
    push(ringing);
    phone.forgetHistory();
    assertEquals(List.of(), phone.pushes());
    assertEquals(1, phone.calls().size());
    assertEquals(ringing, phone.awaitCall(Pushes.PATIENCE).callId());
    push(over);
    assertEquals(over, phone.awaitCall(Pushes.PATIENCE).callId());
  }

  @Test
  void alertIsNoCall() throws Exception {
    Pushes.Push push =
        Pushes.voip(simulator, phone.alertToken())
            .header("apns-topic", "com.example.app")
            .header("apns-push-type", "alert")
            .body("{\"aps\":{\"alert\":\"missed call\"}}");
    assertEquals(200, client.send(push).status());
    assertEquals(PushVerdict.NOTIFICATION, lastVerdict());
    assertEquals(AppState.KILLED, phone.appState());
    assertEquals(List.of(), phone.calls());
  }

  @Test
  void removedAppIsUnregistered() throws Exception {
    push(UUID.randomUUID());
    phone.unregister();
    assertEquals(State.ENDED, phone.calls().get(0).state());
    assertEquals(410, client.send(Pushes.voip(simulator, phone.token())).status());
  }

  @Test
  void oldTokenIsUnregisteredAfterRotation() throws Exception {
    String old = phone.token();
    String fresh = phone.rotateToken();
    assertEquals(fresh, phone.token());
    assertEquals(410, client.send(Pushes.voip(simulator, old)).status());
    push(UUID.randomUUID());
    assertEquals(PushVerdict.RANG, lastVerdict());
  }

  @Test
  void appStates() throws Exception {
    phone.leaveApp();
    assertEquals(AppState.KILLED, phone.appState());
    phone.openApp();
    push(UUID.randomUUID());
    assertEquals(AppState.FOREGROUND, phone.appState());
    phone.leaveApp();
    assertEquals(AppState.BACKGROUND, phone.appState());
    phone.killApp();
    assertEquals(State.ENDED, phone.calls().get(0).state());
  }

  @Test
  void failingListenerHarmsNobody() throws Exception {
    SimulatedPhone other = simulator.registerPhone();
    other.onEvent(
        event -> {
          throw new IllegalStateException("on purpose");
        });
    BlockingQueue<PhoneEvent> after = new LinkedBlockingQueue<>();
    other.onEvent(after::add);
    assertEquals(200, client.send(Pushes.voip(simulator, other.token())).status());
    PhoneEvent event = after.poll(10, TimeUnit.SECONDS);
    assertEquals(PhoneEvent.Type.PUSH_RECEIVED, event.type());
    assertSame(other, event.phone());
    assertSame(other.calls().get(0), after.poll(10, TimeUnit.SECONDS).call().orElseThrow());
  }
}
