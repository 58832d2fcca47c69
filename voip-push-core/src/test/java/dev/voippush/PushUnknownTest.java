// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.VirtualClient.accepted;
import static dev.voippush.VirtualClient.failure;
import static dev.voippush.VirtualClient.rejected;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.FakeTransport.FakeAttempt;
import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Attempts that were written and not answered; in virtual time. */
class PushUnknownTest {
  private final VirtualClient virtual = new VirtualClient();

  @AfterEach
  void close() {
    virtual.close();
  }

  /** Sends a call of 45 s, whose first attempt is written and times out. */
  private CompletableFuture<PushResult> sendAndTimeOut() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.pass(5_000);
    return result;
  }

  private static void assertUnknown(Failure failure, VoipPushException e) {
    assertEquals(failure, e.failure());
    assertEquals(Delivery.UNKNOWN, e.delivery());
  }

  @Test
  void timeoutCountsFromTheEndOfTheRequest() {
    CompletableFuture<PushResult> result = virtual.send();
    virtual.pass(2_000);
    assertTrue(virtual.last().begin() != null);
    virtual.pass(3_000);
    assertTrue(virtual.last().mayWrite());
    virtual.pass(4_990);
    assertEquals(1, virtual.handedOver());
    virtual.pass(10);
    assertEquals(2, virtual.handedOver());
    assertFalse(result.isDone());
  }

  @Test
  void retryIsAtOnceOnAnotherConnectionWithTheSameId() {
    CompletableFuture<PushResult> result = virtual.send();
    FakeAttempt first = virtual.last();
    UUID id = first.begin().apnsId();
    assertTrue(first.mayWrite());
    virtual.pass(5_000);
    assertEquals(List.of("APNs did not answer in time"), first.suspicions);
    assertFalse(first.cancelled, "its answer may still come");
    assertEquals(id, virtual.last().begin().apnsId());
    assertFalse(first.cancelled);
    assertTrue(virtual.last().mayWrite());
    assertTrue(first.cancelled, "from here on the newer one counts");
    virtual.last().answer(200);
    PushResult.Accepted verdict = accepted(result);
    assertTrue(verdict.possiblyDuplicated());
    assertEquals(2, verdict.attempts());
    assertEquals(id, verdict.apnsId());
  }

  @Test
  void rejectionAfterARetryIsPossiblyDuplicatedToo() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    virtual.last().write().answer(400, "BadDeviceToken");
    assertTrue(rejected(result).possiblyDuplicated());
  }

  @Test
  void lostConnectionIsTriedAgainAtOnce() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
    virtual.pass(0);
    virtual.last().write().answer(200);
    assertTrue(accepted(result).possiblyDuplicated());
  }

  @Test
  void unknownIsTriedAgainOnceOnly() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    virtual.last().write();
    virtual.pass(5_000);
    VoipPushException e = failure(result);
    assertUnknown(Failure.TIMEOUT, e);
    assertTrue(e.getMessage().contains("APNs did not answer within PT5S"), e.getMessage());
    assertEquals(2, e.attempts());
    assertTrue(virtual.last().cancelled);
    virtual.pass(60_000);
    assertEquals(2, virtual.handedOver());
  }

  @Test
  void lossAfterATimeoutIsNotTriedAgain() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    virtual.last().write().fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
    assertUnknown(Failure.CONNECTION_LOST, failure(result));
    virtual.pass(60_000);
    assertEquals(2, virtual.handedOver());
  }

  @Test
  void notSentAndVerdictsAreTriedAgainAfterAnUnknownOne() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    virtual.last().write().fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
    virtual.pass(200);
    virtual.last().write().answer(503, "ServiceUnavailable");
    virtual.pass(400);
    virtual.last().write().answer(200);
    PushResult.Accepted verdict = accepted(result);
    assertEquals(4, verdict.attempts());
    assertTrue(verdict.possiblyDuplicated());
  }

  @Test
  void exceptionIsUnknownIfAnyAttemptWas() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    virtual.pass(40_000); // the retry finds no connection
    VoipPushException e = failure(result);
    assertUnknown(Failure.DEADLINE, e);
    assertEquals(1, e.attempts());
  }

  @Test
  void fiveSecondsAreEnoughForARetry() {
    CompletableFuture<PushResult> result =
        virtual.send(virtual.call().ringFor(Duration.ofSeconds(10)));
    virtual.last().write();
    virtual.pass(5_000);
    assertEquals(2, virtual.handedOver());
    virtual.last().write().answer(200);
    assertEquals(2, accepted(result).attempts());
  }

  @Test
  void lessThanFiveSecondsAreNot() {
    CompletableFuture<PushResult> result =
        virtual.send(virtual.call().ringFor(Duration.ofSeconds(10)));
    virtual.pass(10);
    virtual.last().write();
    virtual.pass(5_000);
    assertUnknown(Failure.TIMEOUT, failure(result));
    assertEquals(1, virtual.handedOver());

    CompletableFuture<PushResult> lost =
        virtual.send(virtual.call().ringFor(Duration.ofMillis(4_990)));
    virtual.last().write().fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
    assertUnknown(Failure.CONNECTION_LOST, failure(lost));
    assertEquals(2, virtual.handedOver());
  }

  @Test
  void unknownIsNotTriedAgainIfTheUserSaysSo() {
    try (VirtualClient strict = new VirtualClient(builder -> builder.retryUnknown(false))) {
      CompletableFuture<PushResult> silent = strict.sendAndWrite();
      strict.pass(5_000);
      assertUnknown(Failure.TIMEOUT, failure(silent));
      CompletableFuture<PushResult> lost = strict.sendAndWrite();
      strict.last().fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
      assertUnknown(Failure.CONNECTION_LOST, failure(lost));
      assertEquals(2, strict.handedOver());
    }
  }

  @Test
  void lateVerdictCountsWhileTheRetryIsQueued() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    FakeAttempt retry = virtual.last();
    virtual.transport.attempts.get(0).answer(200);
    PushResult.Accepted verdict = accepted(result);
    assertEquals(1, verdict.attempts());
    assertFalse(verdict.possiblyDuplicated(), "it was late, not lost");
    assertTrue(retry.cancelled);
    assertNull(retry.begin());
  }

  @Test
  void lateVerdictCountsWhileTheRetryIsBegunButNotWritten() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    FakeAttempt retry = virtual.last();
    assertTrue(retry.begin() != null);
    virtual.transport.attempts.get(0).answer(200);
    assertFalse(accepted(result).possiblyDuplicated());
    assertFalse(retry.mayWrite());
    assertTrue(retry.cancelled);
  }

  @Test
  void lateVerdictIsTooLateWhenTheRetryIsWritten() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    virtual.last().write();
    virtual.transport.attempts.get(0).answer(400, "BadDeviceToken"); // crosses its cancellation
    assertFalse(result.isDone());
    virtual.last().answer(200);
    assertTrue(accepted(result).possiblyDuplicated());
  }

  @Test
  void lateRejectionIsTriedAgainByItsOwnRules() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    FakeAttempt retry = virtual.last();
    virtual.transport.attempts.get(0).answer(503, "ServiceUnavailable", "3");
    assertTrue(retry.cancelled);
    assertNull(retry.begin());
    virtual.pass(2_990);
    assertEquals(2, virtual.handedOver());
    virtual.pass(10);
    assertEquals(3, virtual.handedOver());
    virtual.last().write().answer(200);
    PushResult.Accepted verdict = accepted(result);
    assertFalse(verdict.possiblyDuplicated());
    assertEquals(2, verdict.attempts());
  }

  @Test
  void lateRejectionThatComesDuringTheTimeoutIsTriedAgainByItsOwnRules() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    FakeAttempt first = virtual.last();
    first.whenSuspected = () -> first.answer(503, "ServiceUnavailable", "3");
    virtual.pass(5_000);
    virtual.pass(2_990);
    assertEquals(1, virtual.handedOver());
    virtual.pass(10);
    assertEquals(2, virtual.handedOver());
    virtual.last().write().answer(200);
    assertFalse(accepted(result).possiblyDuplicated());
  }

  /** A clock that stands, and does something when it is asked for the second time from now. */
  private static final class AskedClock implements InstantSource {
    private int asked = Integer.MIN_VALUE;
    private Runnable atSecond = () -> {};

    @Override
    public Instant instant() {
      if (++asked == 2) {
        atSecond.run();
      }
      return VirtualClient.START;
    }

    void atSecond(Runnable what) {
      asked = 0;
      atSecond = what;
    }
  }

  @Test
  void retryThatBecomesDueWhileALateRejectionIsReadWaitsForTheTimeOfThat() {
    AskedClock clock = new AskedClock();
    try (VirtualClient racing =
        new VirtualClient(builder -> builder.clock(clock.withZone(ZoneOffset.UTC)))) {
      CompletableFuture<PushResult> result = racing.sendAndWrite();
      FakeAttempt first = racing.last();
      racing.pass(5_000);
      racing.last().begin();
      racing.last().fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
      clock.atSecond(() -> racing.pass(200)); // by health(), when the verdict is known
      first.answer(503, "ServiceUnavailable", "3");
      assertEquals(2, clock.asked);
      assertEquals(2, racing.handedOver());
      racing.pass(3_000);
      assertEquals(3, racing.handedOver());
      racing.last().write();
      racing.pass(5_000);
      assertEquals(4, racing.handedOver(), "it times out as any other");
      racing.pass(60_000);
      assertUnknown(Failure.DEADLINE, failure(result));
    }
  }

  @Test
  void timeoutThatIsProvenNotSentIsNoDuplicate() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    virtual.transport.attempts.get(0).fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
    virtual.last().write();
    virtual.pass(4_990);
    assertFalse(result.isDone());
    virtual.last().answer(200);
    PushResult.Accepted verdict = accepted(result);
    assertFalse(verdict.possiblyDuplicated());
    assertEquals(2, verdict.attempts());
  }

  @Test
  void timeoutThatIsProvenNotSentLeavesTheOneRetryToTheNext() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    virtual.transport.attempts.get(0).fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
    virtual.last().write();
    virtual.pass(5_000);
    assertEquals(3, virtual.handedOver());
    virtual.last().write().answer(200);
    assertTrue(accepted(result).possiblyDuplicated(), "of the second attempt");
  }

  @Test
  void proofThatComesAfterTheRetryWasWrittenIsNotHeard() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    virtual.last().write();
    virtual.transport.attempts.get(0).fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
    virtual.last().answer(200);
    assertTrue(accepted(result).possiblyDuplicated());
  }

  @Test
  void timeoutThatIsLostStaysUnknown() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    virtual.transport.attempts.get(0).fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
    assertFalse(result.isDone());
    virtual.last().write().answer(200);
    PushResult.Accepted verdict = accepted(result);
    assertTrue(verdict.possiblyDuplicated());
    assertEquals(2, verdict.attempts());
  }

  @Test
  void lateVerdictSaysNothingOfAnEarlierAttempt() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
    virtual.pass(0);
    FakeAttempt second = virtual.last().write();
    second.whenSuspected = () -> second.answer(200);
    virtual.pass(5_000); // it times out, and is not tried again
    PushResult.Accepted verdict = accepted(result);
    assertEquals(2, verdict.attempts());
    assertTrue(verdict.possiblyDuplicated(), "the first may have rung, too");
  }

  @Test
  void proofThatTheLastWasNotSentSaysNothingOfAnEarlierAttempt() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
    virtual.pass(0);
    FakeAttempt second = virtual.last().write();
    second.whenSuspected = () -> second.fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
    virtual.pass(5_000);
    assertUnknown(Failure.TIMEOUT, failure(result));
  }

  @Test
  void proofThatComesWhileTheOnlyAttemptTimesOutCounts() {
    try (VirtualClient strict = new VirtualClient(builder -> builder.retryUnknown(false))) {
      CompletableFuture<PushResult> result = strict.sendAndWrite();
      FakeAttempt only = strict.last();
      only.whenSuspected = () -> only.fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
      strict.pass(5_000);
      assertEquals(Delivery.NOT_SENT, failure(result).delivery());
    }
  }

  @Test
  void verdictOnARetryThatIsNotWrittenInFullDoesNotTakeBackTheTimeout() {
    CompletableFuture<PushResult> result = sendAndTimeOut();
    assertTrue(virtual.last().begin() != null);
    virtual.last().answer(400, "BadDeviceToken"); // to its headers
    assertTrue(rejected(result).possiblyDuplicated());
    assertTrue(virtual.transport.attempts.get(0).cancelled);
  }

  @Test
  void connectionThatTakesNoDataIsLeftAndNothingWasSent() {
    CompletableFuture<PushResult> result = virtual.send();
    FakeAttempt stalled = virtual.last();
    assertTrue(stalled.begin() != null);
    virtual.pass(9_990); // connectTimeout and attemptTimeout
    assertEquals(1, virtual.handedOver());
    virtual.pass(10);
    assertTrue(stalled.cancelled);
    assertEquals(1, stalled.suspicions.size());
    assertEquals(2, virtual.handedOver());
    assertFalse(stalled.mayWrite());
    virtual.last().write().answer(200);
    PushResult.Accepted verdict = accepted(result);
    assertFalse(verdict.possiblyDuplicated());
    assertEquals(2, verdict.attempts());
  }
}
