// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whatever a request says, the rules give a verdict that APNs knows. */
final class RulesFuzzTest {
  @RegisterExtension static final FuzzRun RUN = new FuzzRun("simulator-rules");

  private static final Set<Integer> STATUSES = Set.of(200, 400, 403, 404, 405, 410, 413);
  private static final Devices DEVICES = new Devices();
  private static final RequestRules RULES = new RequestRules(DEVICES, false);
  private static final String TOKEN = "0123456789abcdef".repeat(4);

  static {
    DEVICES.add(TOKEN, new Devices.Device(null, "com.example.app", false, true));
  }

  /** Who may push to any topic. */
  private static final class Anyone implements Provider {
    @Override
    public @Nullable Verdict authenticate(ApnsRequest request) {
      return null;
    }

    @Override
    public boolean mayPushTo(String topic) {
      return true;
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

  /**
   * Judges a request.
   *
   * @param data a line with the method, one with the path, one for each header, an empty one, then
   *     the payload; TOKEN is that of a device
   */
  @FuzzTest
  void everyPushIsJudged(byte[] data) throws Exception {
    RUN.input(() -> judge(data));
  }

  private static void judge(byte[] data) {
    String[] parts = new String(data, ISO_8859_1).split("\n\n", 2);
    String[] lines = parts[0].split("\n", -1);
    if (parts.length < 2 || lines.length < 2) {
      return;
    }
    List<String> headers = new ArrayList<>();
    for (int i = 2; i < lines.length; i++) {
      int colon = lines[i].indexOf(": ");
      headers.add(colon < 0 ? lines[i] : lines[i].substring(0, colon));
      headers.add(colon < 0 ? "" : lines[i].substring(colon + 2));
    }
    byte[] body = parts[1].getBytes(ISO_8859_1);
    ApnsRequest request =
        new ApnsRequest(
            lines[0], lines[1].replace("TOKEN", TOKEN), headers.toArray(new String[0]), body);
    RequestRules.Ruling ruling = RULES.check(request, new Anyone());
    int status = ruling.verdict().status();
    assertTrue(STATUSES.contains(status), () -> "status " + status);
    assertEquals(status == 200, ruling.delivery() != null);
    assertEquals(status == 200, ruling.verdict().reason().isEmpty());
    assertTrue(status != 200 || body.length <= RequestRules.MAX_VOIP_PAYLOAD, "too large");
  }
}
