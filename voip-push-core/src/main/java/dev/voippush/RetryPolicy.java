// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;

/**
 * Decides whether a push is tried again, and when. Pure: it holds nothing of any push.
 *
 * <p>Never past the deadline, and at most {@value #MAX_ATTEMPTS} attempts.
 */
final class RetryPolicy {
  static final int MAX_ATTEMPTS = 6;

  private static final Duration FIRST_BACK_OFF = Duration.ofMillis(100);
  private static final Duration FIRST_THROTTLE = Duration.ofSeconds(1);
  private static final int MAX_THROTTLED_RETRIES = 2;
  private static final Duration LEAST_FOR_UNKNOWN = Duration.ofSeconds(5);

  private final boolean retryUnknown;
  private final DoubleSupplier jitter;

  RetryPolicy(boolean retryUnknown) {
    this(retryUnknown, () -> ThreadLocalRandom.current().nextDouble());
  }

  RetryPolicy(boolean retryUnknown, DoubleSupplier jitter) {
    this.retryUnknown = retryUnknown;
    this.jitter = jitter;
  }

  /** What a push has been through; times are of the push's own monotonic clock. */
  record History(int attempts, int throttled, boolean unknown, Duration remaining) {}

  /** After an attempt without a verdict: the time to wait, or empty to give up. */
  Optional<Duration> afterFailure(AttemptFailure failure, History history) {
    if (failure.permanent()) {
      return Optional.empty();
    }
    if (failure.delivery() == Delivery.UNKNOWN) {
      return afterUnknown(history);
    }
    return within(backOff(history.attempts()), history);
  }

  /** After an attempt that may have reached APNs: at most once, and while the call lasts a bit. */
  Optional<Duration> afterUnknown(History history) {
    if (!retryUnknown
        || history.unknown()
        || history.remaining().compareTo(LEAST_FOR_UNKNOWN) < 0) {
      return Optional.empty();
    }
    return within(Duration.ZERO, history);
  }

  /** After a rejection: the time to wait, or empty if the verdict stands. */
  Optional<Duration> afterRejection(
      PushResult.Rejected rejected, Optional<Duration> retryAfter, History history) {
    Duration wait;
    if (rejected.status() == 429
        && rejected.reason() != RejectionReason.TOO_MANY_PROVIDER_TOKEN_UPDATES) {
      if (history.throttled() >= MAX_THROTTLED_RETRIES) {
        return Optional.empty();
      }
      wait = FIRST_THROTTLE.multipliedBy(1L << history.throttled());
      wait = wait.plusMillis((long) (jitter.getAsDouble() * wait.toMillis() / 2));
    } else if (rejected.status() == 500 || rejected.status() == 503) {
      wait = backOff(history.attempts());
    } else {
      return Optional.empty();
    }
    if (retryAfter.isPresent() && retryAfter.get().compareTo(wait) > 0) {
      wait = retryAfter.get();
    }
    return within(wait, history);
  }

  private Optional<Duration> within(Duration wait, History history) {
    boolean fits = history.attempts() < MAX_ATTEMPTS && wait.compareTo(history.remaining()) < 0;
    return fits ? Optional.of(wait) : Optional.empty();
  }

  /** 100 ms doubled with each attempt, so 1.6 s before the last, of which half is random. */
  private Duration backOff(int attempts) {
    long most = FIRST_BACK_OFF.toMillis() << (attempts - 1);
    return Duration.ofMillis(most / 2 + (long) (jitter.getAsDouble() * (most - most / 2)));
  }
}
