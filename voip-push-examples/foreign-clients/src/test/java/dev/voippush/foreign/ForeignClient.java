// SPDX-License-Identifier: Apache-2.0
package dev.voippush.foreign;

import com.eatthepath.pushy.apns.PushNotificationResponse;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A client that is not ours, with the credentials it uses. */
enum ForeignClient {
  PUSHY(false),
  PUSHY_P8(true),
  NODE_APN(false),
  NODE_APN_P8(true),
  CURL(false),
  CURL_P8(true),
  PHP(false),
  PHP_P8(true);

  /**
   * What the client saw.
   *
   * @param reason {@code ""} if the push was accepted
   * @param since the timestamp of a 410
   */
  record Answer(int status, String reason, Optional<Instant> since) {}

  private static final Pattern REASON = Pattern.compile("\"reason\":\"(\\w+)\"");
  private static final Pattern TIMESTAMP = Pattern.compile("\"timestamp\":(\\d+)");
  private static final Pattern STATUS = Pattern.compile("\n(\\d{3})\\s*$");

  private final boolean p8;

  ForeignClient(boolean p8) {
    this.p8 = p8;
  }

  /**
   * Pushes one call by "Ada", with video.
   *
   * @param credentials the directory with the simulator's files
   */
  Answer send(Path credentials, int port, String token) throws Exception {
    return switch (this) {
      case PUSHY, PUSHY_P8 -> seen(SendByPushy.send(credentials.toFile(), port, token, p8));
      case NODE_APN, NODE_APN_P8 -> run(credentials, "node", NodeApn.script(), port, token);
      case CURL, CURL_P8 -> {
        Program.require("curl");
        Program.require("openssl");
        yield run(credentials, "sh", script("curl/send.sh"), port, token);
      }
      case PHP, PHP_P8 -> {
        String modules = Program.run(credentials, "php", "-m");
        if (!modules.contains("curl")) {
          Program.missing("PHP's curl extension is not installed on this machine");
        }
        yield run(credentials, "php", script("php/send.php"), port, token);
      }
    };
  }

  private static Path script(String name) {
    return Path.of("src/test", name).toAbsolutePath();
  }

  private Answer run(Path credentials, String program, Path script, int port, String token)
      throws Exception {
    String printed =
        p8
            ? Program.run(credentials, program, script, port, token, "p8")
            : Program.run(credentials, program, script, port, token);
    return new Answer(
        Integer.parseInt(first(STATUS, printed).orElseThrow(() -> new AssertionError(printed))),
        first(REASON, printed).orElse(""),
        first(TIMESTAMP, printed).map(millis -> Instant.ofEpochMilli(Long.parseLong(millis))));
  }

  private static Answer seen(PushNotificationResponse<?> response) {
    return new Answer(
        response.getStatusCode(),
        response.getRejectionReason().orElse(""),
        response.getTokenInvalidationTimestamp());
  }

  private static Optional<String> first(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }
}
