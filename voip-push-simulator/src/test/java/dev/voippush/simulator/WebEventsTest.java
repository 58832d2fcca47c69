// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static dev.voippush.simulator.WebClient.list;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What browsers are told, and when. */
@Timeout(30)
final class WebEventsTest {
  private static ApnsSimulator simulator;
  private static WebClient web;

  @BeforeAll
  static void start() {
    simulator = ApnsSimulator.builder().web(0).start();
    web = new WebClient(simulator);
  }

  @AfterAll
  static void close() {
    simulator.close();
  }

  private static String callTo(SimulatedPhone phone) {
    return "{\"callerName\":\"Ada\",\"phones\":[%d]}".formatted(phone.number());
  }

  private static String callOf(WebClient.Answer placed) {
    assertEquals(201, placed.status(), placed.body());
    return (String) placed.json().get("callId");
  }

  @Test
  void firstTheStateThenAPlacedCallUntilItsEnd() throws Exception {
    SimulatedPhone phone = simulator.registerPhone();
    try (WebClient.Events events = web.events()) {
      assertEquals(200, events.answer.statusCode());
      assertEquals(
          "text/event-stream; charset=utf-8",
          events.answer.headers().firstValue("content-type").orElseThrow());
      assertTrue(events.answer.headers().firstValue("content-security-policy").isPresent());
      WebClient.Event first = events.next();
      assertEquals("state", first.name());
      assertEquals(web.get("/api/state").json(), first.data());

      String id = callOf(web.post("/api/calls", callTo(phone)));
      Map<String, Object> request = events.await("request", event -> true);
      assertEquals(200.0, request.get("status"));
      assertEquals(phone.token(), request.get("token"));
      Map<String, Object> ringing = events.await("phone", firstCallIs("RINGING"));
      assertEquals(id, list(ringing.get("calls")).get(0).get("callId"));
      assertEquals("background", ringing.get("appState"));
      web.post("/api/phones/" + phone.number() + "/answer", "{}");
      events.await("phone", firstCallIs("ANSWERED"));
      web.post("/api/calls/" + id + "/end", "{}");
      events.await("phone", firstCallIs("ENDED"));
    }
  }

  @Test
  void whatHappensWithoutThePageIsToldToo() throws Exception {
    try (WebClient.Events events = web.events()) {
      SimulatedPhone phone = simulator.newPhone().name("new one").register();
      events.await("phone", event -> event.get("name").equals("new one"));
      phone.online(false);
      events.await("phone", event -> event.get("online").equals(false));
      phone.openApp();
      events.await("phone", event -> event.get("appState").equals("foreground"));
      String old = phone.token();
      phone.rotateToken();
      events.await("phone", event -> !event.get("token").equals(old));
      Pushes.withCertificate(simulator).send(Pushes.voip(simulator, old));
      Map<String, Object> refused = events.await("request", event -> true);
      assertEquals(410.0, refused.get("status"));
      assertEquals("Unregistered", refused.get("reason"));
    }
  }

  @Test
  void aSenderThatFailsIsTold() throws Exception {
    try (ApnsSimulator own = ApnsSimulator.builder().web(0).start()) {
      SimulatedPhone phone = own.registerPhone();
      own.placeCallsWith(
          call -> {
            throw new IllegalStateException("no way to " + call.phones());
          });
      WebClient client = new WebClient(own);
      try (WebClient.Events events = client.events()) {
        String id = callOf(client.post("/api/calls", callTo(phone)));
        Map<String, Object> failure =
            events.await("failure", event -> event.get("callId").equals(id));
        assertEquals("no way to [" + phone + "]", failure.get("error"));
      }
    }
  }

  @Test
  void browserThatLeavesIsForgotten() {
    EmbeddedChannel browser = new EmbeddedChannel();
    WebEvents events = new WebEvents(new WebState(simulator), browser.eventLoop());
    events.add(browser);
    written(browser);
    assertTrue(browser.runScheduledPendingTasks() > 0, "no heartbeat");
    events.remove(browser);
    assertEquals(-1, browser.runScheduledPendingTasks(), "a heartbeat for nobody");
    events.changed(simulator.registerPhone());
    browser.runPendingTasks();
    assertNull(browser.readOutbound());
  }

