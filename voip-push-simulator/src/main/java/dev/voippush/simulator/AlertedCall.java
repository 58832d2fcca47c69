// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The call in an alert, as the notification service extension of an app without CallKit reads it:
 * iOS starts it for alerts with {@code mutable-content}, and plays their {@code sound}.
 *
 * @param end what the last alert says of it, empty while it rings
 */
record AlertedCall(PushedCall call, Optional<SimulatedCall.State> end) {
  /** The call, or empty if the alert is none that rings or ends one. */
  static Optional<AlertedCall> read(Map<String, @Nullable Object> payload, Instant now) {
    Object callEnd = payload.get("callEnd");
    boolean starts =
        payload.get("aps") instanceof Map<?, ?> aps
            && aps.get("mutable-content") instanceof Number flag
            && flag.intValue() == 1
            && (callEnd == null ? aps.get("sound") != null : callEnd instanceof String);
    return starts
        ? PushedCall.read(payload, now).map(call -> new AlertedCall(call, end(callEnd)))
        : Optional.empty();
  }

  private static Optional<SimulatedCall.State> end(@Nullable Object callEnd) {
    if (callEnd == null) {
      return Optional.empty();
    }
    return Optional.of(
        switch ((String) callEnd) {
          case "answered" -> SimulatedCall.State.ANSWERED_ELSEWHERE;
          case "declined" -> SimulatedCall.State.DECLINED_ELSEWHERE;
          default -> SimulatedCall.State.ENDED; // missed, whoever gave up
        });
  }
}
