// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.SimulatedCall;
import dev.voippush.simulator.SimulatedPhone;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the apps read; resources/formats/README.md says where in their packages' sources. */
class PayloadFormatTest {
  private static final UUID ID = UUID.fromString("1B4E28BA-2FA1-11D2-883F-0016D3CCA427");
  private static final Instant SENT = Instant.parse("2026-11-24T10:00:00.250Z");
  private static final String FAMILY = "👨‍👩‍👧"; // three people, two zero-width joiners

  private static final Format NEUTRAL =
      new Format(
          "neutral",
          PayloadFormat.NEUTRAL,
          "callerName",
          List.of(
              "aps",
              "callId",
              "callerName",
              "handle",
              "handleType",
              "video",
              "sentAt",
              "expiresAt"));
  private static final Format FLUTTER =
      new Format(
          "flutter_callkit_incoming",
          PayloadFormat.FLUTTER_CALLKIT_INCOMING,
          "nameCaller",
          List.of("sentAt", "expiresAt"));
  private static final Format REACT_NATIVE =
      new Format(
          "react_native_callkeep",
          PayloadFormat.REACT_NATIVE_CALLKEEP,
          "callerName",
          List.of(
              "aps",
              "uuid",
              "callerName",
              "handle",
              "handleType",
              "hasVideo",
              "sentAt",
              "expiresAt"));

  static Stream<Format> formats() {
    return Stream.of(NEUTRAL, FLUTTER, REACT_NATIVE);
  }

  /** A format of the library: its golden file, its key of the name, the keys no extra may have. */
  record Format(String name, PayloadFormat format, String nameKey, List<String> reserved) {
    CallPayload.Builder call() {
      return CallPayload.incoming(ID).sentAt(SENT).format(format);
    }

    /** A call that gives everything that a format can carry. */
    CallPayload.Builder fullCall() {
      return call()
          .callerName("李雷 " + FAMILY)
          .handle("+8613800138000")
          .handleType(HandleType.PHONE)
          .video(true)
          .ringFor(Duration.ofSeconds(30))
          .put("room", "r-1")
          .put("seats", 4);
    }

    String golden() throws IOException {
      String file = "/formats/" + name + ".json";
      try (InputStream in = PayloadFormatTest.class.getResourceAsStream(file)) {
        return text(in.readAllBytes()).lines().map(String::strip).collect(Collectors.joining());
      }
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** Decodes UTF-8 and nothing else. */
  private static String text(byte[] utf8) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
  }

  private static String json(CallPayload call) throws CharacterCodingException {
    return text(call.toJson());
  }

  private static Map<String, Object> read(CallPayload call) throws IOException {
    return Json.readObject(call.toJson());
  }

  @ParameterizedTest
  @MethodSource("formats")
  void jsonIsExactlyTheGoldenFile(Format format) throws Exception {
    assertEquals(format.golden(), json(format.fullCall().build()));
  }

  @Test
  void flutterLeavesOutWhatIsNotGiven() throws Exception {
    assertEquals(
        "{\"id\":\"1b4e28ba-2fa1-11d2-883f-0016d3cca427\",\"handleType\":\"generic\","
            + "\"isVideo\":false,\"type\":0,\"duration\":45000,"
            + "\"extra\":{\"sentAt\":1795514400250,\"expiresAt\":1795514445250},\"aps\":{}}",
        json(FLUTTER.call().build()));
  }

  @Test
  void reactNativeAlwaysHasNameAndHandle() throws Exception {
    Map<String, Object> named = read(REACT_NATIVE.call().callerName("Li Lei").build());
    assertEquals("Li Lei", named.get("handle"));
    assertEquals("Li Lei", named.get("callerName"));
    Map<String, Object> unnamed = read(REACT_NATIVE.call().handle("lilei@example.com").build());
    assertEquals("lilei@example.com", unnamed.get("handle"));
    assertEquals("lilei@example.com", unnamed.get("callerName"));
    CallPayload.Builder anonymous = REACT_NATIVE.call();
    assertEquals(
        "handle or callerName must be given for REACT_NATIVE_CALLKEEP:"
            + " the app would crash without a handle",
        assertThrows(IllegalArgumentException.class, anonymous::build).getMessage());
  }

