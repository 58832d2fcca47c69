// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The verdict of APNs on one push. When there is none, a {@link VoipPushException} says so instead.
 *
 * <p>Immutable and thread-safe.
 */
public sealed interface PushResult {

  /** Returns true if APNs took the push; false if it is {@link Rejected}. */
  boolean accepted();

  /** Returns the {@code apns-id} under which the push was sent, on every attempt the same. */
  UUID apnsId();

  /** Returns how often the push was begun, 1 without retries. */
  int attempts();

  /**
   * Returns true if an earlier attempt of this push ended without a verdict, so that APNs may have
   * taken it more often than this result says.
   */
  boolean possiblyDuplicated();

  /** APNs took the push and will deliver it. */
  final class Accepted implements PushResult {
    private final Sent sent;
    private final Optional<String> uniqueId;

    Accepted(Sent sent, @Nullable String uniqueId) {
      this.sent = sent;
      this.uniqueId = Optional.ofNullable(uniqueId);
    }

    /** Returns a result of one attempt, for tests of your own. */
    public static Accepted of(UUID apnsId) {
      return new Accepted(new Sent(apnsId, 1, false), null);
    }

    @Override
    public boolean accepted() {
      return true;
    }

    @Override
    public UUID apnsId() {
      return sent.apnsId();
    }

    @Override
    public int attempts() {
      return sent.attempts();
    }

    @Override
    public boolean possiblyDuplicated() {
      return sent.possiblyDuplicated();
    }

    /** Returns the {@code apns-unique-id} for Apple's Push Notifications Console; sandbox only. */
    public Optional<String> uniqueId() {
      return uniqueId;
    }

    @Override
    public String toString() {
      return "Accepted[" + sent + "]";
    }
  }

  /** APNs refused the push. */
  final class Rejected implements PushResult {
    private final Sent sent;
    private final int status;
    private final String rawReason;
    private final RejectionReason reason;
    private final Optional<Instant> tokenInvalidSince;
    private final @Nullable Target target; // null: made by a user's test

    Rejected(
        Sent sent,
        int status,
        String rawReason,
        @Nullable Instant tokenInvalidSince,
        @Nullable Target target) {
      this.sent = sent;
      this.status = status;
      this.rawReason = rawReason;
      this.reason = RejectionReason.of(rawReason);
      this.tokenInvalidSince = Optional.ofNullable(tokenInvalidSince);
      this.target = target;
    }

    /**
     * Returns a result of one attempt, for tests of your own.
     *
     * @param rawReason Apple's word, for example {@code "BadDeviceToken"}
     */
    public static Rejected of(UUID apnsId, int status, String rawReason) {
      return new Rejected(new Sent(apnsId, 1, false), status, rawReason, null, null);
    }

    /** Returns a 410 {@code Unregistered} of one attempt, for tests of your own. */
    public static Rejected unregistered(UUID apnsId, Instant tokenInvalidSince) {
      return new Rejected(
          new Sent(apnsId, 1, false),
          410,
          "Unregistered",
          Objects.requireNonNull(tokenInvalidSince),
          null);
    }

    @Override
    public boolean accepted() {
      return false;
    }

    @Override
    public UUID apnsId() {
      return sent.apnsId();
    }

    @Override
    public int attempts() {
      return sent.attempts();
    }

    @Override
    public boolean possiblyDuplicated() {
      return sent.possiblyDuplicated();
    }

    /** Returns the HTTP status. */
    public int status() {
      return status;
    }

    /** Returns the reason, {@link RejectionReason#UNKNOWN} if it is not in Apple's table. */
    public RejectionReason reason() {
      return reason;
    }

    /**
     * Returns the reason as APNs sent it; the body (its first 256 characters, on one line and
     * without JWTs and long hexadecimal numbers) if that was not Apple's JSON; {@code ""} if there
     * was none.
     */
    public String rawReason() {
      return rawReason;
    }

    /**
     * Returns since when APNs knows the token to be dead; only with status 410. A token that was
     * registered after this instant is alive.
     */
    public Optional<Instant> tokenInvalidSince() {
      return tokenInvalidSince;
    }

    /** Returns what to do about it. */
    public Remedy remedy() {
      return reason.remedy(status);
    }

    /**
     * Returns a sentence or two for a log or a person: the status, the reason, what it means, and
     * what the client is set to that has to do with it: environment and host, topic, the ids of a
     * signing key. It ends with a link into the documentation. Nothing in it is secret, the device
     * token is not in it, and it is one line. Results of {@link #of} and {@link #unregistered} come
     * from no client and so tell only what the reason means.
     */
    public String explanation() {
      String advice = target == null ? "" : target.advice(reason);
      return "APNs said "
          + status
          + (rawReason.isEmpty() ? "" : " " + rawReason)
          + ": "
          + reason.meaning()
          + (advice.isEmpty() ? "" : "; " + advice)
          + " (docs/troubleshooting.md#"
          + reason.anchor(status)
          + ")";
    }

    @Override
    public String toString() {
      return "Rejected[status=" + status + ", reason=" + rawReason + ", " + sent + "]";
    }
  }
}
