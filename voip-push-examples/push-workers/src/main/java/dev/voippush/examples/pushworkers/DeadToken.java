// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import dev.voippush.ApnsEnvironment;
import dev.voippush.DeviceToken;
import java.time.Instant;

/**
 * A token to forget, as a worker puts it on its topic, keyed by the token.
 *
 * @param deadSince one that the app registered then or later is alive: see {@link
 *     dev.voippush.DeadTokens.Store#discard}
 */
public record DeadToken(DeviceToken token, ApnsEnvironment environment, Instant deadSince) {}
