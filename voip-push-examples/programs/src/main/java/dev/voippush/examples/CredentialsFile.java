// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import dev.voippush.credentials.ApnsCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * A certificate or key file that somebody renews while a service runs: each {@link #look} hands on
 * what is new in it.
 *
 * <p>It reads the file, which is small, and compares the content. Neither {@code WatchService} nor
 * the time of the last change tells reliably of a file that was replaced by a rename, or of a
 * Kubernetes secret, whose file is a symbolic link to a link to the directory that changes. What
 * cannot be used, such as half of a file that is being written, is reported and tried again with
 * the next look; what was used before stays in use.
 */
final class CredentialsFile {
  private final Path file;
  private final Format format;
  private final Consumer<ApnsCredentials> user;
  private final Consumer<String> log;
  private byte[] used;
  private String trouble = "";

  /** How to make credentials of the file. */
  @FunctionalInterface
  interface Format {
    /**
     * Reads credentials.
     *
     * @param file where all symbolic links lead to, since a .p8 tells its key id by its name only
     */
    ApnsCredentials read(Path file, byte[] content) throws IOException;
  }

  /**
   * Watches a file whose content is in use already.
   *
   * @param used that content
   * @param user may refuse by an {@code IllegalArgumentException}
   */
  CredentialsFile(
      Path file, byte[] used, Format format, Consumer<ApnsCredentials> user, Consumer<String> log) {
    this.file = file;
    this.used = used.clone();
    this.format = format;
    this.user = user;
    this.log = log;
  }

  /** Looks once, and throws nothing: a timer would not call again. */
  synchronized void look() {
    try {
      Path target = file.toRealPath();
      byte[] content = Files.readAllBytes(target);
      if (!Arrays.equals(content, used)) {
        user.accept(format.read(target, content)); // not read twice: it may change in between
        used = content;
      }
      trouble = "";
    } catch (IOException | RuntimeException e) {
      report(
          file.getFileName() + " cannot be used, the credentials before stay: " + e.getMessage());
    }
  }

  /** Says the same thing once. */
  private void report(String what) {
    if (!what.equals(trouble)) {
      trouble = what;
      log.accept(what);
    }
  }
}
