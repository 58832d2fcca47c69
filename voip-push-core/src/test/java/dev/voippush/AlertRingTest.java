// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What alerts look like, and what is refused. */
class AlertRingTest {
  private static final UUID ID = UUID.fromString("6f0a1c9e-57a1-4a0e-9f4f-0c3a51c2b7d1");
  private static final String FIELDS =
      "{\"callId\":\"6f0a1c9e-57a1-4a0e-9f4f-0c3a51c2b7d1\",\"callerName\":\"Li Lei\","
          + "\"handleType\":\"generic\",\"video\":false,\"sentAt\":1795521600000,"
          + "\"expiresAt\":1795521645000,";

  private static CallPayload.Builder call() {
    return CallPayload.incoming(ID)
        .callerName("Li Lei")
        .sentAt(Instant.ofEpochMilli(1795521600000L));
  }

  private static String json(Message message) {
    return new String(message.body(), StandardCharsets.UTF_8);
  }

  @Test
  void payloadWhileItRingsAndAtItsEnd() {
    AlertRing ring = AlertRing.builder().sound("ring.caf").build();
    AlertRing.Messages messages = ring.messages(call().build(), Locale.US);
    assertEquals(
        FIELDS
            + "\"aps\":{\"alert\":{\"title\":\"Li Lei\",\"body\":\"Incoming call\"},"
            + "\"mutable-content\":1,\"sound\":\"ring.caf\","
            + "\"interruption-level\":\"time-sensitive\"}}",
        json(messages.ringing()));
    assertEquals(
        FIELDS
            + "\"aps\":{\"alert\":{\"title\":\"Li Lei\",\"body\":\"Missed call\"},"
            + "\"mutable-content\":1,\"interruption-level\":\"active\"},\"callEnd\":\"missed\"}",
        json(messages.last().get(CallEnd.MISSED)));
    assertEquals(
        FIELDS
            + "\"aps\":{\"alert\":{\"title\":\"Li Lei\",\"body\":\"Call answered\"},"
            + "\"mutable-content\":1,\"interruption-level\":\"passive\"},\"callEnd\":\"answered\"}",
        json(messages.last().get(CallEnd.ANSWERED)));
    assertTrue(json(messages.last().get(CallEnd.DECLINED)).contains("\"callEnd\":\"declined\""));
  }

  @Test
  void apsOfTheFormatIsKeptButForWhatTheEndHasNot() {
    PayloadFormat format =
        call -> {
          Map<String, Object> fields = new LinkedHashMap<>(PayloadFormat.NEUTRAL.fields(call));
          fields.put("aps", Map.of("category", "CALL", "thread-id", "calls", "sound", "own.caf"));
          return fields;
        };
    AlertRing.Messages messages =
        AlertRing.builder().build().messages(call().format(format).build(), Locale.US);
    String ringing = json(messages.ringing());
    assertTrue(ringing.contains("\"category\":\"CALL\""), ringing);
    assertTrue(ringing.contains("\"thread-id\":\"calls\""), ringing);
    assertTrue(ringing.contains("\"sound\":\"default\""), ringing);
    String missed = json(messages.last().get(CallEnd.MISSED));
    assertTrue(missed.contains("\"thread-id\":\"calls\""), missed);
    assertFalse(missed.contains("category"), missed);
    assertFalse(missed.contains("sound"), missed);
  }

  @ParameterizedTest
  @CsvSource({
    "en-GB, Incoming video call, Call declined",
    "fr, Incoming video call, Call declined",
    "zh, 邀请你视频通话, 已拒绝",
    "zh-CN, 邀请你视频通话, 已拒绝",
    "zh-Hans-HK, 邀请你视频通话, 已拒绝",
    "zh-TW, 邀請你視訊通話, 已拒絕",
    "zh-HK, 邀請你視訊通話, 已拒絕",
    "zh-Hant, 邀請你視訊通話, 已拒絕",
  })
  void languages(String tag, String ringing, String declined) {
    CallPayload call = call().video(true).build();
    Locale locale = Locale.forLanguageTag(tag);
    assertEquals(ringing, AlertText.DEFAULT.alert(call, locale, Optional.empty()).get("body"));
    assertEquals(
        declined, AlertText.DEFAULT.alert(call, locale, Optional.of(CallEnd.DECLINED)).get("body"));
  }

  @Test
  void titleIsWhoCalls() {
    CallPayload.Builder anonymous = CallPayload.incoming(ID);
    assertEquals("Unknown caller", title(anonymous));
    assertEquals("未知来电", AlertWords.title(anonymous.build(), Locale.CHINA));
    assertEquals("+86 10 1234", title(anonymous.handle("+86 10 1234")));
    assertEquals("+86 10 1234", title(anonymous.callerName(" ")));
    assertEquals("Li Lei", title(anonymous.callerName("Li Lei")));
    assertEquals("Unknown caller", title(CallPayload.incoming(ID).handle(" ")));
  }

