// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.Locale;
import java.util.Objects;

/**
 * A device that is rung by alerts, for its app may not use CallKit, and so no VoIP push either: one
 * notification after the other, each in place of the one before, until the call is over. See {@link
 * AlertRing} and docs/alert-ring.md.
 *
 * @param token the token for notifications, which {@code
 *     didRegisterForRemoteNotificationsWithDeviceToken} hands to the app; not the VoIP token
 * @param locale the language of the texts: the app's, uploaded with the token
 */
public record AlertDevice(DeviceToken token, Locale locale) implements Device {
  /** Makes one of both. */
  public AlertDevice {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(locale, "locale");
  }

  /**
   * Makes one of a token's hexadecimal digits.
   *
   * @throws IllegalArgumentException if the text is no token; see {@link DeviceToken#of(String)}
   */
  public static AlertDevice of(String hex, Locale locale) {
    return new AlertDevice(DeviceToken.of(hex), locale);
  }
}
