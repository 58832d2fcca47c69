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
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a phone does with the pushes that APNs lets through. */
final class SimulatedPhoneTest {
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

  /** In real time the machine decides how late a cycle is; {@link RingToneTest} is exact. */
  @Test
  void ringsInRealTimeUntilAnswered() throws Exception {
    push(UUID.randomUUID());
    SimulatedCall call = phone.awaitCall(Pushes.PATIENCE);
    assertEquals(State.RINGING, call.state());
    assertEquals(AppState.BACKGROUND, phone.appState());
    long deadline = System.nanoTime() + Pushes.PATIENCE.toNanos();
    while (call.rings().size() < 5 && System.nanoTime() < deadline) {
      LockSupport.parkNanos(1_000_000); // leaves the processor to the timer
    }
    assertSame(call, phone.answer());
    List<RingCycle> rings = call.rings();
    assertTrue(rings.size() >= 5, rings.toString());
    Instant soundingUntil = rings.get(0).start();
    for (RingCycle ring : rings) {
      assertFalse(ring.start().isBefore(soundingUntil), rings.toString());
      assertFalse(ring.end().isBefore(ring.start()), rings.toString());
      assertFalse(ring.end().isAfter(ring.start().plus(RingTone.BUFFER)), rings.toString());
      soundingUntil = ring.end();
    }
    assertEquals(State.ANSWERED, call.state());
    assertEquals(AppState.FOREGROUND, phone.appState());
    assertEquals(rings, call.rings());
    awaitEvent(PhoneEvent.Type.RINGING);
    awaitEvent(PhoneEvent.Type.ANSWERED);
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
    assertFalse(Instant.now().isBefore(expiresAt.truncatedTo(ChronoUnit.MILLIS)));
    assertTrue(call.missed());
    List<RingCycle> rings = call.rings();
    assertTrue(rings.size() > 1, rings.toString());
    assertEquals(rings, call.rings());
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
    assertTrue(call.missed());
  }

