// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetryPolicyTest {
  private static final Duration PLENTY = Duration.ofSeconds(45);

  private final RetryPolicy longest = new RetryPolicy(true, () -> 1.0);
  private final RetryPolicy shortest = new RetryPolicy(true, () -> 0.0);

  private static RetryPolicy.History after(int attempts, Duration remaining) {
    return new RetryPolicy.History(attempts, 0, false, remaining);
  }

  private static AttemptFailure failure(Delivery delivery, boolean permanent) {
    return new AttemptFailure(
        Failure.CONNECT, delivery, permanent, "refused", new IOException("refused"));
  }

  private static PushResult.Rejected rejected(int status, String reason) {
    return PushResult.Rejected.of(new UUID(0, 0), status, reason);
  }

  @ParameterizedTest
  @CsvSource({"1,50,100", "2,100,200", "3,200,400", "4,400,800", "5,800,1600"})
  void backOffDoublesWithJitterOverItsSecondHalf(int attempts, int least, int most) {
    AttemptFailure notSent = failure(Delivery.NOT_SENT, false);
    assertEquals(
        Optional.of(Duration.ofMillis(least)),
        shortest.afterFailure(notSent, after(attempts, PLENTY)));
    assertEquals(
        Optional.of(Duration.ofMillis(most)),
        longest.afterFailure(notSent, after(attempts, PLENTY)));
  }

  @Test
  void sixAttemptsAtMost() {
    assertTrue(
        longest.afterFailure(failure(Delivery.NOT_SENT, false), after(5, PLENTY)).isPresent());
    assertTrue(longest.afterFailure(failure(Delivery.NOT_SENT, false), after(6, PLENTY)).isEmpty());
    assertTrue(
        longest
            .afterRejection(rejected(503, "ServiceUnavailable"), Optional.empty(), after(6, PLENTY))
            .isEmpty());
  }

  @Test
  void neverPastTheDeadline() {
    assertTrue(
        longest
            .afterFailure(failure(Delivery.NOT_SENT, false), after(1, Duration.ofMillis(100)))
            .isEmpty());
    assertTrue(
        longest
            .afterFailure(failure(Delivery.NOT_SENT, false), after(1, Duration.ofMillis(101)))
            .isPresent());
  }

  @Test
  void permanentFailuresAreNotTriedAgain() {
    assertTrue(longest.afterFailure(failure(Delivery.NOT_SENT, true), after(1, PLENTY)).isEmpty());
  }

  @Test
  void unknownIsTriedOnceWhileFiveSecondsRemain() {
    AttemptFailure unknown = failure(Delivery.UNKNOWN, false);
    assertEquals(
        Optional.of(Duration.ZERO), longest.afterFailure(unknown, after(1, Duration.ofSeconds(5))));
    assertTrue(longest.afterFailure(unknown, after(1, Duration.ofMillis(4_999))).isEmpty());
    assertTrue(longest.afterUnknown(new RetryPolicy.History(2, 0, true, PLENTY)).isEmpty());
    assertTrue(new RetryPolicy(false).afterFailure(unknown, after(1, PLENTY)).isEmpty());
  }

  @Test
  void throttlingWaitsASecondAndIsTriedTwice() {
    PushResult.Rejected throttled = rejected(429, "TooManyRequests");
    assertEquals(
        Optional.of(Duration.ofSeconds(1)),
        shortest.afterRejection(throttled, Optional.empty(), after(1, PLENTY)));
    assertEquals(
        Optional.of(Duration.ofSeconds(2)),
        shortest.afterRejection(
            throttled, Optional.empty(), new RetryPolicy.History(2, 1, false, PLENTY)));
    assertTrue(
        shortest
            .afterRejection(
                throttled, Optional.empty(), new RetryPolicy.History(3, 2, false, PLENTY))
            .isEmpty());
  }

  @ParameterizedTest
  @CsvSource({
    "429,TooManyProviderTokenUpdates",
    "400,BadDeviceToken",
    "403,InvalidProviderToken",
    "410,Unregistered",
    "413,PayloadTooLarge"
  })
  void otherVerdictsStand(int status, String reason) {
    assertTrue(
        longest
            .afterRejection(rejected(status, reason), Optional.empty(), after(1, PLENTY))
            .isEmpty());
  }

  @Test
  void retryAfterIsHonouredWithinTheDeadline() {
    PushResult.Rejected down = rejected(503, "ServiceUnavailable");
    assertEquals(
        Optional.of(Duration.ofSeconds(7)),
        longest.afterRejection(down, Optional.of(Duration.ofSeconds(7)), after(1, PLENTY)));
    assertTrue(longest.afterRejection(down, Optional.of(PLENTY), after(1, PLENTY)).isEmpty());
    assertEquals(
        Optional.of(Duration.ofMillis(100)),
        longest.afterRejection(down, Optional.of(Duration.ZERO), after(1, PLENTY)));
  }

  @Test
  void budgetIsAFifthOfThePushesOfTenSeconds() {
    RetryBudget budget = new RetryBudget();
    long second = 1_000_000_000L;
    for (int i = 0; i < 1_000; i++) {
      budget.push(i / 100 * second);
    }
    int granted = 0;
    while (budget.tryRetry(9 * second)) {
      granted++;
    }
    assertEquals(200, granted);
    assertFalse(budget.tryRetry(9 * second));
    assertTrue(budget.tryRetry(100 * second), "a new window has its allowance");
  }

  @Test
  void budgetCountsTheLastTenSeconds() {
    long second = 1_000_000_000L;
    assertEquals(20, granted(9 * second + second - 1), "the whole of the tenth second");
    assertEquals(10, granted(10 * second), "gone with the eleventh");
    assertEquals(10, granted(1_000 * second), "however long nothing was sent");
    assertEquals(20, granted(-5 * second), "a clock that steps back forgets nothing");
  }

  @Test
  void budgetForgetsSecondBySecond() {
    long second = 1_000_000_000L;
    assertEquals(20, granted(5 * second, 14 * second), "ten seconds from the pushes on");
    assertEquals(10, granted(5 * second, 15 * second));
  }

  /** What a budget grants at a time, after 100 pushes in its first second. */
  private static int granted(long nanos) {
    return granted(0, nanos);
  }

  private static int granted(long pushedAt, long nanos) {
    RetryBudget budget = new RetryBudget();
    for (int i = 0; i < 100; i++) {
      budget.push(pushedAt + i);
    }
    int granted = 0;
    while (budget.tryRetry(nanos)) {
      granted++;
    }
    return granted;
  }

  @Test
  void retriesAreForgottenWithTheirSecond() {
    long second = 1_000_000_000L;
    RetryBudget budget = new RetryBudget();
    for (int i = 0; i < 10; i++) {
      assertTrue(budget.tryRetry(0));
    }
    assertFalse(budget.tryRetry(9 * second));
    assertTrue(budget.tryRetry(10 * second));
  }

  @Test
  void throttledRetriesHaveJitterOverTheirHalf() {
    assertEquals(
        Optional.of(Duration.ofMillis(1500)),
        longest.afterRejection(
            rejected(429, "TooManyRequests"), Optional.empty(), after(1, PLENTY)));
  }
}
