// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** What is pushed: 1,000 devices and a JSON of about 250 bytes, the same for all clients. */
final class Workload {
  static final int DEVICES = 1_000;
  static final String CALLER = "Li Lei, Customer Service Centre, Example Company Limited";
  static final String HANDLE = "+86 10 5555 0123 ext. 456";

  private Workload() {}

  /** Device tokens of 32 bytes in hex, always the same. */
  static String[] tokens() {
    Random random = new Random(42);
    String[] tokens = new String[DEVICES];
    for (int i = 0; i < DEVICES; i++) {
      byte[] token = new byte[32];
      random.nextBytes(token);
      StringBuilder hex = new StringBuilder(64);
      for (byte b : token) {
        hex.append(Character.forDigit((b >> 4) & 15, 16)).append(Character.forDigit(b & 15, 16));
      }
      tokens[i] = hex.toString();
    }
    return tokens;
  }

  /** As {@code CallPayload} writes it, by hand: nobody pays for a JSON library. */
  static String json(UUID call, long sentAt) {
    return "{\"callId\":\""
        + call
        + "\",\"callerName\":\""
        + CALLER
        + "\",\"handle\":\""
        + HANDLE
        + "\",\"handleType\":\"phone\",\"video\":true,\"sentAt\":"
        + sentAt
        + ",\"expiresAt\":"
        + (sentAt + 45_000)
        + ",\"aps\":{}}";
  }

  /** A random id without the lock and the price of {@link UUID#randomUUID}. */
  static UUID cheapId() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return new UUID(
        (random.nextLong() & ~0xf000L) | 0x4000L, (random.nextLong() >>> 2) | Long.MIN_VALUE);
  }
}
