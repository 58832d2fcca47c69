// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;

/**
 * How an attempt ended without an answer.
 *
 * @param permanent true if trying again cannot help: certificates, protocol
 */
record AttemptFailure(
    Failure failure, Delivery delivery, boolean permanent, String message, Throwable cause) {}
