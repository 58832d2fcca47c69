// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.voippush.credentials.SigningKey;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Device tokens of any text and bytes, and the provider token at any time. */
class TokensFuzzTest {
  @RegisterExtension static final FuzzRun RUN = new FuzzRun("tokens");

  private static final SigningKey KEY = VirtualClient.signingKey();
  private static final int MINTED_EVERY = 64; // signatures are slow

  private static int minted;

  @FuzzTest
  void everyTokenIsRefusedOrRead(byte[] data) throws Exception {
    RUN.input(
        () -> {
          text(new String(data, UTF_8));
          bytes(data);
          if (data.length >= 8 && minted++ % MINTED_EVERY == 0) {
            mint(ByteBuffer.wrap(data).getLong());
          }
        });
  }

  private static void text(String text) {
    DeviceToken token;
    try {
      token = DeviceToken.of(text);
    } catch (IllegalArgumentException e) {
      assertTrue(text.length() < 8 || !e.getMessage().contains(text), "the token is shown");
      return;
    }
    assertEquals(token, DeviceToken.of(token.hex()));
    assertTrue(token.hex().matches("([0-9a-f]{2}){2,100}"), "not hexadecimal");
    assertFalse(token.toString().contains(token.hex()));
  }

  private static void bytes(byte[] data) {
    try {
      DeviceToken token = DeviceToken.of(data);
      assertArrayEquals(data, HexFormat.of().parseHex(token.hex()));
    } catch (IllegalArgumentException e) {
      assertTrue(data.length < 2 || data.length > 100, "refused");
    }
  }

  private static void mint(long random) throws Exception {
    // Seconds of the years up to 9999.
    Instant now = Instant.ofEpochSecond(Math.floorMod(random, 253_402_300_800L));
    String[] parts = KEY.bearerToken(Clock.fixed(now, ZoneOffset.UTC)).split("\\.", -1);
    assertEquals(3, parts.length);
    Base64.Decoder decoder = Base64.getUrlDecoder();
    assertEquals(
        Map.of("alg", "ES256", "kid", KEY.keyId()), Json.readObject(decoder.decode(parts[0])));
    Map<String, @Nullable Object> claims = Json.readObject(decoder.decode(parts[1]));
    assertEquals(KEY.teamId(), claims.get("iss"));
    assertTrue(claims.get("iat") instanceof Double);
    assertEquals(64, decoder.decode(parts[2]).length);
  }
}
