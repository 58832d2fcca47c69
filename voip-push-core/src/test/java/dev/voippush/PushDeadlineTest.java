// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.VirtualClient.DEVICE;
import static dev.voippush.VirtualClient.START;
import static dev.voippush.VirtualClient.accepted;
import static dev.voippush.VirtualClient.failure;
import static dev.voippush.VirtualClient.rejected;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The deadline of a call, {@code apns-expiration}, and clocks that step; in virtual time. */
class PushDeadlineTest {
  private final VirtualClient virtual = new VirtualClient();

  @AfterEach
  void close() {
    virtual.close();
  }

  private long expirationOfNext(CallPayload.Builder call) {
    var unused = virtual.send(call);
    return virtual.last().begin().expiration();
  }

  private static void assertNeverSent(VoipPushException e) {
    assertEquals(Failure.DEADLINE, e.failure());
    assertEquals(Delivery.NOT_SENT, e.delivery());
    assertEquals(0, e.attempts());
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT45S", "PT46S", "PT24H"})
  void callAlreadyOverIsNeverSent(Duration ago) {
    CallPayload call = virtual.call().sentAt(START.minus(ago)).build();
    assertNeverSent(failure(virtual.client.sendAsync(DEVICE, call)));
    assertNeverSent(assertThrows(VoipPushException.class, () -> virtual.client.send(DEVICE, call)));
    Ring ring = virtual.client.ring(call, Set.of(DEVICE));
    assertNeverSent(ring.outcome().join().failed().get(DEVICE));
    assertEquals(List.of(), virtual.transport.attempts);
  }

  @Test
  void callWithASecondLeftHasThatSecond() {
    CompletableFuture<PushResult> result =
        virtual.send(virtual.call().sentAt(START.minusSeconds(44)));
    virtual.pass(990);
    assertFalse(result.isDone());
    virtual.pass(10);
    assertNeverSent(failure(result));
    assertTrue(virtual.last().cancelled);
    assertNull(virtual.last().begin());
  }

  @Test
  void verdictInTheLastMomentCounts() {
    CompletableFuture<PushResult> result =
        virtual.send(virtual.call().sentAt(START.minusSeconds(44)));
    virtual.last().write();
    virtual.pass(990);
    virtual.last().answer(200);
    assertEquals(1, accepted(result).attempts());
  }

  @Test
  void attemptIsNotBegunAfterTheDeadlineEvenIfTheTimerIsLate() {
    CompletableFuture<PushResult> result = virtual.send();
    virtual.timer.lag(Duration.ofSeconds(45));
    assertNull(virtual.last().begin());
    virtual.pass(0);
    assertNeverSent(failure(result));
  }

  @Test
  void attemptThatIsBegunButNotWrittenIsNotSentAtTheDeadline() {
    CompletableFuture<PushResult> result = virtual.send(virtual.call().ringFor(sec(4)));
    assertTrue(virtual.last().begin() != null);
    virtual.pass(4_000);
    VoipPushException e = failure(result);
    assertEquals(Failure.DEADLINE, e.failure());
    assertEquals(Delivery.NOT_SENT, e.delivery());
    assertEquals(1, e.attempts());
    assertFalse(virtual.last().mayWrite());
  }

  @Test
  void attemptThatIsWrittenMayBeTakenAtTheDeadline() {
    CompletableFuture<PushResult> result = virtual.send(virtual.call().ringFor(sec(4)));
    virtual.last().write();
    virtual.pass(3_990);
    assertFalse(result.isDone());
    virtual.pass(10);
    VoipPushException e = failure(result);
    assertEquals(Failure.DEADLINE, e.failure());
    assertEquals(Delivery.UNKNOWN, e.delivery());
    assertTrue(virtual.last().cancelled);
  }

  @Test
  void deadlineTellsWhyThereWasNoConnection() {
    CompletableFuture<PushResult> result = virtual.send();
    IOException refused = new IOException("refused");
    virtual.last().obstacle =
        new AttemptFailure(Failure.CONNECT, Delivery.NOT_SENT, false, "refused", refused);
    virtual.pass(45_000);
    VoipPushException e = failure(result);
    assertNeverSent(e);
    assertEquals(refused, e.getCause());
    assertTrue(e.getMessage().contains("last failure: refused"), e.getMessage());
  }

  @Test
  void callRebuiltElsewhereKeepsItsDeadline() {
    virtual.pass(30_000);
    CompletableFuture<PushResult> result = virtual.send(virtual.call().sentAt(START));
    virtual.pass(14_990);
    assertFalse(result.isDone());
    virtual.pass(10);
    assertNeverSent(failure(result));
  }

  @Test
  void deadlineEndsARetryThatWaitsByTheVerdictOfTheLastAttempt() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().answer(503, "ServiceUnavailable");
    virtual.pass(44_990); // the retry waits for a connection
    assertEquals(2, virtual.handedOver());
    assertFalse(result.isDone());
    virtual.pass(10);
    PushResult.Rejected verdict = rejected(result);
    assertEquals(RejectionReason.SERVICE_UNAVAILABLE, verdict.reason());
    assertEquals(1, verdict.attempts());
    assertTrue(virtual.last().cancelled);
  }

