// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/** Which APNs a device token belongs to. */
public enum ApnsEnvironment {
  /** {@code api.push.apple.com}: apps from the App Store, TestFlight and ad hoc builds. */
  PRODUCTION("api.push.apple.com"),
  /** {@code api.sandbox.push.apple.com}: apps run from Xcode with a development profile. */
  SANDBOX("api.sandbox.push.apple.com");

  private final String host;

  ApnsEnvironment(String host) {
    this.host = host;
  }

  String host() {
    return host;
  }
}
