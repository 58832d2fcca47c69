// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.VoipPushException;
import dev.voippush.VoipPushException.Delivery;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What became of a call, as a worker puts it on the topic of outcomes, keyed by call id: once, or
 * again after a crash or a rebalance.
 *
 * @param mayRing false if no device of these can have been reached: tell the caller
 */
public record CallOutcome(UUID callId, String worker, boolean mayRing, List<Device> devices) {
  static CallOutcome of(UUID callId, String worker, List<Device> devices) {
    return new CallOutcome(
        callId, worker, devices.stream().anyMatch(device -> device.end().mayRing()), devices);
  }

  /**
   * What became of one device's push.
   *
   * @param reason APNs' reason, or why there is no verdict
   * @param apnsId of the request, if there was one by this worker
   */
  public record Device(
      DeviceToken token,
      PushEnd end,
      @Nullable String reason,
      @Nullable UUID apnsId,
      int attempts) {
    /** One that this worker has not pushed to. */
    static Device of(DeviceToken token, PushEnd end, @Nullable String reason) {
      return new Device(token, end, reason, null, 0);
    }

    static Device of(DeviceToken token, PushResult result) {
      PushEnd end = PushEnd.ACCEPTED;
      String reason = null;
      if (result instanceof PushResult.Rejected rejected) {
        // An earlier attempt without a verdict may have reached the phone.
        end = rejected.possiblyDuplicated() ? PushEnd.UNKNOWN : PushEnd.REJECTED;
        reason = rejected.status() + " " + rejected.rawReason();
      }
      return new Device(token, end, reason, result.apnsId(), result.attempts());
    }

    static Device of(DeviceToken token, VoipPushException failure) {
      PushEnd end =
          failure.delivery() == Delivery.UNKNOWN
              ? PushEnd.UNKNOWN
              : switch (failure.failure()) {
                case STOPPED -> PushEnd.OVER;
                case DEADLINE -> PushEnd.EXPIRED;
                default -> PushEnd.FAILED;
              };
      String reason =
          failure
              .lastRejection()
              .map(rejected -> rejected.status() + " " + rejected.rawReason())
              .orElse(failure.failure().name());
      return new Device(token, end, reason, failure.apnsId(), failure.attempts());
    }
  }
}
