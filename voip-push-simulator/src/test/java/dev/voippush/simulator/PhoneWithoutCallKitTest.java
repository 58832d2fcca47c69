// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.SimulatedCall.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A phone that rings by alerts, to the millisecond, in a time of its own. */
class PhoneWithoutCallKitTest {
  private final VirtualPhones virtual = new VirtualPhones();
  private final SimulatedPhone phone = virtual.newPhone().callKit(false).user("ada").register();
  private final UUID id = UUID.randomUUID();
  private final Instant expiresAt = virtual.clock.instant().plusSeconds(45);

  private void alert(String body, String more) {
    virtual.alert(
        phone,
        id,
        """
        {"aps":{"alert":{"title":"Li Lei","body":"%s"},"mutable-content":1,"sound":"default"},
         "callId":"%s","callerName":"Li Lei","expiresAt":%d%s}
        """
            .formatted(body, id, expiresAt.toEpochMilli(), more));
  }

  private void alert() {
    alert("Incoming call", "");
  }

  private void last(String end) {
    alert("Call over", ",\"callEnd\":\"" + end + "\"");
  }

  private SimulatedCall call() {
    return phone.calls().get(0);
  }

  private String explanation() {
    return phone.pushes().get(phone.pushes().size() - 1).explanation();
  }

  @Test
  void alertsEach3SecondsRingWithoutAGapForTheWholeTime() {
    for (int i = 0; i < 15; i++) {
      alert();
      virtual.advance(Duration.ofSeconds(3));
    }
    assertEquals(State.EXPIRED, call().state());
    assertEquals(Duration.ofSeconds(45), call().rang());
    assertEquals(Duration.ZERO, call().longestGap());
    last("missed");
    assertEquals(1, phone.calls().size());
    assertTrue(call().missed());
    assertEquals(List.of(new Banner("Li Lei", "Call over")), phone.banners());
    assertEquals(16, phone.pushes().size());
    assertTrue(
        phone.pushes().stream().allMatch(push -> push.verdict() == PushVerdict.NOTIFICATION));
  }

  @Test
  void alertThatIsLateLeavesAGap() {
    alert();
    virtual.advance(Duration.ofSeconds(7));
    assertEquals(State.RINGING, call().state());
    assertEquals(Duration.ofMillis(5_050), call().rang(), "5 s, and what was in the buffer");
    alert();
    virtual.advance(Duration.ofSeconds(1));
    assertEquals(Duration.ofMillis(1_950), call().longestGap());
    phone.answer();
    assertEquals(Duration.ofMillis(1_950), call().longestGap());
    assertEquals(Duration.ofSeconds(8), call().rang());
  }

  @Test
  void silenceUntilTheEndIsAGap() {
    alert();
    virtual.advance(Duration.ofSeconds(45));
    assertEquals(State.EXPIRED, call().state());
    assertEquals(Duration.ofMillis(39_950), call().longestGap());
  }

  @ParameterizedTest
  @CsvSource({
    "answered, ANSWERED_ELSEWHERE, false",
    "declined, DECLINED_ELSEWHERE, false",
    "missed, ENDED, true",
  })
  void lastAlertEndsTheRing(String end, State state, boolean missed) {
    alert();
    virtual.advance(Duration.ofSeconds(1));
    last(end);
    virtual.advance(Duration.ofSeconds(10));
    assertEquals(state, call().state());
    assertEquals(missed, call().missed());
    assertEquals(Duration.ofSeconds(1), call().rang());
    assertTrue(explanation().endsWith("rings no more"), explanation());
    alert(); // comes late
    assertEquals(state, call().state());
    assertTrue(explanation().contains("does not ring: the call was over"), explanation());
  }

