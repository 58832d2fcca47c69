// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import okio.Buffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerCounterTest {
  private static void frame(Buffer to, int type, int flags, int length) {
    to.writeByte(length >> 16).writeByte(length >> 8).writeByte(length);
    to.writeByte(type).writeByte(flags).writeInt(0);
    to.write(new byte[length]);
  }

  private static int count(AnswerCounter counter, Buffer bytes, int pieces) {
    byte[] all = bytes.readByteArray();
    for (int at = 0; at < all.length; at += pieces) {
      counter.pass(all, at, Math.min(pieces, all.length - at));
    }
    return counter.count();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8, 9, 10, 17, 100_000})
  void questionsOfTheServer(int pieces) {
    Buffer bytes = new Buffer();
    frame(bytes, 4, 0, 6); // SETTINGS
    frame(bytes, 4, 1, 0); // its acknowledgement of ours
    frame(bytes, 0, 6, 16_384); // DATA, whose flags are others'
    frame(bytes, 6, 0, 8); // PING
    frame(bytes, 6, 1, 8);
    frame(bytes, 1, 5, 70_000); // a length of three bytes
    frame(bytes, 6, 0, 8);
    assertEquals(3, count(AnswerCounter.ofQuestions(), bytes, pieces));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 9, 24, 25, 100_000})
  void answersOfTheClient(int pieces) {
    Buffer bytes = new Buffer();
    bytes.writeString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", StandardCharsets.US_ASCII);
    frame(bytes, 4, 0, 6);
    frame(bytes, 4, 1, 0);
    frame(bytes, 1, 5, 100);
    frame(bytes, 6, 0, 8);
    frame(bytes, 6, 1, 8);
    assertEquals(2, count(AnswerCounter.ofAnswers(), bytes, pieces));
  }
}
