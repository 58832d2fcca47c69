// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Duration;
import java.util.List;
import java.util.UUID;

/**
 * A call that somebody placed in the page or by the HTTP API: what is to be pushed.
 *
 * @param callId names the call in the pushes; one for all phones
 * @param callerName who calls
 * @param handle the caller's number or address; {@code ""} if there is none
 * @param video true for a video call
 * @param ringFor how long the phones are to ring, 1 s to 10 min from now
 * @param phones whom to ring, at least one, those without CallKit included
 */
public record PlacedCall(
    UUID callId,
    String callerName,
    String handle,
    boolean video,
    Duration ringFor,
    List<SimulatedPhone> phones) {
  public PlacedCall {
    phones = List.copyOf(phones);
  }

  /** Shows neither caller nor phones. */
  @Override
  public String toString() {
    return "call " + callId + " to " + phones.size() + " phones";
  }
}
