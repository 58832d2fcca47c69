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
  /**
   * What can happen on a phone. What changes nothing, such as opening an app that is open, is no
   * event. More types may follow.
   */
  public enum Type {
    /** A push arrived; what it did follows as its own event. */
    PUSH_RECEIVED,
    /** A call began to ring. */
    RINGING,
    /** The user answered. */
    ANSWERED,
    /** The user declined. */
    DECLINED,
    /** The user answered on another of their phones. */
    ANSWERED_ELSEWHERE,
    /** The user declined on another of their phones. */
    DECLINED_ELSEWHERE,
    /** The call was ended by the caller, by the user who hung up, or with the app. */
    ENDED,
    /** The call's time was over. */
    EXPIRED,
    /** iOS killed the app because it did not report a call. */
    APP_KILLED,
    /** The user opened the app; answering a call, which does so too, is only {@link #ANSWERED}. */
    APP_OPENED,
    /** The user left the app, which goes on in the background. */
    APP_LEFT,
    /** The user closed the app, the one way in which it ends apart from {@link #APP_KILLED}. */
    APP_CLOSED,
    /** The phone has a network again. What was stored for it arrives now. */
    ONLINE,
    /** The phone lost its network. */
    OFFLINE,
    /** The phone got its first tokens. Only listeners of the simulator's own hear of it. */
    REGISTERED,
    /** The phone got new tokens in place of those it had. */
    TOKEN_ROTATED,
    /** The app was removed, and the tokens with it. */
    UNREGISTERED,
    /** The app began, or ceased, to report calls to CallKit. */
    REPORTING_CHANGED,
    /** The phone forgot its history. */
    HISTORY_FORGOTTEN
  }
}
