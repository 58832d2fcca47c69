// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The simulator's own sender of calls: real pushes, as APNs wants them. */
@Timeout(30)
final class CallSenderTest {
  private static final TestClock clock = new TestClock();
  private static final List<String> failures = new CopyOnWriteArrayList<>();
  private static ApnsSimulator simulator;
  private static final Set<UUID> hungUp = ConcurrentHashMap.newKeySet();
  private static ExecutorService executor;
  private static CallSender sender;

  @BeforeAll
  static void start() {
    simulator = ApnsSimulator.builder().clock(clock).start();
    executor = Executors.newCachedThreadPool();
    sender =
        new CallSender(
            simulator, executor, hungUp::contains, (id, message) -> failures.add(message));
  }

  @AfterAll
  static void close() {
    simulator.close();
    executor.shutdownNow();
  }

  @BeforeEach
  void forgetRequests() {
    simulator.forgetRequests();
  }

  @AfterEach
  void allWereAnswered() {
    assertEquals(List.of(), failures);
  }

  @Test
  void pushesToEachPhoneInItsEnvironment() throws Exception {
    SimulatedPhone production = simulator.registerPhone();
    SimulatedPhone sandbox = simulator.newPhone().sandbox(true).register();
    PlacedCall call = call("Ada", "+49 (30) 123-45", true, List.of(production, sandbox));
    sender.accept(call);
    for (SimulatedPhone phone : call.phones()) {
      SimulatedCall rings = phone.awaitCall(Pushes.PATIENCE);
      assertEquals(call.callId(), rings.callId());
      assertEquals(
          clock.instant().plusSeconds(20).toEpochMilli(), rings.expiresAt().toEpochMilli());
      RecordedRequest request = phone.pushes().get(0).request();
      assertEquals(phone.sandbox(), request.sandbox());
      assertEquals("com.example.app.voip", request.header("apns-topic").orElseThrow());
      assertEquals("voip", request.header("apns-push-type").orElseThrow());
      assertEquals("10", request.header("apns-priority").orElseThrow());
      assertEquals(
          String.valueOf(clock.instant().getEpochSecond() + 20),
          request.header("apns-expiration").orElseThrow());
      assertTrue(RequestRules.isUuid(request.header("apns-id").orElseThrow()));
      Map<String, Object> payload = Json.object(request.payload());
      assertEquals(
          List.of(
              "callId",
              "callerName",
              "handle",
              "handleType",
              "video",
              "sentAt",
              "expiresAt",
              "aps"),
          List.copyOf(payload.keySet()));
      assertEquals("phone", payload.get("handleType"));
      assertEquals((double) clock.instant().toEpochMilli(), payload.get("sentAt"));
      assertEquals(Map.of(), payload.get("aps"));
    }
  }

  @Test
  void alertsAPhoneWithoutCallKit() throws Exception {
    SimulatedPhone phone = simulator.newPhone().callKit(false).register();
    PlacedCall call = call("Ada", "ada", false, List.of(phone));
    sender.accept(call);
    simulator.awaitRequests(1, Pushes.PATIENCE);
    RecordedRequest request = simulator.requests().get(0);
    assertEquals(200, request.status(), request.reason());
    assertEquals("com.example.app", request.header("apns-topic").orElseThrow());
    assertEquals("alert", request.header("apns-push-type").orElseThrow());
    assertEquals(call.callId().toString(), request.header("apns-collapse-id").orElseThrow());
    Map<String, Object> payload = Json.object(request.payload());
    assertEquals("generic", payload.get("handleType"));
    assertEquals(
        Map.of("title", "Ada", "body", "Incoming call"),
        ((Map<?, ?>) payload.get("aps")).get("alert"));
    hungUp.add(call.callId()); // its alerts end
  }

  /** Has each push to this phone told. */
  private static BlockingQueue<PhoneEvent> pushesTo(SimulatedPhone phone) {
    BlockingQueue<PhoneEvent> events = new LinkedBlockingQueue<>();
    phone.onEvent(
        event -> {
          if (event.type() == PhoneEvent.Type.PUSH_RECEIVED) {
            events.add(event);
          }
        });
    return events;
  }

