// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every rule, and every pair of rules broken at once, over the wire with a certificate. */
final class RequestRulesTest {
  private static ApnsSimulator simulator;
  private static SimulatedPhone phone;
  private static Pushes client;

  @BeforeAll
  static void start() {
    simulator = ApnsSimulator.start();
    phone = simulator.registerPhone();
    client = Pushes.withCertificate(simulator);
  }

  @AfterAll
  static void close() {
    simulator.close();
  }

  /** One way to break a request. Their order is the order of validation. */
  private record Fault(int stage, int status, String reason, Consumer<Pushes.Push> breakIt) {}

  private static List<Fault> faults() {
    SimulatedPhone gone = simulator.registerPhone();
    gone.unregister();
    return List.of(
        new Fault(1, 405, "MethodNotAllowed", push -> push.method = "PUT"),
        new Fault(2, 404, "BadPath", push -> push.path = push.path.replace("/3/", "/2/")),
        new Fault(4, 400, "MissingTopic", push -> push.without("apns-topic")),
        new Fault(4, 400, "BadTopic", push -> push.header("apns-topic", "no topic!")),
        new Fault(4, 400, "TopicDisallowed", push -> push.header("apns-topic", "org.other.voip")),
        new Fault(5, 400, "InvalidPushType", push -> push.header("apns-push-type", "call")),
        new Fault(5, 400, "InvalidPushType", push -> push.header("apns-push-type", "alert")),
        new Fault(6, 400, "DuplicateHeaders", push -> push.header("apns-priority", "10", "10")),
        new Fault(6, 400, "BadMessageId", push -> push.header("apns-id", "42")),
        new Fault(6, 400, "BadExpirationDate", push -> push.header("apns-expiration", "soon")),
        new Fault(6, 400, "BadPriority", push -> push.header("apns-priority", "7")),
        new Fault(6, 400, "BadCollapseId", push -> push.header("apns-collapse-id", "x".repeat(65))),
        new Fault(7, 400, "MissingDeviceToken", push -> push.path = "/3/device/"),
        new Fault(7, 400, "BadDeviceToken", push -> push.path = "/3/device/nothex"),
        new Fault(7, 400, "BadDeviceToken", push -> push.path = "/3/device/" + "ab".repeat(32)),
        new Fault(
            7,
            400,
            "DeviceTokenNotForTopic",
            push -> push.path = "/3/device/" + phone.alertToken()),
        new Fault(7, 410, "Unregistered", push -> push.path = "/3/device/" + gone.token()),
        new Fault(8, 400, "PayloadEmpty", push -> push.body("")),
        new Fault(8, 400, "PayloadEmpty", push -> push.body("not JSON")),
        new Fault(8, 400, "PayloadEmpty", push -> push.body("[1]")),
        new Fault(8, 400, "PayloadEmpty", push -> push.body("{\"a\":1} 2")),
        new Fault(8, 400, "PayloadEmpty", push -> push.body = new byte[] {'{', (byte) 0xff, '}'}),
        new Fault(8, 413, "PayloadTooLarge", push -> push.body("{" + " ".repeat(5119) + "}")));
  }

  private static void assertRefused(Fault fault, Pushes.Push push) throws Exception {
    Pushes.Answer answer = client.send(push);
    assertEquals(
        fault.reason, Json.object(answer.body().getBytes(StandardCharsets.UTF_8)).get("reason"));
    assertEquals(fault.status, answer.status());
    assertTrue(RequestRules.isUuid(answer.header("apns-id")));
    List<RecordedRequest> requests = simulator.requests();
    RecordedRequest recorded = requests.get(requests.size() - 1);
    assertEquals(fault.reason, recorded.reason());
    assertEquals(fault.status, recorded.status());
  }

