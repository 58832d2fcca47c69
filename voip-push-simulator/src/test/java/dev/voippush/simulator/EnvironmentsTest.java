// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Production and sandbox at once, and several apps. */
final class EnvironmentsTest {
  private static final String OTHER_APP = "com.example.other";

  private ApnsSimulator simulator;

  @BeforeEach
  void start() {
    simulator = ApnsSimulator.start();
  }

  @AfterEach
  void close() {
    simulator.close();
  }

  private static String refusal(String reason) {
    return "{\"reason\":\"" + reason + "\"}";
  }

  @Test
  void eachEnvironmentKnowsItsOwnTokensOnly() throws Exception {
    SimulatedPhone sandboxPhone = simulator.newPhone().sandbox(true).register();
    SimulatedPhone phone = simulator.registerPhone();
    Pushes production = Pushes.withCertificate(simulator);
    Pushes sandbox = production.inSandbox(simulator);
    Pushes.Push toSandboxPhone = Pushes.voip(simulator, sandboxPhone.token());
    Pushes.Push toPhone = Pushes.voip(simulator, phone.token());

    assertEquals(refusal("BadDeviceToken"), production.send(toSandboxPhone).body());
    assertEquals(refusal("BadDeviceToken"), sandbox.send(toPhone).body());
    assertEquals(List.of(), phone.pushes());
    assertEquals(List.of(), sandboxPhone.pushes());
    Pushes.Answer fromSandbox = sandbox.send(toSandboxPhone);
    assertEquals(200, fromSandbox.status());
    assertEquals(200, production.send(toPhone).status());
    assertEquals(1, phone.pushes().size());
    assertEquals(1, sandboxPhone.pushes().size());

    List<RecordedRequest> requests = simulator.requests();
    assertEquals(
        List.of(false, true, true, false),
        requests.stream().map(RecordedRequest::sandbox).toList());
    assertEquals(2, simulator.connectionsAccepted());
    // Only the sandbox names accepted pushes
    assertEquals(
        requests.get(2).apnsUniqueId().orElseThrow(), fromSandbox.header("apns-unique-id"));
    for (int i : new int[] {0, 1, 3}) {
      assertTrue(requests.get(i).apnsUniqueId().isEmpty());
    }
  }

  @Test
  void eachEnvironmentHasItsPort() throws Exception {
    assertNotEquals(simulator.port(), simulator.sandboxPort());
    assertEquals(
        URI.create("https://127.0.0.1:" + simulator.sandboxPort()), simulator.sandboxEndpoint());
    try (ApnsSimulator next = startWithSandboxAtAPortOfChoice()) {
      assertNotEquals(next.port(), next.sandboxPort());
    }
    assertThrows(IllegalArgumentException.class, () -> ApnsSimulator.builder().sandboxPort(-1));
  }

