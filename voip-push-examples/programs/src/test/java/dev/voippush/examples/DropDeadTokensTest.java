// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DropDeadTokensTest {
  private static final String TOKEN = "  [0-9a-f]{8}…  ";
  private static final String INSTANT = "20[0-9TZ:.-]+";

  @Test
  void discardsTheTokenOfTheRemovedAppAlone() throws Exception {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    boolean well = DropDeadTokens.run(new PrintStream(printed, true, StandardCharsets.UTF_8));
    String output = printed.toString(StandardCharsets.UTF_8);
    assertTrue(well, output);
    String[] lines = {
      "Li Lei    " + TOKEN + "kept: rings",
      "Han Meimei"
          + TOKEN
          + "discarded: Unregistered since "
          + INSTANT
          + ", registered at "
          + INSTANT,
      "Lily      "
          + TOKEN
          + "kept: Unregistered since "
          + INSTANT
          + ", but registered at "
          + INSTANT,
      "Jim       " + TOKEN + "kept: BadDeviceToken, although stored as of PRODUCTION; .*",
      "registered now: \\[Jim, Li Lei, Lily\\]",
    };
    for (String line : lines) {
      assertEquals(
          1,
          output.lines().filter(printedLine -> printedLine.matches(line)).count(),
          () -> String.format(Locale.ROOT, "%s is missing in%n%s", line, output));
    }
  }
}
