// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/** Which APNs a device token belongs to. */
public enum ApnsEnvironment {
  /** {@code api.push.apple.com}: apps from the App Store, TestFlight and ad hoc builds. */
  PRODUCTION,
  /** {@code api.sandbox.push.apple.com}: apps run from Xcode with a development profile. */
  SANDBOX
}
