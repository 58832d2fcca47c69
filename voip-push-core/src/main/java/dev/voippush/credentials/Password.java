// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A password in the forms that key derivations want, for the length of one read. The caller's array
 * is neither kept nor changed; the copies made here are wiped by {@link #close()}.
 */
final class Password implements AutoCloseable {
  private final byte[] utf8;
  private final byte[] bmp;
  private final boolean given;

  Password(char @Nullable [] chars) {
    char[] password = chars == null ? new char[0] : chars;
    given = password.length > 0;
    ByteBuffer encoded = ByteBuffer.allocate(3 * password.length);
    StandardCharsets.UTF_8
        .newEncoder()
        .onMalformedInput(CodingErrorAction.REPLACE)
        .encode(CharBuffer.wrap(password), encoded, true);
    utf8 = Arrays.copyOf(encoded.array(), encoded.position());
    Arrays.fill(encoded.array(), (byte) 0);
    bmp = new byte[2 * password.length + 2];
    for (int i = 0; i < password.length; i++) {
      bmp[2 * i] = (byte) (password[i] >> 8);
      bmp[2 * i + 1] = (byte) password[i];
    }
  }

  /** False for null and for the empty password: files without encryption are opened with either. */
  boolean given() {
    return given;
  }

  /** For PEM and for PBES2. */
  byte[] utf8() {
    return utf8;
  }

  /** For the derivation of PKCS#12 itself: UTF-16, big-endian, with a final zero. */
  byte[] bmp() {
    return bmp;
  }

  @Override
  public void close() {
    Arrays.fill(utf8, (byte) 0);
    Arrays.fill(bmp, (byte) 0);
  }
}
