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
    boolean ended = payload.containsKey("callEnd");
    boolean starts =
        payload.get("aps") instanceof Map<?, ?> aps
            && aps.get("mutable-content") instanceof Number flag
            && flag.intValue() == 1
            && (ended || aps.get("sound") != null);
    return starts
        ? PushedCall.read(payload, now)
            .map(call -> new AlertedCall(call, end(payload.get("callEnd"))))
        : Optional.empty();
  }

  private static Optional<SimulatedCall.State> end(@Nullable Object callEnd) {
    if (!(callEnd instanceof String how)) {
      return Optional.empty();
    }
    return switch (how) {
      case "answered" -> Optional.of(SimulatedCall.State.ANSWERED_ELSEWHERE);
      case "declined" -> Optional.of(SimulatedCall.State.DECLINED_ELSEWHERE);
      default -> Optional.of(SimulatedCall.State.ENDED); // missed, whoever gave up
    };
  }
}
