// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.VirtualClient.DEVICE;
import static dev.voippush.VirtualClient.accepted;
import static dev.voippush.VirtualClient.failure;
import static dev.voippush.VirtualClient.rejected;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.FakeTransport.FakeAttempt;
import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What stops a push before its deadline: {@code stop}, {@code cancel} and {@code close}. */
class PushStopTest {
  private final VirtualClient virtual =
      new VirtualClient(builder -> builder.closeTimeout(Duration.ofSeconds(3)));

  @AfterEach
  void close() {
    virtual.close();
  }

  private Ring ring() {
    return virtual.client.ring(virtual.call().build(), Set.of(DEVICE));
  }

  private Ring ringAndWrite() {
    Ring ring = ring();
    virtual.last().write();
    return ring;
  }

  private static CompletableFuture<PushResult> resultOf(Ring ring) {
    return ring.results().get(DEVICE);
  }

  private static void assertEnded(
      Failure failure, Delivery delivery, int attempts, VoipPushException e) {
    assertEquals(failure, e.failure());
    assertEquals(delivery, e.delivery());
    assertEquals(attempts, e.attempts());
  }

  private void assertNothingMore(int handedOver) {
    virtual.pass(60_000);
    assertEquals(handedOver, virtual.handedOver());
  }

  @Test
  void stoppedWhileQueued() {
    Ring ring = ring();
    ring.stop();
    assertEnded(Failure.STOPPED, Delivery.NOT_SENT, 0, failure(resultOf(ring)));
    assertTrue(virtual.last().cancelled);
    assertNull(virtual.last().begin(), "its begin may cross");
    assertEquals(1, virtual.transport.handOversAwaited);
    RingOutcome outcome = ring.outcome().join();
    assertEquals(Failure.STOPPED, outcome.failed().get(DEVICE).failure());
    assertFalse(outcome.mayRing());
    assertNothingMore(1);
  }

  @Test
  void stoppedBetweenItsBeginAndItsEnd() {
    Ring ring = ring();
    assertTrue(virtual.last().begin() != null);
    ring.stop();
    assertFalse(virtual.last().mayWrite());
    assertTrue(virtual.last().cancelled);
    assertEnded(Failure.STOPPED, Delivery.NOT_SENT, 1, failure(resultOf(ring)));
  }

  @Test
  void stoppedInFlightKeepsItsVerdict() {
    Ring ring = ringAndWrite();
    ring.stop();
    assertFalse(virtual.last().cancelled);
    assertFalse(resultOf(ring).isDone());
    virtual.last().answer(200);
    assertEquals(1, accepted(resultOf(ring)).attempts());
    assertEquals(Set.of(DEVICE), ring.outcome().join().reached());
  }

  @Test
  void stoppedInFlightIsNotTriedAgainAfterAnOutage() {
    Ring ring = ringAndWrite();
    ring.stop();
    virtual.last().answer(503, "ServiceUnavailable");
    assertEquals(1, rejected(resultOf(ring)).attempts());
    assertNothingMore(1);
  }

  @Test
  void stoppedInFlightIsNotTriedAgainWhenItWasNotSent() {
    Ring ring = ringAndWrite();
    ring.stop();
    virtual.last().fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
    assertEnded(Failure.STOPPED, Delivery.NOT_SENT, 1, failure(resultOf(ring)));
    assertNothingMore(1);
  }

  @Test
  void stoppedInFlightIsNotTriedAgainWhenItIsLost() {
    Ring ring = ringAndWrite();
    ring.stop();
    virtual.last().fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
    assertEnded(Failure.CONNECTION_LOST, Delivery.UNKNOWN, 1, failure(resultOf(ring)));
    assertNothingMore(1);
  }

  @Test
  void stoppedInFlightIsNotTriedAgainAfterItsTimeout() {
    Ring ring = ringAndWrite();
    ring.stop();
    virtual.pass(4_990);
    assertFalse(resultOf(ring).isDone());
    virtual.pass(10);
    assertEnded(Failure.TIMEOUT, Delivery.UNKNOWN, 1, failure(resultOf(ring)));
    assertTrue(virtual.last().cancelled);
    assertNothingMore(1);
  }

  @Test
  void stoppedInFlightStillHasItsDeadline() {
    Ring ring =
        virtual.client.ring(virtual.call().ringFor(Duration.ofSeconds(2)).build(), Set.of(DEVICE));
    virtual.last().write();
    ring.stop();
    virtual.pass(2_000);
    assertEnded(Failure.DEADLINE, Delivery.UNKNOWN, 1, failure(resultOf(ring)));
  }

  @Test
  void stoppedWhileItWaitsForARetryEndsByTheVerdictItHas() {
    Ring ring = ringAndWrite();
    virtual.last().answer(503, "ServiceUnavailable");
    ring.stop();
    assertEquals(RejectionReason.SERVICE_UNAVAILABLE, rejected(resultOf(ring)).reason());
    assertNothingMore(1);
  }

  @Test
  void stoppedWhileItsRetryIsQueuedEndsByTheVerdictItHas() {
    Ring ring = ringAndWrite();
    virtual.last().answer(503, "ServiceUnavailable");
    virtual.pass(100);
    assertEquals(2, virtual.handedOver());
    ring.stop();
    assertEquals(1, rejected(resultOf(ring)).attempts());
    assertTrue(virtual.last().cancelled);
    assertNull(virtual.last().begin());
    assertNothingMore(2);
  }

  @Test
  void stoppedWhileItWaitsForARetryOfWhatWasNotSent() {
    Ring ring = ringAndWrite();
    virtual.last().fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
    ring.stop();
    assertEnded(Failure.STOPPED, Delivery.NOT_SENT, 1, failure(resultOf(ring)));
    assertNothingMore(1);
  }

