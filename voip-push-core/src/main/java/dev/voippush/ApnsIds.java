// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.security.SecureRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes the {@code apns-id} of each push: a random UUID (version 4), without the system's random
 * source for each.
 *
 * <p>Half of it is random for each client, the other half never repeats within a client.
 * Thread-safe.
 */
final class ApnsIds {
  private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;
  private static final long BITS_62 = 0x3fff_ffff_ffff_ffffL;
  private static final long VARIANT = 0x8000_0000_0000_0000L;

  private final long high;
  private final AtomicLong sequence;

  ApnsIds() {
    SecureRandom random = new SecureRandom();
    high = (random.nextLong() & ~0xf000L) | 0x4000L;
    sequence = new AtomicLong(random.nextLong());
  }

  UUID next() {
    // Each step maps 62 bits one to one: a number comes again only after all others.
    long mixed = sequence.addAndGet(GOLDEN_GAMMA) & BITS_62;
    mixed = ((mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L) & BITS_62;
    mixed = ((mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL) & BITS_62;
    mixed ^= mixed >>> 31;
    return new UUID(high, mixed | VARIANT);
  }
}
