// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;

/**
 * The push token of one app on one device. As a {@link Device} it is the VoIP token, which {@code
 * PKPushRegistry} hands to the app; the one for notifications makes an {@link AlertDevice}.
 *
 * <p>Immutable and thread-safe; equal when the bytes are equal. Apple asks not to assume a length:
 * 2 to 100 bytes are accepted. A token belongs to one {@link ApnsEnvironment}: store it with the
 * token.
 */
public final class DeviceToken implements Device {
  private static final int MIN_BYTES = 2;
  private static final int MAX_BYTES = 100;

  private final String hex;

  private DeviceToken(String hex) {
    this.hex = hex;
  }

  /**
   * Reads a token from its hexadecimal digits, in upper or lower case. The form in which old iOS
   * versions printed the bytes, {@code <aabbccdd eeff0011>}, is accepted too.
   *
   * @throws IllegalArgumentException if the text is no such token; the message never holds it
   */
  public static DeviceToken of(String hex) {
    Objects.requireNonNull(hex, "hex");
    String digits = hex.strip();
    if (digits.startsWith("{")) {
      throw new IllegalArgumentException(
          "device token is the description of an NSData, not the token; upload hex of the bytes"
              + " (docs/troubleshooting.md#token-description)");
    }
    if (digits.startsWith("<") && digits.endsWith(">")) {
      digits = digits.substring(1, digits.length() - 1).replace(" ", "");
    }
    for (int i = 0; i < digits.length(); i++) {
      if (!HexFormat.isHexDigit(digits.charAt(i))) {
        throw new IllegalArgumentException(
            "device token must be hexadecimal digits, but has another character at position " + i);
      }
    }
    if (digits.length() % 2 != 0) {
      throw new IllegalArgumentException(
          "device token must have two hexadecimal digits for each byte, but has "
              + digits.length()
              + " digits");
    }
    checkLength(digits.length() / 2);
    return new DeviceToken(digits.toLowerCase(Locale.ROOT));
  }

  /**
   * Makes a token of its bytes.
   *
   * @throws IllegalArgumentException if there are fewer than 2 or more than 100
   */
  public static DeviceToken of(byte[] token) {
    checkLength(token.length);
    return new DeviceToken(HexFormat.of().formatHex(token));
  }

  private static void checkLength(int bytes) {
    if (bytes < MIN_BYTES || bytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          "device token must have " + MIN_BYTES + " to " + MAX_BYTES + " bytes, but has " + bytes);
    }
  }

  /** Returns this. */
  @Override
  public DeviceToken token() {
    return this;
  }

  /** Returns the token as lower-case hexadecimal digits, two for each byte. */
  public String hex() {
    return hex;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DeviceToken that && hex.equals(that.hex);
  }

  @Override
  public int hashCode() {
    return hex.hashCode();
  }

  /** Returns at most the first eight digits, enough to find a token in a log but not to use it. */
  @Override
  public String toString() {
    int shown = Math.min(8, hex.length() / 2);
    return hex.substring(0, shown) + "…";
  }
}