  @Test
  void stoppedAfterATimeoutWhileItsRetryIsQueued() {
    Ring ring = ringAndWrite();
    virtual.pass(5_000);
    assertEquals(2, virtual.handedOver());
    ring.stop();
    assertEnded(Failure.STOPPED, Delivery.UNKNOWN, 1, failure(resultOf(ring)));
    assertTrue(virtual.transport.attempts.get(0).cancelled);
    assertTrue(virtual.last().cancelled);
    assertNull(virtual.last().begin());
    virtual.transport.attempts.get(0).answer(200); // crosses its cancellation
    assertTrue(ring.outcome().join().mayRing());
    assertNothingMore(2);
  }

  @Test
  void stoppedAfterATimeoutWhileItsRetryIsInFlight() {
    Ring ring = ringAndWrite();
    virtual.pass(5_000);
    virtual.last().write();
    ring.stop();
    virtual.last().answer(200);
    assertTrue(accepted(resultOf(ring)).possiblyDuplicated());
  }

  @Test
  void stopAfterTheEndChangesNothingAndTwiceIsAsOnce() {
    Ring ended = ringAndWrite();
    virtual.last().answer(200);
    ended.stop();
    ended.stop();
    assertEquals(1, accepted(resultOf(ended)).attempts());

    Ring ring = ring();
    ring.stop();
    ring.stop();
    assertEnded(Failure.STOPPED, Delivery.NOT_SENT, 0, failure(resultOf(ring)));
    virtual.last().answer(200); // crosses
    virtual.last().fail(Failure.CONNECT, Delivery.NOT_SENT);
    assertEnded(Failure.STOPPED, Delivery.NOT_SENT, 0, failure(resultOf(ring)));
  }

  @Test
  void stopEndsTheRingsOwnPushesOnly() {
    CompletableFuture<PushResult> other = virtual.send();
    ring().stop();
    assertFalse(other.isDone());
    virtual.transport.attempts.get(0).write().answer(200);
    assertEquals(1, accepted(other).attempts());
  }

  @Test
  void cancelledFutureDropsThePush() {
    Ring ring = ring();
    assertTrue(resultOf(ring).cancel(true));
    assertTrue(virtual.last().cancelled);
    assertNull(virtual.last().begin());
    assertEnded(
        Failure.CANCELLED, Delivery.NOT_SENT, 0, ring.outcome().join().failed().get(DEVICE));

    Ring written = ringAndWrite();
    assertTrue(resultOf(written).cancel(true));
    assertTrue(virtual.last().cancelled);
    assertEnded(
        Failure.CANCELLED, Delivery.UNKNOWN, 1, written.outcome().join().failed().get(DEVICE));
    assertNothingMore(2);
  }

  @Test
  void cancelledBeforeTheTransportHasHandedItOver() {
    virtual.transport.onEnqueue =
        attempt -> {
          attempt.write();
          virtual.pass(45_000); // the deadline comes before enqueue returns
        };
    CompletableFuture<PushResult> result =
        virtual.send(virtual.call().ringFor(Duration.ofSeconds(4)));
    assertEnded(Failure.DEADLINE, Delivery.UNKNOWN, 1, failure(result));
    assertTrue(virtual.last().cancelled);
  }

  @Test
  void closeEndsWhatWaitsAtOnceAndGivesTimeToWhatIsInFlight() {
    CompletableFuture<PushResult> queued = virtual.send();
    CompletableFuture<PushResult> waiting = virtual.sendAndWrite();
    virtual.last().answer(503, "ServiceUnavailable", "30");
    CompletableFuture<PushResult> answered = virtual.sendAndWrite();
    FakeAttempt inFlight = virtual.last();
    CompletableFuture<PushResult> silent = virtual.sendAndWrite();
    virtual.transport.whileClosing =
        () -> {
          assertEnded(Failure.CLOSED, Delivery.NOT_SENT, 0, failure(queued));
          VoipPushException e = failure(waiting);
          assertEnded(Failure.CLOSED, Delivery.NOT_SENT, 1, e);
          assertEquals(503, e.lastRejection().orElseThrow().status());
          assertFalse(answered.isDone());
          inFlight.answer(200);
          virtual.pass(3_000);
          assertFalse(silent.isDone());
        };
    virtual.client.close();
    assertEquals(List.of(Duration.ofSeconds(3)), virtual.transport.closeTimeouts);
    assertEquals(1, accepted(answered).attempts());
    assertEnded(Failure.CLOSED, Delivery.UNKNOWN, 1, failure(silent));
  }

  @Test
  void verdictThatComesWhileTheClientClosesStands() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.transport.whileClosing =
        () -> {
          virtual.last().answer(503, "ServiceUnavailable");
          virtual.pass(3_000);
        };
    virtual.client.close();
    assertEquals(503, rejected(result).status());
    assertEquals(1, virtual.handedOver());
  }

  @Test
  void closedClientSendsNothing() {
    virtual.client.close();
    virtual.client.close();
    assertEquals(1, virtual.transport.closeTimeouts.size());
    assertEnded(Failure.CLOSED, Delivery.NOT_SENT, 0, failure(virtual.send()));
    assertEnded(
        Failure.CLOSED,
        Delivery.NOT_SENT,
        0,
        assertThrows(
            VoipPushException.class, () -> virtual.client.send(DEVICE, virtual.call().build())));
    assertEquals(Failure.CLOSED, ring().outcome().join().failed().get(DEVICE).failure());
    assertEquals(0, virtual.handedOver());
  }
}
