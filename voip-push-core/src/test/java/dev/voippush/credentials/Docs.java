// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The project's documentation, wherever below the project the tests are started. */
final class Docs {
  private Docs() {}

  static String read(String name) throws IOException {
    for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
      Path file = folder.resolve("docs").resolve(name);
      if (Files.exists(file)) {
        return Files.readString(file);
      }
    }
    throw new AssertionError("no docs/" + name + " above " + Path.of("").toAbsolutePath());
  }
}
