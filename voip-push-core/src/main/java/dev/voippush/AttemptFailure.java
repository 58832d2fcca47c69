// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.IOException;
import java.util.UUID;

/**
 * How an attempt ended without an answer.
 *
 * @param permanent true if trying again cannot help: certificates, protocol
 */
record AttemptFailure(
    Failure failure, Delivery delivery, boolean permanent, String message, Throwable cause) {
  /** What has no push has this {@code apns-id}. */
  static final UUID NO_ID = new UUID(0, 0);

  /** The client is closed, or was closed before APNs answered. */
  static AttemptFailure closed(Delivery delivery) {
    String message =
        delivery == Delivery.NOT_SENT
            ? "the client is closed"
            : "the client was closed before APNs answered";
    return new AttemptFailure(Failure.CLOSED, delivery, true, message, new IOException(message));
  }

  /** The same, but there is no use in trying again. */
  AttemptFailure asPermanent() {
    return new AttemptFailure(failure, delivery, true, message, cause);
  }

  /** For a {@code connect()}, which has no push. */
  VoipPushException ofNoPush() {
    Sent nothing = new Sent(NO_ID, 0, false);
    return new VoipPushException(failure, delivery, nothing, null, message, cause);
  }
}
