// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The bytes of a credentials file, and the name that messages give it. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Source(String name, byte[] bytes) {
  private static final int LIMIT = 1 << 20;

  static Source of(Path file) throws CredentialsException {
    String name = file.toString();
    if (name.contains("-----BEGIN ")) { // it may be a key, and is in the system's messages, too
      throw Problem.NO_SUCH_FILE.in("PEM text in place of a path");
    }
    if (Files.isDirectory(file)) {
      throw Problem.A_DIRECTORY.in(name);
    }
    try (InputStream in = Files.newInputStream(file)) {
      return of(in, name);
    } catch (CredentialsException e) {
      throw e;
    } catch (NoSuchFileException e) {
      throw Problem.NO_SUCH_FILE.because(e, name);
    } catch (IOException e) {
      throw unreadable(e, name);
    }
  }

  /** Reads to the end; does not close the stream. */
  static Source of(InputStream in, String name) throws CredentialsException {
    byte[] bytes;
    try {
      bytes = in.readNBytes(LIMIT + 1);
    } catch (IOException e) {
      throw unreadable(e, name);
    }
    if (bytes.length > LIMIT) {
      throw Problem.TOO_LARGE.in(name);
    }
    if (bytes.length == 0) {
      throw Problem.EMPTY_FILE.in(name);
    }
    return new Source(name, bytes);
  }

  static CredentialsException unreadable(IOException e, String name) {
    Object reason =
        e instanceof AccessDeniedException ? "permission denied" : String.valueOf(e.getMessage());
    return Problem.UNREADABLE_FILE.because(e, name, reason);
  }
}
