// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Reads the scripts of the HTTP API: a step, or a list of steps. */
final class WebScripts {
  private static final long MAX_DELAY = Duration.ofHours(1).toMillis();
  private static final long MAX_SINCE = 1L << 53; // what a JSON number holds exactly
  private static final long MAX_TIMES = 1_000_000;
  private static final int MAX_TEXT = 4096;

  private WebScripts() {}

  static Script read(Object json, Instant now) {
    if (json instanceof List<?> list && !list.isEmpty()) {
      return Script.sequence(list.stream().map(step -> readStep(step, now)).toArray(Script[]::new));
    }
    return readStep(json, now);
  }

  @SuppressWarnings("unchecked") // JSON objects are maps with string keys
  private static Script readStep(@Nullable Object json, Instant now) {
    if (!(json instanceof Map<?, ?> members)) {
      throw JsonFields.wrong("script", "a step or a list of steps, each an object", json);
    }
    JsonFields step = new JsonFields((Map<String, @Nullable Object>) members);
    Script script = action(step, now);
    OptionalLong delay = step.number("delayMillis", 0, MAX_DELAY);
    if (delay.isPresent()) {
      script = script.delay(Duration.ofMillis(delay.getAsLong()));
    }
    Optional<String> retryAfter = step.text("retryAfter", 100);
    if (retryAfter.isPresent()) {
      script = script.retryAfter(retryAfter.get());
    }
    OptionalLong late = step.number("deliveredAfterMillis", 0, MAX_DELAY);
    if (late.isPresent()) {
      script = script.deliveredAfter(Duration.ofMillis(late.getAsLong()));
    }
    if (step.flag("deliveredTwice", false)) {
      script = script.deliveredTwice();
    }
    OptionalLong newestFirst = step.number("deliveredNewestFirst", 2, 1000);
    if (newestFirst.isPresent()) {
      script = script.deliveredNewestFirst((int) newestFirst.getAsLong());
    }
    OptionalLong times = step.number("times", 1, MAX_TIMES);
    if (times.isPresent()) {
      script = script.times((int) times.getAsLong());
    }
    step.noOthers();
    return script;
  }

  private static Script action(JsonFields step, Instant now) {
    String action = step.requiredText("action", 40);
    return switch (action) {
      case "normal" -> Script.normal();
      case "reject" -> reject(step);
      case "unregistered" -> Script.unregistered(since(step, now));
      case "expired-token" -> Script.expiredToken(since(step, now));
      case "silence" -> Script.silence();
      case "drop-before" -> Script.dropBefore();
      case "drop-after" -> Script.dropAfter();
      case "reset" -> Script.reset(step.requiredNumber("errorCode", 0, 0xffff_ffffL));
      case "refuse-stream" -> Script.refuseStream();
      case "go-away" -> Script.goAway(step.textOrEmpty("debugData", MAX_TEXT));
      case "go-away-covering" -> Script.goAwayCovering(step.textOrEmpty("debugData", MAX_TEXT));
      case "go-away-unanswered" -> Script.goAwayUnanswered(step.textOrEmpty("debugData", MAX_TEXT));
      default ->
          throw JsonFields.wrong(
              "action",
              "normal, reject, unregistered, expired-token, silence, drop-before, drop-after, reset,"
                  + " refuse-stream, go-away, go-away-covering or go-away-unanswered",
              action);
    };
  }

  private static Instant since(JsonFields step, Instant now) {
    OptionalLong since = step.number("since", 0, MAX_SINCE);
    return since.isPresent() ? Instant.ofEpochMilli(since.getAsLong()) : now;
  }

  /** With the reason as JSON, or with a body of the caller's choice. */
  private static Script reject(JsonFields step) {
    int status = (int) step.requiredNumber("status", 400, 599);
    if (step.has("body")) {
      byte[] body = step.textOrEmpty("body", MAX_TEXT).getBytes(StandardCharsets.UTF_8);
      return Script.rejectWithBody(status, body);
    }
    return Script.reject(status, step.requiredText("reason", 100));
  }
}
