// SPDX-License-Identifier: Apache-2.0
package dev.voippush.foreign;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.openqa.selenium.By;
import org.openqa.selenium.ScriptTimeoutException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;

/**
 * A headless Chromium that shows the simulator's page. Waits for conditions inside the page, where
 * each change of it is heard of.
 */
final class Browser implements AutoCloseable {
  /**
   * Held, or its level would be forgotten: it warns that it does not know this Chromium's devtools.
   */
  private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

  private final Path profile = Files.createTempDirectory("voip-push-browser");
  private final ChromeDriver driver;

  Browser() throws IOException {
    SELENIUM.setLevel(Level.SEVERE);
    ChromeOptions options = new ChromeOptions();
    options.setBinary(Program.find("chromium").orElseThrow().toFile());
    options.addArguments(
        "--headless",
        "--no-sandbox", // there is none for root
        "--disable-gpu",
        "--disable-dev-shm-usage", // small in containers
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--lang=en-US",
        "--window-size=1400,1200",
        "--user-data-dir=" + profile);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(Program.find("chromedriver").orElseThrow().toFile())
            .usingAnyFreePort()
            .build();
    driver = new ChromeDriver(service, options);
    driver.manage().timeouts().scriptTimeout(Duration.ofSeconds(20));
  }

  /** Skips the test where there is no Chromium with its driver; fails in CI. */
  static void require() {
    Program.require("chromium");
    Program.require("chromedriver");
  }

  /** Shows the page, and waits until it is connected with the simulator. */
  void open(URI page) {
    driver.get(page.toString());
    await("byTestId('connection').dataset.connected === 'true'");
  }

  /** Waits until a phone's screen shows this: black, lock, app, ringing, in-call or over. */
  void awaitScreen(int phone, String screen) {
    await("phone(" + phone + ", 'screen').dataset.screen === '" + screen + "'");
  }

  /**
   * Waits until a JavaScript expression is true, for 20 s at most. It may use {@code byTestId(id)}
   * and {@code phone(number, id)}, which find elements.
   */
  void await(String condition) {
    try {
      Object unused =
          driver.executeAsyncScript(
              FUNCTIONS
                  + """
                  const done = arguments[0];
                  const observer = new MutationObserver(check);
                  const timer = setInterval(check, 20); // not all is an element: the sound's state
                  function check() {
                    if (%s) {
                      observer.disconnect();
                      clearInterval(timer);
                      done();
                    }
                  }
                  observer.observe(document,
                    { attributes: true, characterData: true, childList: true, subtree: true });
                  check();
                  """
                      .formatted(condition));
    } catch (ScriptTimeoutException e) {
      fail("not within 20 s: " + condition + "; the page shows\n" + text(), e);
    }
  }

  /** Runs a script that calls {@code done(result)}, a string, number, boolean, list or map. */
  Object run(Duration timeout, String script) {
    driver.manage().timeouts().scriptTimeout(timeout);
    try {
      return driver.executeAsyncScript(FUNCTIONS + "const done = arguments[0];\n" + script);
    } catch (ScriptTimeoutException e) {
      return fail("not within " + timeout + "; the page shows\n" + text(), e);
    } finally {
      driver.manage().timeouts().scriptTimeout(Duration.ofSeconds(20));
    }
  }

  /**
   * Shows the page this wide for a moment, and returns how wide it found itself, and whether
   * nothing reaches beyond.
   */
  Object widths(int width) {
    // A window has a least width; what the page sees of it has none.
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", false));
    try {
      return run(
          Duration.ofSeconds(10),
          "done([innerWidth, document.documentElement.scrollWidth <= " + width + "]);");
    } finally {
      driver.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
    }
  }

  WebElement find(String testId) {
    return driver.findElement(By.cssSelector("[data-testid='" + testId + "']"));
  }

  WebElement find(int phone, String testId) {
    return driver.findElement(
        By.cssSelector(
            "[data-testid='phone'][data-number='" + phone + "'] [data-testid='" + testId + "']"));
  }

  /** Fills the field with a text in place of what it has. */
  void type(String testId, String text) {
    WebElement field = find(testId);
    field.clear();
    field.sendKeys(text);
  }

  /** The texts of a phone's elements with this test id. */
  List<String> texts(int phone, String testId) {
    return driver
        .findElements(
            By.cssSelector(
                "[data-testid='phone'][data-number='"
                    + phone
                    + "'] [data-testid='"
                    + testId
                    + "']"))
        .stream()
        .map(WebElement::getText)
        .toList();
  }

  private String text() {
    return driver.findElement(By.tagName("body")).getText();
  }

  @Override
  public void close() {
    driver.quit();
    try (Stream<Path> files = Files.walk(profile)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      // A process of Chromium's still wrote there: it is a temporary directory.
    }
  }

  private static final String FUNCTIONS =
      """
      const byTestId = (id) => document.querySelector(`[data-testid="${id}"]`);
      const phone = (number, id) =>
        document.querySelector(`[data-testid="phone"][data-number="${number}"] [data-testid="${id}"]`);
      """;
}
