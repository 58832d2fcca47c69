// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * Runs a program that is on this machine. Where it is missing, the test is skipped, except in CI,
 * where nothing may be: then it fails.
 */
final class Program {
  /** How a program ended, and what it wrote to either of its outputs. */
  record Result(int status, String output) {
    Result requireSuccess() {
      if (status != 0) {
        fail("exit status " + status + ": " + output);
      }
      return this;
    }
  }

  private Program() {}

  static void require(String name) {
    if (find(name).isEmpty()) {
      String message = name + " is not installed on this machine";
      if ("true".equals(System.getenv("CI"))) {
        fail(message);
      }
      Assumptions.abort(message);
    }
  }

  static String openssl(String... arguments) {
    return run("openssl", arguments).requireSuccess().output();
  }

  static Result run(String name, String... arguments) {
    require(name);
    List<String> command = new ArrayList<>();
    command.add(find(name).orElseThrow().toString());
    command.addAll(Arrays.asList(arguments));
    return run(command, Map.of(), "");
  }

  static Result run(List<String> command, Map<String, String> environment, String input) {
    try {
      Path output = Files.createTempFile("voippush", ".out");
      try {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        builder.redirectErrorStream(true).redirectOutput(output.toFile());
        Process process = builder.start();
        try (var in = process.getOutputStream()) {
          in.write(input.getBytes(UTF_8));
        }
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor();
          fail(command + " did not end within 30 s: " + Files.readString(output));
        }
        // Not readString: what a program prints need not be UTF-8.
        return new Result(process.exitValue(), new String(Files.readAllBytes(output), UTF_8));
      } finally {
        Files.delete(output);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  static Optional<Path> find(String name) {
    String path = System.getenv("PATH") + File.pathSeparator + "/usr/sbin";
    return Arrays.stream(path.split(File.pathSeparator, -1))
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
