// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whoever signs with a .p8 key. Remembers the connection's first key, since a connection serves one
 * team and one key, and when its token last changed, since that may happen every 20 minutes only.
 */
final class TokenProvider implements Provider {
  static final Duration MAX_AGE = Duration.ofHours(1);
  static final Duration MAX_AHEAD = Duration.ofMinutes(1);
  static final Duration MIN_UPDATE_INTERVAL = Duration.ofMinutes(20);

  private final SigningKeys keys;
  private final Clock clock;
  private final String teamId;
  private final String bundleId;

  private String lastAuthorization = "";
  private SigningKeys.@Nullable Token last;
  private Instant changedAt = Instant.MIN;
  private SigningKeys.@Nullable Token first;

  TokenProvider(SigningKeys keys, Clock clock, String teamId, String bundleId) {
    this.keys = keys;
    this.clock = clock;
    this.teamId = teamId;
    this.bundleId = bundleId;
  }

  @Override
  public @Nullable Verdict authenticate(ApnsRequest request) {
    String authorization = request.header("authorization");
    if (authorization == null || authorization.isBlank()) {
      return Verdict.forbidden("MissingProviderToken");
    }
    SigningKeys.Token token = read(authorization);
    if (token == null || (first != null && !first.teamId().equals(token.teamId()))) {
      return Verdict.forbidden("InvalidProviderToken");
    }
    if (first != null && !first.keyId().equals(token.keyId())) {
      return Verdict.forbidden("UnrelatedKeyIdInToken");
    }
    Instant now = clock.instant();
    Instant issuedAt = Instant.ofEpochSecond(token.issuedAt());
    if (issuedAt.isBefore(now.minus(MAX_AGE)) || issuedAt.isAfter(now.plus(MAX_AHEAD))) {
      return Verdict.forbidden("ExpiredProviderToken");
    }
    if (last != null && last.issuedAt() != token.issuedAt()) {
      if (now.isBefore(changedAt.plus(MIN_UPDATE_INTERVAL))) {
        return new Verdict(429, "TooManyProviderTokenUpdates", null);
      }
      changedAt = now;
    }
    if (first == null) {
      first = token;
      changedAt = now;
    }
    last = token;
    lastAuthorization = authorization;
    return null;
  }

  /** Verifies a signature once per token, not once per push. */
  private SigningKeys.@Nullable Token read(String authorization) {
    if (authorization.equals(lastAuthorization)) {
      return last;
    }
    return authorization.toLowerCase(Locale.ROOT).startsWith("bearer ")
        ? keys.read(authorization.substring("bearer ".length()).strip())
        : null;
  }

  @Override
  public boolean mayPushTo(String topic) {
    return first != null
        && first.teamId().equals(teamId)
        && (topic.equals(bundleId) || topic.startsWith(bundleId + "."));
  }

  @Override
  public Optional<String> onlyTopic() {
    return Optional.empty();
  }
}
