// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import java.io.Console;
import java.io.IOException;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * Where a program gets a password: from a file, from the environment, or typed without echo. Never
 * from an argument, which every user of the machine can see.
 */
final class PasswordSource {
  private final Map<String, String> environment;

  PasswordSource(Map<String, String> environment) {
    this.environment = environment;
  }

  /**
   * Reads one password.
   *
   * @param variable the environment variable that holds it; with {@code _FILE} behind its name, the
   *     variable that names the file whose first line it is
   */
  char[] read(String what, String variable) throws IOException {
    char[] password = readIfAny(what, variable);
    if (password == null) {
      throw new IOException(
          what
              + " is needed, but there is no console to ask at; set "
              + variable
              + ", or "
              + variable
              + "_FILE to a file whose first line it is");
    }
    return password;
  }

  /** The same, but null if there is none to be had. */
  @SuppressWarnings("SystemConsoleNull") // null up to Java 21; later ones find no line to read
  char[] readIfAny(String what, String variable) throws IOException {
    String file = environment.get(variable + "_FILE");
    if (file != null) {
      return firstLine(Path.of(file));
    }
    String value = environment.get(variable);
    if (value != null) {
      return value.toCharArray();
    }
    Console console = System.console();
    return console == null ? null : console.readPassword("%s: ", what);
  }

  private static char[] firstLine(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    CharBuffer chars = StandardCharsets.UTF_8.decode(java.nio.ByteBuffer.wrap(bytes));
    int end = 0;
    while (end < chars.length() && chars.charAt(end) != '\n' && chars.charAt(end) != '\r') {
      end++;
    }
    char[] password = new char[end];
    chars.get(password);
    Arrays.fill(bytes, (byte) 0);
    Arrays.fill(chars.array(), '\0');
    return password;
  }
}
