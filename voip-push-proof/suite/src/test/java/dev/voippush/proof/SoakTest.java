// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Everything goes wrong for a minute, every push has one end that the server's record bears out,
 * and what the client holds stays as it is. {@code -Dsoak.duration=1h} for longer, {@code
 * -Dsoak.seed=} for other faults.
 */
class SoakTest {
  @TempDir private Path directory;

  /** {@code 60s}, {@code 1h}, or ISO. */
  static Duration duration(String text) {
    String iso = text.toUpperCase(Locale.ROOT);
    return Duration.parse(iso.startsWith("P") ? iso : "PT" + iso);
  }

  @Test
  void clientStaysFlatAndToldTheTruth(TestReporter reporter) throws Exception {
    SoakPlan plan =
        new SoakPlan(
            Long.getLong("soak.seed", 20_261_125),
            duration(System.getProperty("soak.duration", "60s")));
    SoakResult result;
    try (Soak soak = new Soak(plan, directory)) {
      result = soak.run();
    }
    result.write(Path.of(System.getProperty("proof.directory", "target/proof")));
    reporter.publishEntry("seed " + plan.seed, result.audit().ends().toString());
    assertEquals(List.of(), result.faults(), "seed " + plan.seed);
    for (String end : List.of("accepted", "rejected", "STOPPED NOT_SENT")) {
      assertTrue(result.audit().ends().containsKey(end), end + ": " + result.audit().ends());
    }
  }
}
