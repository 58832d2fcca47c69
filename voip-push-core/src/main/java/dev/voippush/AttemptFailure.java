// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.util.UUID;

/**
 * How an attempt ended without an answer.
 *
 * @param permanent true if trying again cannot help: certificates, protocol
 */
record AttemptFailure(
    Failure failure, Delivery delivery, boolean permanent, String message, Throwable cause) {
  private static final UUID NO_ID = new UUID(0, 0);

  /** For a {@code connect()}, which has no push. */
  VoipPushException ofNoPush() {
    Sent nothing = new Sent(NO_ID, 0, false);
    return new VoipPushException(failure, delivery, nothing, null, message, cause);
  }
}
