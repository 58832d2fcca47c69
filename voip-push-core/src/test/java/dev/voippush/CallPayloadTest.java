// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class CallPayloadTest {
  private static final UUID ID = UUID.fromString("1B4E28BA-2FA1-11D2-883F-0016D3CCA427");
  private static final Instant SENT = Instant.parse("2026-11-24T10:00:00.250Z");

  private static String json(CallPayload call) {
    return new String(call.toJson(), StandardCharsets.UTF_8);
  }

  @Test
  void neutralFormat() {
    CallPayload call =
        CallPayload.incoming(ID)
            .callerName("李雷 📞")
            .handle("+8613800138000")
            .handleType(HandleType.PHONE)
            .video(true)
            .sentAt(SENT)
            .ringFor(Duration.ofSeconds(30))
            .put("room", "r-1")
            .put("seats", 4)
            .put("tags", List.of("a", true, 1.5))
            .put("nested", Map.of("k", List.of(Map.of("x", 1))))
            .build();
    assertEquals(
        "{\"callId\":\"1b4e28ba-2fa1-11d2-883f-0016d3cca427\",\"callerName\":\"李雷 📞\","
            + "\"handle\":\"+8613800138000\",\"handleType\":\"phone\",\"video\":true,"
            + "\"sentAt\":1795514400250,\"expiresAt\":1795514430250,\"aps\":{},\"room\":\"r-1\","
            + "\"seats\":4,\"tags\":[\"a\",true,1.5],\"nested\":{\"k\":[{\"x\":1}]}}",
        json(call));
    assertEquals(call.toJson().length, call.size());
  }

  @Test
  void whatIsNotGivenIsLeftOut() {
    assertEquals(
        "{\"callId\":\"1b4e28ba-2fa1-11d2-883f-0016d3cca427\",\"handleType\":\"generic\","
            + "\"video\":false,\"sentAt\":1795514400250,\"expiresAt\":1795514445250,\"aps\":{}}",
        json(CallPayload.incoming(ID).sentAt(SENT).build()));
  }

  @Test
  void deadlineIsSentAtPlusRingFor() {
    CallPayload call =
        CallPayload.incoming(ID).sentAt(SENT).ringFor(Duration.ofSeconds(20)).build();
    assertEquals(SENT.plusSeconds(20), call.expiresAt());
  }

  @Test
  void sentAtIsNowByDefault() {
    Instant before = Instant.now();
    Instant sent = CallPayload.incoming(ID).build().sentAt();
    assertFalse(sent.isBefore(before) || sent.isAfter(Instant.now()));
  }

  @Test
  void limitIs5120BytesAndNamesTheBiggestField() {
    int room = CallPayload.MAX_BYTES - CallPayload.incoming(ID).put("pad", "").build().size();
    CallPayload full = CallPayload.incoming(ID).put("pad", "x".repeat(room)).build();
    assertEquals(5120, full.size());
    CallPayload.Builder over = CallPayload.incoming(ID).put("pad", "x".repeat(room + 1));
    assertEquals(
        "payload must be at most 5120 bytes, but was 5121; the biggest field is pad with "
            + (room + 1 + 8)
            + " bytes: let the app fetch it when it wakes up",
        assertThrows(IllegalArgumentException.class, over::build).getMessage());
  }

  @Test
  void limitCountsBytesNotCharacters() {
    CallPayload.Builder over = CallPayload.incoming(ID).callerName("雷".repeat(1700));
    assertTrue(
        assertThrows(IllegalArgumentException.class, over::build)
            .getMessage()
            .contains("biggest field is callerName"));
  }

  @Test
  void valuesThatJsonCannotHoldAreNamed() {
    CallPayload.Builder builder = CallPayload.incoming(ID);
    assertEquals(
        "x must be finite, but was NaN",
        assertThrows(IllegalArgumentException.class, () -> builder.put("x", Double.NaN))
            .getMessage());
    assertEquals(
        "x[1].y must be a String, Number, Boolean, List or Map, but was null",
        assertThrows(
                IllegalArgumentException.class,
                () -> builder.put("x", Arrays.asList("a", mapOf("y", null))))
            .getMessage());
    assertEquals(
        "x must have strings as keys, but was java.lang.Integer",
        assertThrows(IllegalArgumentException.class, () -> builder.put("x", raw())).getMessage());
    List<Object> cycle = new ArrayList<>();
    cycle.add(cycle);
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> builder.put("x", cycle))
            .getMessage()
            .endsWith("must not be nested more than 32 levels deep"));
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Map<String, Object> raw() {
    return (Map) Map.of(1, 2);
  }

  private static Map<String, Object> mapOf(String key, Object value) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(key, value);
    return map;
  }

  @Test
  void laterChangesOfWhatWasGivenDoNotShow() {
    List<String> tags = new ArrayList<>(List.of("a"));
    CallPayload.Builder builder = CallPayload.incoming(ID).put("tags", tags);
    tags.add("b");
    CallPayload call = builder.build();
    assertEquals(List.of("a"), call.extras().get("tags"));
    call.toJson()[0] = 'X';
    assertEquals('{', call.toJson()[0]);
  }

  @Test
  void formatOfOnesOwnIsEvaluatedOnce() {
    List<UUID> evaluated = new ArrayList<>();
    CallPayload call =
        CallPayload.incoming(ID)
            .format(
                c -> {
                  evaluated.add(c.callId());
                  return Map.of("uuid", c.callId().toString());
                })
            .build();
    call.toJson();
    call.size();
    assertEquals(List.of(ID), evaluated);
    assertEquals("{\"uuid\":\"1b4e28ba-2fa1-11d2-883f-0016d3cca427\"}", json(call));
  }

  @Test
  void durationsHaveBounds() {
    CallPayload.Builder builder = CallPayload.incoming(ID);
    Duration hour = Duration.ofHours(1);
    builder.ringFor(Duration.ofSeconds(1)).ringFor(hour).storeFor(Duration.ZERO).storeFor(hour);
    assertEquals(hour, builder.build().ringFor());
    assertEquals(hour, builder.build().storeFor());
    for (Duration out : List.of(Duration.ofMillis(999), hour.plusNanos(1))) {
      assertEquals(
          "ringFor must be from 1 s to 1 h, but was " + out,
          assertThrows(IllegalArgumentException.class, () -> builder.ringFor(out)).getMessage());
    }
    for (Duration out : List.of(Duration.ofNanos(-1), hour.plusNanos(1))) {
      assertEquals(
          "storeFor must be from 0 to 1 h, but was " + out,
          assertThrows(IllegalArgumentException.class, () -> builder.storeFor(out)).getMessage());
    }
  }

  @Test
  void whatWasGivenIsTold() {
    CallPayload bare = CallPayload.incoming(ID).build();
    assertEquals(Optional.empty(), bare.callerName());
    assertEquals(Optional.empty(), bare.handle());
    assertEquals(HandleType.GENERIC, bare.handleType());
    assertFalse(bare.video());
    assertEquals(Duration.ofSeconds(45), bare.ringFor());
    assertEquals(Duration.ofSeconds(10), bare.storeFor());
    assertEquals(Map.of(), bare.extras());
    CallPayload call =
        CallPayload.incoming(ID)
            .callerName("Li Lei")
            .handle("lilei@example.com")
            .handleType(HandleType.EMAIL)
            .video(true)
            .sentAt(SENT)
            .put("a", 1)
            .build();
    assertEquals(ID, call.callId());
    assertEquals(Optional.of("Li Lei"), call.callerName());
    assertEquals(Optional.of("lilei@example.com"), call.handle());
    assertEquals(HandleType.EMAIL, call.handleType());
    assertTrue(call.video());
    assertEquals(SENT, call.sentAt());
    assertEquals(Map.of("a", 1), call.extras());
  }

  @Test
  void biggestFieldIsNamedAsDeepAsItGoes() {
    String big = "x".repeat(4000);
    assertTrue(
        refusal(
                CallPayload.incoming(ID)
                    .put("room", Map.of("topic", big, "seats", "y".repeat(1500))))
            .contains("biggest field is room.topic with 4010 bytes"));
    String half = "x".repeat(2600);
    assertTrue(
        refusal(CallPayload.incoming(ID).put("room", Map.of("a", half, "b", half)))
            .contains("biggest field is room with 5222 bytes"),
        "no half is to blame");
  }

  private static String refusal(CallPayload.Builder builder) {
    return assertThrows(IllegalArgumentException.class, builder::build).getMessage();
  }

  @Test
  void expirationIsWithinTheCallAndZeroWhenNotToBeStored() {
    CallPayload call =
        CallPayload.incoming(ID)
            .sentAt(SENT)
            .ringFor(Duration.ofSeconds(15))
            .storeFor(Duration.ofSeconds(10))
            .build();
    assertEquals(SENT.getEpochSecond() + 10, Message.of(call).expiration(SENT));
    Instant late = SENT.plusSeconds(8);
    assertEquals(call.expiresAt().getEpochSecond(), Message.of(call).expiration(late));
    assertEquals(0, Message.of(call).expiration(call.expiresAt().minusMillis(100)));
    CallPayload never = CallPayload.incoming(ID).sentAt(SENT).storeFor(Duration.ZERO).build();
    assertEquals(0, Message.of(never).expiration(SENT));
  }

  @Test
  void toStringTellsNothingOfTheCaller() {
    String text = CallPayload.incoming(ID).callerName("Li Lei").build().toString();
    assertEquals("CallPayload[callId=1b4e28ba-2fa1-11d2-883f-0016d3cca427]", text);
  }
}