  /** How the call ended by the last alert, for which this waits. */
  private static Object awaitEnd(SimulatedPhone phone, BlockingQueue<PhoneEvent> pushes)
      throws Exception {
    Object end = null;
    while (end == null) {
      assertTrue(
          pushes.poll(Pushes.PATIENCE.toSeconds(), TimeUnit.SECONDS) != null,
          () -> "no last alert: " + phone.pushes());
      List<ReceivedPush> all = phone.pushes();
      end = Json.object(all.get(all.size() - 1).request().payload()).get("callEnd");
    }
    return end;
  }

  @Test
  void alertsSayHowTheCallEnded() throws Exception {
    SimulatedPhone phone = simulator.newPhone().callKit(false).register();
    SimulatedPhone answering = simulator.registerPhone();
    BlockingQueue<PhoneEvent> pushes = pushesTo(phone);
    PlacedCall call = call("Ada", "ada", false, List.of(phone, answering));
    sender.accept(call);
    phone.awaitCall(Pushes.PATIENCE);
    answering.awaitCall(Pushes.PATIENCE);
    answering.answer();
    assertEquals("answered", awaitEnd(phone, pushes));
    assertEquals(SimulatedCall.State.ANSWERED_ELSEWHERE, phone.calls().get(0).state());
    assertEquals(List.of(new Banner("Ada", "Call answered")), phone.banners());
  }

  @Test
  void alertsSayThatTheCallerGaveUp() throws Exception {
    SimulatedPhone phone = simulator.newPhone().callKit(false).register();
    BlockingQueue<PhoneEvent> pushes = pushesTo(phone);
    PlacedCall call = call("Ada", "ada", true, List.of(phone));
    sender.accept(call);
    phone.awaitCall(Pushes.PATIENCE);
    hungUp.add(call.callId());
    assertEquals("missed", awaitEnd(phone, pushes));
    assertTrue(phone.calls().get(0).missed());
    assertEquals(List.of(new Banner("Ada", "Missed call")), phone.banners());
  }

  @Test
  void manyPhonesAtOnceAllRing() throws Exception {
    List<SimulatedPhone> phones = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      phones.add(simulator.newPhone().sandbox(i % 2 == 0).register());
    }
    for (int round = 0; round < 3; round++) {
      sender.accept(call("Ada", "a@example.com", false, phones));
      for (SimulatedPhone phone : phones) {
        phone.awaitCall(Pushes.PATIENCE);
        phone.decline();
      }
    }
    assertEquals(0, simulator.streamLimitViolations());
  }

  @Test
  void phoneWaitsWhileTheConnectionTakesNoMore() throws Exception {
    try (ApnsSimulator oneAtATime = ApnsSimulator.builder().maxConcurrentStreams(1).start()) {
      SimulatedPhone slow = oneAtATime.registerPhone();
      SimulatedPhone next = oneAtATime.registerPhone();
      oneAtATime.script(slow.token(), Script.normal().delay(Duration.ofSeconds(1)));
      new CallSender(oneAtATime, executor, id -> false, (id, message) -> failures.add(message))
          .accept(call("Ada", "ada", false, List.of(slow, next)));
      next.awaitCall(Pushes.PATIENCE);
      slow.awaitCall(Pushes.PATIENCE);
      assertEquals(0, oneAtATime.streamLimitViolations());
    }
  }

  @Test
  void providerTokenIsRenewedInTime() throws Exception {
    SimulatedPhone phone = simulator.registerPhone();
    String first = authorization(phone);
    clock.advance(Duration.ofMinutes(49));
    assertEquals(first, authorization(phone));
    clock.advance(Duration.ofMinutes(2));
    assertNotEquals(first, authorization(phone));
    assertFalse(
        simulator.requests().stream().anyMatch(request -> request.status() != 200),
        simulator.requests().toString());
  }

  private String authorization(SimulatedPhone phone) throws Exception {
    sender.accept(call("Ada", "", false, List.of(phone)));
    phone.awaitCall(Pushes.PATIENCE);
    phone.decline();
    List<RecordedRequest> requests = simulator.requests();
    return requests.get(requests.size() - 1).header("authorization").orElseThrow();
  }

  private static PlacedCall call(
      String name, String handle, boolean video, List<SimulatedPhone> phones) {
    return new PlacedCall(UUID.randomUUID(), name, handle, video, Duration.ofSeconds(20), phones);
  }
}
