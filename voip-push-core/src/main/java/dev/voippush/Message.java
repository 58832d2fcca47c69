// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a push says, to whatever device, and until when.
 *
 * @param collapseId of an alert, null otherwise
 * @param body the JSON, not to be modified
 * @param expiresAt after this nothing is sent any more
 * @param storeFor how long APNs may keep it for a device that is offline
 * @param storeUntil never longer than until then
 * @param repeated true if another follows in any case, so that one too many need not be tried again
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Message(
    PushType type,
    UUID callId,
    @Nullable String collapseId,
    byte[] body,
    Instant expiresAt,
    Duration storeFor,
    Instant storeUntil,
    boolean repeated) {

  /** The VoIP push of a call. */
  static Message of(CallPayload call) {
    return new Message(
        PushType.VOIP,
        call.callId(),
        null,
        call.json(),
        call.expiresAt(),
        call.storeFor(),
        call.expiresAt(),
        false);
  }

  /** The same, to be sent until another time. */
  Message until(Instant time) {
    return new Message(type, callId, collapseId, body, time, storeFor, storeUntil, repeated);
  }

  /** {@code apns-expiration} in seconds; 0 if it should not be stored. */
  long expiration(Instant now) {
    if (storeFor.isZero()) {
      return 0;
    }
    Instant stored = now.plus(storeFor);
    long seconds = (stored.isBefore(storeUntil) ? stored : storeUntil).getEpochSecond();
    return seconds > now.getEpochSecond() ? seconds : 0;
  }

  /** Never the payload. */
  @Override
  public String toString() {
    return "Message[type=" + type + ", callId=" + callId + "]";
  }
}
