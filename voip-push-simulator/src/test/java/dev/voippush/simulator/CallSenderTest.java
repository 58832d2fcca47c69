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
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
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
  private static ExecutorService executor;
  private static CallSender sender;

  @BeforeAll
  static void start() {
    simulator = ApnsSimulator.builder().clock(clock).start();
    executor = Executors.newCachedThreadPool();
    sender = new CallSender(simulator, executor, (id, message) -> failures.add(message));
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
      new CallSender(oneAtATime, executor, (id, message) -> failures.add(message))
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
