// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.call;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.Script;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rings that are answered, declined or given up, on either transport. */
@ParameterizedClass
@EnumSource
@Timeout(60)
class RingStopTest {
  private final VoipPushClientTest.Kind kind;
  private ApnsSimulator apns = ApnsSimulator.start();

  RingStopTest(VoipPushClientTest.Kind kind) {
    this.kind = kind;
  }

  @AfterEach
  void closeApns() {
    apns.close();
  }

  private void restart(ApnsSimulator.Builder options) {
    apns.close();
    apns = options.start();
  }

  private VoipPushClient client(UnaryOperator<VoipPushClient.Builder> options) throws Exception {
    return options
        .apply(kind.choose(TestClients.builder(apns, TestClients.certificate(apns))))
        .build();
  }

  /** Devices that no phone has; {@link Script}s answer for them. */
  private static List<DeviceToken> devices(int first, int count) {
    List<DeviceToken> devices = new ArrayList<>();
    for (int i = first; i < first + count; i++) {
      devices.add(DeviceToken.of(String.format("%064x", i)));
    }
    return devices;
  }

  private void answerAfter(int millis) {
    apns.script(Script.reject(400, "BadDeviceToken").delay(Duration.ofMillis(millis)));
  }

  private static RingOutcome outcome(Ring ring) throws Exception {
    return ring.outcome().get(30, TimeUnit.SECONDS);
  }

  private Set<DeviceToken> recorded() {
    return apns.requests().stream()
        .map(request -> DeviceToken.of(request.deviceToken()))
        .collect(Collectors.toSet());
  }

  /** What was sent has a verdict, and the rest was stopped before. */
  private void assertHalted(List<DeviceToken> devices, RingOutcome outcome) {
    Set<DeviceToken> sent = recorded();
    sent.retainAll(devices);
    assertEquals(sent, outcome.rejected().keySet());
    Set<DeviceToken> unsent = new HashSet<>(devices);
    unsent.removeAll(sent);
    assertEquals(unsent, outcome.failed().keySet());
    for (VoipPushException failure : outcome.failed().values()) {
      assertEquals(Failure.STOPPED, failure.failure(), failure.getMessage());
      assertEquals(Delivery.NOT_SENT, failure.delivery(), failure.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 5", "1000, 50"})
  void nothingOfWhatWaitsIsEverSent(int streams, int millis) throws Exception {
    restart(ApnsSimulator.builder().maxConcurrentStreams(streams));
    answerAfter(millis);
    List<DeviceToken> devices = devices(0, 5_000);
    // So few in flight that flow control holds back no body, whose headers would be sent already.
    try (VoipPushClient client = client(b -> b.maxInFlight(100))) {
      Ring ring = client.ring(call(), devices);
      apns.awaitRequests(10, Duration.ofSeconds(20));
      ring.stop();
      RingOutcome outcome = outcome(ring);
      assertTrue(outcome.failed().size() > 1_000, outcome.toString());
      assertHalted(devices, outcome);
      int headers = apns.streamsOpened();
      if (kind == VoipPushClientTest.Kind.STREAM) {
        assertEquals(apns.requests().size(), headers);
      } else { // OkHttp writes headers before it asks for the body
        int inFlight = Math.min(streams, 100);
        assertTrue(headers <= apns.requests().size() + inFlight, headers + " streams");
      }
      assertEquals(
          apns.requests().size(),
          apns.requests().stream().map(RecordedRequest::apnsId).distinct().count());
    }
    assertEquals(List.of(), apns.unprocessedRequests());
  }

  @Test
  void whatWaitsToBeTriedAgainIsNot() throws Exception {
    apns.script(Script.reject(429, "TooManyRequests"));
    List<DeviceToken> devices = devices(0, 3);
    try (VoipPushClient client = client(b -> b)) {
      Ring ring = client.ring(call(), devices);
      TestClients.await(() -> apns.requests().size() == 3 && client.health().inFlight() == 0);
      ring.stop();
      RingOutcome outcome = outcome(ring);
      assertEquals(devices, List.copyOf(outcome.rejected().keySet()), "the last word of APNs");
      assertTrue(outcome.rejected().values().stream().allMatch(r -> r.attempts() == 1));
    }
    assertEquals(3, apns.streamsOpened());
  }

  @Test
  void whatIsInFlightKeepsItsVerdictButIsNotTriedAgain() throws Exception {
    apns.script(Script.reject(503, "ServiceUnavailable").delay(Duration.ofMillis(300)));
    try (VoipPushClient client = client(b -> b)) {
      Ring ring = client.ring(call(), devices(0, 1));
      apns.awaitRequests(1, Duration.ofSeconds(10));
      ring.stop();
      RingOutcome outcome = outcome(ring);
      assertEquals(1, outcome.rejected().size(), outcome.failed().toString());
      assertEquals(1, outcome.rejected().values().iterator().next().attempts());
    }
    assertEquals(1, apns.streamsOpened());
  }

  @Test
  void afterTheAnswersItChangesNothing() throws Exception {
    answerAfter(0);
    List<DeviceToken> devices = devices(0, 3);
    try (VoipPushClient client = client(b -> b)) {
      Ring ring = client.ring(call(), devices);
      Map<DeviceToken, PushResult.Rejected> before = outcome(ring).rejected();
      ring.stop();
      ring.stop();
      assertEquals(3, before.size());
      assertEquals(before, outcome(ring).rejected());
    }
    assertEquals(3, apns.streamsOpened());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void fromWithinACallback(boolean onTheThreadThatReads) throws Exception {
    restart(ApnsSimulator.builder().maxConcurrentStreams(1));
    answerAfter(2);
    List<DeviceToken> devices = devices(0, 1_000);
    try (VoipPushClient client =
        client(b -> onTheThreadThatReads ? b.executor(Runnable::run) : b)) {
      Ring ring = client.ring(call(), devices);
      var unused = ring.results().get(devices.get(3)).whenComplete((result, e) -> ring.stop());
      RingOutcome outcome = outcome(ring);
      ring.stop();
      assertTrue(outcome.rejected().containsKey(devices.get(3)));
      assertTrue(outcome.failed().size() > 100, outcome.toString());
      assertHalted(devices, outcome);
    }
  }

  @Test
  void otherRingsGoOn() throws Exception {
    answerAfter(5);
    int rings = 60;
    List<Ring> all = new ArrayList<>();
    try (VoipPushClient client = client(b -> b.maxInFlight(50))) {
      for (int i = 0; i < rings; i++) {
        all.add(client.ring(call(), devices(i * 100, 100)));
      }
      Thread stopper =
          new Thread(
              () -> {
                for (int i = rings - 1; i >= 0; i -= 2) {
                  all.get(i).stop();
                }
              });
      stopper.start();
      for (int i = 0; i < rings; i++) {
        RingOutcome outcome = outcome(all.get(i));
        if (i % 2 == 0) {
          assertEquals(100, outcome.rejected().size(), outcome.toString());
        } else {
          assertHalted(devices(i * 100, 100), outcome);
        }
      }
      stopper.join();
      assertTrue(outcome(all.get(rings - 1)).failed().size() > 0, "one is stopped in time");
    }
  }
}
