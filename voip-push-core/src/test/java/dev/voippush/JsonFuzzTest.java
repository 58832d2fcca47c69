// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whatever fields a call is given, it is refused, or JSON that can be read, of limited size. */
class JsonFuzzTest {
  @RegisterExtension static final FuzzRun RUN = new FuzzRun("json");

  private static final List<PayloadFormat> FORMATS =
      List.of(
          PayloadFormat.NEUTRAL,
          PayloadFormat.FLUTTER_CALLKIT_INCOMING,
          PayloadFormat.REACT_NATIVE_CALLKEEP,
          CallPayload::extras);

  /**
   * Reads an object and makes its members fields of a call.
   *
   * @param data which format, then the object
   */
  @FuzzTest
  void everyCallIsJson(byte[] data) throws Exception {
    RUN.input(
        () -> {
          if (data.length > 0) {
            PayloadFormat format = FORMATS.get((data[0] & 0xff) % FORMATS.size());
            pack(format, Arrays.copyOfRange(data, 1, data.length));
          }
        });
  }

  private static void pack(PayloadFormat format, byte[] json) throws IOException {
    Map<String, @Nullable Object> members;
    try {
      members = Json.readObject(json);
    } catch (IOException e) {
      return; // as documented
    }
    CallPayload call;
    try {
      CallPayload.Builder builder = CallPayload.incoming(new UUID(1, 2)).format(format);
      for (Map.Entry<String, @Nullable Object> member : members.entrySet()) {
        put(builder, member.getKey(), member.getValue());
      }
      call = builder.build();
    } catch (IllegalArgumentException e) {
      assertTrue(e.getMessage() != null && !e.getMessage().isEmpty());
      return;
    }
    byte[] written = call.toJson();
    assertEquals(written.length, call.size());
    assertTrue(written.length <= CallPayload.MAX_BYTES, "too large");
    byte[] again = Json.write(Json.readObject(written));
    assertEquals(Json.readObject(written), Json.readObject(again));
    assertEquals(members.size(), call.extras().size());
  }

  @SuppressWarnings("unchecked") // Moshi's maps have strings as keys
  private static void put(CallPayload.Builder builder, String key, @Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      builder.put(key, (Map<String, ?>) map);
    } else if (value instanceof List<?> list) {
      builder.put(key, list);
    } else if (value instanceof Boolean flag) {
      builder.put(key, flag);
    } else if (value instanceof Double number) {
      builder.put(key, number);
    } else if (value instanceof String text) {
      builder.put(key, text).callerName(text).handle(text);
    }
  }
}
