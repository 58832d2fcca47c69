// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import okio.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * Writes the header blocks of one connection's requests (HPACK, RFC 7541).
 *
 * <p>All requests of a connection are ours and alike. So the headers that repeat are put into the
 * server's dynamic table by the first request, and their indices never change: from then on they
 * are a few constant bytes around the path, {@code apns-expiration}, {@code apns-id} and {@code
 * authorization}, which are literals without indexing, as Apple advises for what does not repeat.
 * Not thread-safe.
 */
final class HeaderEncoder {
  private static final int DEFAULT_TABLE_SIZE = 4096;
  private static final int FIRST_DYNAMIC_INDEX = 62;
  private static final int ENTRY_OVERHEAD = 32;

  // Indices of the static table, RFC 7541 Appendix A
  private static final int AUTHORITY = 1;
  private static final int METHOD_POST = 3;
  private static final int PATH = 4;
  private static final int SCHEME_HTTPS = 7;
  private static final int AUTHORIZATION = 23;
  private static final int CONTENT_TYPE = 31;
  private static final int USER_AGENT = 58;
  private static final int NEW_NAME = 0;

  // Places of constants that are not the same for all types of push
  private static final int TOPIC = 1;
  private static final int TYPE = 2;

  private static final String PATH_PREFIX = "/3/device/";
  private static final String BEARER = "bearer ";
  private static final String EXPIRATION = "apns-expiration";
  private static final String ID = "apns-id";
  private static final String COLLAPSE_ID = "apns-collapse-id";
  private static final int ID_LENGTH = 36;
  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private final Map<PushType, Field[]> constants = new EnumMap<>(PushType.class);
  private final int tableNeeded;

  // What stands before and after :path once the table holds the constants
  private final byte[] indexedBeforePath;
  private final byte[] indexedTopicAndType;
  private final byte[] indexedRest;
  private final int topicIndex;
  private final int typeIndex;
  private final int expirationIndex;
  private final int idIndex;

  private int tableSize = DEFAULT_TABLE_SIZE;
  private boolean tellTableSize;
  private @Nullable PushType filledBy; // whose topic and type the table holds; null: it is empty
  private long expirationOfText = -1;
  private byte[] expirationText = new byte[0];
  private final byte[] idText = new byte[ID_LENGTH];

  private record Field(int nameIndex, String name, String value) {
    int size() {
      return name.length() + value.length() + ENTRY_OVERHEAD;
    }
  }

  HeaderEncoder(String authority, String bundleId) {
    for (PushType type : PushType.values()) {
      constants.put(type, constants(authority, bundleId, type));
    }
    Field[] longest = constants(PushType.VOIP); // by its topic
    int needed = EXPIRATION.length() + "4294967295".length() + ENTRY_OVERHEAD;
    needed += ID.length() + ID_LENGTH + ENTRY_OVERHEAD;
    for (Field field : longest) {
      needed += field.size();
    }
    tableNeeded = needed;
    // apns-expiration and apns-id follow the constants: the newest entry has the lowest index
    idIndex = FIRST_DYNAMIC_INDEX;
    expirationIndex = FIRST_DYNAMIC_INDEX + 1;
    int highest = FIRST_DYNAMIC_INDEX + 1 + longest.length;
    topicIndex = highest - TOPIC;
    typeIndex = highest - TYPE;
    Buffer block = new Buffer();
    block.writeByte(0x80 | METHOD_POST).writeByte(0x80 | SCHEME_HTTPS).writeByte(0x80 | highest);
    indexedBeforePath = block.readByteArray();
    block.writeByte(0x80 | topicIndex).writeByte(0x80 | typeIndex);
    indexedTopicAndType = block.readByteArray();
    for (int i = TYPE + 1; i < longest.length; i++) {
      block.writeByte(0x80 | (highest - i));
    }
    indexedRest = block.readByteArray();
  }

  /** The headers that repeat, pseudo-headers first. */
  private static Field[] constants(String authority, String bundleId, PushType type) {
    return new Field[] {
      new Field(AUTHORITY, ":authority", authority),
      new Field(NEW_NAME, "apns-topic", type.topic(bundleId)),
      new Field(NEW_NAME, "apns-push-type", type.headerValue()),
      new Field(NEW_NAME, "apns-priority", "10"),
      new Field(CONTENT_TYPE, "content-type", "application/json"),
      new Field(USER_AGENT, "user-agent", "voip-push"),
    };
  }

  private Field[] constants(PushType type) {
    return Objects.requireNonNull(constants.get(type));
  }

