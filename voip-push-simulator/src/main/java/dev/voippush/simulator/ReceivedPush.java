// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Instant;

/**
 * A push that arrived at a phone.
 *
 * @param request the request that carried it
 * @param receivedAt when the phone got it, by the simulator's clock; later than the request if the
 *     phone was offline
 * @param verdict what the push did
 * @param explanation the verdict's reason, in a sentence
 */
public record ReceivedPush(
    RecordedRequest request, Instant receivedAt, PushVerdict verdict, String explanation) {}
