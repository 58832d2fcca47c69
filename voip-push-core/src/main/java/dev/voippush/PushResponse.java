// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import org.jspecify.annotations.Nullable;

/**
 * An answer as it came over the wire.
 *
 * @param uniqueId {@code apns-unique-id}
 * @param retryAfter {@code retry-after}, seconds or a date
 * @param body its first bytes, empty if there was none
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PushResponse(
    int status, @Nullable String uniqueId, @Nullable String retryAfter, byte[] body) {
  /** More than any answer of APNs; what comes after it is not read. */
  static final int MAX_BODY = 16 * 1024;

  @Override
  public String toString() {
    return "PushResponse[status=" + status + "]";
  }
}
