// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A file (or stream, or key in memory) that cannot serve as credentials. Its message is one line:
 * {@code <file>: <fault>; <fix> (docs/troubleshooting.md#…)}. It never contains a password or a
 * part of a key.
 */
public final class CredentialsException extends IOException {
  private static final long serialVersionUID = 1;

  private final String file;
  private final String fault;
  private final String fix;

  CredentialsException(
      String file, String fault, String fix, String anchor, @Nullable Throwable cause) {
    super(file + ": " + fault + "; " + fix + " (docs/troubleshooting.md#" + anchor + ")", cause);
    this.file = file;
    this.fault = fault;
    this.fix = fix;
  }

  /**
   * The file as the caller named it, or what stands for it where there is none: {@code PEM input}.
   */
  public String file() {
    return file;
  }

  /** What is wrong, for example {@code no private key entry}. */
  public String fault() {
    return fault;
  }

  /** What to do about it, for example {@code export the identity, not only the certificate}. */
  public String fix() {
    return fix;
  }
}
