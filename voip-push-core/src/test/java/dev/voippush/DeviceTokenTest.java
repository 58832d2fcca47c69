// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTokenTest {
  private static final String HEX =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  @Test
  void upperCaseIsLowered() {
    assertEquals(HEX, DeviceToken.of("0123456789ABCDEF".repeat(4)).hex());
    assertEquals(DeviceToken.of(HEX), DeviceToken.of("0123456789ABCDEF".repeat(4)));
  }

  @Test
  void oldNsDataFormIsAccepted() {
    assertEquals("aabbccddeeff0011", DeviceToken.of("<aabbccdd EEFF0011>").hex());
  }

  @Test
  void surroundingBlanksAreStripped() {
    assertEquals("aabb", DeviceToken.of(" aabb\n").hex());
  }

  @Test
  void bytesAndHexAreTheSameToken() {
    byte[] bytes = HexFormat.of().parseHex(HEX);
    assertEquals(DeviceToken.of(HEX), DeviceToken.of(bytes));
    assertArrayEquals(bytes, HexFormat.of().parseHex(DeviceToken.of(bytes).hex()));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 32, 100})
  void lengthsAreNotAssumed(int bytes) {
    assertEquals(2 * bytes, DeviceToken.of("ab".repeat(bytes)).hex().length());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 101})
  void tooShortOrTooLong(int bytes) {
    assertEquals(
        "device token must have 2 to 100 bytes, but has " + bytes,
        assertThrows(IllegalArgumentException.class, () -> DeviceToken.of("ab".repeat(bytes)))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> DeviceToken.of(new byte[bytes]));
  }

  @Test
  void ios13DescriptionIsRefusedByName() {
    assertEquals(
        "device token is the description of an NSData, not the token; upload hex of the bytes"
            + " (docs/troubleshooting.md#token-description)",
        assertThrows(
                IllegalArgumentException.class,
                () -> DeviceToken.of("{length = 32, bytes = 0x01234567 89abcdef ... 89abcdef }"))
            .getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "'', 'must have 2 to 100 bytes, but has 0'",
    "abc, 'must have two hexadecimal digits for each byte, but has 3 digits'",
    "abzz, 'must be hexadecimal digits, but has another character at position 2'",
    "abcd>, 'must be hexadecimal digits, but has another character at position 4'",
    "<abcd, 'must be hexadecimal digits, but has another character at position 0'"
  })
  void whatIsNotHexIsRefused(String text, String says) {
    assertEquals(
        "device token " + says,
        assertThrows(IllegalArgumentException.class, () -> DeviceToken.of(text)).getMessage());
  }

  @Test
  void equalByTheirBytes() {
    DeviceToken token = DeviceToken.of(HEX);
    assertTrue(Set.of(token).contains(DeviceToken.of(HEX)));
    assertEquals(token.hashCode(), DeviceToken.of(HEX).hashCode());
    assertNotEquals(token, DeviceToken.of(HEX.replace('0', '1')));
    assertNotEquals(token.hashCode(), DeviceToken.of(HEX.replace('0', '1')).hashCode());
    assertFalse(token.equals((Object) HEX));
  }

  @Test
  void neverShowsTheWholeToken() {
    assertEquals("01234567…", DeviceToken.of(HEX).toString());
    assertFalse(DeviceToken.of("aabb").toString().contains("aabb"));
  }
}