  /** Another program may be faster with the port that was free: then with the next one. */
  private static ApnsSimulator startWithSandboxAtAPortOfChoice() throws IOException {
    while (true) {
      int free;
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        free = socket.getLocalPort();
      }
      try {
        ApnsSimulator simulator = ApnsSimulator.builder().sandboxPort(free).start();
        assertEquals(free, simulator.sandboxPort());
        return simulator;
      } catch (UncheckedIOException e) {
        assertTrue(e.getMessage().contains("" + free), e.getMessage());
      }
    }
  }

  @Test
  void scriptsAndFaultsAreForBoth() throws Exception {
    SimulatedPhone phone = simulator.newPhone().sandbox(true).register();
    Pushes sandbox = Pushes.withCertificate(simulator).inSandbox(simulator);
    Pushes.Push push = Pushes.voip(simulator, phone.token());
    simulator.script(Script.reject(500, "InternalServerError").times(1));
    assertEquals(500, sandbox.send(push).status());
    assertEquals(200, sandbox.send(push).status());
    simulator.dropConnections();
    assertEquals(0, simulator.connectionsOpen());
  }

  @Test
  void anAppsCertificateIsForThatAppOnly() throws Exception {
    SimulatorCredentials other = simulator.addApp(OTHER_APP);
    assertEquals(OTHER_APP, other.bundleId());
    assertEquals(simulator.credentials().caCertificate(), other.caCertificate());
    assertEquals(simulator.credentials().signingKeyPem(), other.signingKeyPem());
    SimulatedPhone phone = simulator.newPhone().bundleId(OTHER_APP).register();
    Pushes.Push push = Pushes.voip(simulator, phone.token());
    push.header("apns-topic", OTHER_APP + ".voip");

    assertEquals(200, Pushes.withCertificate(simulator, other).send(push).status());
    assertEquals(refusal("TopicDisallowed"), Pushes.withCertificate(simulator).send(push).body());
    assertEquals(1, phone.pushes().size());
    assertThrows(IllegalArgumentException.class, () -> simulator.addApp(OTHER_APP));
    assertThrows(IllegalArgumentException.class, () -> simulator.addApp("com.example.app"));
  }

  @Test
  void signingKeyServesAllAppsOfItsTeam() throws Exception {
    Pushes client = Pushes.withoutCertificate(simulator);
    String jwt = Pushes.jwt(simulator); // the next second's would be a new one too soon
    for (String app : List.of(OTHER_APP, "com.example.app.dev")) { // which begins like ours
      SimulatedPhone phone = simulator.newPhone().bundleId(app).register();
      Pushes.Push push =
          Pushes.voip(simulator, phone.token())
              .header("authorization", jwt)
              .header("apns-topic", app + ".voip");
      assertEquals(refusal("TopicDisallowed"), client.send(push).body());
      simulator.addApp(app);
      assertEquals(200, client.send(push).status());
    }
  }

  @Test
  void bundleIdIsWithoutTheEndingOfATopic() {
    for (String wrong : List.of("com.example.app.voip", "-app", "a..b", "")) {
      List<Executable> uses =
          List.of(
              () -> simulator.addApp(wrong),
              () -> simulator.newPhone().bundleId(wrong),
              () -> ApnsSimulator.builder().bundleId(wrong));
      for (Executable use : uses) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, use);
        assertTrue(e.getMessage().endsWith("but was '" + wrong + "'"), e.getMessage());
      }
    }
  }

  @Test
  void tokenOfOneAppIsNotForTheTopicOfAnother() throws Exception {
    simulator.addApp(OTHER_APP);
    SimulatedPhone phone = simulator.newPhone().bundleId(OTHER_APP).register();
    Pushes client = Pushes.withCertificate(simulator);
    Pushes.Push push = Pushes.voip(simulator, phone.token());
    assertEquals(refusal("DeviceTokenNotForTopic"), client.send(push).body());
    push.path = "/3/device/" + phone.alertToken();
    push.header("apns-topic", "com.example.app").header("apns-push-type", "alert");
    assertEquals(refusal("DeviceTokenNotForTopic"), client.send(push).body());
    assertEquals(List.of(), phone.pushes());
  }

  @Test
  void deviceScriptComesBeforeAppScriptBeforeGlobalOne() throws Exception {
    SimulatorCredentials other = simulator.addApp(OTHER_APP);
    SimulatedPhone phone = simulator.registerPhone();
    SimulatedPhone sibling = simulator.registerPhone();
    SimulatedPhone stranger = simulator.newPhone().bundleId(OTHER_APP).register();
    simulator.script(Script.reject(500, "global"));
    simulator.scriptApp("com.example.app", Script.reject(500, "app").times(2));
    simulator.script(phone.token(), Script.reject(500, "device").times(1));
    Pushes client = Pushes.withCertificate(simulator);

    assertEquals(refusal("device"), client.send(Pushes.voip(simulator, phone.token())).body());
    assertEquals(200, client.send(Pushes.voip(simulator, phone.token())).status());
    assertEquals(refusal("app"), client.send(Pushes.voip(simulator, sibling.token())).body());
    Pushes.Push alert = Pushes.voip(simulator, sibling.alertToken());
    alert.header("apns-topic", "com.example.app").header("apns-push-type", "alert");
    assertEquals(refusal("app"), client.send(alert).body());
    assertEquals(200, client.send(alert).status());
    Pushes.Push toStranger = Pushes.voip(simulator, stranger.token());
    toStranger.header("apns-topic", OTHER_APP + ".voip");
    assertEquals(
        refusal("global"), Pushes.withCertificate(simulator, other).send(toStranger).body());
  }
}
