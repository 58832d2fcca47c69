// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The members of a JSON object in a request, each read by name and checked; a member that nobody
 * asked for is refused by {@link #noOthers}. A member that is {@code null} counts as left out.
 */
final class JsonFields {
  private static final int SHOWN = 60;

  private final Map<String, @Nullable Object> members;
  private final Set<String> known = new LinkedHashSet<>();

  JsonFields(Map<String, @Nullable Object> members) {
    this.members = members;
  }

  /**
   * Reads the body of a request.
   *
   * @throws WebRefusal if it is not one JSON object in UTF-8
   */
  static JsonFields read(byte[] body) {
    Map<String, @Nullable Object> members = Json.object(body);
    if (members == null) {
      throw WebRefusal.badRequest(
          "the body must be one JSON object in UTF-8, but was "
              + (body.length == 0
                  ? "empty; send {} if there is nothing to say"
                  : "something else"));
    }
    return new JsonFields(members);
  }

  /** Text of 1 to {@code max} characters. */
  Optional<String> text(String name, int max) {
    Object value = take(name);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof String text && !text.isEmpty() && text.length() <= max) {
      return Optional.of(text);
    }
    throw wrong(name, "text of 1 to " + max + " characters", value);
  }

  /** Text that may also be empty; {@code ""} without it. */
  String textOrEmpty(String name, int max) {
    Object value = take(name);
    if (value == null) {
      return "";
    }
    if (value instanceof String text && text.length() <= max) {
      return text;
    }
    throw wrong(name, "text of at most " + max + " characters", value);
  }

  String requiredText(String name, int max) {
    return text(name, max).orElseThrow(() -> missing(name, "text of 1 to " + max + " characters"));
  }

  boolean flag(String name, boolean otherwise) {
    Object value = take(name);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw wrong(name, "true or false", value);
  }

  boolean requiredFlag(String name) {
    if (members.get(name) == null) {
      throw missing(name, "true or false");
    }
    return flag(name, false);
  }

  /** A whole number. */
  OptionalLong number(String name, long min, long max) {
    Object value = take(name);
    return value == null
        ? OptionalLong.empty()
        : OptionalLong.of(wholeNumber(name, value, min, max));
  }

  long requiredNumber(String name, long min, long max) {
    return number(name, min, max)
        .orElseThrow(() -> missing(name, "a whole number from " + min + " to " + max));
  }

  Optional<List<Long>> numbers(String name, long min, long max) {
    Object value = take(name);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof List<?> list) {
      return Optional.of(list.stream().map(n -> wholeNumber(name, n, min, max)).toList());
    }
    throw wrong(name, "a list of whole numbers", value);
  }

  /** Whatever is there: null if it is {@code null} or left out. */
  @Nullable Object any(String name) {
    return take(name);
  }

  /** True if the member is there, be it {@code null}. */
  boolean has(String name) {
    return members.containsKey(name);
  }

  /**
   * To be called when all members were read.
   *
   * @throws WebRefusal if there is another one
   */
  void noOthers() {
    for (String name : members.keySet()) {
      if (!known.contains(name)) {
        throw WebRefusal.badRequest(
            "the members must be %s, but there was %s"
                .formatted(
                    known.isEmpty() ? "none" : "among " + String.join(", ", known), show(name)));
      }
    }
  }

  static WebRefusal wrong(String name, String rule, @Nullable Object value) {
    return WebRefusal.badRequest(name + " must be " + rule + ", but was " + show(value));
  }

  static WebRefusal missing(String name, String rule) {
    return WebRefusal.badRequest(name + " must be " + rule + ", but was left out");
  }

  private static long wholeNumber(String name, @Nullable Object value, long min, long max) {
    if (value instanceof Double number
        && number == Math.rint(number)
        && number >= min
        && number <= max) {
      return number.longValue();
    }
    throw wrong(name, "a whole number from " + min + " to " + max, value);
  }

  private static String show(@Nullable Object value) {
    String json = Json.text(asSent(value));
    return json.length() <= SHOWN ? json : json.substring(0, SHOWN) + "…";
  }

  /** Whole numbers without the {@code .0} that all numbers have once they are read. */
  private static @Nullable Object asSent(@Nullable Object value) {
    if (value instanceof Double number && number == number.longValue()) {
      return number.longValue();
    }
    if (value instanceof List<?> list) {
      List<@Nullable Object> shown = new ArrayList<>();
      list.forEach(element -> shown.add(asSent(element)));
      return shown;
    }
    if (value instanceof Map<?, ?> map) {
      Map<Object, @Nullable Object> shown = new LinkedHashMap<>();
      map.forEach((name, member) -> shown.put(name, asSent(member)));
      return shown;
    }
    return value;
  }

  private @Nullable Object take(String name) {
    known.add(name);
    return members.get(name);
  }
}
