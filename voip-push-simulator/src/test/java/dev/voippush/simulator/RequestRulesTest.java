// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the rules accept and record, over the wire; {@link ValidationOrderTest} breaks them. */
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
            push -> push.without("content-type"), // as many clients do
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
  void callsAreLimitedTo5120Bytes() throws Exception {
    Pushes.Push push = Pushes.voip(simulator, phone.token());
    assertEquals(200, client.send(push.body("{" + " ".repeat(5118) + "}")).status());
    assertEquals(413, client.send(push.body("{" + " ".repeat(5119) + "}")).status());
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
}
