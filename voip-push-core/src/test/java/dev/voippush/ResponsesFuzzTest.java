// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whatever a server answers, it is read into a result that is small and fit for a log. */
class ResponsesFuzzTest {
  @RegisterExtension static final FuzzRun RUN = new FuzzRun("responses");

  private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");
  private static final Sent SENT = new Sent(new UUID(1, 2), 1, false);

  /**
   * Reads an answer of three parts, with line feeds between them.
   *
   * @param data the status, {@code retry-after}, and then the body
   */
  @FuzzTest
  void everyAnswerIsRead(byte[] data) throws Exception {
    RUN.input(() -> read(data));
  }

  private static void read(byte[] data) {
    String[] parts = new String(data, ISO_8859_1).split("\n", 3);
    if (parts.length < 3) {
      return;
    }
    int status = parts[0].matches("\\d{3}") ? Integer.parseInt(parts[0]) : 403;
    PushResponse response =
        new PushResponse(status, parts[1], parts[1], parts[2].getBytes(ISO_8859_1));
    ResponseReader.retryAfter(response, NOW)
        .ifPresent(
            wait -> {
              assertFalse(wait.isNegative());
              assertTrue(
                  new RetryPolicy(true)
                          .afterRejection(
                              PushResult.Rejected.of(new UUID(1, 2), 503, ""),
                              Optional.of(wait),
                              new RetryPolicy.History(1, 0, false, Duration.ofSeconds(45)))
                          .orElse(Duration.ZERO)
                          .compareTo(Duration.ofSeconds(45))
                      < 0);
            });
    PushResult result = ResponseReader.read(response, SENT, () -> ResponseReaderTest.TARGET);
    assertEquals(status == 200, result.accepted());
    if (result instanceof PushResult.Rejected rejected) {
      assertEquals(status, rejected.status());
      String reason = rejected.rawReason();
      assertTrue(reason.length() <= 256, "kept in full");
      assertTrue(reason.chars().noneMatch(c -> c < 32 || c == 127), reason);
      assertFalse(reason.matches(".*\\p{XDigit}{16}.*"), reason);
      assertTrue((rejected.explanation() + result).length() < 4_000, "too long");
      assertTrue(!rejected.tokenInvalidSince().isPresent() || status == 410);
      rejected.remedy();
    }
  }
}