  private static Object title(CallPayload.Builder call) {
    return AlertText.DEFAULT.alert(call.build(), Locale.US, Optional.empty()).get("title");
  }

  @Test
  void textsOfTheApp() {
    CallPayload call = call().build();
    assertEquals(
        Map.of("title", "Li Lei", "loc-key", "call_incoming"),
        AlertText.OF_THE_APP.alert(call, Locale.CHINA, Optional.empty()));
    assertEquals(
        List.of("call_answered", "call_declined", "call_missed"),
        java.util.Arrays.stream(CallEnd.values())
            .map(end -> AlertText.OF_THE_APP.alert(call, Locale.US, Optional.of(end)))
            .map(alert -> alert.get("loc-key"))
            .toList());
  }

  @Test
  void limitIsThatOfAlerts() {
    AlertRing ring = AlertRing.builder().build();
    int room =
        AlertRing.MAX_BYTES - ring.messages(call().build(), Locale.US).ringing().body().length;
    String fits = "x".repeat(room - ",\"note\":\"\"".length());
    CallPayload full = call().put("note", fits).build();
    assertEquals(4096, ring.messages(full, Locale.US).ringing().body().length);
    CallPayload tooBig = call().put("note", fits + "x").build();
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> ring.messages(tooBig, Locale.US));
    assertTrue(
        e.getMessage().startsWith("payload of an alert must be at most 4096 bytes, but was 4097;"),
        e.getMessage());
    assertTrue(e.getMessage().contains("the biggest field is note"), e.getMessage());
  }

  @Test
  void refusedBeforeAnythingIsSent() {
    try (VirtualClient virtual =
        new VirtualClient(
            builder ->
                builder.alertRing(
                    AlertRing.builder()
                        .text((call, locale, end) -> Map.of("x", locale))
                        .build()))) {
      AlertDevice alert = AlertDevice.of("cd".repeat(32), Locale.US);
      List<Device> both = List.of(VirtualClient.DEVICE, alert);
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> virtual.client.ring(virtual.call().build(), both));
      assertTrue(e.getMessage().startsWith("alert.x must be a String"), e.getMessage());
      CallPayload taken = virtual.call().put("callEnd", "mine").build();
      e = assertThrows(IllegalArgumentException.class, () -> virtual.client.ring(taken, both));
      assertTrue(e.getMessage().startsWith("\"callEnd\" is set by the last alert"), e.getMessage());
      assertEquals(0, virtual.handedOver());
    }
  }

  @Test
  void textThatIsNone() {
    @SuppressWarnings("NullAway")
    AlertText nothing = (call, locale, end) -> null;
    AlertRing ring = AlertRing.builder().text(nothing).build();
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> ring.messages(call().build(), Locale.US));
    assertTrue(e.getMessage().startsWith("alert must be a String"), e.getMessage());
  }

  @Test
  void clientWithoutAlertRingTakesNoSuchDevice() {
    try (VirtualClient virtual = new VirtualClient()) {
      List<Device> both = List.of(VirtualClient.DEVICE, AlertDevice.of("cd".repeat(32), Locale.US));
      IllegalStateException e =
          assertThrows(
              IllegalStateException.class, () -> virtual.client.ring(virtual.call().build(), both));
      assertTrue(e.getMessage().startsWith("an AlertDevice needs alertRing(...)"), e.getMessage());
      assertEquals(0, virtual.handedOver());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1.999S", "PT30.001S", "PT-3S"})
  void intervalOutsideOfTheLimits(String interval) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> AlertRing.builder().interval(Duration.parse(interval)));
    assertEquals("interval must be from 2 s to 30 s, but was " + interval, e.getMessage());
  }

  @Test
  void limitsThemselvesAreAllowed() {
    for (int seconds : new int[] {2, 30}) {
      Duration interval = Duration.ofSeconds(seconds);
      assertEquals(interval, AlertRing.builder().interval(interval).build().interval());
    }
    assertThrows(IllegalArgumentException.class, () -> AlertRing.builder().sound(" "));
  }

  @Test
  void whatIsShownOfThemIsNoPayload() {
    AlertRing ring = AlertRing.builder().sound("ring.caf").build();
    assertEquals("AlertRing[interval=PT3S, sound=ring.caf]", ring.toString());
    assertEquals(
        "Message[type=ALERT, callId=" + ID + "]",
        ring.messages(call().build(), Locale.US).ringing().toString());
  }

  @Test
  void deviceShowsTheBeginOfItsTokenOnly() {
    String shown = AlertDevice.of("cd".repeat(32), Locale.CHINA).toString();
    assertTrue(shown.contains("cdcdcdcd…"), shown);
    assertFalse(shown.contains("cdcdcdcdcd"), shown);
  }
}
