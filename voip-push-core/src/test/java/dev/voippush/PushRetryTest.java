// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.VirtualClient.DEVICE;
import static dev.voippush.VirtualClient.accepted;
import static dev.voippush.VirtualClient.failure;
import static dev.voippush.VirtualClient.rejected;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.FakeTransport.FakeAttempt;
import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.SigningKey;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Retries after verdicts and after attempts that APNs cannot have seen; in virtual time. */
class PushRetryTest {
  private static final Duration TICK = Duration.ofMillis(10); // of the timer

  private final SigningKey key = VirtualClient.signingKey();
  private final VirtualClient virtual = new VirtualClient(key, builder -> builder);

  @AfterEach
  void close() {
    virtual.close();
  }

  /** Fails if the retry is not handed over between these times from now. */
  private void assertRetriedBetween(Duration least, Duration most) {
    int before = virtual.handedOver();
    Duration now = Duration.ofNanos(virtual.timer.nanoTime());
    virtual.pass(most.plus(TICK));
    assertEquals(before + 1, virtual.handedOver(), "a retry within " + most);
    Duration waited = virtual.last().at.minus(now);
    assertTrue(waited.compareTo(least) >= 0, "waited " + waited + ", at least " + least);
  }

  private void assertNoRetry(CompletableFuture<PushResult> result) {
    int before = virtual.handedOver();
    assertTrue(result.isDone(), "the verdict stands at once");
    virtual.pass(60_000);
    assertEquals(before, virtual.handedOver());
  }

  @Test
  void notSentIsTriedAgainWithTheSameIdAndIsNoDuplicate() {
    CompletableFuture<PushResult> result = virtual.send();
    UUID id = virtual.last().begin().apnsId();
    virtual.last().fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
    virtual.pass(100);
    assertEquals(id, virtual.last().begin().apnsId());
    assertTrue(virtual.last().mayWrite());
    virtual.last().answer(200);
    PushResult.Accepted verdict = accepted(result);
    assertEquals(2, verdict.attempts());
    assertFalse(verdict.possiblyDuplicated());
    assertEquals(id, verdict.apnsId());
  }

