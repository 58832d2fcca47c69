// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.Script;
import dev.voippush.simulator.SimulatedPhone;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FirstRingTest {
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  private boolean run(BiConsumer<ApnsSimulator, SimulatedPhone> trouble) {
    return run(true, trouble);
  }

  private boolean run(boolean callKit, BiConsumer<ApnsSimulator, SimulatedPhone> trouble) {
    return FirstRing.run(new PrintStream(printed, true, StandardCharsets.UTF_8), callKit, trouble);
  }

  private String output() {
    return printed.toString(StandardCharsets.UTF_8);
  }

  @Test
  void ringsUntilAnswered() {
    assertTrue(run((apns, phone) -> {}), output());
    String[] inThisOrder = {"ck.pem is for", "accepted by APNs", "answered", "record: apns-id"};
    int at = 0;
    for (String words : inThisOrder) {
      int next = output().indexOf(words, at);
      assertTrue(next >= 0, () -> words + " is missing in\n" + output());
      at = next;
    }
    assertTrue(output().contains("ringing"), output());
    assertTrue(output().contains("topic com.example.app.voip, expiration 1"), output());
    assertTrue(output().matches("(?s).*, \\d{2,4} bytes, status 200.*"), output());
  }

  @Test
  void ringsByAlertsUntilAnswered() {
    assertTrue(run(false, (apns, phone) -> {}), output());
    assertTrue(output().contains("topic com.example.app, expiration 0"), output());
    assertTrue(output().contains("notification centre: Call answered"), output());
    assertTrue(output().matches("(?s).*rang for [78]\\.\\d s in \\d+ cycles.*"), output());
  }

  @Test
  void alertsAreRefused() {
    assertFalse(
        run(
            false,
            (apns, phone) ->
                apns.script(phone.alertToken(), Script.reject(400, "TopicDisallowed"))),
        output());
    assertTrue(output().contains("400 TopicDisallowed"), output());
    assertTrue(output().contains("did not ring"), output());
  }

  @Test
  void appThatIsGone() {
    assertFails((apns, phone) -> apns.script(phone.token(), Script.unregistered(Instant.now())));
    assertTrue(output().contains("410 Unregistered"), output());
    assertTrue(output().contains("DISCARD_TOKEN"), output());
  }

  @Test
  void silentServer() {
    assertFails((apns, phone) -> apns.script(Script.silence()));
    assertTrue(output().contains("no verdict from APNs: TIMEOUT, UNKNOWN"), output());
    assertFalse(output().contains("accepted by APNs"), output());
  }

  @Test
  void appThatDoesNotReportTheCall() {
    assertFails((apns, phone) -> phone.reportsCalls(false));
    assertTrue(output().contains("accepted by APNs"), output());
    assertTrue(output().contains("did not ring"), output());
  }

  private void assertFails(BiConsumer<ApnsSimulator, SimulatedPhone> trouble) {
    assertFalse(run(trouble), output());
    assertEquals(-1, output().indexOf("answered"), output());
  }
}
