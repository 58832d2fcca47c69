// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

/**
 * What became of a call's pushes: every device is in exactly one of {@link #reached}, {@link
 * #rejected} and {@link #failed}. Immutable; maps and sets are in the order of the devices.
 */
public final class RingOutcome {
  private final UUID callId;
  private final Set<DeviceToken> reached;
  private final Map<DeviceToken, PushResult.Rejected> rejected;
  private final Map<DeviceToken, VoipPushException> failed;
  private final Map<DeviceToken, Instant> deadTokens;

  RingOutcome(
      UUID callId,
      Instant startedAt,
      Map<DeviceToken, PushResult> verdicts,
      Map<DeviceToken, VoipPushException> failures) {
    Set<DeviceToken> reached = new LinkedHashSet<>();
    Map<DeviceToken, PushResult.Rejected> rejected = new LinkedHashMap<>();
    Map<DeviceToken, Instant> dead = new LinkedHashMap<>();
    verdicts.forEach(
        (device, result) -> {
          if (result instanceof PushResult.Rejected rejection) {
            rejected.put(device, rejection);
            DeadTokens.deadSince(result, startedAt).ifPresent(since -> dead.put(device, since));
          } else {
            reached.add(device);
          }
        });
    this.callId = callId;
    this.reached = Collections.unmodifiableSet(reached);
    this.rejected = Collections.unmodifiableMap(rejected);
    this.failed = Collections.unmodifiableMap(new LinkedHashMap<>(failures));
    this.deadTokens = Collections.unmodifiableMap(dead);
  }

  /**
   * Returns an outcome for tests of your own.
   *
   * @param startedAt when the ring began
   * @throws IllegalArgumentException if a device has both a verdict and a failure
   */
  public static RingOutcome of(
      UUID callId,
      Instant startedAt,
      Map<DeviceToken, ? extends PushResult> verdicts,
      Map<DeviceToken, VoipPushException> failures) {
    if (!Collections.disjoint(verdicts.keySet(), failures.keySet())) {
      throw new IllegalArgumentException("a device must have either a verdict or a failure");
    }
    return new RingOutcome(
        Objects.requireNonNull(callId, "callId"),
        Objects.requireNonNull(startedAt, "startedAt"),
        new LinkedHashMap<>(verdicts),
        failures);
  }

  /** Returns the id of the call. */
  public UUID callId() {
    return callId;
  }

  /** Returns the devices whose push APNs took: they ring, or will when they are online in time. */
  public Set<DeviceToken> reached() {
    return reached;
  }

  /** Returns the devices whose push APNs refused. */
  public Map<DeviceToken, PushResult.Rejected> rejected() {
    return rejected;
  }

  /** Returns the devices of whose push there is no verdict. */
  public Map<DeviceToken, VoipPushException> failed() {
    return failed;
  }

  /**
   * Returns true if a phone may ring: one is reached, or the delivery to one is {@link
   * Delivery#UNKNOWN}, or one was refused after an attempt without a verdict. If not, the callee
   * cannot hear of the call.
   */
  public boolean mayRing() {
    return !reached.isEmpty()
        || rejected.values().stream().anyMatch(PushResult.Rejected::possiblyDuplicated)
        || failed.values().stream().anyMatch(e -> e.delivery() == Delivery.UNKNOWN);
  }

  /**
   * Returns the tokens to discard, each with the time since which it is dead: one that was
   * registered then or later is alive. Without a time from APNs it is the begin of this ring.
   * {@link DeadTokens} discards them for you, with care.
   */
  public Map<DeviceToken, Instant> deadTokens() {
    return deadTokens;
  }

  /** Returns the call's id and the numbers. */
  @Override
  public String toString() {
    return "RingOutcome[callId="
        + callId
        + ", reached="
        + reached.size()
        + ", rejected="
        + rejected.size()
        + ", failed="
        + failed.size()
        + "]";
  }
}
