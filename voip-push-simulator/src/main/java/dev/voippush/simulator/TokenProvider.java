// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.security.cert.X509Certificate;
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
  private final Apps apps;
  private final boolean sandbox;

  private String lastAuthorization = "";
  private SigningKeys.@Nullable Token last;
  private Instant changedAt = Instant.MIN;
  private SigningKeys.@Nullable Token first;

  TokenProvider(SigningKeys keys, Clock clock, Apps apps, boolean sandbox) {
    this.keys = keys;
    this.clock = clock;
    this.apps = apps;
    this.sandbox = sandbox;
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
    if (!keys.isFor(sandbox, token.keyId())) {
      return Verdict.forbidden("BadEnvironmentKeyInToken");
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
    return first != null && apps.serves(first.teamId(), topic);
  }

  @Override
  public Optional<X509Certificate> certificate() {
    return Optional.empty();
  }

  @Override
  public Optional<String> onlyTopic() {
    return Optional.empty();
  }
}
