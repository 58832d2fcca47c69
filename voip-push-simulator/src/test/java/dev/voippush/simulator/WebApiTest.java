// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static dev.voippush.simulator.WebClient.list;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What each endpoint does, and what it refuses. */
@Timeout(30)
final class WebApiTest {
  private static ApnsSimulator simulator;
  private static WebClient web;

  private String user;
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
    simulator.forgetRequests();
    user = "user " + simulator.phones().size();
    phone = simulator.newPhone().name("mine").user(user).register();
  }

  private String call() {
    return "{\"callerName\":\"Ada\",\"phones\":[%d]}".formatted(phone.number());
  }

  @Test
  void stateTellsAllOfThePhones() throws Exception {
    SimulatedPhone other =
        simulator.newPhone().sandbox(true).callKit(false).bundleId("org.other").register();
    WebClient.Answer answer = web.get("/api/state");
    assertEquals(200, answer.status());
    assertEquals("application/json", answer.header("content-type"));
    WebServerTest.assertGuarded(answer);
    Map<String, Object> state = answer.json();
    assertEquals(simulator.endpoint().toString(), state.get("endpoint"));
    assertEquals(simulator.sandboxEndpoint().toString(), state.get("sandboxEndpoint"));
    assertEquals("com.example.app", state.get("bundleId"));
    assertEquals("A1B2C3D4E5", state.get("teamId"));
    assertEquals("ABC123DEFG", state.get("keyId"));
    assertEquals(List.of(), state.get("requests"));

    Map<String, Object> first = list(state.get("phones")).get(phone.number() - 1);
    assertEquals((double) phone.number(), first.get("number"));
    assertEquals("mine", first.get("name"));
    assertEquals(user, first.get("user"));
    assertEquals("com.example.app", first.get("bundleId"));
    assertEquals(false, first.get("sandbox"));
    assertEquals(true, first.get("callKit"));
    assertEquals(phone.token(), first.get("token"));
    assertEquals(phone.alertToken(), first.get("alertToken"));
    assertEquals(true, first.get("online"));
    assertEquals("killed", first.get("appState"));
    assertEquals(true, first.get("reportsCalls"));
    assertEquals(List.of(), first.get("calls"));
    assertEquals(List.of(), first.get("pushes"));

    Map<String, Object> second = list(state.get("phones")).get(other.number() - 1);
    assertEquals("phone " + other.number(), second.get("name"));
    assertTrue(second.containsKey("user"));
    assertNull(second.get("user"));
    assertEquals("org.other", second.get("bundleId"));
    assertEquals(true, second.get("sandbox"));
    assertEquals(false, second.get("callKit"));
    assertNull(second.get("token"));
  }

  @Test
  void stateTellsWhatAPushWasAndDid() throws Exception {
    Instant before = Instant.now();
    Pushes.Push push = Pushes.voip(simulator, phone.token());
    push.header("authorization", Pushes.jwt(simulator));
    assertEquals(200, Pushes.withoutCertificate(simulator).send(push).status());
    SimulatedCall rings = phone.awaitCall(Pushes.PATIENCE);

    Map<String, Object> state = phoneState();
    Map<String, Object> call = list(state.get("calls")).get(0);
    assertEquals(rings.callId().toString(), call.get("callId"));
    assertEquals("Ada Lovelace", call.get("callerName"));
    assertEquals("+4912345", call.get("handle"));
    assertEquals(false, call.get("video"));
    assertEquals("RINGING", call.get("state"));
    assertEquals(false, call.get("missed"));
    assertEquals((double) rings.startedAt().toEpochMilli(), call.get("startedAt"));
    assertEquals((double) rings.expiresAt().toEpochMilli(), call.get("expiresAt"));

    Map<String, Object> received = list(state.get("pushes")).get(0);
    assertTrue((double) received.get("receivedAt") >= before.toEpochMilli());
    assertTrue((double) received.get("latencyMillis") >= 0);
    assertEquals("RANG", received.get("verdict"));
    assertEquals("the app reported the call and the phone rings", received.get("explanation"));
    assertEquals(new String(push.body, UTF_8), received.get("payload"));
    Map<?, ?> headers = (Map<?, ?>) received.get("headers");
    assertEquals("com.example.app.voip", headers.get("apns-topic"));
    int length = push.headers.get("authorization").get(0).length();
    assertEquals("(" + length + " characters, not shown)", headers.get("authorization"));
  }

  @Test
  void onlyTheLastPushesAreTold() throws Exception {
    Pushes client = Pushes.withCertificate(simulator);
    for (int i = 0; i < WebState.PUSHES + 1; i++) {
      client.send(Pushes.voip(simulator, phone.token()).header("apns-priority", "10"));
      phone.awaitCall(Pushes.PATIENCE);
      phone.decline();
    }
    List<Map<String, Object>> pushes = list(phoneState().get("pushes"));
    assertEquals(WebState.PUSHES, pushes.size());
    ReceivedPush last = phone.pushes().get(WebState.PUSHES);
    assertEquals(
        new String(last.request().payload(), UTF_8),
        pushes.get(WebState.PUSHES - 1).get("payload"));
  }

  @Test
  void textOfAPushStaysText() throws Exception {
    String evil = "<img src=x onerror=alert(1)></script><!--\u2028\u0000";
    WebClient.Answer placed =
        web.post(
            "/api/calls",
            Json.text(
                Map.of("callerName", evil, "handle", evil, "phones", List.of(phone.number()))));
    assertEquals(201, placed.status(), placed.body());
    phone.awaitCall(Pushes.PATIENCE);
    for (String path : List.of("/api/state", "/api/requests")) {
      WebClient.Answer answer = web.get(path);
      assertEquals("application/json", answer.header("content-type"));
      WebServerTest.assertGuarded(answer);
    }
    assertEquals(evil, list(phoneState().get("calls")).get(0).get("callerName"));
  }

  @Test
  void addsPhones() throws Exception {
    WebClient.Answer plain = web.post("/api/phones", "{}");
    assertEquals(201, plain.status());
    SimulatedPhone second = simulator.phones().get(phone.number());
    assertEquals(second.token(), plain.json().get("token"));
    assertEquals("phone " + second.number(), second.name());
    assertTrue(second.callKit());

    WebClient.Answer special =
        web.post(
            "/api/phones",
            "{\"name\":\"李雷的手机\",\"user\":\"li\",\"bundleId\":\"org.other\",\"sandbox\":true,"
                + "\"callKit\":false}");
    assertEquals(201, special.status());
    SimulatedPhone third = simulator.phones().get(second.number());
    assertEquals(third.alertToken(), special.json().get("alertToken"));
    assertEquals("李雷的手机", third.name());
    assertEquals("li", third.user().orElseThrow());
    assertEquals("org.other", third.bundleId());
    assertTrue(third.sandbox());
    assertFalse(third.callKit());
  }

  @Test
  void switchesAPhone() throws Exception {
    assertEquals(false, phonePost("online", "{\"online\":false}").get("online"));
    assertFalse(phone.online());
    assertEquals(true, phonePost("online", "{\"online\":true}").get("online"));
    phonePost("reports-calls", "{\"reportsCalls\":false}");
    assertFalse(phone.reportsCalls());
    assertEquals("foreground", phonePost("app", "{\"state\":\"foreground\"}").get("appState"));
    assertEquals(SimulatedPhone.AppState.FOREGROUND, phone.appState());
    assertEquals("background", phonePost("app", "{\"state\":\"background\"}").get("appState"));
    assertEquals("killed", phonePost("app", "{\"state\":\"killed\"}").get("appState"));
    String token = phone.token();
    Object rotated = phonePost("rotate-token", "{}").get("token");
    assertEquals(phone.token(), rotated);
    assertFalse(token.equals(phone.token()));
    phonePost("unregister", "{}");
    Pushes.Answer gone =
        Pushes.withCertificate(simulator).send(Pushes.voip(simulator, phone.token()));
    assertEquals(410, gone.status());
  }

  @Test
  void placedCallRingsIsAnsweredAndHungUp() throws Exception {
    WebClient.Answer placed =
        web.post(
            "/api/calls",
            "{\"callerName\":\"李雷\",\"handle\":\"li@example.com\",\"video\":true,\"ringSeconds\":600,\"user\":\""
                + user
                + "\"}");
    assertEquals(201, placed.status(), placed.body());
    SimulatedCall call = phone.awaitCall(Pushes.PATIENCE);
    assertEquals(placed.json().get("callId"), call.callId().toString());
    assertEquals("李雷", call.callerName());
    assertEquals("li@example.com", call.handle());
    assertTrue(call.video());
    Duration ring = Duration.between(call.startedAt(), call.expiresAt());
    assertTrue(ring.toSeconds() > 580 && ring.toSeconds() <= 600, ring.toString());

    String id = "{\"callId\":\"" + call.callId().toString().toUpperCase(Locale.ROOT) + "\"}";
    List<Map<String, Object>> calls = list(phonePost("answer", id).get("calls"));
    assertEquals("ANSWERED", calls.get(0).get("state"));
    assertEquals(409, web.post(path("answer"), id).status());
    assertEquals("ENDED", list(phonePost("hang-up", "{}").get("calls")).get(0).get("state"));
    assertEquals(SimulatedCall.State.ENDED, call.state());
    assertEquals(List.of(), list(phonePost("forget-history", "{}").get("calls")));
  }

  @Test
  void placedCallIsDeclinedOrEndedByTheCaller() throws Exception {
    web.post("/api/calls", call());
    SimulatedCall first = phone.awaitCall(Pushes.PATIENCE);
    phonePost("decline", "{}");
    assertEquals(SimulatedCall.State.DECLINED, first.state());

    Object id = web.post("/api/calls", call()).json().get("callId");
    SimulatedCall second = phone.awaitCall(Pushes.PATIENCE);
    assertEquals(200, web.post("/api/calls/" + id + "/end", "{}").status());
    assertEquals(SimulatedCall.State.ENDED, second.state());
    assertEquals(true, list(phoneState().get("calls")).get(1).get("missed"));
  }

  @Test
  void callThatSomebodyElsePushedCanBeEnded() throws Exception {
    Pushes.withCertificate(simulator).send(Pushes.voip(simulator, phone.token()));
    SimulatedCall call = phone.awaitCall(Pushes.PATIENCE);
    assertEquals(200, web.post("/api/calls/" + call.callId() + "/end", "{}").status());
    assertEquals(SimulatedCall.State.ENDED, call.state());
    assertEquals(404, web.post("/api/calls/" + UUID.randomUUID() + "/end", "{}").status());
    assertEquals(400, web.post("/api/calls/1/end", "{}").status());
  }

  @Test
  void requestsAreToldAndForgotten() throws Exception {
    Pushes client = Pushes.withCertificate(simulator);
    client.send(Pushes.voip(simulator, phone.token()));
    client.send(Pushes.voip(simulator, "ff").header("apns-topic", "com.example.app.voip"));
    WebClient.Answer answer = web.get("/api/requests");
    assertEquals(200, answer.status());
    List<Map<String, Object>> requests = requests(answer);
    assertEquals(2, requests.size());
    Map<String, Object> accepted = requests.get(0);
    assertEquals("production", accepted.get("environment"));
    assertEquals(phone.token(), accepted.get("token"));
    assertEquals("com.example.app.voip", accepted.get("topic"));
    assertEquals(200.0, accepted.get("status"));
    assertEquals("", accepted.get("reason"));
    assertEquals(true, accepted.get("processed"));
    assertEquals(400.0, requests.get(1).get("status"));
    assertEquals("BadDeviceToken", requests.get(1).get("reason"));

    assertEquals("", web.send("HEAD", "/api/requests", "").body());
    assertEquals(200, web.send("DELETE", "/api/requests", "").status());
    assertEquals(List.of(), simulator.requests());
    assertEquals("[]", web.get("/api/requests").body());
  }

  @Test
  void tlsConnectionsAndSettingsAreControlled() throws Exception {
    try (RawClient client = RawClient.withCertificate(simulator)) {
      client.expect("SETTINGS streams=1000", "SETTINGS ack");
      done(web.put("/api/settings", "{\"maxConcurrentStreams\":7}"));
      client.expect("SETTINGS streams=7");
      done(web.post("/api/go-away", "{\"debugData\":\"bye\"}"));
      String goAway = client.next();
      assertTrue(goAway.startsWith("GOAWAY") && goAway.contains("bye"), goAway);
      done(web.post("/api/drop-connections", "{}"));
      assertEquals(0, simulator.connectionsOpen());
    }
    done(web.put("/api/settings", "{\"headerTableSize\":0}"));
    assertEquals(400, web.put("/api/settings", "{\"headerTableSize\":-1}").status());
    assertEquals(
        "fault must be none, wrong-name, expired, no-alpn or issuer-not-named, but was \"odd\"",
        web.put("/api/tls", "{\"fault\":\"odd\"}").error());
  }

  @Test
  void frozenServerTakesAndSaysNothingUntilUnfrozen() throws Exception {
    try (RawClient client = RawClient.withCertificate(simulator)) {
      client.next(); // SETTINGS, as another test may have set them
      client.expect("SETTINGS ack");
      client.ping(1);
      client.expect("PING ack 1");
      int streams = simulator.streamsOpened();
      done(web.post("/api/freeze", "{}"));
      int stream = client.push(phone.token());
      client.ping(2);
      assertTrue(client.silentFor(Duration.ofMillis(300)));
      assertEquals(streams, simulator.streamsOpened());
      assertEquals("[]", web.get("/api/requests").body());
      done(web.post("/api/unfreeze", "{}"));
      client.expect("HEADERS " + stream + " 200 end", "PING ack 2");
      assertEquals(streams + 1, simulator.streamsOpened());
      assertEquals(1, requests(web.get("/api/requests")).size());
    }
  }

  @Test
  void tlsFaultIsToldAsAFailureOfThePlacedCall() throws Exception {
    done(web.put("/api/tls", "{\"fault\":\"expired\"}"));
    try (WebClient.Events events = web.events()) {
      Object id = web.post("/api/calls", call()).json().get("callId");
      Map<String, Object> failure = events.await("failure", event -> true);
      assertEquals(id, failure.get("callId"));
      String error = (String) failure.get("error");
      assertTrue(error.startsWith("mine: no answer from APNs, "), error);
      done(web.put("/api/tls", "{\"fault\":\"none\"}"));
      web.post("/api/calls", call());
      phone.awaitCall(Pushes.PATIENCE);
    }
  }

  @Test
  void credentialsAreThoseOfTheSimulator() throws Exception {
    Map<String, Object> told = web.get("/api/credentials").json();
    SimulatorCredentials credentials = simulator.credentials();
    assertEquals(PemFile.certificate(credentials.caCertificate()), told.get("caPem"));
    String ckPem = (String) told.get("ckPem");
    assertTrue(ckPem.startsWith(PemFile.certificate(credentials.certificate())), ckPem);
    assertTrue(ckPem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----"), ckPem);
    assertEquals(credentials.password(), told.get("password"));
    assertEquals(credentials.signingKeyPem(), told.get("signingKeyPem"));
    assertEquals("ABC123DEFG", told.get("keyId"));
    assertEquals("A1B2C3D4E5", told.get("teamId"));
    assertEquals("com.example.app", told.get("bundleId"));
  }

  static void done(WebClient.Answer answer) {
    assertEquals(200, answer.status(), answer.body());
    assertEquals("{}", answer.body());
  }

  private Map<String, Object> phoneState() throws Exception {
    return list(web.get("/api/state").json().get("phones")).get(phone.number() - 1);
  }

  private String path(String action) {
    return "/api/phones/" + phone.number() + "/" + action;
  }

  private Map<String, Object> phonePost(String action, String body) throws Exception {
    WebClient.Answer answer = web.post(path(action), body);
    assertEquals(200, answer.status(), answer.body());
    return answer.json();
  }

  static List<Map<String, Object>> requests(WebClient.Answer answer) {
    byte[] wrapped = ("{\"all\":" + answer.body() + "}").getBytes(UTF_8);
    return list(Json.object(wrapped).get("all"));
  }
}