  @Test
  void notSentAfterItWasWrittenIsNoDuplicateEither() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT); // REFUSED_STREAM, GOAWAY
    virtual.pass(100);
    virtual.last().write().answer(200);
    assertFalse(accepted(result).possiblyDuplicated());
  }

  @Test
  void backOffDoublesAndSixAttemptsAreMade() {
    CompletableFuture<PushResult> result = virtual.send();
    Set<UUID> ids = new HashSet<>();
    for (int most = 100; most <= 1_600; most *= 2) {
      ids.add(virtual.last().begin().apnsId());
      virtual.last().fail(Failure.CONNECT, Delivery.NOT_SENT);
      assertRetriedBetween(Duration.ofMillis(most / 2), Duration.ofMillis(most));
    }
    ids.add(virtual.last().begin().apnsId());
    virtual.last().fail(Failure.CONNECT, Delivery.NOT_SENT);
    VoipPushException e = failure(result);
    assertEquals(Failure.CONNECT, e.failure());
    assertEquals(Delivery.NOT_SENT, e.delivery());
    assertEquals(6, e.attempts());
    assertEquals(Set.of(e.apnsId()), ids);
    assertNoRetry(result);
  }

  @Test
  void backOffHasJitter() {
    Set<Duration> waits = new HashSet<>();
    virtual.transport.onEnqueue = FakeAttempt::begin;
    for (int i = 0; i < 100; i++) {
      CompletableFuture<PushResult> result = virtual.send();
      virtual.last().fail(Failure.CONNECT, Delivery.NOT_SENT);
      Duration failed = Duration.ofNanos(virtual.timer.nanoTime());
      virtual.pass(110);
      waits.add(virtual.last().at.minus(failed));
      assertTrue(result.cancel(true));
    }
    assertTrue(waits.size() > 2, "by ticks of the timer: " + waits);
  }

  @Test
  void permanentFailureIsNotTriedAgain() {
    CompletableFuture<PushResult> result = virtual.send();
    assertTrue(virtual.last().begin() != null);
    IOException cause = new IOException("certificate unknown");
    virtual.last().fail(new AttemptFailure(Failure.TLS, Delivery.NOT_SENT, true, "unknown", cause));
    VoipPushException e = failure(result);
    assertEquals(Failure.TLS, e.failure());
    assertEquals(cause, e.getCause());
    assertEquals(1, e.attempts());
    assertNoRetry(result);
  }

  @Test
  void notSentIsNotTriedAgainPastTheDeadline() {
    CompletableFuture<PushResult> result = virtual.send();
    assertTrue(virtual.last().begin() != null);
    virtual.pass(44_960); // the least back-off is 50 ms
    virtual.last().fail(Failure.CONNECT, Delivery.NOT_SENT);
    assertEquals(Failure.CONNECT, failure(result).failure());
    assertNoRetry(result);
  }

  @ParameterizedTest
  @CsvSource({"500,InternalServerError", "503,ServiceUnavailable", "500,", "503,"})
  void outageIsTriedAgainByBackOffAndEndsWithTheLastVerdict(int status, String reason) {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    for (int most = 100; most <= 1_600; most *= 2) {
      virtual.last().answer(status, reason);
      assertFalse(result.isDone());
      assertRetriedBetween(Duration.ofMillis(most / 2), Duration.ofMillis(most));
      virtual.last().write();
    }
    virtual.last().answer(status, reason);
    PushResult.Rejected verdict = rejected(result);
    assertEquals(status, verdict.status());
    assertEquals(6, verdict.attempts());
    assertFalse(verdict.possiblyDuplicated());
    assertNoRetry(result);
  }

  @Test
  void outageThatEndsIsNotSeen() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().answer(500, "InternalServerError");
    virtual.pass(100);
    virtual.last().write().answer(200);
    assertEquals(2, accepted(result).attempts());
  }

  @Test
  void throttlingIsTriedAgainTwiceAfterASecondAtLeast() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().answer(429, "TooManyRequests");
    assertRetriedBetween(Duration.ofMillis(1_000), Duration.ofMillis(1_500));
    virtual.last().write().answer(429, "TooManyRequests");
    assertRetriedBetween(Duration.ofSeconds(2), Duration.ofSeconds(3));
    virtual.last().write().answer(429, "TooManyRequests");
    assertEquals(3, rejected(result).attempts());
    assertNoRetry(result);
  }

  @ParameterizedTest
  @CsvSource({"429,TooManyRequests", "503,ServiceUnavailable"})
  void retryAfterInSecondsIsHonoured(int status, String reason) {
    var unused = virtual.sendAndWrite();
    virtual.last().answer(status, reason, "7");
    assertRetriedBetween(Duration.ofSeconds(7), Duration.ofSeconds(7));
  }

  @Test
  void retryAfterAsADateIsHonoured() {
    var unused = virtual.sendAndWrite(); // at 12:00:00.25
    virtual.last().answer(503, "ServiceUnavailable", "Tue, 24 Nov 2026 12:00:07 GMT");
    assertRetriedBetween(Duration.ofMillis(6_750), Duration.ofMillis(6_750));
  }

  @Test
  void shorterRetryAfterDoesNotCutTheBackOff() {
    var unused = virtual.sendAndWrite();
    virtual.last().answer(429, "TooManyRequests", "0");
    assertRetriedBetween(Duration.ofMillis(1_000), Duration.ofMillis(1_500));
  }

  @ParameterizedTest
  @ValueSource(strings = {"45", "3600", "999999999999999999", "Tue, 24 Nov 2026 12:00:46 GMT"})
  void verdictStandsAtOnceIfRetryAfterIsBeyondTheDeadline(String retryAfter) {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().answer(503, "ServiceUnavailable", retryAfter);
    assertEquals(1, rejected(result).attempts());
    assertNoRetry(result);
  }

  @Test
  void retryAfterJustWithinTheDeadlineIsWaitedFor() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().answer(503, "ServiceUnavailable", "44");
    assertRetriedBetween(Duration.ofSeconds(44), Duration.ofSeconds(44));
    virtual.last().write().answer(200);
    assertEquals(2, accepted(result).attempts());
  }

  @ParameterizedTest
  @CsvSource({
    "400,BadDeviceToken",
    "403,InvalidProviderToken",
    "403,ExpiredProviderToken", // the token is young: our clock is wrong
    "410,Unregistered",
    "413,PayloadTooLarge",
    "429,TooManyProviderTokenUpdates",
    "502,"
  })
  void otherVerdictsStandAtOnce(int status, String reason) {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().answer(status, reason);
    assertEquals(1, rejected(result).attempts());
    assertNoRetry(result);
  }

  @Test
  void fullQueueIsNeverRetried() {
    try (VirtualClient small = new VirtualClient(b -> b.maxInFlight(1).maxQueued(1))) {
      List<DeviceToken> devices = new ArrayList<>();
      for (int i = 10; i < 14; i++) {
        devices.add(DeviceToken.of(("" + i).repeat(32)));
      }
      Ring ring = small.client.ring(small.call().build(), devices);
      assertEquals(2, small.handedOver());
      for (DeviceToken device : devices.subList(2, 4)) {
        VoipPushException e = failure(ring.results().get(device));
        assertEquals(Failure.QUEUE_FULL, e.failure());
        assertEquals(Delivery.NOT_SENT, e.delivery());
        assertEquals(0, e.attempts());
      }
      for (FakeAttempt attempt : List.copyOf(small.transport.attempts)) {
        attempt.write().answer(200);
      }
      RingOutcome outcome = ring.outcome().join();
      assertEquals(Set.copyOf(devices.subList(0, 2)), outcome.reached());
      small.pass(60_000);
      assertEquals(2, small.handedOver());
      assertFalse(small.send().isDone(), "there is room again");
    }
  }

  @Test
  void onlySendMayWriteOnTheCallersThread() throws Exception {
    var unused = virtual.send();
    assertFalse(virtual.last().mayWriteHere);
    var ring = virtual.client.ring(virtual.call().build(), Set.of(DEVICE));
    assertFalse(virtual.last().mayWriteHere);
    ring.stop();
    virtual.transport.onEnqueue = attempt -> attempt.write().answer(200);
    assertTrue(virtual.client.send(DEVICE, virtual.call().build()).accepted());
    assertTrue(virtual.last().mayWriteHere);
    var retried = virtual.send();
    assertFalse(virtual.last().mayWriteHere);
    assertTrue(retried.isDone());
  }

  @Test
  void shutdownIsTriedAgainOnANewConnection() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    FakeAttempt first = virtual.last();
    first.answer(503, "Shutdown");
    assertEquals(List.of("APNs said Shutdown"), first.suspicions);
    assertRetriedBetween(Duration.ofMillis(50), Duration.ofMillis(100));
    virtual.last().write().answer(200);
    assertEquals(2, accepted(result).attempts());
  }

  @Test
  void shutdownThatIsSaidBeforeTheAttemptIsHandedOverIsTriedOnANewConnectionToo() {
    virtual.transport.onEnqueue = attempt -> attempt.write().answer(503, "Shutdown");
    var unused = virtual.send();
    assertEquals(List.of("APNs said Shutdown"), virtual.last().suspicions);
  }

  @Test
  void otherOutagesLeaveTheConnection() {
    var unused = virtual.sendAndWrite();
    virtual.last().answer(503, "ServiceUnavailable");
    assertEquals(List.of(), virtual.last().suspicions);
  }

  @Test
  void expiredTokenIsReplacedAndTriedAgainOnce() {
    virtual.sendAndWrite().cancel(true); // makes the token
    virtual.pass(Duration.ofMinutes(21));
    CompletableFuture<PushResult> result = virtual.send();
    String refused = virtual.last().begin().bearerToken();
    assertTrue(virtual.last().mayWrite());
    virtual.last().answer(403, "ExpiredProviderToken");
    virtual.pass(0);
    assertEquals(3, virtual.handedOver(), "at once");
    String renewed = virtual.last().begin().bearerToken();
    assertNotEquals(refused, renewed);
    assertTrue(virtual.last().mayWrite());
    virtual.client.replaceCredentials(VirtualClient.signingKey());
    virtual.last().answer(403, "ExpiredProviderToken");
    assertEquals(2, rejected(result).attempts());
    assertNoRetry(result);
  }

  @Test
  void expiredTokenOnTheLastAttemptStands() {
    virtual.sendAndWrite().cancel(true);
    virtual.pass(Duration.ofMinutes(21)); // it may be renewed again
    CompletableFuture<PushResult> result = virtual.send();
    for (int i = 1; i < 6; i++) {
      virtual.last().write().answer(503, "ServiceUnavailable");
      virtual.pass(2_000);
    }
    virtual.last().write().answer(403, "ExpiredProviderToken");
    assertEquals(6, rejected(result).attempts());
    assertNoRetry(result);
  }

  @Test
  void verdictStandsIfTheRetryFindsNoConnectionBeforeTheDeadline() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    virtual.last().answer(503, "ServiceUnavailable");
    virtual.pass(60_000);
    assertEquals(1, rejected(result).attempts());
    assertEquals(2, virtual.handedOver());
    assertTrue(virtual.last().cancelled);
  }

  @Test
  void clockThatFailsEndsThePush() {
    AtomicBoolean fails = new AtomicBoolean();
    InstantSource failing =
        () -> {
          if (fails.get()) {
            throw new IllegalStateException("no time");
          }
          return VirtualClient.START;
        };
    try (VirtualClient timeless =
        new VirtualClient(builder -> builder.clock(failing.withZone(ZoneOffset.UTC)))) {
      CompletableFuture<PushResult> result = timeless.send();
      fails.set(true);
      assertNull(timeless.last().begin());
      VoipPushException e = failure(result);
      assertEquals(Failure.CONNECT, e.failure());
      assertTrue(e.getMessage().contains("the request cannot be made"), e.getMessage());
      fails.set(false);
    }
  }

  @Test
  void manyExpiredTokensMintOne() {
    virtual.sendAndWrite().cancel(true);
    virtual.pass(Duration.ofMinutes(21));
    List<FakeAttempt> refused = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      var unused = virtual.sendAndWrite();
      refused.add(virtual.last());
    }
    refused.forEach(attempt -> attempt.answer(403, "ExpiredProviderToken"));
    virtual.pass(0);
    Set<String> tokens = new HashSet<>();
    for (FakeAttempt retry : virtual.transport.attempts.subList(51, 101)) {
      tokens.add(retry.begin().bearerToken());
    }
    assertEquals(101, virtual.handedOver(), "all are tried again, whatever the budget");
    assertEquals(1, tokens.size());
  }

  @Test
  void expiredTokenOfCredentialsThatWereReplacedIsTriedAgainWithTheNewOnes() {
    CompletableFuture<PushResult> result = virtual.sendAndWrite();
    SigningKey replacement = VirtualClient.signingKey();
    virtual.client.replaceCredentials(replacement);
    virtual.last().answer(403, "ExpiredProviderToken");
    virtual.pass(0);
    assertEquals(2, virtual.handedOver());
    String token = virtual.last().begin().bearerToken();
    assertEquals(replacement.bearerToken(virtual.clock), token);
    assertTrue(virtual.last().mayWrite());
    virtual.last().answer(200);
    assertEquals(2, accepted(result).attempts());
  }

  @Test
  void tooManyTokenUpdatesKeepsItsToken() {
    CompletableFuture<PushResult> result = virtual.send();
    String token = virtual.last().begin().bearerToken();
    assertTrue(virtual.last().mayWrite());
    virtual.pass(Duration.ofSeconds(1));
    virtual.last().answer(429, "TooManyProviderTokenUpdates", "1");
    assertEquals(Remedy.FIX_CREDENTIALS, rejected(result).remedy());
    assertNoRetry(result);
    virtual.pass(Duration.ofMinutes(30));
    var unused = virtual.send();
    assertEquals(token, virtual.last().begin().bearerToken());
  }

  @Test
  void verdictOfTheLastAttemptCountsElseTheExceptionTellsTheOneBefore() {
    CompletableFuture<PushResult> verdictLast = virtual.sendAndWrite();
    virtual.last().fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
    virtual.pass(100);
    virtual.last().write().answer(400, "BadDeviceToken");
    assertEquals(RejectionReason.BAD_DEVICE_TOKEN, rejected(verdictLast).reason());

    CompletableFuture<PushResult> failureLast = virtual.sendAndWrite();
    virtual.last().answer(503, "ServiceUnavailable");
    virtual.pass(100);
    assertTrue(virtual.last().begin() != null);
    virtual
        .last()
        .fail(
            new AttemptFailure(
                Failure.TLS, Delivery.NOT_SENT, true, "refused", new IOException("refused")));
    VoipPushException e = failure(failureLast);
    assertEquals(Failure.TLS, e.failure());
    assertEquals(RejectionReason.SERVICE_UNAVAILABLE, e.lastRejection().orElseThrow().reason());
    assertEquals(1, e.lastRejection().orElseThrow().attempts());
    assertEquals(2, e.attempts());
  }

  @Test
  void retriesOfVerdictsStayWithinAFifthOfThePushesOfTenSeconds() {
    int retried = 0;
    for (int second = 0; second < 9; second++) {
      for (int i = 0; i < 20; i++) {
        CompletableFuture<PushResult> result = virtual.sendAndWrite();
        virtual.last().answer(503, "ServiceUnavailable", "30");
        retried += result.isDone() ? 0 : 1;
      }
      virtual.pass(1_000);
    }
    assertEquals(9 * 20 / 5, retried);
  }

  @Test
  void budgetIsOfAWindowOfTenSeconds() {
    virtual.transport.onEnqueue = FakeAttempt::write;
    List<CompletableFuture<PushResult>> results = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      results.add(virtual.send());
      virtual.last().answer(503, "ServiceUnavailable", "30");
    }
    assertEquals(80, results.stream().filter(CompletableFuture::isDone).count());
    virtual.pass(9_000);
    CompletableFuture<PushResult> within = virtual.send();
    virtual.last().answer(503, "ServiceUnavailable");
    assertEquals(1, rejected(within).attempts(), "100 pushes and 20 retries are still counted");
    virtual.pass(1_000);
    CompletableFuture<PushResult> after = virtual.send();
    virtual.last().answer(503, "ServiceUnavailable");
    assertFalse(after.isDone(), "they no longer are");
  }

  @Test
  void clientThatIsHardlyUsedMayRetryTen() {
    int retried = 0;
    for (int i = 0; i < 20; i++) {
      CompletableFuture<PushResult> result = virtual.sendAndWrite();
      virtual.last().answer(503, "ServiceUnavailable", "30");
      retried += result.isDone() ? 0 : 1;
    }
    assertEquals(10, retried);
  }

  @Test
  void budgetIsForVerdictsOnly() {
    for (int i = 0; i < 50; i++) {
      CompletableFuture<PushResult> result = virtual.send();
      assertTrue(virtual.last().begin() != null);
      virtual.last().fail(Failure.CONNECT, Delivery.NOT_SENT);
      assertFalse(result.isDone());
    }
  }

  @Test
  void listenerHearsOfEveryStepInOrder() {
    List<String> heard = new ArrayList<>();
    PushListener listener =
        new PushListener() {
          @Override
          public void attemptStarted(PushEvent push) {
            heard.add("attempt " + push.attempts() + " after " + push.elapsed());
          }

          @Override
          public void retryScheduled(PushEvent push, Duration delay, String why) {
            heard.add("retry in " + delay);
          }

          @Override
          public void resultReceived(PushEvent push, PushResult result) {
            heard.add(assertInstanceOf(PushResult.Accepted.class, result).attempts() + " attempts");
          }
        };
    try (VirtualClient heeded = new VirtualClient(builder -> builder.listener(listener))) {
      var unused = heeded.send();
      heeded.pass(2_000);
      heeded.last().write().answer(503, "ServiceUnavailable", "3");
      heeded.pass(3_000);
      heeded.last().write().answer(200);
    }
    assertEquals(
        List.of("attempt 1 after PT2S", "retry in PT3S", "attempt 2 after PT5S", "2 attempts"),
        heard);
  }

  @Test
  void listenerHearsWhyItIsTriedAgainAndOneEnd() {
    List<String> heard = new ArrayList<>();
    PushListener listener =
        new PushListener() {
          @Override
          public void retryScheduled(PushEvent push, Duration delay, String why) {
            heard.add(why);
          }

          @Override
          public void resultReceived(PushEvent push, PushResult result) {
            heard.add("result after " + push.elapsed().toSeconds() + " s");
          }

          @Override
          public void pushFailed(PushEvent push, VoipPushException failure) {
            heard.add("failed");
          }
        };
    try (VirtualClient heeded = new VirtualClient(builder -> builder.listener(listener))) {
      heeded.pass(1_000);
      var unused = heeded.sendAndWrite();
      heeded.last().fail(Failure.CONNECTION_LOST, Delivery.NOT_SENT);
      heeded.pass(100);
      heeded.last().write();
      heeded.pass(5_000);
      heeded.last().write().answer(200);
      heeded.pass(60_000);
    }
    assertEquals(List.of("played", "no answer in time", "result after 5 s"), heard);
  }
}
