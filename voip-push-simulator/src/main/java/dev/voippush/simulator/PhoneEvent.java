// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Instant;
import java.util.Optional;

/**
 * Something that happened on a phone.
 *
 * @param type what happened
 * @param at when, by the simulator's clock
 * @param phone where
 * @param call the call it is about, if any
 */
public record PhoneEvent(
    Type type, Instant at, SimulatedPhone phone, Optional<SimulatedCall> call) {
  /** What can happen on a phone. */
  public enum Type {
    /** A push arrived; what it did follows as its own event. */
    PUSH_RECEIVED,
    /** A call began to ring. */
    RINGING,
    /** The user answered. */
    ANSWERED,
    /** The user declined. */
    DECLINED,
    /** The call was ended by the caller or with the app. */
    ENDED,
    /** The call's time was over. */
    EXPIRED,
    /** iOS killed the app because it did not report a call. */
    APP_KILLED
  }
}
