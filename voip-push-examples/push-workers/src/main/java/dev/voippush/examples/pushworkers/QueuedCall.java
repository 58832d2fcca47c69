// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import dev.voippush.ApnsEnvironment;
import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/**
 * A call as the service puts it on the topic: all that a worker needs to ring. Its key is {@code
 * callId}, so that what is said twice goes to one worker.
 *
 * @param placedAt when the caller began to call: the ring time counts from here, not from when a
 *     worker reads it; to the millisecond, as the app reads it
 * @param ringUntil when it stops ringing, from 1 s to 1 h later
 * @param devices of the callee, at most 100, each token once
 */
public record QueuedCall(
    UUID callId,
    String callerName,
    String handle,
    boolean video,
    Instant placedAt,
    Instant ringUntil,
    List<Device> devices) {
  private static final int MAX_DEVICES = 100;

  public QueuedCall {
    Objects.requireNonNull(callId, "callId must be there");
    Objects.requireNonNull(callerName, "callerName must be there");
    Objects.requireNonNull(handle, "handle must be there");
    placedAt =
        Objects.requireNonNull(placedAt, "placedAt must be there").truncatedTo(ChronoUnit.MILLIS);
    ringUntil =
        Objects.requireNonNull(ringUntil, "ringUntil must be there").truncatedTo(ChronoUnit.MILLIS);
    devices = List.copyOf(Objects.requireNonNull(devices, "devices must be there"));
    if (devices.isEmpty() || devices.size() > MAX_DEVICES) {
      throw new IllegalArgumentException(
          "devices must be 1 to " + MAX_DEVICES + ", but were " + devices.size());
    }
    long tokens = devices.stream().map(Device::token).distinct().count();
    if (tokens < devices.size()) {
      throw new IllegalArgumentException(
          "devices must have a token each, but " + devices.size() + " have " + tokens);
    }
  }

  /** A token belongs to the environment that the app was built for. */
  public record Device(DeviceToken token, ApnsEnvironment environment) {
    public Device {
      Objects.requireNonNull(token, "token must be there");
      Objects.requireNonNull(environment, "environment must be there");
    }
  }

  boolean isOver(Instant now) {
    return !now.isBefore(ringUntil);
  }

  List<DeviceToken> tokens() {
    return devices.stream().map(Device::token).toList();
  }

  /** The same bytes, whichever worker makes them, and when. */
  CallPayload payload() {
    return CallPayload.incoming(callId)
        .callerName(callerName)
        .handle(handle)
        .video(video)
        .sentAt(placedAt)
        .ringFor(Duration.between(placedAt, ringUntil))
        .build();
  }

  @Override
  public String toString() {
    return "QueuedCall[callId=" + callId + "]";
  }
}
