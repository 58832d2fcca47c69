// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.PushCertificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers what a client's {@link ClientHealth} is made of, and logs when the configuration is
 * found to be at fault. Thread-safe.
 */
final class HealthRecord {
  private static final Logger log = LoggerFactory.getLogger(HealthRecord.class);

  /** One token of another environment is a fault of the store; so many in a row are ours. */
  static final int MISPLACED_TOKENS = 10;

  private final Clock clock;

  // Guarded by this:
  private @Nullable PushResult lastVerdict;
  private @Nullable Instant lastVerdictAt;
  private int failures;
  private int misplacedTokens;
  private int endedHandshakes; // in a row: a refusal whose alert is lost with a reset
  private @Nullable String connectionFault; // of the last connection
  private @Nullable String verdictFault; // of the last verdict

  HealthRecord(Clock clock) {
    this.clock = clock;
  }

  /**
   * APNs has spoken.
   *
   * @param present true if the push was sent with the credentials that the client has now; of those
   *     before it says nothing any more
   */
  void verdict(PushResult result, boolean present) {
    Instant now = clock.instant();
    String news = null;
    synchronized (this) {
      lastVerdict = result;
      lastVerdictAt = now;
      failures = 0;
      if (present) {
        news = judge(result);
      }
    }
    if (news != null) {
      warn(news);
    }
  }

  /** Returns what is wrong with the configuration if it was not known. */
  private @Nullable String judge(PushResult result) {
    if (!(result instanceof PushResult.Rejected rejected)) {
      return proveGood();
    }
    return switch (rejected.remedy()) {
      case RETRY_LATER, FIX_REQUEST -> null; // prove nothing
      case DISCARD_TOKEN -> proveGood();
      case CHECK_CONFIGURATION, FIX_CREDENTIALS -> {
        misplacedTokens = isAboutToken(rejected) ? misplacedTokens + 1 : 0;
        if (misplacedTokens > 0 && misplacedTokens < MISPLACED_TOKENS) {
          verdictFault = null; // credentials and environment are those of other tokens
          yield null;
        }
        boolean known = verdictFault != null;
        verdictFault = rejected.explanation();
        yield known ? null : verdictFault;
      }
    };
  }

  private @Nullable String proveGood() {
    misplacedTokens = 0;
    verdictFault = null;
    return null;
  }

  private static boolean isAboutToken(PushResult.Rejected rejected) {
    return rejected.reason() == RejectionReason.BAD_DEVICE_TOKEN
        || rejected.reason() == RejectionReason.DEVICE_TOKEN_NOT_FOR_TOPIC;
  }

  private static void warn(String found) {
    log.warn("the configuration is at fault: {}", found);
  }

  void failed(VoipPushException failure) {
    switch (failure.failure()) {
      case STOPPED, CANCELLED, CLOSED, QUEUE_FULL -> {} // not of APNs' doing
      default -> {
        synchronized (this) {
          failures++;
        }
      }
    }
  }

  /** A connection has come about; what was said of pushes is not refuted by that. */
  synchronized void connected() {
    connectionFault = null;
    endedHandshakes = 0;
  }

  void connectFailed(AttemptFailure failure) {
    boolean news;
    synchronized (this) {
      endedHandshakes = failure.failure() == Failure.TLS ? endedHandshakes + 1 : 0;
      if (!failure.permanent() && endedHandshakes < RetryPolicy.MAX_ATTEMPTS) {
        return;
      }
      news = connectionFault == null;
      connectionFault = failure.message();
    }
    if (news) {
      warn(failure.message());
    }
  }

  /** What was said of the credentials before is over. */
  synchronized void credentialsReplaced() {
    connectionFault = null;
    endedHandshakes = 0;
    verdictFault = null;
    misplacedTokens = 0;
  }

  synchronized ClientHealth snapshot(
      int connections, int inFlight, int queued, ApnsCredentials credentials) {
    Optional<Instant> expiresAt =
        credentials instanceof PushCertificate certificate
            ? Optional.of(certificate.expiresAt())
            : Optional.empty();
    OptionalLong daysLeft = OptionalLong.empty();
    if (expiresAt.isPresent()) {
      daysLeft = OptionalLong.of(daysLeft(clock.instant(), expiresAt.get()));
    }
    return new ClientHealth(
        connections,
        inFlight,
        queued,
        Optional.ofNullable(lastVerdict),
        Optional.ofNullable(lastVerdictAt),
        failures,
        expiresAt,
        daysLeft,
        Optional.ofNullable(connectionFault == null ? verdictFault : connectionFault));
  }

  /** Whole days, rounded down: negative as soon as it has expired. */
  static long daysLeft(Instant now, Instant expiresAt) {
    return Math.floorDiv(
        Duration.between(now, expiresAt).toSeconds(), Duration.ofDays(1).toSeconds());
  }
}
