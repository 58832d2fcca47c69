// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * APNs gave no verdict on a push. What it said, rejections included, is a {@link PushResult}.
 *
 * <p>{@link #delivery()} tells whether the phone may ring all the same.
 */
public final class VoipPushException extends IOException {
  private static final long serialVersionUID = 1;

  /** Whether APNs may have taken the push. */
  public enum Delivery {
    /** APNs has not seen the push, on any attempt: pushing again cannot ring twice. */
    NOT_SENT,
    /** At least one attempt was written and not answered: the phone may ring. */
    UNKNOWN
  }

  /** What ended the push. */
  public enum Failure {
    /** {@code Ring.stop()}: the call was answered, declined or given up. */
    STOPPED,
    /** The caller cancelled the future, or was interrupted in {@link VoipPushClient#send}. */
    CANCELLED,
    /** The call's ring time was over before there was a verdict. */
    DEADLINE,
    /** More pushes wait than {@link VoipPushClient.Builder#maxQueued} allows. */
    QUEUE_FULL,
    /** The client is closed, or was closed while the push waited. */
    CLOSED,
    /** No connection: DNS, a refused or timed out connection, a proxy. */
    CONNECT,
    /** The TLS handshake failed: a certificate of either side was not accepted. */
    TLS,
    /** APNs did not answer within {@link VoipPushClient.Builder#attemptTimeout}. */
    TIMEOUT,
    /** The connection broke after the push was written. */
    CONNECTION_LOST,
    /** The other side does not speak HTTP/2, or speaks it wrongly. */
    PROTOCOL
  }

  private final Failure failure;
  private final Delivery delivery;
  private final transient Sent sent;
  private final transient PushResult.@Nullable Rejected lastRejection;

  VoipPushException(
      Failure failure,
      Delivery delivery,
      Sent sent,
      PushResult.@Nullable Rejected lastRejection,
      String message,
      @Nullable Throwable cause) {
    super(message, cause);
    this.failure = Objects.requireNonNull(failure);
    this.delivery = Objects.requireNonNull(delivery);
    this.sent = sent;
    this.lastRejection = lastRejection;
  }

  /** Returns an exception after one attempt, for tests of your own. */
  public static VoipPushException of(UUID apnsId, Failure failure, Delivery delivery) {
    Sent sent = new Sent(apnsId, 1, false);
    return new VoipPushException(failure, delivery, sent, null, failure + ", " + delivery, null);
  }

  /** Returns whether the phone may ring all the same. */
  public Delivery delivery() {
    return delivery;
  }

  /** Returns what ended the push. */
  public Failure failure() {
    return failure;
  }

  /** Returns the {@code apns-id} of every attempt. */
  public UUID apnsId() {
    return sent.apnsId();
  }

  /** Returns how many attempts were begun; 0 if the push never left the queue. */
  public int attempts() {
    return sent.attempts();
  }

  /** Returns the verdict of an earlier attempt, if there was one. */
  public Optional<PushResult.Rejected> lastRejection() {
    return Optional.ofNullable(lastRejection);
  }
}
