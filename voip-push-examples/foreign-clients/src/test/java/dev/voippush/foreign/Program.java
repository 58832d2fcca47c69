// SPDX-License-Identifier: Apache-2.0
package dev.voippush.foreign;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Runs a program that is on this machine, for a minute at most. */
final class Program {
  private Program() {}

  /** Skips the test where the program is missing, except in CI, where nothing may be: it fails. */
  static void require(String name) {
    if (find(name).isEmpty()) {
      missing(name + " is not installed on this machine");
    }
  }

  static void missing(String message) {
    if ("true".equals(System.getenv("CI"))) {
      fail(message);
    }
    Assumptions.abort(message);
  }

  /** Returns what it printed to either of its outputs; fails if it did not end well. */
  static String run(Path directory, String name, Object... arguments)
      throws IOException, InterruptedException {
    require(name);
    List<String> command = new ArrayList<>(List.of(find(name).orElseThrow().toString()));
    Arrays.stream(arguments).map(Object::toString).forEach(command::add);
    Path printed = Files.createTempFile("voip-push", ".txt");
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(printed.toFile())
              .start();
      try {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
          fail(command + " did not end within a minute: " + Files.readString(printed));
        }
      } finally {
        process.destroyForcibly();
      }
      String output = new String(Files.readAllBytes(printed), UTF_8);
      assertEquals(0, process.exitValue(), () -> command + " printed " + output);
      return output;
    } finally {
      Files.delete(printed);
    }
  }

  static Optional<Path> find(String name) {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