  @ParameterizedTest
  @MethodSource("formats")
  void handleTypesAreTheWordsOfThePackages(Format format) throws Exception {
    Map<HandleType, Object> words = new LinkedHashMap<>();
    for (HandleType type : HandleType.values()) {
      words.put(type, read(format.call().handle("x").handleType(type).build()).get("handleType"));
    }
    assertEquals(
        Map.of(
            HandleType.GENERIC,
            "generic",
            HandleType.PHONE,
            format.equals(NEUTRAL) ? "phone" : "number",
            HandleType.EMAIL,
            "email"),
        words);
  }

  @ParameterizedTest
  @MethodSource("formats")
  void noExtraReplacesAFieldOfTheFormat(Format format) {
    for (String key : format.reserved) {
      CallPayload.Builder builder = format.call().handle("x").put(key, "stolen");
      assertEquals(
          "\""
              + key
              + "\" is set by the payload format; choose another key for a field of your own",
          assertThrows(IllegalArgumentException.class, builder::build, key).getMessage());
    }
  }

  @Test
  void keysAreReservedAlsoWhenTheCallDoesNotGiveThem() {
    CallPayload.Builder builder = NEUTRAL.call().put("callerName", "x");
    assertThrows(IllegalArgumentException.class, builder::build);
  }

  @Test
  void reservedKeysAreThoseOfTheChosenFormatOnly() throws Exception {
    CallPayload call = REACT_NATIVE.call().handle("x").put("callId", "c-1").build();
    assertEquals("c-1", read(call).get("callId"));
  }

  @Test
  void extrasOfFlutterCannotReachItsFields() throws Exception {
    CallPayload call =
        FLUTTER.call().put("id", "mine").put("aps", "mine").put("extra", "mine").build();
    Map<String, Object> fields = read(call);
    assertEquals(ID.toString(), fields.get("id"));
    assertEquals(Map.of(), fields.get("aps"));
    Map<?, ?> extra = (Map<?, ?>) fields.get("extra");
    assertEquals(
        List.of("mine", "mine", "mine"),
        Stream.of("id", "aps", "extra").map(extra::get).collect(Collectors.toList()));
  }

  @Test
  void formatOfOnesOwnMayNestAndPlaceExtras() throws Exception {
    PayloadFormat linphone =
        call -> {
          Map<String, Object> fields = new LinkedHashMap<>();
          fields.put(
              "aps",
              Map.of(
                  "call-id", call.callId().toString(), "loc-args", List.of(call.handle().get())));
          fields.put("display-name", call.callerName().orElse(""));
          fields.put("pn_ttl", call.ringFor().toSeconds());
          fields.put("customPayload", call.extras());
          return fields;
        };
    CallPayload call =
        CallPayload.incoming(ID)
            .callerName("李雷")
            .handle("sip:lilei@example.com")
            .put("callId", "sip-1")
            .format(linphone)
            .build();
    Map<String, Object> fields = read(call);
    assertEquals(
        Map.of("call-id", ID.toString(), "loc-args", List.of("sip:lilei@example.com")),
        fields.get("aps"));
    assertEquals("李雷", fields.get("display-name"));
    assertEquals(45.0, fields.get("pn_ttl"));
    assertEquals(Map.of("callId", "sip-1"), fields.get("customPayload"));
    assertEquals(
        List.of("aps", "display-name", "pn_ttl", "customPayload"), List.copyOf(fields.keySet()));
  }

  @Test
  void formatOfOnesOwnMayAddToAnother() throws Exception {
    PayloadFormat withRingtone =
        call -> {
          Map<String, Object> fields =
              new LinkedHashMap<>(PayloadFormat.FLUTTER_CALLKIT_INCOMING.fields(call));
          fields.put("ringtonePath", "marimba.caf");
          return fields;
        };
    String plain = json(FLUTTER.fullCall().build());
    assertEquals(
        plain.replaceFirst("\\}$", ",\"ringtonePath\":\"marimba.caf\"}"),
        json(FLUTTER.fullCall().format(withRingtone).build()));
  }

  @Test
  void formatOfOnesOwnIsToldWhatJsonCannotHold() {
    CallPayload.Builder builder = CallPayload.incoming(ID);
    builder.format(call -> Map.of("call", Map.of("id", call.callId())));
    assertEquals(
        "call.id must be a String, Number, Boolean, List or Map, but was java.util.UUID",
        assertThrows(IllegalArgumentException.class, builder::build).getMessage());
  }

