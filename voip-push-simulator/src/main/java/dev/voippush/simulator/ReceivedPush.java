// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A push that arrived at a phone.
 *
 * @param request the request that carried it
 * @param receivedAt when the phone got it, by the simulator's clock; later than the request if the
 *     phone was offline or a script delayed the delivery
 * @param verdict what the push did
 * @param explanation the verdict's reason, in a sentence
 */
public record ReceivedPush(
    RecordedRequest request, Instant receivedAt, PushVerdict verdict, String explanation) {
  /** From the arrival of the request at APNs to that of the push at the phone. */
  public Duration latency() {
    return Duration.between(request.receivedAt(), receivedAt);
  }

  /** What iOS shows on the screen: of an ordinary notification with an alert. */
  public Optional<Banner> banner() {
    return verdict == PushVerdict.NOTIFICATION
        ? Optional.ofNullable(Json.object(request.sharedPayload())).flatMap(Banner::read)
        : Optional.empty();
  }
}
