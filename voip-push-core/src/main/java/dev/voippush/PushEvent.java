// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.time.Duration;
import java.util.UUID;

/**
 * Which push a {@link PushListener} hears of.
 *
 * @param type whether it is a VoIP push or one of the alerts of an {@link AlertDevice}
 * @param callId the call that rings
 * @param device the device; its {@code toString} shows the begin of the token only
 * @param apnsId the {@code apns-id} of every attempt
 * @param attempts how many attempts were begun
 * @param elapsed the time since the client took the push
 */
public record PushEvent(
    PushType type, UUID callId, DeviceToken device, UUID apnsId, int attempts, Duration elapsed) {}
