// SPDX-License-Identifier: Apache-2.0
package dev.voippush.foreign;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The Spring Boot example as a process, whose calls are placed and taken in a real browser. */
@Timeout(180)
class CallServicePageTest {
  @TempDir Path directory;

  @Test
  void ringsAndIsAnsweredInThePage() throws Exception {
    Browser.require();
    try (JavaProcess both = JavaProcess.callService(directory);
        Browser browser = new Browser()) {
      browser.open(URI.create(both.await("page")));

      placeCall(browser);
      assertEquals("Li Lei", browser.find(2, "caller").getText());
      browser.find(2, "answer").click();
      browser.awaitScreen(2, "in-call");
      browser.awaitScreen(1, "over"); // by the service's word, as the phones know no user
      browser.find(2, "hang-up").click();
      browser.awaitScreen(2, "over");

      placeCall(browser);
      browser.find("end-call").click();
      browser.awaitScreen(1, "over");
      browser.awaitScreen(2, "over");

      both.terminate();
      assertEquals(128 + 15, both.awaitEnd());
    }
  }

  private static void placeCall(Browser browser) {
    browser.type("caller-name", "Li Lei");
    browser.find("place-call").click();
    browser.awaitScreen(1, "ringing");
    browser.awaitScreen(2, "ringing");
  }
}
