// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How the app reads a call from the push: which JSON key holds what.
 *
 * <p>Evaluated once, in {@link CallPayload.Builder#build()}. Values may be strings, numbers,
 * booleans, and lists and maps of these.
 */
@FunctionalInterface
public interface PayloadFormat {

  /**
   * The format of this library: {@code callId} (lower-case UUID), {@code callerName} and {@code
   * handle} (if given), {@code handleType} ({@code generic}, {@code phone} or {@code email}),
   * {@code video}, {@code sentAt} and {@code expiresAt} (milliseconds since the epoch), an empty
   * {@code aps}, and the extra fields at the top level.
   */
  PayloadFormat NEUTRAL =
      call -> {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("callId", call.callId().toString());
        call.callerName().ifPresent(name -> fields.put("callerName", name));
        call.handle().ifPresent(handle -> fields.put("handle", handle));
        fields.put("handleType", call.handleType().name().toLowerCase(Locale.ROOT));
        fields.put("video", call.video());
        fields.put("sentAt", call.sentAt().toEpochMilli());
        fields.put("expiresAt", call.expiresAt().toEpochMilli());
        fields.putAll(call.extras());
        fields.put("aps", Map.of());
        return fields;
      };

  /** Returns the JSON object to send for {@code call}, in the order to write it. */
  Map<String, Object> fields(CallPayload call);
}