  @Test
  void alertArrivesBeforeItsCallRingsAndEnds() {
    List<PhoneEvent.Type> events = new ArrayList<>();
    phone.onEvent(event -> events.add(event.type()));
    alert();
    last("declined");
    assertEquals(
        List.of(
            PhoneEvent.Type.PUSH_RECEIVED,
            PhoneEvent.Type.RINGING,
            PhoneEvent.Type.PUSH_RECEIVED,
            PhoneEvent.Type.DECLINED_ELSEWHERE),
        events);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "true", "{}"})
  void callEndThatIsNoTextRingsNobody(String end) {
    alert("Call over", ",\"callEnd\":" + end);
    assertEquals(List.of(), phone.calls());
    assertEquals(1, phone.banners().size());
  }

  @Test
  void missedCallOfAPhoneThatWasOfflineAllTheTime() {
    last("missed");
    assertEquals(State.ENDED, call().state());
    assertTrue(call().missed());
    assertEquals(List.of(), call().rings());
  }

  @Test
  void answeredCallOfAPhoneThatWasOfflineAllTheTimeIsUnknownToIt() {
    last("answered");
    assertEquals(List.of(), phone.calls());
  }

  @Test
  void answeringByTheBannerLaunchesTheAppAndTellsTheOtherPhones() {
    SimulatedPhone other = virtual.newPhone().user("ada").register();
    virtual.push(other, id);
    alert();
    assertEquals(SimulatedPhone.AppState.KILLED, phone.appState());
    phone.answer();
    assertEquals(SimulatedPhone.AppState.FOREGROUND, phone.appState());
    assertEquals(State.ANSWERED_ELSEWHERE, other.calls().get(0).state());
    assertEquals(List.of(), phone.banners());
    last("answered");
    assertEquals(State.ANSWERED, call().state());
  }

  @Test
  void decliningByTheBannerLaunchesTheAppInTheBackground() {
    alert();
    phone.decline();
    assertEquals(SimulatedPhone.AppState.BACKGROUND, phone.appState());
    assertEquals(State.DECLINED, call().state());
  }

  @Test
  void alertAfterTheDeadlineDoesNotRing() {
    virtual.advance(Duration.ofSeconds(45));
    alert();
    assertEquals(State.EXPIRED, call().state());
    assertEquals(List.of(), call().rings());
    assertTrue(explanation().contains("after the call's expiresAt"), explanation());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"aps\":{\"alert\":\"x\",\"sound\":\"default\"},\"callId\":\"%s\"}",
        "{\"aps\":{\"alert\":\"x\",\"mutable-content\":1},\"callId\":\"%s\"}",
        "{\"aps\":{\"alert\":\"x\",\"mutable-content\":1,\"sound\":\"default\"}}",
      })
  void whatIsNoCallWithSoundForTheExtensionIsJustABanner(String payload) {
    virtual.alert(phone, id, payload.formatted(id));
    assertEquals(List.of(), phone.calls());
    assertEquals(1, phone.banners().size());
    assertTrue(explanation().endsWith("a banner"), explanation());
  }

  @Test
  void appWithCallKitDoesNotRingByAlerts() {
    SimulatedPhone withCallKit = virtual.newPhone().register();
    virtual.alert(
        withCallKit,
        id,
        "{\"aps\":{\"alert\":\"x\",\"mutable-content\":1,\"sound\":\"s\"},\"callId\":\"%s\"}"
            .formatted(id));
    assertEquals(List.of(), withCallKit.calls());
    assertEquals(1, withCallKit.banners().size());
  }

  @Test
  void bannersWithoutACollapseIdStayBesideEachOther() {
    for (int i = 0; i < 2; i++) {
      virtual.push(
          phone.alertToken(),
          "com.example.app",
          "{\"aps\":{\"alert\":\"number %d\"}}".formatted(i),
          Instant.MAX,
          "apns-id",
          UUID.randomUUID().toString());
    }
    assertEquals(
        List.of("number 0", "number 1"), phone.banners().stream().map(Banner::body).toList());
    phone.forgetHistory();
    assertEquals(List.of(), phone.banners());
  }

  @Test
  void soundOfAnAlertHasAnotherLength() {
    SimulatedPhone brief =
        virtual.newPhone().callKit(false).alertSound(Duration.ofSeconds(1)).register();
    virtual.alert(
        brief,
        id,
        "{\"aps\":{\"alert\":\"x\",\"mutable-content\":1,\"sound\":\"s\"},\"callId\":\"%s\"}"
            .formatted(id));
    virtual.advance(Duration.ofSeconds(10));
    SimulatedCall call = brief.calls().get(0);
    assertEquals(Duration.ofMillis(1_050), call.rang());
    assertFalse(call.longestGap().isZero());
    for (Duration wrong : List.of(Duration.ZERO, Duration.ofMillis(30_001))) {
      assertThrows(IllegalArgumentException.class, () -> virtual.newPhone().alertSound(wrong));
    }
  }
}
