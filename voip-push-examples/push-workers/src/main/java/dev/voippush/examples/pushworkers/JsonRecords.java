// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import com.squareup.moshi.FromJson;
import com.squareup.moshi.JsonDataException;
import com.squareup.moshi.Moshi;
import com.squareup.moshi.ToJson;
import dev.voippush.DeviceToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.UUID;

/** The records on the topics to and from JSON. */
final class JsonRecords {
  private static final Moshi MOSHI = new Moshi.Builder().add(new Values()).build();

  private JsonRecords() {}

  static byte[] write(Record value) {
    return MOSHI.<Object>adapter(value.getClass()).toJson(value).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads a record.
   *
   * @throws IOException if it is none of this type, or says what the type does not allow
   */
  static <T extends Record> T read(Class<T> type, byte[] json) throws IOException {
    try {
      T value = MOSHI.adapter(type).fromJson(new String(json, StandardCharsets.UTF_8));
      if (value == null) {
        throw new IOException("must be a JSON object, but was null");
      }
      return value;
    } catch (RuntimeException e) {
      throw new IOException(e.getMessage(), e);
    } catch (AssertionError e) { // in which Moshi wraps what a record's constructor throws
      if (e.getCause() instanceof RuntimeException refused) {
        throw new IOException(refused.getMessage(), refused);
      }
      throw e;
    }
  }

  /** What is not JSON's own; Moshi calls these by reflection. */
  static final class Values {
    @ToJson
    String id(UUID id) {
      return id.toString();
    }

    @FromJson
    UUID id(String id) {
      return UUID.fromString(id);
    }

    @ToJson
    String time(Instant time) {
      return time.toString();
    }

    @FromJson
    Instant time(String time) {
      try {
        return Instant.parse(time);
      } catch (DateTimeException e) {
        throw new JsonDataException("a time must be like 2026-01-31T12:00:00Z", e);
      }
    }

    @ToJson
    String token(DeviceToken token) {
      return token.hex();
    }

    @FromJson
    DeviceToken token(String hex) {
      return DeviceToken.of(hex);
    }
  }
}
