// SPDX-License-Identifier: Apache-2.0
package dev.voippush.foreign;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Installs node-apn into {@code target}, exactly the versions of the lock file. */
final class NodeApn {
  private static final Path SOURCES = Path.of("src/test/node").toAbsolutePath();
  private static final Path INSTALLED = Path.of("target/node").toAbsolutePath();

  private NodeApn() {}

  /** Returns the script beside the installed package; installs nothing if all is there. */
  static synchronized Path script() throws IOException, InterruptedException {
    Program.require("node");
    Program.require("npm");
    Path lock = SOURCES.resolve("package-lock.json");
    Path done = INSTALLED.resolve("node_modules/.installed");
    boolean current =
        Files.exists(done) && Arrays.equals(Files.readAllBytes(done), Files.readAllBytes(lock));
    Files.createDirectories(INSTALLED);
    for (String file : List.of("package.json", "package-lock.json", ".npmrc", "send.js")) {
      Files.write(INSTALLED.resolve(file), Files.readAllBytes(SOURCES.resolve(file)));
    }
    if (!current) {
      try {
        var unused =
            Program.run(INSTALLED, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
      } catch (AssertionError e) {
        Program.missing("node-apn cannot be installed: " + e.getMessage());
      }
      Files.write(done, Files.readAllBytes(lock));
    }
    return INSTALLED.resolve("send.js");
  }
}
