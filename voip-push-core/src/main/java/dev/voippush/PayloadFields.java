// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One JSON object of a format of this library: its own fields first, whose keys no extra takes. */
final class PayloadFields {
  private final Map<String, Object> fields = new LinkedHashMap<>();
  private final Set<String> reserved = new HashSet<>();

  PayloadFields add(String key, Object value) {
    reserved.add(key);
    fields.put(key, value);
    return this;
  }

  /** Adds the value if there is one; no extra takes its key in either case. */
  PayloadFields addIfPresent(String key, Optional<String> value) {
    reserved.add(key);
    value.ifPresent(text -> fields.put(key, text));
    return this;
  }

  Map<String, Object> toMap() {
    return fields;
  }

  /**
   * Returns the fields with these after them.
   *
   * @throws IllegalArgumentException if one has a key of this object's own
   */
  Map<String, Object> withExtras(Map<String, Object> extras) {
    for (String key : extras.keySet()) {
      if (reserved.contains(key)) {
        throw new IllegalArgumentException(
            "\""
                + key
                + "\" is set by the payload format; choose another key for a field of your own");
      }
    }
    fields.putAll(extras);
    return fields;
  }

  /**
   * Writes a payload.
   *
   * @param what its name in a message
   * @throws IllegalArgumentException if it has more bytes than these
   */
  static byte[] write(String what, Map<String, Object> payload, int maxBytes) {
    byte[] bytes = Json.write(payload);
    if (bytes.length > maxBytes) {
      throw new IllegalArgumentException(
          what
              + " must be at most "
              + maxBytes
              + " bytes, but was "
              + bytes.length
              + "; the biggest field is "
              + biggestOf(payload)
              + ": let the app fetch it when it wakes up");
    }
    return bytes;
  }

  /** Names the biggest field; inside an object the one that takes more than half of it. */
  private static String biggestOf(Map<?, ?> fields) {
    String path = "";
    int size = 0;
    Map<?, ?> object = fields;
    while (!object.isEmpty()) {
      String name = "";
      Object value = "";
      int most = 0;
      for (Map.Entry<?, ?> field : object.entrySet()) {
        int bytes = Json.sizeOf((String) field.getKey(), field.getValue());
        if (bytes > most) {
          most = bytes;
          name = (String) field.getKey();
          value = field.getValue();
        }
      }
      if (most <= size / 2) {
        break;
      }
      path = path.isEmpty() ? name : path + "." + name;
      size = most;
      object = value instanceof Map<?, ?> inner ? inner : Map.of();
    }
    return path + " with " + size + " bytes";
  }
}
