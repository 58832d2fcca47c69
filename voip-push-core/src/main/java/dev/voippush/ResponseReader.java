// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the verdict out of an answer. Whatever the body holds, the status is kept. */
final class ResponseReader {
  private static final int MAX_RAW_REASON = 256;
  private static final Pattern UNIQUE_ID = Pattern.compile("\\p{Graph}{1,256}");
  private static final Pattern JWT = Pattern.compile("eyJ[\\w-]+(\\.[\\w-]*){1,2}");
  private static final Pattern LONG_HEX = Pattern.compile("(\\p{XDigit}{8})\\p{XDigit}{8,}");
  private static final Duration MAX_RETRY_AFTER = Duration.ofDays(365);

  private ResponseReader() {}

  static PushResult read(PushResponse response, Sent sent, Supplier<Target> target) {
    if (response.status() == 200) {
      return new PushResult.Accepted(sent, uniqueId(response));
    }
    String rawReason = "";
    Instant tokenInvalidSince = null;
    if (response.body().length > 0) {
      try {
        Map<String, @Nullable Object> body = Json.readObject(response.body());
        if (body.get("reason") instanceof String reason) {
          rawReason = cut(reason);
        } else {
          rawReason = asText(response.body());
        }
        if (response.status() == 410 && body.get("timestamp") instanceof Double millis) {
          tokenInvalidSince = Instant.ofEpochMilli(millis.longValue());
        }
      } catch (IOException e) { // not JSON: a proxy's page, for example
        rawReason = asText(response.body());
      }
    }
    return new PushResult.Rejected(
        sent, response.status(), rawReason, tokenInvalidSince, target.get());
  }

  /** An id that is none could be as long as all headers, or forge lines in a log. */
  private static @Nullable String uniqueId(PushResponse response) {
    String id = response.uniqueId();
    return id != null && UNIQUE_ID.matcher(id).matches() ? id : null;
  }

  private static String asText(byte[] body) {
    return cut(new String(body, StandardCharsets.UTF_8).strip());
  }

  /** Fit for a log: of limited length, one line, without the tokens that an error page may show. */
  private static String cut(String text) {
    String shown = JWT.matcher(text).replaceAll("eyJ…");
    shown = LONG_HEX.matcher(shown).replaceAll("$1…").replaceAll("\\p{Cntrl}+", " ");
    return shown.length() <= MAX_RAW_REASON ? shown : shown.substring(0, MAX_RAW_REASON);
  }

  /**
   * Reads {@code retry-after}, in seconds or as a date; empty if there is none to be understood.
   */
  static Optional<Duration> retryAfter(PushResponse response, Instant now) {
    String value = response.retryAfter();
    if (value == null) {
      return Optional.empty();
    }
    String text = value.strip();
    if (text.matches("\\d{1,18}")) {
      return Optional.of(atMost(Duration.ofSeconds(Long.parseLong(text))));
    }
    try {
      Instant at = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      Duration wait = Duration.between(now, at);
      return Optional.of(wait.isNegative() ? Duration.ZERO : atMost(wait));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static Duration atMost(Duration wait) {
    return wait.compareTo(MAX_RETRY_AFTER) > 0 ? MAX_RETRY_AFTER : wait;
  }
}
