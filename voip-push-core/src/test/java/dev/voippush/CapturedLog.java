// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Holds what is logged, a line for each message, until it is closed. */
final class CapturedLog implements AutoCloseable {
  private final PrintStream err = System.err;
  private final ByteArrayOutputStream logged = new ByteArrayOutputStream();

  CapturedLog() {
    System.setErr(new PrintStream(logged, true, StandardCharsets.UTF_8));
  }

  String text() {
    return logged.toString(StandardCharsets.UTF_8);
  }

  void clear() {
    logged.reset();
  }

  @Override
  public void close() {
    System.setErr(err);
  }
}
