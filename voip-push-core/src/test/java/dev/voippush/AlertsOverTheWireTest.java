// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.SimulatedCall;
import dev.voippush.simulator.SimulatedPhone;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Phones with and without CallKit of one callee, on either transport, by the server's record. */
@ParameterizedClass
@EnumSource
@Timeout(60)
class AlertsOverTheWireTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final VoipPushClientTest.Kind kind;
  private ApnsSimulator apns;
  private VoipPushClient client;

  AlertsOverTheWireTest(VoipPushClientTest.Kind kind) {
    this.kind = kind;
  }

  @BeforeEach
  void start() throws Exception {
    apns = ApnsSimulator.start();
    AlertRing alertRing = AlertRing.builder().interval(Duration.ofSeconds(2)).build();
    client =
        kind.choose(TestClients.builder(apns, TestClients.certificate(apns)))
            .alertRing(alertRing)
            .build();
  }

  @AfterEach
  void close() {
    client.close();
    apns.close();
  }

  private SimulatedPhone phone(boolean callKit) {
    return apns.newPhone().callKit(callKit).user("Han Meimei").register();
  }

  private static Device device(SimulatedPhone phone) {
    return phone.callKit()
        ? DeviceToken.of(phone.token())
        : AlertDevice.of(phone.alertToken(), Locale.US);
  }

  private List<RecordedRequest> alertsTo(SimulatedPhone phone) {
    return apns.requests().stream()
        .filter(request -> request.deviceToken().equals(phone.alertToken()))
        .toList();
  }

  private static RingOutcome endOf(Ring ring) throws Exception {
    return ring.ended().get(30, TimeUnit.SECONDS);
  }

  @Test
  void fivePhonesOfWhichOneAnswers() throws Exception {
    List<SimulatedPhone> voip = Stream.generate(() -> phone(true)).limit(3).toList();
    List<SimulatedPhone> alerted = Stream.generate(() -> phone(false)).limit(2).toList();
    List<SimulatedPhone> all = new ArrayList<>(voip);
    all.addAll(alerted);
    CallPayload call = TestClients.call();

    Ring ring = client.ring(call, all.stream().map(AlertsOverTheWireTest::device).toList());
    for (SimulatedPhone phone : all) {
      assertEquals(call.callId(), phone.awaitCall(PATIENCE).callId());
    }
    assertEquals(5, ring.outcome().get(30, TimeUnit.SECONDS).reached().size());
    TestClients.await(() -> alertsTo(alerted.get(0)).size() >= 2);

    voip.get(1).answer();
    ring.stop(CallEnd.ANSWERED);
    assertEquals(5, endOf(ring).reached().size());
    int written = apns.requests().size();

    for (SimulatedPhone phone : alerted) {
      List<RecordedRequest> alerts = alertsTo(phone);
      assertEquals(alerts.size(), ids(alerts).size(), "each has an apns-id of its own");
      assertEquals(SimulatedCall.State.ANSWERED_ELSEWHERE, phone.calls().get(0).state());
      assertEquals(1, phone.banners().size());
      assertEquals("Call answered", phone.banners().get(0).body());
      for (RecordedRequest alert : alerts) {
        assertEquals(200, alert.status());
        assertEquals("alert", alert.header("apns-push-type").orElseThrow());
        assertEquals(apns.credentials().bundleId(), alert.header("apns-topic").orElseThrow());
        assertEquals("10", alert.header("apns-priority").orElseThrow());
        assertEquals(call.callId().toString(), alert.header("apns-collapse-id").orElseThrow());
      }
    }
    for (SimulatedPhone phone : voip) {
      assertEquals(1, phone.pushes().size());
    }
    SimulatedPhone other = phone(false); // whose alerts show that time goes on
    Ring next = client.ring(TestClients.call(), List.of(device(other)));
    TestClients.await(() -> alertsTo(other).size() >= 3);
    next.stop();
    endOf(next);
    assertEquals(written + alertsTo(other).size(), apns.requests().size());
  }

  private static Set<String> ids(List<RecordedRequest> requests) {
    return requests.stream().map(RecordedRequest::apnsId).collect(Collectors.toSet());
  }

  @Test
  void nobodyAnswersAPhoneWithoutCallKit() throws Exception {
    SimulatedPhone phone = phone(false);
    CallPayload call =
        CallPayload.incoming(UUID.randomUUID())
            .callerName("Li Lei")
            .ringFor(Duration.ofSeconds(5))
            .build();
    Ring ring = client.ring(call, List.of(device(phone)));
    SimulatedCall rang = phone.awaitCall(PATIENCE);
    endOf(ring);
    TestClients.await(rang::missed);
    assertEquals(List.of("Missed call"), phone.banners().stream().map(b -> b.body()).toList());
    List<RecordedRequest> alerts = alertsTo(phone);
    List<String> expirations =
        alerts.stream().map(alert -> alert.header("apns-expiration").orElseThrow()).toList();
    int last = expirations.size() - 1;
    assertTrue(last >= 1, expirations.toString());
    assertEquals(Set.of("0"), Set.copyOf(expirations.subList(0, last)));
    assertTrue(Long.parseLong(expirations.get(last)) > 0, expirations.toString());
  }

  @Test
  void tokenThatDiesWhileItRings() throws Exception {
    SimulatedPhone phone = phone(false);
    Ring ring = client.ring(TestClients.call(), List.of(device(phone)));
    phone.awaitCall(PATIENCE);
    phone.unregister();
    assertEquals(Set.of(DeviceToken.of(phone.alertToken())), endOf(ring).deadTokens().keySet());
    List<Integer> statuses = alertsTo(phone).stream().map(RecordedRequest::status).toList();
    int last = statuses.size() - 1;
    assertEquals(410, statuses.get(last));
    assertEquals(Set.of(200), Set.copyOf(statuses.subList(0, last)));
  }

  @Test
  void voipTokenInPlaceOfTheAlertToken() throws Exception {
    AlertDevice mixedUp = AlertDevice.of(phone(true).token(), Locale.US);
    PushResult.Rejected rejected =
        endOf(client.ring(TestClients.call(), List.of(mixedUp))).rejected().get(mixedUp.token());
    assertEquals(RejectionReason.DEVICE_TOKEN_NOT_FOR_TOPIC, rejected.reason());
    assertTrue(
        rejected
            .explanation()
            .contains(
                "this client sends to the topic com.example.app; is the token the one for"
                    + " notifications, not the VoIP token, of this app?"),
        rejected.explanation());
    assertEquals(1, apns.requests().size());
  }
}