  /** Keeps to the server's SETTINGS_HEADER_TABLE_SIZE, an unsigned number, from the next block. */
  void tableSize(int size) {
    int wanted = size < 0 ? DEFAULT_TABLE_SIZE : Math.min(size, DEFAULT_TABLE_SIZE);
    if (wanted != tableSize) {
      tableSize = wanted;
      tellTableSize = true;
      filledBy = null;
    }
  }

  /** Appends the block of a request; blocks must go to the server in the order of these calls. */
  void write(Buffer block, PushRequest request) {
    if (tellTableSize) {
      writeInt(block, 0x20, 5, 0); // evicts all, whatever the size was in between
      writeInt(block, 0x20, 5, tableSize);
      tellTableSize = false;
    }
    if (filledBy != null) {
      block.write(indexedBeforePath);
      writePath(block, request.token());
      if (filledBy == request.type()) {
        block.write(indexedTopicAndType);
      } else {
        writeInt(block, 0x00, 4, topicIndex);
        writeString(block, constants(request.type())[TOPIC].value());
        writeInt(block, 0x00, 4, typeIndex);
        writeString(block, constants(request.type())[TYPE].value());
      }
      block.write(indexedRest);
      writeInt(block, 0x00, 4, expirationIndex);
      writeExpiration(block, request.expiration());
      writeInt(block, 0x00, 4, idIndex);
      writeId(block, request.apnsId());
    } else {
      boolean index = tableNeeded <= tableSize;
      Field[] ofType = constants(request.type());
      block.writeByte(0x80 | METHOD_POST).writeByte(0x80 | SCHEME_HTTPS);
      writeField(block, index, ofType[0]);
      writePath(block, request.token());
      for (int i = 1; i < ofType.length; i++) {
        writeField(block, index, ofType[i]);
      }
      writeName(block, index, NEW_NAME, EXPIRATION);
      writeExpiration(block, request.expiration());
      writeName(block, index, NEW_NAME, ID);
      writeId(block, request.apnsId());
      filledBy = index ? request.type() : null;
    }
    String collapseId = request.collapseId();
    if (collapseId != null) {
      writeName(block, false, NEW_NAME, COLLAPSE_ID);
      writeString(block, collapseId);
    }
    String jwt = request.bearerToken();
    if (jwt != null) {
      writeInt(block, 0x00, 4, AUTHORIZATION);
      writeInt(block, 0x00, 7, BEARER.length() + jwt.length());
      block.writeUtf8(BEARER).writeUtf8(jwt);
    }
  }

  private static void writePath(Buffer block, String token) {
    writeInt(block, 0x00, 4, PATH);
    writeInt(block, 0x00, 7, PATH_PREFIX.length() + token.length());
    block.writeUtf8(PATH_PREFIX).writeUtf8(token);
  }

  private static void writeField(Buffer block, boolean index, Field field) {
    writeName(block, index, field.nameIndex(), field.name());
    writeString(block, field.value());
  }

  private static void writeName(Buffer block, boolean index, int nameIndex, String name) {
    if (index) {
      writeInt(block, 0x40, 6, nameIndex);
    } else {
      writeInt(block, 0x00, 4, nameIndex);
    }
    if (nameIndex == NEW_NAME) {
      writeString(block, name);
    }
  }

  /** All of a call's devices share it, and most calls of the same second. */
  private void writeExpiration(Buffer block, long expiration) {
    if (expiration != expirationOfText) {
      expirationText = Long.toString(expiration).getBytes(StandardCharsets.US_ASCII);
      expirationOfText = expiration;
    }
    writeInt(block, 0x00, 7, expirationText.length);
    block.write(expirationText);
  }

  private void writeId(Buffer block, UUID id) {
    writeInt(block, 0x00, 7, ID_LENGTH);
    long high = id.getMostSignificantBits();
    long low = id.getLeastSignificantBits();
    for (int i = 0, digit = 0; i < ID_LENGTH; i++) {
      if (i == 8 || i == 13 || i == 18 || i == 23) {
        idText[i] = '-';
      } else {
        long half = digit < 16 ? high : low;
        idText[i] = HEX[(int) (half >>> (60 - 4 * (digit & 15))) & 15];
        digit++;
      }
    }
    block.write(idText);
  }

  private static void writeString(Buffer block, String value) {
    writeInt(block, 0x00, 7, value.length());
    block.writeUtf8(value);
  }

  /** RFC 7541 §5.1. */
  private static void writeInt(Buffer block, int flags, int prefixBits, int value) {
    int most = (1 << prefixBits) - 1;
    if (value < most) {
      block.writeByte(flags | value);
      return;
    }
    block.writeByte(flags | most);
    int rest = value - most;
    while (rest >= 0x80) {
      block.writeByte(0x80 | (rest & 0x7f));
      rest >>>= 7;
    }
    block.writeByte(rest);
  }
}
