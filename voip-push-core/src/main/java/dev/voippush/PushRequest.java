// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import org.jspecify.annotations.Nullable;

/**
 * One attempt as it goes over the wire.
 *
 * @param path {@code /3/device/} and the token
 * @param expiration seconds since the epoch, or 0 for one attempt of delivery
 * @param authorization {@code bearer} and the JWT, or null on a connection with a certificate
 * @param body the JSON, not to be modified
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PushRequest(
    String path,
    String topic,
    String apnsId,
    long expiration,
    @Nullable String authorization,
    byte[] body) {

  /** Never the token, the JWT or the payload. */
  @Override
  public String toString() {
    return "PushRequest[apnsId=" + apnsId + "]";
  }
}
