// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the HTTP API refuses: it says why, and does nothing. */
@Timeout(30)
final class WebRefusalsTest {
  private static ApnsSimulator simulator;
  private static WebClient web;
  private static SimulatedPhone phone;

  @BeforeAll
  static void start() {
    simulator = ApnsSimulator.builder().web(0).start();
    web = new WebClient(simulator);
    phone = simulator.newPhone().user("meimei").register();
  }

  @AfterAll
  static void close() {
    simulator.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/api/phones|{\"colour\":\"red\"}|the members must be among name, user, bundleId, sandbox,"
            + " callKit, but there was \"colour\"",
        "/api/phones|{\"name\":5}|name must be text of 1 to 100 characters, but was 5",
        "/api/phones|{\"name\":{\"a\":[1,2.5,null]}}|name must be text of 1 to 100 characters, but was"
            + " {\"a\":[1,2.5,null]}",
        "/api/phones|{\"name\":\"\"}|name must be text of 1 to 100 characters, but was \"\"",
        "/api/phones|{\"name\":\" \"}|name must not be blank, but was ' ': leave it out for the default",
        "/api/phones|{\"sandbox\":\"yes\"}|sandbox must be true or false, but was \"yes\"",
        "/api/phones|{|the body must be one JSON object in UTF-8, but was something else",
        "/api/phones|[]|the body must be one JSON object in UTF-8, but was something else",
        "/api/phones|{}{}|the body must be one JSON object in UTF-8, but was something else",
        "/api/phones|{\"name\":\"a\",\"name\":\"b\"}|the body must be one JSON object in UTF-8, but was"
            + " something else",
        "/api/phones|``|the body must be one JSON object in UTF-8, but was empty; send {} if there is"
            + " nothing to say",
        "/api/phones/1/online|{}|online must be true or false, but was left out",
        "/api/phones/1/online|{\"online\":false,\"x\":1}|the members must be among online, but there was"
            + " \"x\"",
        "/api/phones/1/rotate-token|{\"x\":1}|the members must be none, but there was \"x\"",
        "/api/phones/1/app|{\"state\":\"asleep\"}|state must be killed, background or foreground, but"
            + " was \"asleep\"",
        "/api/phones/1/answer|{\"callId\":\"5\"}|callId must be a UUID, but was \"5\"",
        "/api/calls|{}|callerName must be text of 1 to 100 characters, but was left out",
        "/api/calls|{\"callerName\":\"A\",\"ringSeconds\":0}|ringSeconds must be a whole number from 1"
            + " to 600, but was 0",
        "/api/calls|{\"callerName\":\"A\",\"ringSeconds\":1.5}|ringSeconds must be a whole number from"
            + " 1 to 600, but was 1.5",
        "/api/calls|{\"callerName\":\"A\",\"user\":\"nobody\"}|user must be one with a phone (meimei),"
            + " but was nobody",
        "/api/calls|{\"callerName\":\"A\",\"user\":\"meimei\",\"phones\":[1]}|user and phones must not"
            + " both be given; leave one of them out",
        "/api/calls|{\"callerName\":\"A\",\"phones\":[2]}|a phone's number must be 1 to 1, but was 2",
        "/api/calls|{\"callerName\":\"A\",\"phones\":[\"1\"]}|phones must be a whole number from 1 to"
            + " 2147483647, but was \"1\"",
        "/api/calls|{\"callerName\":\"A\",\"phones\":[]}|a call must go to at least one phone; add one"
            + " first",
      })
  void saysWhatIsWrongAndDoesNothing(String path, String body, String error) throws Exception {
    WebClient.Answer answer = web.post(path, body);
    assertEquals(400, answer.status());
    assertEquals(error, answer.error());
    assertEquals(1, simulator.phones().size());
    assertEquals(List.of(), simulator.requests());
    assertTrue(phone.online());
  }

  @Test
  void refusesWhatIsNotJsonOrNotThere() throws Exception {
    for (String type : List.of("text/plain", "application/x-www-form-urlencoded", "json")) {
      WebClient.Answer answer = web.send("POST", "/api/phones", "{}", "content-type", type);
      assertEquals(415, answer.status());
      assertEquals(
          "the Content-Type header must be application/json, but was " + type, answer.error());
    }
    WebClient.Answer none = web.send("POST", "/api/phones", "{}");
    assertEquals(
        "the Content-Type header must be application/json, but was left out", none.error());
    assertEquals(415, web.send("PUT", "/api/tls", "{\"fault\":\"expired\"}").status());
    for (String number : List.of("0", "2", "x", "01", "-1", "1%20")) {
      WebClient.Answer unknown = web.post("/api/phones/" + number + "/answer", "{}");
      assertEquals(404, unknown.status(), number);
      assertEquals("a phone's number must be 1 to 1, but was " + number, unknown.error());
    }
    WebClient.Answer idle = web.post("/api/phones/1/answer", "{}");
    assertEquals(409, idle.status());
    assertTrue(idle.error().startsWith("a call must be ringing to be answered"), idle.error());
    assertEquals(409, web.post("/api/phones/1/hang-up", "{}").status());

    WebClient.Answer method = web.put("/api/phones/1/answer", "{}");
    assertEquals(405, method.status());
    assertEquals("POST", method.header("allow"));
    WebClient.Answer requests = web.post("/api/requests", "{}");
    assertEquals("GET, HEAD, DELETE", requests.header("allow"));
  }
}
