// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/**
 * Counts one direction's frames that are to be answered, PING and SETTINGS, or the other's answers
 * to them (RFC 9113, sections 6.5 and 6.7), as the bytes pass. One thread at a time.
 */
final class AnswerCounter {
  private static final int HEADER = 9;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int ACK = 1;

  private final int flag;
  private final byte[] header = new byte[HEADER];
  private int headerBytes;
  private int skipped; // bytes that belong to no header
  private volatile int count;

  private AnswerCounter(int flag, int skipped) {
    this.flag = flag;
    this.skipped = skipped;
  }

  /** Of what the server sends. */
  static AnswerCounter ofQuestions() {
    return new AnswerCounter(0, 0);
  }

  /** Of what the client sends, which begins with a preface. */
  static AnswerCounter ofAnswers() {
    return new AnswerCounter(ACK, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length());
  }

  int count() {
    return count;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes it
  void pass(byte[] bytes, int offset, int length) {
    int at = offset;
    int end = offset + length;
    while (at < end) {
      if (skipped > 0) {
        int some = Math.min(skipped, end - at);
        skipped -= some;
        at += some;
        continue;
      }
      header[headerBytes++] = bytes[at++];
      if (headerBytes == HEADER) {
        headerBytes = 0;
        skipped = ((header[0] & 0xff) << 16) | ((header[1] & 0xff) << 8) | (header[2] & 0xff);
        if ((header[3] == SETTINGS || header[3] == PING) && (header[4] & ACK) == flag) {
          count++;
        }
      }
    }
  }
}