  @Test
  void userAnswersOnADeviceThatIsNotSimulated() throws Exception {
    UUID id = UUID.randomUUID();
    push(id);
    SimulatedCall call = phone.awaitCall(Pushes.PATIENCE);
    phone.answeredElsewhere(id);
    assertEquals(State.ANSWERED_ELSEWHERE, call.state());
    assertFalse(call.missed());
    awaitEvent(PhoneEvent.Type.ANSWERED_ELSEWHERE);
    phone.declinedElsewhere(id);
    assertEquals(State.ANSWERED_ELSEWHERE, call.state());

    UUID declined = UUID.randomUUID();
    phone.declinedElsewhere(declined);
    push(declined);
    assertEquals(PushVerdict.ENDED_AT_ONCE, lastVerdict());
    assertEquals(State.DECLINED_ELSEWHERE, phone.calls().get(1).state());
    assertFalse(phone.calls().get(1).missed());
    assertEquals(
        "the user had declined the call on another device", phone.pushes().get(1).explanation());
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
    assertTrue(phone.calls().stream().allMatch(SimulatedCall::missed));
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
  void newerPushReplacesTheStoredOneEvenIfItIsNotStored() throws Exception {
    phone.online(false);
    push(Pushes.call(UUID.randomUUID(), Instant.now().plusSeconds(30)), in(Duration.ofHours(1)));
    push(UUID.randomUUID());
    phone.online(true);
    assertEquals(List.of(), phone.pushes());
  }

  @Test
  void oneOfEachKindIsStored() throws Exception {
    phone.online(false);
    push(Pushes.call(UUID.randomUUID(), Instant.now().plusSeconds(30)), in(Duration.ofHours(1)));
    Pushes.Push alert =
        Pushes.alert(simulator, phone.alertToken())
            .header("apns-expiration", in(Duration.ofHours(1)));
    assertEquals(200, client.send(alert).status());
    phone.online(true);
    assertEquals(
        List.of(PushVerdict.RANG, PushVerdict.NOTIFICATION),
        phone.pushes().stream().map(ReceivedPush::verdict).toList());
  }

  @Test
  void oneIsStoredForEachTokenWhateverItsTopic() throws Exception {
    phone.online(false);
    Pushes.Push alert =
        Pushes.alert(simulator, phone.alertToken())
            .header("apns-expiration", in(Duration.ofHours(1)));
    assertEquals(200, client.send(alert).status());
    alert
        .header("apns-topic", "com.example.app.complication")
        .header("apns-push-type", "complication");
    assertEquals(
        200,
        Pushes.withoutCertificate(simulator)
            .send(alert.header("authorization", Pushes.jwt(simulator)))
            .status());
    phone.online(true);
    assertEquals(
        List.of("com.example.app.complication"),
        phone.pushes().stream().map(p -> p.request().headers().get("apns-topic")).toList());
  }

  @Test
  void storedPushExpiresToTheSecond() throws Exception {
    TestClock clock = new TestClock();
    try (ApnsSimulator own = ApnsSimulator.builder().clock(clock).start()) {
      Pushes pushes = Pushes.withCertificate(own);
      SimulatedPhone inTime = own.registerPhone();
      SimulatedPhone tooLate = own.registerPhone();
      SimulatedPhone withoutEnd = own.registerPhone();
      for (SimulatedPhone offline : List.of(inTime, tooLate, withoutEnd)) {
        offline.online(false);
        Pushes.Push push =
            Pushes.voip(own, offline.token())
                .header("apns-expiration", "" + clock.instant().plusSeconds(60).getEpochSecond());
        if (offline == withoutEnd) {
          push.without("apns-expiration");
        }
        assertEquals(200, pushes.send(push).status());
      }
      clock.advance(Duration.ofMillis(59_999));
      inTime.online(true);
      assertEquals(PushVerdict.ENDED_AT_ONCE, inTime.pushes().get(0).verdict());
      assertEquals(Duration.ofMillis(59_999), inTime.pushes().get(0).latency());
      assertEquals(State.EXPIRED, inTime.calls().get(0).state());
      clock.advance(Duration.ofMillis(1));
      tooLate.online(true);
      assertEquals(List.of(), tooLate.pushes());
      clock.advance(Duration.ofDays(365));
      withoutEnd.online(true);
      assertEquals(1, withoutEnd.pushes().size());
    }
  }

  @Test
  void storedPushIsLostWithItsToken() throws Exception {
    phone.online(false);
    push(Pushes.call(UUID.randomUUID(), Instant.now().plusSeconds(30)), in(Duration.ofHours(1)));
    phone.rotateToken();
    phone.online(true);
    assertEquals(List.of(), phone.pushes());
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
    assertEquals(200, client.send(Pushes.alert(simulator, phone.alertToken())).status());
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
  void oldTokensAreUnregisteredSinceTheRotation() throws Exception {
    TestClock clock = new TestClock();
    try (ApnsSimulator own = ApnsSimulator.builder().clock(clock).start()) {
      Pushes pushes = Pushes.withCertificate(own);
      SimulatedPhone rotated = own.registerPhone();
      String oldToken = rotated.token();
      String oldAlertToken = rotated.alertToken();
      clock.advance(Duration.ofMillis(1500));
      String answer = "{\"reason\":\"Unregistered\",\"timestamp\":%d}".formatted(clock.millis());
      String fresh = rotated.rotateToken();
      assertEquals(fresh, rotated.token());
      assertEquals(4, Set.of(oldToken, oldAlertToken, fresh, rotated.alertToken()).size());
      assertEquals(200, pushes.send(Pushes.voip(own, fresh)).status());
      assertEquals(200, pushes.send(Pushes.alert(own, rotated.alertToken())).status());
      assertEquals(
          List.of(PushVerdict.RANG, PushVerdict.NOTIFICATION),
          rotated.pushes().stream().map(ReceivedPush::verdict).toList());
      clock.advance(Duration.ofDays(1));
      assertEquals(answer, pushes.send(Pushes.voip(own, oldToken)).body());
      assertEquals(answer, pushes.send(Pushes.alert(own, oldAlertToken)).body());
    }
  }

  @Test
  void phoneWithoutCallKitHasBannersOnly() throws Exception {
    SimulatedPhone plain = simulator.newPhone().callKit(false).register();
    assertFalse(plain.callKit());
    IllegalStateException e = assertThrows(IllegalStateException.class, plain::token);
    assertTrue(e.getMessage().contains("alertToken()"), e.getMessage());
    Pushes.Push alert = Pushes.alert(simulator, plain.alertToken());
    for (String payload :
        List.of(
            "{\"aps\":{\"alert\":\"Ada calls\"}}",
            "{\"aps\":{\"alert\":{\"title\":\"Ada\",\"body\":\"calls you\"}}}",
            "{\"aps\":{\"alert\":{\"body\":7}},\"callId\":\"%s\"}".formatted(UUID.randomUUID()),
            "{\"aps\":{\"content-available\":1}}")) {
      assertEquals(200, client.send(alert.body(payload)).status());
    }
    assertEquals(
        List.of(
            Optional.of(new Banner("", "Ada calls")),
            Optional.of(new Banner("Ada", "calls you")),
            Optional.of(new Banner("", "")),
            Optional.empty()),
        plain.pushes().stream().map(ReceivedPush::banner).toList());
    assertTrue(plain.pushes().stream().allMatch(p -> p.verdict() == PushVerdict.NOTIFICATION));
    assertTrue(plain.pushes().get(0).explanation().endsWith("a banner"));
    assertTrue(plain.pushes().get(3).explanation().endsWith("nothing"));
    assertFalse(plain.pushes().get(0).banner().toString().contains("Ada"));
    assertEquals(List.of(), plain.calls());
    assertThrows(IllegalStateException.class, plain::answer);
    assertFalse(plain.toString().contains(plain.alertToken()));
    assertEquals(
        "{\"reason\":\"DeviceTokenNotForTopic\"}",
        client.send(Pushes.voip(simulator, plain.alertToken())).body());
    String old = plain.alertToken();
    assertEquals(plain.rotateToken(), plain.alertToken());
    assertEquals(410, client.send(Pushes.alert(simulator, old)).status());
  }

  @Test
  void voipPushHasNoBanner() throws Exception {
    push("{\"callId\":\"%s\",\"aps\":{\"alert\":\"no\"}}".formatted(UUID.randomUUID()), "0");
    assertEquals(Optional.empty(), phone.pushes().get(0).banner());
  }

  @Test
  void oneOfSeveralCallsIsAnsweredDeclinedAndHungUp() throws Exception {
    UUID first = UUID.randomUUID();
    UUID second = UUID.randomUUID();
    UUID third = UUID.randomUUID();
    push(first);
    push(second);
    push(third);
    assertEquals(second, phone.answer(second).callId());
    assertEquals(third, phone.decline(third).callId());
    assertEquals(
        List.of(State.RINGING, State.ANSWERED, State.DECLINED),
        phone.calls().stream().map(SimulatedCall::state).toList());
    assertEquals(
        "a call must be RINGING to be answered or declined, but " + third + " was DECLINED",
        assertThrows(IllegalStateException.class, () -> phone.answer(third)).getMessage());
    assertEquals(
        "a call must be ANSWERED to be hung up, but " + first + " was RINGING",
        assertThrows(IllegalStateException.class, () -> phone.hangUp(first)).getMessage());
    UUID unknown = UUID.randomUUID();
    assertEquals(
        "a call must be RINGING to be answered or declined, but %s is unknown to %s"
            .formatted(unknown, phone),
        assertThrows(IllegalStateException.class, () -> phone.decline(unknown)).getMessage());
    assertEquals(State.ENDED, phone.hangUp(second).state());
    assertTrue(phone.calls().stream().noneMatch(SimulatedCall::missed));
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
