// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The call in a VoIP push, as the simulated app reads it. It understands the keys of this project
 * ({@code callId}), of flutter_callkit_incoming ({@code id}) and of react-native-voip-push ({@code
 * uuid}).
 */
record PushedCall(UUID id, String callerName, String handle, boolean video, Instant expiresAt) {
  /** How long a call rings whose payload has no {@code expiresAt}. */
  static final Duration DEFAULT_RING_TIME = Duration.ofSeconds(45);

  /** The call, or empty if the payload has no call id that is a UUID. */
  static Optional<PushedCall> read(Map<String, @Nullable Object> payload, Instant now) {
    String id = text(payload, "callId", "id", "uuid");
    if (!RequestRules.isUuid(id)) {
      return Optional.empty();
    }
    Object expiresAt = payload.get("expiresAt");
    if (expiresAt == null && payload.get("extra") instanceof Map<?, ?> extra) {
      expiresAt = extra.get("expiresAt");
    }
    return Optional.of(
        new PushedCall(
            UUID.fromString(id),
            text(payload, "callerName", "nameCaller"),
            text(payload, "handle"),
            isTrue(payload, "video", "isVideo", "hasVideo"),
            expiresAt instanceof Number ms
                ? Instant.ofEpochMilli(ms.longValue())
                : now.plus(DEFAULT_RING_TIME)));
  }

  private static String text(Map<String, @Nullable Object> payload, String... keys) {
    for (String key : keys) {
      if (payload.get(key) instanceof String text) {
        return text;
      }
    }
    return "";
  }

  private static boolean isTrue(Map<String, @Nullable Object> payload, String... keys) {
    for (String key : keys) {
      if (Boolean.TRUE.equals(payload.get(key))) {
        return true;
      }
    }
    return false;
  }
}
