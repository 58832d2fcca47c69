// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One attempt as it goes over the wire.
 *
 * @param token the device token in hex
 * @param expiration seconds since the epoch, or 0 for one attempt of delivery
 * @param collapseId of an alert, which replaces on the phone the one before with the same
 * @param bearerToken the JWT, or null on a connection with a certificate
 * @param body the JSON, not to be modified
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PushRequest(
    PushType type,
    String token,
    UUID apnsId,
    long expiration,
    @Nullable String collapseId,
    @Nullable String bearerToken,
    byte[] body) {

  /** Returns the bytes of what differs from request to request. */
  int size() {
    return token.length()
        + (collapseId == null ? 0 : collapseId.length())
        + (bearerToken == null ? 0 : bearerToken.length())
        + body.length;
  }

  /** Never the token, the JWT or the payload. */
  @Override
  public String toString() {
    return "PushRequest[apnsId=" + apnsId + "]";
  }
}
