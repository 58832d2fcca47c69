// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whatever body an endpoint of the HTTP API gets, it answers, or refuses as documented. */
final class WebBodiesFuzzTest {
  @RegisterExtension static final FuzzRun RUN = new FuzzRun("simulator-json");

  private static final List<String> ENDPOINTS =
      List.of(
          "POST /api/phones",
          "POST /api/phones/1/online",
          "POST /api/phones/1/answer",
          "POST /api/phones/1/decline",
          "POST /api/phones/1/hang-up",
          "POST /api/phones/1/app",
          "POST /api/phones/1/reports-calls",
          "POST /api/phones/1/forget-history",
          "POST /api/calls",
          "POST /api/calls/00000000-0000-0000-0000-000000000001/end",
          "PUT /api/script",
          "PUT /api/tls",
          "PUT /api/settings",
          "POST /api/go-away",
          "POST /api/drop-connections");

  private static final FuzzedSimulator SIMULATOR = new FuzzedSimulator();

  @AfterAll
  static void close() {
    SIMULATOR.close();
  }

  /**
   * Puts a body to an endpoint.
   *
   * @param data which endpoint, then the body
   */
  @FuzzTest
  void everyBodyIsAnswered(byte[] data) throws Exception {
    RUN.input(
        () -> {
          if (data.length > 0) {
            String[] endpoint = ENDPOINTS.get((data[0] & 0xff) % ENDPOINTS.size()).split(" ", 2);
            ask(endpoint[0], endpoint[1], Arrays.copyOfRange(data, 1, data.length));
          }
        });
  }

  private static void ask(String method, String path, byte[] body) {
    int status;
    try {
      status = SIMULATOR.api().answer(method, path, "application/json", body).status();
    } catch (WebRefusal e) {
      status = e.status();
    }
    assertTrue(status >= 200 && status < 500, () -> method + " " + path);
  }
}
