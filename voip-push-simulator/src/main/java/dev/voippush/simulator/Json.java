// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import com.squareup.moshi.JsonDataException;
import com.squareup.moshi.JsonReader;
import com.squareup.moshi.JsonWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import okio.Buffer;
import org.jspecify.annotations.Nullable;

/** Strict JSON in and out. */
final class Json {
  private Json() {}

  /** The members of a JSON object in UTF-8, or null if the bytes are anything else. */
  @SuppressWarnings("unchecked") // readJsonValue makes maps with string keys
  static @Nullable Map<String, @Nullable Object> object(byte[] utf8) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8));
    } catch (CharacterCodingException e) {
      return null;
    }
    try (JsonReader reader = JsonReader.of(new Buffer().write(utf8))) {
      Object value = reader.readJsonValue();
      return value instanceof Map<?, ?> map && reader.peek() == JsonReader.Token.END_DOCUMENT
          ? (Map<String, @Nullable Object>) map
          : null;
    } catch (IOException | JsonDataException e) {
      return null;
    }
  }

  /** Maps with string keys, lists, strings, numbers, truth values and null as JSON in UTF-8. */
  static byte[] write(@Nullable Object value) {
    Buffer buffer = new Buffer();
    try (JsonWriter writer = JsonWriter.of(buffer)) {
      writer.setSerializeNulls(true);
      writer.jsonValue(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a buffer in memory has no I/O
    }
    return buffer.readByteArray();
  }

  /** As {@link #write}, as text. */
  static String text(@Nullable Object value) {
    return new String(write(value), StandardCharsets.UTF_8);
  }

  /** The body of an error: {@code {"reason":"…"}}, for 410 with {@code "timestamp"} in ms. */
  static byte[] error(String reason, @Nullable Instant since) {
    Buffer buffer = new Buffer();
    try (JsonWriter writer = JsonWriter.of(buffer)) {
      writer.beginObject().name("reason").value(reason);
      if (since != null) {
        writer.name("timestamp").value(since.toEpochMilli());
      }
      writer.endObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a buffer in memory has no I/O
    }
    return buffer.readByteArray();
  }
}
