// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the page does, done by its HTTP API. */
@Timeout(60)
class RingInBrowserTest {
  private static final Pattern CALL_ID = Pattern.compile("\"callId\":\"([^\"]+)\"");

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final HttpClient browser = HttpClient.newHttpClient();
  private RingInBrowser program;

  @BeforeEach
  void start() throws Exception {
    program = new RingInBrowser(new PrintStream(printed, true, StandardCharsets.UTF_8), 0);
    program.start();
  }

  @AfterEach
  void close() {
    program.close();
  }

  private String output() {
    return printed.toString(StandardCharsets.UTF_8);
  }

  private String get(String path) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(program.page().resolve(path)).build();
    return browser.send(request, BodyHandlers.ofString()).body();
  }

  private String post(String path, String json) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(program.page().resolve(path))
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(json))
            .build();
    return browser.send(request, BodyHandlers.ofString()).body();
  }

  /** Places the call, and returns its id. */
  private String call(String json) throws Exception {
    String answer = post("/api/calls", json);
    Matcher id = CALL_ID.matcher(answer);
    assertTrue(id.find(), answer);
    return id.group(1);
  }

  /** Waits until the state of the phones has these words so many times. */
  private void awaitState(int times, String words) throws Exception {
    while (get("/api/state").split(Pattern.quote(words), -1).length - 1 != times) {
      assertFalse(Thread.interrupted(), "timed out");
    }
  }

  private void awaitPrinted(int times, String line) throws Exception {
    while (output().lines().filter(printedLine -> printedLine.matches(line)).count() != times) {
      assertFalse(Thread.interrupted(), this::output);
      Thread.onSpinWait();
    }
  }

  @Test
  void saysWhereThePageIs() {
    assertTrue(output().contains("Open " + program.page() + " "), output());
  }

  @Test
  void bothPhonesRingAndOneAnswers() throws Exception {
    String call = call("{\"callerName\":\"Li Lei\",\"video\":true}");
    awaitState(2, "\"state\":\"RINGING\"");
    assertEquals(
        2, get("/api/requests").split("\"apns-topic\":\"com.example.app.voip\"").length - 1);
    post("/api/phones/2/answer", "{\"callId\":\"" + call + "\"}");
    awaitState(1, "\"state\":\"ANSWERED_ELSEWHERE\"");
    awaitPrinted(1, "call " + call + " ANSWERED on the iPad");
    awaitPrinted(2, call + "  reached [0-9a-f]{8}…");
  }

  @Test
  void phoneOfTheSandboxRingsToo() throws Exception {
    post("/api/phones", "{\"name\":\"test phone\",\"sandbox\":true}");
    call("{\"callerName\":\"Li Lei\",\"phones\":[3]}");
    awaitState(1, "\"state\":\"RINGING\"");
    post("/api/phones/3/decline", "{}");
    awaitPrinted(1, "call .* DECLINED on the test phone");
  }

  @Test
  void callerHangsUp() throws Exception {
    String call = call("{\"callerName\":\"Li Lei\"}");
    awaitState(2, "\"state\":\"RINGING\"");
    post("/api/calls/" + call + "/end", "{}");
    awaitPrinted(1, "call " + call + " ENDED .*");
  }

  @Test
  void oneWhoClosesTheAppEndsTheCallThereOnly() throws Exception {
    String call = call("{\"callerName\":\"Li Lei\"}");
    awaitState(2, "\"state\":\"RINGING\"");
    post("/api/phones/1/app", "{\"state\":\"killed\"}");
    post("/api/phones/2/answer", "{}");
    awaitPrinted(1, "call " + call + " ANSWERED on the iPad");
  }

  @Test
  void phoneWithoutCallKitRingsByAlertsUntilAnotherAnswers() throws Exception {
    post("/api/phones", "{\"name\":\"plain\",\"user\":\"Han Meimei\",\"callKit\":false}");
    call("{\"callerName\":\"Li Lei\"}");
    awaitState(3, "\"state\":\"RINGING\"");
    post("/api/phones/1/answer", "{}");
    awaitState(2, "\"state\":\"ANSWERED_ELSEWHERE\"");
  }

  @Test
  void callerHangsUpOnAPhoneWithoutCallKit() throws Exception {
    post("/api/phones", "{\"name\":\"plain\",\"callKit\":false}");
    String call = call("{\"callerName\":\"Li Lei\",\"phones\":[3]}");
    awaitState(1, "\"state\":\"RINGING\"");
    post("/api/calls/" + call + "/end", "{}");
    awaitPrinted(1, "call " + call + " ENDED by the caller");
    awaitState(1, "\"missed\":true");
  }

  @Test
  void phoneWithoutItsAppIsRefused() throws Exception {
    post("/api/phones/1/unregister", "{}");
    String call = call("{\"callerName\":\"Li Lei\",\"phones\":[1]}");
    awaitPrinted(1, call + "  [0-9a-f]{8}…: .*410 Unregistered.*");
  }
}
