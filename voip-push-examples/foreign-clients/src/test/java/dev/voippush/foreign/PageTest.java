// SPDX-License-Identifier: Apache-2.0
package dev.voippush.foreign;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.SimulatedCall;
import dev.voippush.simulator.SimulatedCall.State;
import dev.voippush.simulator.SimulatedPhone;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;

/** The simulator's page in a real browser: what a person sees, clicks and hears. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PageTest {
  private Browser browser;
  private ApnsSimulator apns;

  @BeforeAll
  void openBrowser() throws Exception {
    Browser.require();
    browser = new Browser();
  }

  @AfterAll
  void closeBrowser() throws Exception {
    if (browser != null) {
      browser.close();
    }
  }

  @BeforeEach
  void start() {
    apns = ApnsSimulator.builder().web(0).start();
  }

  @AfterEach
  void close() {
    apns.close();
  }

  private void openPage() {
    browser.open(apns.web().orElseThrow());
  }

  private void openPageWithSound() {
    openPage();
    if (!browser.find("sound").getAttribute("data-sound").equals("on")) {
      browser.find("sound").click();
    }
    browser.await("byTestId('sound').dataset.sound === 'on'");
  }

  private void placeCall(String callerName) {
    browser.type("caller-name", callerName);
    browser.find("place-call").click();
  }

  private static SimulatedCall onlyCall(SimulatedPhone phone) {
    List<SimulatedCall> calls = phone.calls();
    assertEquals(1, calls.size(), calls::toString);
    return calls.get(0);
  }

  @Test
  void pushWakesTheBlackScreenAndRingsUntilAnswered() {
    SimulatedPhone phone = apns.registerPhone();
    openPageWithSound();
    browser.awaitScreen(1, "black");
    assertTrue(browser.find("simulation").isDisplayed());

    browser.find("kind-video").click();
    placeCall("Ada Lovelace");
    browser.awaitScreen(1, "ringing");
    assertEquals("Ada Lovelace", browser.find(1, "caller").getText());
    assertTrue(onlyCall(phone).video());
    browser.await("window.ringer.state() === 'ringing'");

    browser.find(1, "answer").click();
    browser.awaitScreen(1, "in-call");
    assertEquals(State.ANSWERED, onlyCall(phone).state());
    browser.await("window.ringer.state() === 'silent'");

    browser.find(1, "hang-up").click();
    browser.awaitScreen(1, "over");
    assertEquals(State.ENDED, onlyCall(phone).state());
    assertFalse(onlyCall(phone).missed());
  }

  @Test
  void rejectedByTheUser() {
    SimulatedPhone phone = apns.registerPhone();
    openPage();
    placeCall("Ada");
    browser.awaitScreen(1, "ringing");

    browser.find(1, "decline").click();

    browser.awaitScreen(1, "over");
    assertEquals(State.DECLINED, onlyCall(phone).state());
    assertEquals(List.of(), browser.texts(1, "missed-call"));
  }

  @Test
  void callThatNobodyTakesIsMissed() {
    SimulatedPhone phone = apns.registerPhone();
    openPage();
    browser.type("ring-seconds", "6");
    placeCall("Ada");
    browser.awaitScreen(1, "ringing");

    browser.await("phone(1, 'missed-call') !== null"); // "over" is shown for some seconds only

    assertEquals(State.EXPIRED, onlyCall(phone).state());
    List<String> missed = browser.texts(1, "missed-call");
    assertEquals(1, missed.size());
    assertTrue(missed.get(0).contains("Ada"), missed::toString);
  }

  @Test
  void callerHangsUp() {
    SimulatedPhone phone = apns.registerPhone();
    openPage();
    browser.find(1, "app-open").click();
    browser.awaitScreen(1, "app");
    placeCall("Ada");
    browser.awaitScreen(1, "ringing");

    browser.find("end-call").click();

    browser.awaitScreen(1, "over");
    assertEquals(State.ENDED, onlyCall(phone).state());
    assertTrue(onlyCall(phone).missed());
    assertEquals(1, browser.texts(1, "missed-call").size());
  }

  @Test
  void phoneWithoutCallKitRingsByItsBannerUntilAnswered() {
    SimulatedPhone phone = apns.newPhone().callKit(false).register();
    openPageWithSound();
    placeCall("Ada");
    browser.await("phone(1, 'banner-answer') !== null");
    browser.await("window.ringer.state() === 'ringing'");
    browser.awaitScreen(1, "black");
    browser.await("phone(1, 'pushes').childElementCount >= 3");
    assertEquals(1, browser.texts(1, "banner").size(), "each replaces the one before");

    browser.find(1, "banner-answer").click();

    browser.awaitScreen(1, "in-call");
    browser.await("window.ringer.state() === 'silent'");
    assertEquals(State.ANSWERED, onlyCall(phone).state());
    browser.await("!phone(1, 'ring-record').hidden");
    String record = browser.find(1, "ring-record").getText();
    boolean gapless = onlyCall(phone).longestGap().toMillis() == 0; // not on a slow machine
    assertTrue(record.contains(gapless ? " s without a gap." : " s; the longest gap was "), record);
    browser.await("phone(1, 'banner')?.textContent.includes('Call answered')");
  }

  @Test
  void phoneWithoutCallKitShowsTheMissedCall() {
    SimulatedPhone phone = apns.newPhone().callKit(false).register();
    openPage();
    browser.type("ring-seconds", "5");
    placeCall("Ada");
    browser.await("phone(1, 'banner')?.textContent.includes('Missed call')");
    assertEquals(State.EXPIRED, onlyCall(phone).state());
    assertEquals(1, browser.texts(1, "missed-call").size());
    browser.await("phone(1, 'banner-answer') === null");
  }

  @Test
  void answeredOnOnePhoneOfTheUserEndsOnTheOther() {
    SimulatedPhone first = apns.newPhone().user("grace").register();
    SimulatedPhone second = apns.newPhone().user("grace").register();
    SimulatedPhone stranger = apns.registerPhone();
    openPageWithSound();
    placeCall("Ada");
    browser.awaitScreen(1, "ringing");
    browser.awaitScreen(2, "ringing");
    browser.awaitScreen(3, "ringing");

    browser.find(2, "answer").click();

    browser.awaitScreen(2, "in-call");
    browser.awaitScreen(1, "over");
    assertEquals(State.ANSWERED, onlyCall(second).state());
    assertEquals(State.ANSWERED_ELSEWHERE, onlyCall(first).state());
    assertEquals(List.of(), browser.texts(1, "missed-call"));
    assertEquals(State.RINGING, onlyCall(stranger).state());
    browser.awaitScreen(3, "ringing");
    browser.await("window.ringer.state() === 'ringing'");
  }

  @Test
  void airplaneModeKeepsThePushUntilItIsOver() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    openPage();
    browser.find(1, "airplane").click();
    browser.await("phone(1, 'airplane').getAttribute('aria-checked') === 'true'");
    assertFalse(phone.online());
    placeCall("Ada");
    apns.awaitRequests(1, Duration.ofSeconds(10));
    browser.await("document.querySelectorAll('[data-testid=\"answer-of-apns\"]').length === 1");
    browser.awaitScreen(1, "black");
    assertEquals(List.of(), phone.pushes());

    browser.find(1, "airplane").click();

    browser.awaitScreen(1, "ringing");
    assertTrue(phone.online());
    assertEquals(1, phone.pushes().size());
  }

  @Test
  void hundredCallsInARow() {
    SimulatedPhone phone = apns.registerPhone();
    openPageWithSound();

    Object result =
        browser.run(
            Duration.ofSeconds(60),
            """
            const screen = phone(1, 'screen');
            let calls = 0;
            let rang = 0;
            const place = () => {
              byTestId('caller-name').value = `caller ${++calls}`;
              byTestId('place-call').click();
            };
            const observer = new MutationObserver(() => {
              const ringing = screen.dataset.screen === 'ringing';
              if (ringing && rang < calls && phone(1, 'caller').textContent === `caller ${calls}`) {
                rang = calls;
                phone(1, 'decline').click();
              } else if (!ringing && rang === calls) {
                if (calls === 100) {
                  observer.disconnect();
                  done(rang);
                } else {
                  place();
                }
              }
            });
            observer.observe(screen, { attributes: true, childList: true, subtree: true });
            place();
            """);

    assertEquals(100L, result);
    List<SimulatedCall> calls = phone.calls();
    assertEquals(100, calls.size());
    for (int i = 0; i < calls.size(); i++) {
      assertEquals("caller " + (i + 1), calls.get(i).callerName());
      assertEquals(State.DECLINED, calls.get(i).state());
    }
    browser.await("window.ringer.state() === 'silent'");
  }

  /**
   * The loudness of what goes to the speaker, as often as the browser lets us look: never silent
   * from the first tone to the answer, silent soon after, and silent when the sound is off, so that
   * silence would have been noticed.
   */
  @Test
  @SuppressWarnings("unchecked")
  void soundsWithoutAGapAsLongAsItRings() {
    apns.registerPhone();
    openPageWithSound();

    Map<String, Object> heard =
        (Map<String, Object>)
            browser.run(
                Duration.ofSeconds(30),
                """
                const SILENCE = 0.001;
                const result = { samples: 0, quietest: 1, seen: 0, gap: 0, silentBefore: true };
                const look = new MessageChannel(); // not slowed down as timers are
                let part = 'before', since = 0, last = 0;
                const next = (name) => { part = name; since = last = performance.now(); };
                look.port1.onmessage = () => {
                  const now = performance.now();
                  const level = window.ringer.level();
                  if (part === 'before') {
                    result.silentBefore &&= window.ringer.state() === 'ringing' || level === 0;
                    if (level > SILENCE) {
                      next('ringing');
                    }
                  } else if (part === 'ringing') {
                    result.samples++;
                    result.quietest = Math.min(result.quietest, level);
                    if (now - since > 100) { // what it sees begins after the first tone
                      result.seen += Math.min(now - last, 40);
                      result.gap = Math.max(result.gap, window.ringer.silence());
                    }
                    last = now;
                    if (now - since > 3000) {
                      byTestId('sound').click(); // off
                      next('muted');
                    }
                  } else if (part === 'muted' && level === 0) {
                    result.mutedAfter = now - since;
                    byTestId('sound').click(); // on again
                    next('again');
                  } else if (part === 'again' && level > SILENCE) {
                    result.againAfter = now - since;
                    phone(1, 'answer').click();
                    next('answered');
                  } else if (part === 'answered' && window.ringer.state() === 'silent' && level === 0) {
                    result.silentAfter = now - since;
                    next('silent');
                  } else if (part === 'silent') {
                    result.loudestAfter = Math.max(result.loudestAfter ?? 0, level);
                    if (now - since > 300) {
                      done(result);
                      return;
                    }
                  }
                  look.port2.postMessage(null);
                };
                look.port2.postMessage(null);
                byTestId('place-call').click();
                """);

    assertEquals(true, heard.get("silentBefore"), heard::toString);
    assertTrue(number(heard, "samples") >= 100, heard::toString);
    assertTrue(number(heard, "quietest") > 0.01, heard::toString);
    assertTrue(number(heard, "seen") > 2000, heard::toString); // ms of some 2900
    assertTrue(number(heard, "gap") < 5, heard::toString); // ms
    assertEquals(0, number(heard, "loudestAfter"), heard::toString);
  }

  @ParameterizedTest
  @ValueSource(ints = {360, 1600})
  void fitsIntoTheWindow(int width) {
    apns.newPhone().name("W".repeat(100)).user("grace").register();
    apns.registerPhone();
    openPage();
    placeCall("W".repeat(100));
    browser.awaitScreen(1, "ringing");
    browser.awaitScreen(2, "ringing");
    assertEquals(List.of((long) width, true), browser.widths(width));
  }

  @Test
  void titleAndVibrationEndWithTheRing() {
    apns.registerPhone();
    openPageWithSound();
    placeCall("Ada");
    browser.await("document.title.includes('Ada')");
    browser.await("window.ringer.vibrates()");
    browser.find(1, "answer").click();
    browser.await("document.title === 'Phones of the APNs simulator'");
    browser.await("!window.ringer.vibrates()");
  }

  @Test
  void simulatorThatIsGoneRingsNobody() {
    apns.registerPhone();
    openPageWithSound();
    placeCall("Ada");
    browser.await("window.ringer.state() === 'ringing'");
    int port = apns.web().orElseThrow().getPort();
    apns.close();
    browser.await("!byTestId('gone').hidden && window.ringer.state() === 'silent'");
    browser.awaitScreen(1, "lost");
    apns = ApnsSimulator.builder().web(port).start();
    apns.registerPhone();
    browser.await("byTestId('gone').hidden");
    browser.awaitScreen(1, "black");
  }

  @Test
  void keyboardAnswersAndHangsUp() {
    SimulatedPhone phone = apns.registerPhone();
    openPage();
    placeCall("Ada");
    browser.awaitScreen(1, "ringing");
    browser.await("byTestId('announcement').textContent.includes('Ada')");
    browser.find(1, "answer").sendKeys(Keys.ENTER);
    browser.awaitScreen(1, "in-call");
    browser.await("document.activeElement === phone(1, 'hang-up')");
    browser.find(1, "hang-up").sendKeys(Keys.SPACE);
    browser.awaitScreen(1, "over");
    assertEquals(State.ENDED, onlyCall(phone).state());
  }

  @Test
  void speaksChinese() {
    apns.registerPhone();
    openPage();
    browser.find("language-zh").click();
    browser.await("document.documentElement.lang.startsWith('zh')");
    placeCall("Ada");
    browser.awaitScreen(1, "ringing");
    assertTrue(browser.find(1, "answer").getText().contains("接听"));
    assertTrue(browser.find("simulation").getText().matches("[^A-Za-z]*(Apple[^A-Za-z]*)?"));
  }

  private static double number(Map<String, Object> map, String key) {
    return ((Number) map.get(key)).doubleValue();
  }

  @Test
  void soundWaitsForAClickAsTheBrowserDemands() {
    apns.registerPhone();
    openPage();
    assertEquals("blocked", browser.find("sound").getAttribute("data-sound"));

    Object unused =
        browser.run(
            Duration.ofSeconds(10),
            """
            fetch('/api/calls', {
              method: 'POST',
              headers: { 'Content-Type': 'application/json' },
              body: JSON.stringify({ callerName: 'Ada' }),
            }).then((answer) => done(answer.status));
            """);
    browser.awaitScreen(1, "ringing");
    browser.await("window.ringer.state() === 'blocked'");

    browser.find("sound").click();

    browser.await("window.ringer.state() === 'ringing' && window.ringer.level() > 0.01");
  }

  @Test
  void nothingFromAPushIsHtml() {
    apns.registerPhone();
    openPage();
    String hostile = "<img src=x onerror=window.hurt=1><script>window.hurt=1</script><b>B</b>";
    browser.type("handle-input", hostile);
    placeCall(hostile);
    browser.awaitScreen(1, "ringing");
    assertEquals(hostile, browser.find(1, "caller").getText());
    assertEquals(hostile, browser.find(1, "handle").getText());
    browser.find("end-call").click();
    browser.awaitScreen(1, "over");

    browser.await("phone(1, 'missed-calls').textContent.includes('<b>B</b>')");
    browser.await("phone(1, 'pushes').textContent.includes('<b>B</b>')");
    browser.await("byTestId('answers').textContent.includes('<b>B</b>')");
    Object elements =
        browser.run(
            Duration.ofSeconds(10),
            """
            done(document.querySelectorAll('img[src="x"], body script').length
              + [...document.querySelectorAll('b')].filter((b) => b.textContent === 'B').length
              + (window.hurt ?? 0));
            """);
    assertEquals(0L, elements);
  }
}
