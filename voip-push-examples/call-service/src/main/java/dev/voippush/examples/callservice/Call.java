// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A call as the database has it, and in JSON as apps see it.
 *
 * @param device the callee's device that answered or declined, if any
 */
record Call(
    UUID callId,
    String caller,
    String callee,
    boolean video,
    Instant sentAt,
    Instant expiresAt,
    CallState state,
    @Nullable String device) {
  /** Whether it still rings although its time is over: nobody has noted yet that it was missed. */
  boolean overdue(Instant now) {
    return state == CallState.RINGING && !now.isBefore(expiresAt);
  }
}