  @TestFactory
  List<DynamicTest> everyRule() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Fault fault : faults()) {
      tests.add(
          DynamicTest.dynamicTest(
              fault.stage + " " + fault.reason,
              () -> {
                Pushes.Push push = Pushes.voip(simulator, phone.token());
                fault.breakIt.accept(push);
                assertRefused(fault, push);
                assertEquals(List.of(), phone.pushes());
              }));
    }
    return tests;
  }

  @TestFactory
  List<DynamicTest> ofTwoBrokenRulesTheEarlierDecides() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Fault first : faults()) {
      for (Fault second : faults()) {
        // Two paths cannot be in one request
        if (first.stage < second.stage && !(first.stage == 2 && second.stage == 7)) {
          tests.add(
              DynamicTest.dynamicTest(
                  first.reason + " before " + second.reason,
                  () -> {
                    Pushes.Push push = Pushes.voip(simulator, phone.token());
                    second.breakIt.accept(push);
                    first.breakIt.accept(push);
                    assertRefused(first, push);
                  }));
        }
      }
    }
    return tests;
  }

  @Test
  void unregisteredSaysSinceWhen() throws Exception {
    SimulatedPhone gone = simulator.registerPhone();
    Instant before = Instant.now();
    gone.unregister();
    Pushes.Answer answer = client.send(Pushes.voip(simulator, gone.token()));
    Object timestamp = Json.object(answer.body().getBytes(StandardCharsets.UTF_8)).get("timestamp");
    double ms = (Double) timestamp;
    assertTrue(ms >= before.toEpochMilli() && ms <= System.currentTimeMillis(), answer.body());
  }

  @Test
  void acceptsWhatIsJustRight() throws Exception {
    SimulatedPhone other = simulator.registerPhone();
    List<Consumer<Pushes.Push>> variants =
        List.of(
            push -> push.without("apns-push-type"),
            push -> push.without("apns-expiration").without("apns-priority"),
            push -> push.header("apns-priority", "5"),
            push -> push.header("apns-collapse-id", "x".repeat(64)),
            push ->
                push.header(
                    "apns-id", UUID.randomUUID().toString().toUpperCase(java.util.Locale.ROOT)),
            push -> push.header("content-type", "text/plain"),
            push ->
                push.path =
                    push.path.toUpperCase(java.util.Locale.ROOT).replace("DEVICE", "device"),
            push -> push.body("{" + " ".repeat(5118) + "}"));
    for (Consumer<Pushes.Push> variant : variants) {
      Pushes.Push push = Pushes.voip(simulator, other.token());
      variant.accept(push);
      Pushes.Answer answer = client.send(push);
      assertEquals(200, answer.status(), answer.body());
    }
  }

  @Test
  void ordinaryNotificationsAreLimitedTo4096Bytes() throws Exception {
    Pushes.Push push =
        Pushes.voip(simulator, simulator.registerPhone().alertToken())
            .header("apns-topic", "com.example.app")
            .header("apns-push-type", "alert");
    assertEquals(200, client.send(push.body("{" + " ".repeat(4094) + "}")).status());
    assertEquals(413, client.send(push.body("{" + " ".repeat(4095) + "}")).status());
    assertEquals(400, client.send(push.body("{}").header("apns-push-type", "voip")).status());
    assertEquals(
        "{\"reason\":\"BadPriority\"}",
        client.send(push.header("apns-push-type", "background")).body());
  }

  @Test
  void voipTokenIsNotForTheAlertTopic() throws Exception {
    Pushes.Push push =
        Pushes.voip(simulator, phone.token())
            .header("apns-topic", "com.example.app")
            .header("apns-push-type", "alert");
    assertEquals("{\"reason\":\"DeviceTokenNotForTopic\"}", client.send(push).body());
  }

  @Test
  void recordHoldsTheRequestButShowsNoSecrets() throws Exception {
    SimulatedPhone other = simulator.registerPhone();
    Pushes.Push push = Pushes.voip(simulator, other.token()).header("x-twice", "1", "2");
    client.send(push);
    RecordedRequest request =
        simulator.requests().stream()
            .filter(r -> r.deviceToken().equals(other.token()))
            .findFirst()
            .orElseThrow();
    assertEquals("POST", request.method());
    assertEquals(push.path, request.path());
    assertEquals("voip", request.header("apns-push-type").orElseThrow());
    assertEquals("1, 2", request.headers().get("x-twice"));
    Assertions.assertArrayEquals(push.body, request.payload());
    request.payload()[0] = 0;
    assertNotEquals(0, request.payload()[0]);
    assertTrue(request.apnsUniqueId().isEmpty());
    assertTrue(!request.toString().contains(other.token()), request.toString());
    assertTrue(!request.toString().contains("Ada"), request.toString());
  }

  @Test
  void sandboxGivesUniqueIdsAndItsOwnTokens() throws Exception {
    try (ApnsSimulator sandbox = ApnsSimulator.builder().sandbox(true).start()) {
      Pushes sandboxClient = Pushes.withCertificate(sandbox);
      SimulatedPhone inSandbox = sandbox.registerPhone();
      Pushes.Answer answer = sandboxClient.send(Pushes.voip(sandbox, inSandbox.token()));
      String uniqueId = sandbox.requests().get(0).apnsUniqueId().orElseThrow();
      assertEquals(uniqueId, answer.header("apns-unique-id"));
      assertEquals(
          "{\"reason\":\"BadDeviceToken\"}",
          sandboxClient.send(Pushes.voip(sandbox, phone.token())).body());
    }
  }
}