  @Test
  void heartGoesOnBeatingForTheOthers() {
    EmbeddedChannel browser = new EmbeddedChannel();
    EmbeddedChannel other = new EmbeddedChannel();
    WebEvents events = new WebEvents(new WebState(simulator), browser.eventLoop());
    events.add(browser);
    events.add(other);
    written(browser);
    written(other);
    events.remove(other);
    beat(browser);
    assertEquals("event: beat\ndata: {}\n\n", written(browser));
    assertNull(other.readOutbound());
    events.remove(browser);
    assertEquals(-1, browser.runScheduledPendingTasks());
  }

  @Test
  void forgottenRequestsAreForgottenByBrowsers() throws Exception {
    try (WebClient.Events events = web.events()) {
      events.await("state", state -> true);
      Pushes.withCertificate(simulator)
          .send(Pushes.voip(simulator, simulator.registerPhone().token()));
      events.await("request", request -> true);
      assertEquals(200, web.send("DELETE", "/api/requests", "").status());
      Map<String, Object> state = events.await("state", any -> true);
      assertEquals(List.of(), state.get("requests"));
      assertEquals(web.get("/api/state").json(), state);
      simulator.forgetRequests();
      assertEquals(state, events.await("state", any -> true));
    }
  }

  @Test
  void whatTheStateHasIsNotToldAgain() throws Exception {
    SimulatedPhone phone = simulator.registerPhone();
    EmbeddedChannel browser = new EmbeddedChannel();
    WebEvents events = new WebEvents(new WebState(simulator), browser.eventLoop());
    events.changed(phone);
    events.add(browser);
    browser.runPendingTasks();
    assertTrue(written(browser).startsWith("event: state\ndata: {"));
    assertNull(browser.readOutbound());
    writable(browser, false);
    events.changed(phone);
    browser.runPendingTasks();
    events.changed(phone);
    writable(browser, true);
    events.writabilityChanged(browser);
    browser.runPendingTasks();
    assertTrue(written(browser).startsWith("event: state\ndata: {"));
    assertNull(browser.readOutbound());
  }

  @Test
  void slowBrowserGetsTheStateWhenItHasCaughtUp() {
    EmbeddedChannel browser = new EmbeddedChannel();
    WebEvents events = new WebEvents(new WebState(simulator), browser.eventLoop());
    SimulatedPhone phone = simulator.registerPhone();
    events.add(browser);
    assertTrue(written(browser).startsWith("event: state\ndata: {"));

    writable(browser, false);
    for (int i = 0; i < 1000; i++) {
      events.changed(phone);
      browser.runPendingTasks();
    }
    assertNull(browser.readOutbound());
    writable(browser, true);
    events.writabilityChanged(browser);
    assertTrue(written(browser).startsWith("event: state\ndata: {"));
    assertNull(browser.readOutbound());

    events.changed(phone);
    events.changed(phone); // at once: told once
    browser.runPendingTasks();
    assertTrue(
        written(browser).startsWith("event: phone\ndata: {\"number\":" + phone.number() + ","));
    assertNull(browser.readOutbound());
  }

  @Test
  void deadBrowserIsDroppedAtTheSecondHeartbeat() {
    EmbeddedChannel browser = new EmbeddedChannel();
    WebEvents events = new WebEvents(new WebState(simulator), browser.eventLoop());
    events.add(browser);
    written(browser);
    beat(browser);
    assertEquals("event: beat\ndata: {}\n\n", written(browser));
    writable(browser, false);
    beat(browser);
    beat(browser);
    assertTrue(browser.isOpen());
    beat(browser);
    assertFalse(browser.isOpen());
    events.remove(browser);
  }

  private static void beat(EmbeddedChannel browser) {
    browser.advanceTimeBy(WebEvents.HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS);
    browser.runScheduledPendingTasks();
  }

  private static void writable(EmbeddedChannel browser, boolean writable) {
    browser.unsafe().outboundBuffer().setUserDefinedWritability(1, writable);
  }

  private static String written(EmbeddedChannel browser) {
    HttpContent content = browser.readOutbound();
    try {
      return content.content().toString(StandardCharsets.UTF_8);
    } finally {
      content.release();
    }
  }

  private static Predicate<Map<String, Object>> firstCallIs(String state) {
    return phone -> {
      List<Map<String, Object>> calls = list(phone.get("calls"));
      return !calls.isEmpty() && calls.get(0).get("state").equals(state);
    };
  }
}
