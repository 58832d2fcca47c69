// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/**
 * A device of a callee, and how it can be rung: by a VoIP push to a {@link DeviceToken}, or, where
 * CallKit is not allowed, by alerts to an {@link AlertDevice}. Immutable and thread-safe.
 */
public sealed interface Device permits DeviceToken, AlertDevice {
  /** Returns the token to which its pushes go; results are kept by it. */
  DeviceToken token();
}
