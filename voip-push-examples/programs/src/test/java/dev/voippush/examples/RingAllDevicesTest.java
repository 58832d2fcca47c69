// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RingAllDevicesTest {
  @Test
  void oneAnswersAndTheOthersEnd() throws Exception {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    boolean well = RingAllDevices.run(new PrintStream(printed, true, StandardCharsets.UTF_8));
    String output = printed.toString(StandardCharsets.UTF_8);
    assertTrue(well, output);
    for (String line :
        List.of(
            "server   iPhone: accepted by APNs",
            "server   iPad: accepted by APNs",
            "server   away: accepted by APNs",
            "server   removed: APNs said 410 Unregistered: .* remedy DISCARD_TOKEN",
            "iPhone   RINGING, call .*",
            "iPad     RINGING, call .*",
            "iPhone   ANSWERED, call .*",
            "away     online again, call .* ANSWERED_ELSEWHERE")) {
      assertEquals(1, output.lines().filter(l -> l.matches(line)).count(), line + " in " + output);
    }
  }
}
