// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The scripts of the HTTP API. */
@Timeout(30)
final class WebScriptsTest {
  private static ApnsSimulator simulator;
  private static WebClient web;
  private SimulatedPhone phone;

  @BeforeAll
  static void start() {
    simulator = ApnsSimulator.builder().web(0).start();
    web = new WebClient(simulator);
  }

  @AfterAll
  static void close() {
    simulator.close();
  }

  @BeforeEach
  void register() {
    simulator.script(Script.normal());
    simulator.forgetRequests();
    phone = simulator.registerPhone();
  }

  @Test
  void scriptsOfADeviceAnAppAndAll() throws Exception {
    Pushes client = Pushes.withCertificate(simulator);
    Pushes.Push push = Pushes.voip(simulator, phone.token());
    String device = ",\"device\":\"" + phone.token().toUpperCase(Locale.ROOT) + "\"}";
    String app = ",\"app\":\"com.example.app\"}";

    script("{\"script\":{\"action\":\"reject\",\"status\":503,\"reason\":\"Shutdown\"}}");
    script("{\"script\":{\"action\":\"reject\",\"status\":500,\"reason\":\"\uD83D\uDCA5\"}" + app);
    script(
        "{\"script\":[{\"action\":\"unregistered\",\"since\":1795514400250},"
            + "{\"action\":\"reject\",\"status\":429,\"body\":\"<slow>\",\"retryAfter\":\"7\",\"times\":2},"
            + "{\"action\":\"normal\",\"delayMillis\":1}]"
            + device);
    Pushes.Answer gone = client.send(push);
    assertEquals(410, gone.status());
    assertEquals("{\"reason\":\"Unregistered\",\"timestamp\":1795514400250}", gone.body());
    for (int i = 0; i < 2; i++) {
      Pushes.Answer slow = client.send(push);
      assertEquals(429, slow.status());
      assertEquals("<slow>", slow.body());
      assertEquals("7", slow.header("retry-after"));
    }
    assertEquals(200, client.send(push).status());

    script("{\"script\":null" + device);
    assertEquals("{\"reason\":\"\uD83D\uDCA5\"}", client.send(push).body());
    script("{\"script\":null" + app);
    assertEquals("{\"reason\":\"Shutdown\"}", client.send(push).body());
    script("{\"script\":null}");
    assertEquals(200, client.send(push).status());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"action\":\"silence\"}|silence",
        "{\"action\":\"drop-before\"}|connection dropped",
        "{\"action\":\"reset\",\"errorCode\":2}|RST_STREAM 2",
        "{\"action\":\"refuse-stream\"}|RST_STREAM 7",
        "{\"action\":\"go-away\"}|GOAWAY",
        "{\"action\":\"go-away-unanswered\",\"debugData\":\"x\"}|GOAWAY",
      })
  @SuppressWarnings("FutureReturnValueIgnored") // there is no answer
  void scriptsThatLeaveNoAnswer(String step, String reason) throws Exception {
    // of its own: the client asks again of itself after some of these, when another test may run
    try (ApnsSimulator own = ApnsSimulator.builder().web(0).start()) {
      WebClient ownWeb = new WebClient(own);
      WebApiTest.done(ownWeb.put("/api/script", "{\"script\":" + step + "}"));
      String token = own.registerPhone().token();
      Pushes.withCertificate(own).sendAsync(Pushes.voip(own, token));
      own.awaitRequests(1, Pushes.PATIENCE);
      Map<String, Object> request = WebApiTest.requests(ownWeb.get("/api/requests")).get(0);
      assertEquals(false, request.get("processed"));
      assertEquals(0.0, request.get("status"));
      assertTrue(((String) request.get("reason")).startsWith(reason), request.toString());
    }
  }

  @ParameterizedTest
  @CsvSource({"drop-after", "go-away-covering"})
  @SuppressWarnings("FutureReturnValueIgnored") // the phone is asked
  void scriptsThatLetThePhoneRing(String action) throws Exception {
    script("{\"script\":{\"action\":\"%s\"},\"device\":\"%s\"}".formatted(action, phone.token()));
    Pushes.withCertificate(simulator).sendAsync(Pushes.voip(simulator, phone.token()));
    phone.awaitCall(Pushes.PATIENCE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|script must be a step, a list of steps, or null to end the one before, but was left out",
        "{\"script\":5}|script must be a step or a list of steps, each an object, but was 5",
        "{\"script\":[]}|script must be a step or a list of steps, each an object, but was []",
        "{\"script\":[null]}|script must be a step or a list of steps, each an object, but was null",
        "{\"script\":{}}|action must be text of 1 to 40 characters, but was left out",
        "{\"script\":{\"action\":\"explode\"}}|action must be normal, reject, unregistered, expired-token, silence,"
            + " drop-before, drop-after, reset, refuse-stream, go-away, go-away-covering or"
            + " go-away-unanswered, but was \"explode\"",
        "{\"script\":{\"action\":\"reject\",\"status\":200,\"reason\":\"x\"}}|status must be a whole"
            + " number from 400 to 599, but was 200",
        "{\"script\":{\"action\":\"reject\",\"status\":400}}|reason must be text of 1 to 100"
            + " characters, but was left out",
        "{\"script\":{\"action\":\"reset\"}}|errorCode must be a whole number from 0 to 4294967295,"
            + " but was left out",
        "{\"script\":{\"action\":\"normal\",\"times\":0}}|times must be a whole number from 1 to"
            + " 1000000, but was 0",
        "{\"script\":null,\"device\":\"a\",\"app\":\"b\"}|device and app must not both be given; leave"
            + " one of them out",
        "{\"script\":null,\"x\":1}|the members must be among device, app, script, but there was \"x\"",
      })
  void scriptsThatAreNone(String body, String error) throws Exception {
    WebClient.Answer answer = web.put("/api/script", body);
    assertEquals(400, answer.status(), answer.body());
    assertEquals(error, answer.error());
  }

  @Test
  void scriptsOfTheDelivery() throws Exception {
    Pushes client = Pushes.withCertificate(simulator);
    script("{\"script\":{\"action\":\"normal\",\"deliveredTwice\":true}}");
    client.send(Pushes.voip(simulator, phone.token()));
    assertEquals(2, phone.pushes().size());

    script("{\"script\":{\"action\":\"normal\",\"deliveredNewestFirst\":2}}");
    Pushes.Push older = Pushes.voip(simulator, phone.token());
    Pushes.Push newer = Pushes.voip(simulator, phone.token());
    client.send(older);
    client.send(newer);
    assertArrayEquals(newer.body, phone.pushes().get(2).request().payload());
    assertArrayEquals(older.body, phone.pushes().get(3).request().payload());

    script("{\"script\":{\"action\":\"normal\",\"deliveredAfterMillis\":3600000}}");
    assertEquals(200, client.send(Pushes.voip(simulator, phone.token())).status());
    assertEquals(4, phone.pushes().size());
  }

  private static void script(String body) throws Exception {
    WebApiTest.done(web.put("/api/script", body));
  }
}