  @Test
  void deadlineEndsARetryUnderWayWithoutAVerdictButTellsTheOneBefore() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().answer(503, "ServiceUnavailable", "42");
    virtual.pass(42_000);
    virtual.last().write();
    virtual.pass(3_000);
    VoipPushException e = failure(result);
    assertEquals(Failure.DEADLINE, e.failure());
    assertEquals(Delivery.UNKNOWN, e.delivery());
    assertEquals(2, e.attempts());
    assertEquals(RejectionReason.SERVICE_UNAVAILABLE, e.lastRejection().orElseThrow().reason());
  }

  /** Times are seconds after noon; the call begins at the same time as the push. */
  @ParameterizedTest
  @CsvSource({
    "PT0.25S,PT10S,PT45S,10", // whole seconds, never later than asked for
    "PT0.999S,PT10S,PT45S,10",
    "PT0S,PT10S,PT45S,10",
    "PT0.5S,PT1H,PT45S,45", // not beyond the call
    "PT0.5S,PT45S,PT45S,45",
    "PT0.5S,PT10S,PT5.4S,5",
    "PT0.25S,PT0.5S,PT45S,0", // the same second is not in the future
    "PT0.75S,PT0.5S,PT45S,1",
    "PT0S,PT1S,PT45S,1",
    "PT0S,PT0.999S,PT45S,0",
    "PT0.25S,PT0S,PT45S,0", // one attempt of delivery
  })
  void expirationIsTheEarlierOfStoringAndRinging(
      Duration now, Duration storeFor, Duration ringFor, long expected) {
    Instant noon = Instant.parse("2026-11-24T12:00:00Z");
    virtual.clock.add(Duration.between(START, noon.plus(now)));
    long expiration = expirationOfNext(virtual.call().storeFor(storeFor).ringFor(ringFor));
    assertEquals(expected == 0 ? 0 : noon.getEpochSecond() + expected, expiration);
  }

  @Test
  void expirationIsReckonedAnewForEachAttempt() {
    var unused = virtual.send();
    long first = virtual.last().begin().expiration();
    virtual.last().fail(Failure.CONNECT, Delivery.NOT_SENT);
    virtual.pass(20_000);
    assertEquals(first + 20, virtual.last().begin().expiration());
    virtual.last().fail(Failure.CONNECT, Delivery.NOT_SENT);
    virtual.pass(20_000);
    assertEquals(first + 35, virtual.last().begin().expiration(), "not beyond the call");
    virtual.last().fail(Failure.CONNECT, Delivery.NOT_SENT);
    virtual.pass(4_800);
    assertEquals(0, virtual.last().begin().expiration(), "the call ends in this second");
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1H", "PT-1H"})
  void waitsAreMonotonicWhenTheWallClockSteps(Duration step) {
    CompletableFuture<PushResult> queued = virtual.send();
    CompletableFuture<PushResult> written = virtual.sendAndWrite();
    CompletableFuture<PushResult> waiting = virtual.sendAndWrite();
    virtual.last().answer(503, "ServiceUnavailable", "30");
    virtual.clock.add(step);
    virtual.pass(4_990);
    assertEquals(3, virtual.handedOver());
    virtual.pass(10);
    assertEquals(4, virtual.handedOver(), "after the attempt's timeout");
    virtual.last().write().answer(200);
    assertTrue(accepted(written).possiblyDuplicated());
    virtual.pass(24_990);
    assertEquals(4, virtual.handedOver());
    virtual.pass(10);
    assertEquals(5, virtual.handedOver(), "after retry-after");
    virtual.pass(14_990);
    assertFalse(queued.isDone());
    assertFalse(waiting.isDone());
    virtual.pass(10);
    assertNeverSent(failure(queued));
    assertEquals(1, rejected(waiting).attempts());
  }

  @Test
  void expirationFollowsTheWallClock() {
    var unused = virtual.send();
    virtual.clock.add(Duration.ofHours(-1));
    long back = virtual.last().begin().expiration();
    assertEquals(virtual.clock.instant().plusSeconds(10).getEpochSecond(), back);
    virtual.last().fail(Failure.CONNECT, Delivery.NOT_SENT);
    virtual.clock.add(Duration.ofHours(2));
    virtual.pass(100);
    assertEquals(0, virtual.last().begin().expiration(), "the call is over by this clock");
  }

  @Test
  void retryAfterAsADateIsReadByTheWallClock() {
    var unused = virtual.sendAndWrite();
    virtual.clock.add(Duration.ofHours(1));
    virtual.last().answer(503, "ServiceUnavailable", "Tue, 24 Nov 2026 13:00:20 GMT");
    virtual.pass(19_740);
    assertEquals(1, virtual.handedOver());
    virtual.pass(10);
    assertEquals(2, virtual.handedOver());
  }

  @Test
  void interruptedSendTellsWhetherItWasSent() {
    CallPayload call = CallPayload.incoming(UUID.randomUUID()).sentAt(START).build();
    Thread.currentThread().interrupt();
    VoipPushException queued =
        assertThrows(VoipPushException.class, () -> virtual.client.send(DEVICE, call));
    assertTrue(Thread.interrupted(), "the flag is set again");
    assertEquals(Failure.CANCELLED, queued.failure());
    assertEquals(Delivery.NOT_SENT, queued.delivery());
    virtual.transport.onEnqueue = attempt -> attempt.write();
    Thread.currentThread().interrupt();
    VoipPushException written =
        assertThrows(VoipPushException.class, () -> virtual.client.send(DEVICE, call));
    assertTrue(Thread.interrupted());
    assertEquals(Failure.CANCELLED, written.failure());
    assertEquals(Delivery.UNKNOWN, written.delivery());
    assertTrue(virtual.last().cancelled);
  }

  private static Duration sec(int seconds) {
    return Duration.ofSeconds(seconds);
  }
}
