// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.PushCertificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs that the certificate will expire: once each at 30, 14, 7 and 1 days before, and once when it
 * has. Thread-safe.
 */
final class ExpiryWarning {
  private static final Logger log = LoggerFactory.getLogger(ExpiryWarning.class);
  private static final int[] DAYS = {0, 1, 7, 14, 30};

  /** The wall clock may step, so it is read again. */
  private static final Duration LOOK_AGAIN = Duration.ofDays(1);

  private final Clock clock;
  private final DeadlineTimer.Deadline next;

  // Guarded by this:
  private @Nullable PushCertificate certificate;
  private long warnedAt = Long.MAX_VALUE; // of DAYS

  ExpiryWarning(Clock clock, DeadlineTimer timer) {
    this.clock = clock;
    this.next = timer.deadline(this::look);
  }

  /** Watches these from now on, in place of any before. */
  void watch(ApnsCredentials credentials) {
    synchronized (this) {
      certificate = credentials instanceof PushCertificate push ? push : null;
      warnedAt = Long.MAX_VALUE;
    }
    next.clear();
    try {
      look();
    } catch (RuntimeException e) { // the user's clock
      log.warn("when the certificate expires will be looked at in a day", e);
    }
  }

  private void look() {
    synchronized (this) {
      if (certificate == null) {
        return;
      }
      next.setIn(LOOK_AGAIN.toNanos()); // should the clock fail now
      Instant expiresAt = certificate.expiresAt();
      Duration left = Duration.between(clock.instant(), expiresAt);
      Duration wait = LOOK_AGAIN;
      for (int i = 0; i < DAYS.length; i++) {
        Duration untilThen = left.minusDays(DAYS[i]);
        if (untilThen.isNegative() || untilThen.isZero()) {
          if (DAYS[i] < warnedAt) {
            warnedAt = DAYS[i];
            warn(certificate, expiresAt, left);
          }
          break;
        }
        wait = untilThen.compareTo(wait) < 0 ? untilThen : wait;
      }
      next.setIn(wait.toNanos());
    }
  }

  private static void warn(PushCertificate certificate, Instant expiresAt, Duration left) {
    if (left.isNegative() || left.isZero()) {
      log.error(
          "the certificate for {} expired at {}: APNs refuses new connections; renew it and call"
              + " replaceCredentials (docs/certificates.md#renewal)",
          certificate.bundleId(),
          expiresAt);
    } else {
      log.warn(
          "the certificate for {} expires in {} days, at {}: renew it and call replaceCredentials"
              + " (docs/certificates.md#renewal)",
          certificate.bundleId(),
          Math.max(1, left.plusMinutes(1).toDays()), // the timer may be a bit late
          expiresAt);
    }
  }
}
