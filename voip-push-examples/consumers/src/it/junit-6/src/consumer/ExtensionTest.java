// SPDX-License-Identifier: Apache-2.0
package consumer;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.Remedy;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.ApnsSimulatorExtension;
import dev.voippush.simulator.Script;
import dev.voippush.simulator.SimulatedPhone;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Two tests that get a simulator each, and a main program that looks whether they are closed. */
@ExtendWith(ApnsSimulatorExtension.class)
public final class ExtensionTest {
  private static final List<ApnsSimulator> given = new ArrayList<>();

  private final ApnsSimulator mine;

  ExtensionTest(ApnsSimulator simulator) {
    mine = simulator;
    given.add(simulator);
  }

  @BeforeEach
  void phonesAreRegisteredOneByOne(SimulatedPhone phone, SimulatedPhone other) {
    check(mine.phones().equals(List.of(phone, other)), "the phones are " + mine.phones());
  }

  @Test
  void hasOneOfItsOwn(ApnsSimulator simulator) throws Exception {
    check(simulator == mine, "the test's simulator is not that of the constructor");
    connect(simulator);
  }

  @Test
  void takesCalls(ApnsSimulator simulator, SimulatedPhone phone) throws Exception {
    PushCertificate certificate =
        PushCertificate.of(simulator.credentials().privateKey(), simulator.credentials().chain());
    DeviceToken device = DeviceToken.of(phone.token());
    CallPayload call = CallPayload.incoming(UUID.randomUUID()).callerName("Li Lei").build();
    try (VoipPushClient client =
        VoipPushClient.builder()
            .credentials(certificate)
            .endpoint(simulator.endpoint())
            .trustedCertificates(simulator.credentials().caCertificate())
            .build()) {
      PushResult result = client.send(device, call);
      check(result.accepted(), "APNs says " + result);
      String caller = phone.awaitCall(Duration.ofSeconds(10)).callerName();
      check(caller.equals("Li Lei"), "the phone shows " + caller);

      simulator.goAway("");
      check(client.send(device, call).accepted(), "not accepted after GOAWAY");
      check(simulator.connectionsAccepted() == 2, simulator.connectionsAccepted() + " connections");

      simulator.script(phone.token(), Script.unregistered(Instant.now()));
      check(
          client.send(device, call) instanceof PushResult.Rejected rejected
              && rejected.remedy() == Remedy.DISCARD_TOKEN,
          "the token is not to be discarded");
    }
  }

  private static void page() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.builder().web(0).start()) {
      HttpRequest request = HttpRequest.newBuilder(simulator.web().orElseThrow()).build();
      HttpResponse<String> response =
          HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
      check(response.statusCode() == 200, "the page answers " + response.statusCode());
    }
  }

  public static void main(String[] none) throws Exception {
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(ExtensionTest.class))
                .build(),
            listener);
    listener.getSummary().getFailures().forEach(f -> f.getException().printStackTrace());
    check(listener.getSummary().getTestsSucceededCount() == 2, "not both tests succeeded");
    check(Set.copyOf(given).size() == 2, "the simulators are " + given);
    for (ApnsSimulator simulator : given) {
      try {
        connect(simulator);
        throw new AssertionError(simulator + " is open after its test");
      } catch (ConnectException closed) {
        System.out.println(simulator + " was closed");
      }
    }
    page();
  }

  private static void connect(ApnsSimulator simulator) throws Exception {
    new Socket(InetAddress.getLoopbackAddress(), simulator.port()).close();
  }

  private static void check(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }
}