  static Stream<Arguments> names() {
    return formats()
        .flatMap(
            format ->
                Stream.of(
                        "محمّد عبد الله",
                        "王小明 · 歐陽娜娜 𠮷野家",
                        "प्रिया क्षत्रिय",
                        "Zoë A\u030A", // not composed, and it stays so
                        "\u200Fשרה\u200E (work)",
                        FAMILY + " 🏳️‍🌈 🇨🇳 👍🏽",
                        "\"quoted\" \\ / </script> \u2028 \u2029",
                        "tab\t line\n bell\u0007 nul\u0000 delete\u007F")
                    .map(name -> Arguments.of(format, name)));
  }

  @ParameterizedTest
  @MethodSource("names")
  void namesInAnyScriptComeThrough(Format format, String name) throws Exception {
    CallPayload call = format.call().callerName(name).put("note", name).build();
    Map<String, Object> fields = read(call);
    assertEquals(name, fields.get(format.nameKey));
    Map<?, ?> extras = format.equals(FLUTTER) ? (Map<?, ?>) fields.get("extra") : fields;
    assertEquals(name, extras.get("note"));
    if (name.startsWith(FAMILY)) {
      assertTrue(json(call).contains(name), "as UTF-8, not as \\u escapes");
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void halfACharacterBecomesAQuestionMarkAndThePhoneRings(Format format) throws Exception {
    String cut = "Li Lei 📞".substring(0, 8); // ends within the telephone
    assertTrue(Character.isHighSurrogate(cut.charAt(7)));
    CallPayload call =
        format.call().callerName(cut).handle("\uDCDEx\uD83D y").put("k\uD83D", "\uDC00").build();
    Map<String, Object> fields = read(call);
    assertEquals("Li Lei ?", fields.get(format.nameKey));
    assertEquals("?x? y", fields.get("handle"));
    assertTrue(json(call).contains("\"k?\":\"?\""));
  }

  @ParameterizedTest
  @MethodSource("formats")
  void limitIs5120BytesOfUtf8(Format format) {
    String four = "𠮷"; // four bytes, two chars
    CallPayload.Builder builder = format.call().handle("x");
    int room = CallPayload.MAX_BYTES - builder.callerName("").build().size();
    String fill = four.repeat(room / 4);
    CallPayload full = builder.callerName(fill + "x".repeat(room % 4)).build();
    assertEquals(5120, full.size());
    assertEquals(5120, full.toJson().length);
    builder.callerName(fill + "x".repeat(room % 4 + 1));
    String message = assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    assertTrue(message.startsWith("payload must be at most 5120 bytes, but was 5121;"), message);
    assertTrue(message.contains("the biggest field is " + format.nameKey + " with "), message);
  }

  @Test
  void tooBigAPayloadNamesTheFieldWithinAnObject() {
    CallPayload.Builder one = FLUTTER.call().put("history", "雷".repeat(1800)).put("room", "r");
    String message = assertThrows(IllegalArgumentException.class, one::build).getMessage();
    assertTrue(
        message.contains("the biggest field is extra.history with " + (1800 * 3 + 12) + " bytes:"),
        message);
    CallPayload.Builder many = FLUTTER.call();
    for (int i = 0; i < 600; i++) {
      many.put("k" + i, "value");
    }
    message = assertThrows(IllegalArgumentException.class, many::build).getMessage();
    assertTrue(message.contains("the biggest field is extra with "), message);
  }

  @Test
  void everyFormatReachesThePhoneUnchanged() throws Exception {
    try (ApnsSimulator apns = ApnsSimulator.start();
        VoipPushClient client = TestClients.builder(apns, TestClients.certificate(apns)).build()) {
      for (Format format : formats().toList()) {
        SimulatedPhone phone = apns.registerPhone();
        CallPayload call = format.fullCall().sentAt(Instant.now()).build();
        assertTrue(client.send(DeviceToken.of(phone.token()), call).accepted());
        byte[] sent = apns.requests().get(apns.requests().size() - 1).payload();
        assertArrayEquals(call.toJson(), sent);
        SimulatedCall ringing = phone.awaitCall(Duration.ofSeconds(5));
        assertEquals(ID, ringing.callId());
        assertEquals("李雷 " + FAMILY, ringing.callerName());
        assertEquals("+8613800138000", ringing.handle());
        assertTrue(ringing.video());
        assertEquals(
            call.expiresAt().toEpochMilli(), ringing.expiresAt().toEpochMilli(), "the deadline");
        assertFalse(text(sent).contains("\\u"));
      }
    }
  }
}
