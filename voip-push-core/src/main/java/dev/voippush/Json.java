// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import com.squareup.moshi.JsonReader;
import com.squareup.moshi.JsonWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import okio.Buffer;
import org.jspecify.annotations.Nullable;

/** JSON trees to and from bytes, by Moshi's streaming classes: no reflection. */
final class Json {
  private static final int MAX_DEPTH = 32;

  private Json() {}

  static byte[] write(Map<String, ?> object) {
    Buffer buffer = new Buffer();
    try (JsonWriter writer = JsonWriter.of(buffer)) {
      writer.jsonValue(object);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a Buffer does not fail
    }
    return buffer.readByteArray();
  }

  /** Returns the bytes that one member takes, its comma not counted. */
  static int sizeOf(String name, Object value) {
    return write(Map.of(name, value)).length - 2;
  }

  /** Reads an object; anything else, or bytes after it, is an {@link IOException}. */
  static Map<String, @Nullable Object> readObject(byte[] json) throws IOException {
    JsonReader reader = JsonReader.of(new Buffer().write(json));
    try {
      if (reader.peek() != JsonReader.Token.BEGIN_OBJECT) {
        throw new IOException("not a JSON object");
      }
      Object tree = reader.readJsonValue();
      if (reader.peek() != JsonReader.Token.END_DOCUMENT || !(tree instanceof Map<?, ?> map)) {
        throw new IOException("not one JSON object");
      }
      Map<String, @Nullable Object> result = new LinkedHashMap<>();
      map.forEach((name, value) -> result.put((String) name, value));
      return result;
    } catch (RuntimeException e) { // JsonDataException: nested too deeply, a name twice
      throw new IOException("not one JSON object", e);
    }
  }

  /**
   * Returns a deep, unmodifiable copy of a value that JSON can hold.
   *
   * @throws IllegalArgumentException naming {@code path} if it cannot
   */
  static Object copyOf(@Nullable Object value, String path) {
    return copyOf(value, path, 0);
  }

  private static Object copyOf(@Nullable Object value, String path, int depth) {
    if (depth > MAX_DEPTH) {
      throw new IllegalArgumentException(
          path + " must not be nested more than " + MAX_DEPTH + " levels deep");
    }
    if (value instanceof String || value instanceof Boolean) {
      return value;
    }
    if (value instanceof Number number) {
      return checkNumber(number, path);
    }
    if (value instanceof List<?> list) {
      List<Object> copy = new ArrayList<>(list.size());
      for (int i = 0; i < list.size(); i++) {
        copy.add(copyOf(list.get(i), path + "[" + i + "]", depth + 1));
      }
      return Collections.unmodifiableList(copy);
    }
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> copy = new LinkedHashMap<>();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        if (!(entry.getKey() instanceof String name)) {
          throw new IllegalArgumentException(
              path + " must have strings as keys, but was " + typeOf(entry.getKey()));
        }
        copy.put(name, copyOf(entry.getValue(), path + "." + name, depth + 1));
      }
      return Collections.unmodifiableMap(copy);
    }
    throw new IllegalArgumentException(
        path + " must be a String, Number, Boolean, List or Map, but was " + typeOf(value));
  }

  private static Number checkNumber(Number number, String path) {
    if (number instanceof Double || number instanceof Float) {
      if (!Double.isFinite(number.doubleValue())) {
        throw new IllegalArgumentException(path + " must be finite, but was " + number);
      }
      return number;
    }
    if (number instanceof Integer
        || number instanceof Long
        || number instanceof Short
        || number instanceof Byte
        || number instanceof BigDecimal
        || number instanceof BigInteger) {
      return number;
    }
    throw new IllegalArgumentException(
        path + " must be a number of java.lang or java.math, but was " + typeOf(number));
  }

  private static String typeOf(@Nullable Object value) {
    return value == null ? "null" : value.getClass().getName();
  }
}
