// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import dev.voippush.DeviceToken;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * What all workers know of calls and pushes, in a store that they share. All methods throw {@link
 * Unavailable} when the store cannot be reached; they are then called again. Must be thread-safe.
 */
interface CallStates {
  /** Returns those of these calls that still ring: nobody answered, declined or gave up. */
  Set<UUID> ringing(Collection<UUID> calls);

  /**
   * Claims the devices of a call that have no end, and are not claimed by another job of the same
   * or a newer generation. One atomic step for each device; again by the same job it is as the
   * first time.
   */
  Claimed claim(UUID callId, Collection<DeviceToken> devices, Claimant claimant);

  /** Notes what became of pushes, for good: the first end of a push stays. */
  void end(UUID callId, Map<DeviceToken, PushEnd> ends);

  /**
   * Who claims.
   *
   * @param job another one for each record that is read
   * @param generation of the consumer group when the worker got the partition, and the same for as
   *     long as it has it. The next owner's is higher, so it takes over what the one before left,
   *     and that one takes nothing back
   */
  record Claimant(UUID job, int generation) {}

  /**
   * What a claim came to. Devices in neither are being pushed to by another job.
   *
   * @param mine to be pushed to by who claimed
   * @param ended that have their end already
   */
  record Claimed(Set<DeviceToken> mine, Map<DeviceToken, PushEnd> ended) {}

  /** The store cannot be reached. Has no cause: its message may say whole tokens. */
  final class Unavailable extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Says so.
     *
     * @param reason without tokens, as it is logged
     */
    Unavailable(String reason) {
      super("call states cannot be reached: " + reason);
    }
  }
}
