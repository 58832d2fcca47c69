// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.call;
import static dev.voippush.TestClients.failureOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.Script;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Many devices, one call: on either transport, judged by the server's record. */
@ParameterizedClass
@EnumSource
@Timeout(60)
class RingTest {
  private final VoipPushClientTest.Kind kind;
  private ApnsSimulator apns;

  RingTest(VoipPushClientTest.Kind kind) {
    this.kind = kind;
  }

  @BeforeEach
  void startApns() {
    apns = ApnsSimulator.start();
  }

  @AfterEach
  void closeApns() {
    apns.close();
  }

  private VoipPushClient client(UnaryOperator<VoipPushClient.Builder> options) throws Exception {
    return options
        .apply(kind.choose(TestClients.builder(apns, TestClients.certificate(apns))))
        .build();
  }

  private DeviceToken phone() {
    return DeviceToken.of(apns.registerPhone().token());
  }

  private DeviceToken phone(Script script) {
    DeviceToken phone = phone();
    apns.script(phone.hex(), script);
    return phone;
  }

  private List<DeviceToken> phones(int count) {
    List<DeviceToken> phones = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      phones.add(phone());
    }
    return phones;
  }

  private static RingOutcome outcome(Ring ring) throws Exception {
    return ring.outcome().get(30, TimeUnit.SECONDS);
  }

  private List<DeviceToken> pushedTo() {
    return apns.requests().stream().map(r -> DeviceToken.of(r.deviceToken())).toList();
  }

  @Test
  void onePushForEachDistinctDeviceInTheOrderGiven() throws Exception {
    List<DeviceToken> phones = phones(3);
    List<DeviceToken> given =
        List.of(phones.get(2), phones.get(0), phones.get(2), phones.get(1), phones.get(0));
    List<DeviceToken> distinct = List.of(phones.get(2), phones.get(0), phones.get(1));
    CallPayload call = call();
    try (VoipPushClient client = client(b -> b.maxInFlight(1))) {
      Ring ring = client.ring(call, given);
      assertEquals(distinct, List.copyOf(ring.results().keySet()));
      RingOutcome outcome = outcome(ring);
      assertEquals(call.callId(), outcome.callId());
      assertEquals(distinct, List.copyOf(outcome.reached()));
      assertEquals(Map.of(), outcome.rejected());
      assertEquals(Map.of(), outcome.failed());
      for (RecordedRequest request : apns.requests()) {
        PushResult result = ring.results().get(DeviceToken.of(request.deviceToken())).get();
        assertEquals(request.apnsId(), result.apnsId().toString());
        assertEquals(
            new String(call.toJson(), StandardCharsets.UTF_8),
            new String(request.payload(), StandardCharsets.UTF_8));
      }
      assertThrows(UnsupportedOperationException.class, () -> ring.results().clear());
    }
    assertEquals(distinct, pushedTo());
    assertEquals(3, apns.streamsOpened());
  }

  @Test
  void nobodyToRingIsOverAtOnce() throws Exception {
    try (VoipPushClient client = client(b -> b)) {
      CallPayload call = call();
      Ring ring = client.ring(call, Set.of());
      assertTrue(ring.outcome().isDone());
      assertEquals(call.callId(), outcome(ring).callId());
      assertFalse(outcome(ring).mayRing());
      assertEquals(Map.of(), ring.results());
      ring.stop();
    }
    assertEquals(0, apns.connectionsAccepted());
  }

  @Test
  void missingDeviceRingsNobody() throws Exception {
    DeviceToken phone = phone();
    try (VoipPushClient client = client(b -> b)) {
      assertThrows(
          NullPointerException.class, () -> client.ring(call(), Arrays.asList(phone, null)));
      assertTrue(client.send(phone, call()).accepted());
    }
    assertEquals(1, apns.streamsOpened());
  }

  @Test
  void outcomeHasEachDeviceInOneOfThree() throws Exception {
    Instant since = Instant.parse("2026-11-01T08:30:00.123Z");
    byte[] withoutTime = "{\"reason\":\"Unregistered\"}".getBytes(StandardCharsets.UTF_8);
    DeviceToken rings = phone();
    DeviceToken bad = phone(Script.reject(400, "BadDeviceToken"));
    DeviceToken silent = phone(Script.silence());
    DeviceToken dead = phone(Script.unregistered(since));
    DeviceToken deadToo = phone(Script.rejectWithBody(410, withoutTime));
    MutableClock clock = new MutableClock(Instant.now());
    Instant begin = clock.instant();
    RingOutcome outcome;
    Map<DeviceToken, CompletableFuture<PushResult>> results;
    try (VoipPushClient client =
        client(b -> b.clock(clock).attemptTimeout(Duration.ofSeconds(1)).retryUnknown(false))) {
      Ring ring = client.ring(call(), List.of(deadToo, silent, bad, rings, dead));
      clock.add(Duration.ofSeconds(1));
      outcome = outcome(ring);
      results = ring.results();
    }
    assertEquals(Set.of(rings), outcome.reached());
    assertEquals(List.of(deadToo, bad, dead), List.copyOf(outcome.rejected().keySet()));
    assertEquals(Set.of(silent), outcome.failed().keySet());
    assertEquals(Map.of(dead, since, deadToo, begin), outcome.deadTokens());
    assertEquals(RejectionReason.BAD_DEVICE_TOKEN, outcome.rejected().get(bad).reason());
    assertEquals(Failure.TIMEOUT, outcome.failed().get(silent).failure());
    assertEquals(Delivery.UNKNOWN, outcome.failed().get(silent).delivery());
    assertTrue(outcome.mayRing());
    assertTrue(results.get(rings).get().accepted());
    assertEquals(outcome.rejected().get(dead), results.get(dead).get());
    assertEquals(outcome.failed().get(silent), failureOf(results.get(silent)));
  }

  @Test
  void outcomeCompletesOnTheExecutorAfterTheLastResult() throws Exception {
    List<DeviceToken> phones = phones(20);
    apns.script(Script.normal().delay(Duration.ofMillis(20)));
    apns.script(phones.get(7).hex(), Script.normal().delay(Duration.ofMillis(200)));
    var executor = Executors.newFixedThreadPool(4, r -> new Thread(r, "users-own"));
    try (VoipPushClient client = client(b -> b.executor(executor))) {
      CompletableFuture<String> heard = new CompletableFuture<>();
      Ring ring = client.ring(call(), phones);
      var unused =
          ring.outcome()
              .whenComplete(
                  (outcome, e) ->
                      heard.complete(
                          Thread.currentThread().getName()
                              + ring.results().values().stream()
                                  .filter(CompletableFuture::isDone)
                                  .count()));
      assertEquals("users-own20", heard.get(30, TimeUnit.SECONDS));
    } finally {
      executor.shutdown();
    }
  }

  @Test
  void cancellingOneResultDropsThatPushOnly() throws Exception {
    List<DeviceToken> phones = phones(3);
    apns.script(Script.normal().delay(Duration.ofMillis(200)));
    DeviceToken cancelled = phones.get(1);
    try (VoipPushClient client = client(b -> b.maxInFlight(1))) {
      Ring ring = client.ring(call(), phones);
      apns.awaitRequests(1, Duration.ofSeconds(10));
      assertTrue(ring.results().get(cancelled).cancel(false));
      RingOutcome outcome = outcome(ring);
      assertEquals(Set.of(phones.get(0), phones.get(2)), outcome.reached());
      assertEquals(Set.of(cancelled), outcome.failed().keySet());
      assertEquals(Failure.CANCELLED, outcome.failed().get(cancelled).failure());
      assertEquals(Delivery.NOT_SENT, outcome.failed().get(cancelled).delivery());
      assertThrows(CancellationException.class, () -> ring.results().get(cancelled).get());
    }
    assertEquals(List.of(phones.get(0), phones.get(2)), pushedTo());
  }

  @Test
  void cancellingAWrittenPushTellsThatItMayRing() throws Exception {
    DeviceToken silent = phone(Script.silence());
    try (VoipPushClient client = client(b -> b)) {
      Ring ring = client.ring(call(), List.of(silent));
      apns.awaitRequests(1, Duration.ofSeconds(10));
      assertTrue(ring.results().get(silent).cancel(false));
      RingOutcome outcome = outcome(ring);
      assertEquals(Failure.CANCELLED, outcome.failed().get(silent).failure());
      assertEquals(Delivery.UNKNOWN, outcome.failed().get(silent).delivery());
      assertTrue(outcome.mayRing());
    }
  }

  @Test
  void whatAUserDoesToHisOutcomeIsHisOwnAffair() throws Exception {
    List<DeviceToken> phones = phones(2);
    apns.script(Script.normal().delay(Duration.ofMillis(200)));
    try (VoipPushClient client = client(b -> b)) {
      Ring ring = client.ring(call(), phones);
      CompletableFuture<RingOutcome> before = ring.outcome();
      assertTrue(ring.outcome().cancel(true));
      assertTrue(ring.outcome().completeExceptionally(new IllegalStateException("his own")));
      assertEquals(phones, List.copyOf(before.get(30, TimeUnit.SECONDS).reached()));
      assertEquals(phones, List.copyOf(outcome(ring).reached()));
    }
    assertEquals(2, apns.requests().size());
  }

  @Test
  void closedClientRingsNobody() throws Exception {
    List<DeviceToken> phones = phones(3);
    VoipPushClient client = client(b -> b);
    client.close();
    Ring ring = client.ring(call(), phones);
    RingOutcome outcome = outcome(ring);
    ring.stop();
    assertEquals(phones, List.copyOf(outcome.failed().keySet()));
    for (VoipPushException failure : outcome.failed().values()) {
      assertEquals(Failure.CLOSED, failure.failure());
      assertEquals(Delivery.NOT_SENT, failure.delivery());
      assertEquals(0, failure.attempts());
    }
    assertFalse(outcome.mayRing());
    assertEquals(0, apns.streamsOpened());
  }

  @Test
  void closingEndsARingThatWaits() throws Exception {
    List<DeviceToken> phones = phones(3);
    apns.script(Script.silence());
    VoipPushClient client = client(b -> b.maxInFlight(1).closeTimeout(Duration.ZERO));
    Ring ring = client.ring(call(), phones);
    apns.awaitRequests(1, Duration.ofSeconds(10));
    client.close();
    List<Delivery> deliveries =
        outcome(ring).failed().values().stream().map(VoipPushException::delivery).toList();
    assertEquals(List.of(Delivery.UNKNOWN, Delivery.NOT_SENT, Delivery.NOT_SENT), deliveries);
    assertTrue(
        outcome(ring).failed().values().stream().allMatch(e -> e.failure() == Failure.CLOSED));
    assertEquals(1, apns.streamsOpened());
  }

  @Test
  void whatDoesNotFitIsQueueFullAndTheRestIsSent() throws Exception {
    List<DeviceToken> phones = phones(5);
    apns.script(Script.normal().delay(Duration.ofMillis(100)));
    try (VoipPushClient client = client(b -> b.maxInFlight(1).maxQueued(2))) {
      Ring ring = client.ring(call(), phones);
      RingOutcome outcome = outcome(ring);
      assertEquals(phones.subList(0, 3), List.copyOf(outcome.reached()));
      assertEquals(phones.subList(3, 5), List.copyOf(outcome.failed().keySet()));
      for (VoipPushException failure : outcome.failed().values()) {
        assertEquals(Failure.QUEUE_FULL, failure.failure());
        assertEquals(Delivery.NOT_SENT, failure.delivery());
        assertEquals(0, failure.attempts());
      }
      assertEquals(3, outcome(client.ring(call(), phones.subList(0, 3))).reached().size());
    }
    assertEquals(6, apns.streamsOpened());
  }

  @Test
  void serverThatSaysNothingHoldsUpNoCaller() throws Exception {
    List<DeviceToken> phones = phones(3);
    try (VoipPushClient client = client(b -> b.closeTimeout(Duration.ZERO))) {
      assertTrue(client.send(phones.get(0), call()).accepted());
      apns.freeze(); // for good
      Ring warm = client.ring(call(), phones);
      assertFalse(warm.outcome().isDone());
      warm.stop();
      try (VoipPushClient cold = client(b -> b.closeTimeout(Duration.ZERO))) {
        Ring ring = cold.ring(call(), phones);
        assertFalse(ring.outcome().isDone());
        ring.stop();
        assertEquals(0, outcome(ring).reached().size());
        assertFalse(outcome(ring).mayRing());
      }
    }
  }

  @Test
  void callersThreadWritesNothing() throws Exception {
    DeviceToken phone = phone();
    Set<Thread> writers = ConcurrentHashMap.newKeySet();
    PushListener listener =
        new PushListener() {
          @Override
          public void attemptStarted(PushEvent push) {
            writers.add(Thread.currentThread());
          }
        };
    try (VoipPushClient client = client(b -> b.listener(listener).executor(Runnable::run))) {
      assertTrue(client.send(phone, call()).accepted());
      writers.clear();
      for (int i = 0; i < 20; i++) { // each on a connection at rest
        assertEquals(1, outcome(client.ring(call(), List.of(phone))).reached().size());
      }
    }
    assertFalse(writers.isEmpty());
    assertFalse(writers.contains(Thread.currentThread()), writers.toString());
  }
}
