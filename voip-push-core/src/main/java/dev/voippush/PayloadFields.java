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
}
