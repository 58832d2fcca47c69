// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Instant;

/**
 * A stretch of ring tone that was played without a pause: one filling of the tone buffer.
 *
 * @param start when it began to sound
 * @param end when the next filling took over, the call stopped ringing, or the buffer ran dry
 */
public record RingCycle(Instant start, Instant end) {}
