// SPDX-License-Identifier: Apache-2.0
package dev.voippush.foreign;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A program of ours, running; what it prints is read line by line as it comes. */
final class JavaProcess implements AutoCloseable {
  static final Path JAR = Path.of(System.getProperty("standalone.jar"));

  private final Process process;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final List<String> seen = new ArrayList<>();
  private final Thread reader = new Thread(this::read, "process-output");

  /** The executable jar. */
  static JavaProcess standalone(Path directory, String... options) throws IOException {
    assertTrue(Files.exists(JAR), () -> JAR + " is made by mvn package");
    List<String> arguments = new ArrayList<>(List.of("-jar", JAR.toString()));
    arguments.addAll(List.of(options));
    return new JavaProcess(directory, arguments);
  }

  /** The Spring Boot example with the simulator. */
  static JavaProcess callService(Path directory) throws IOException {
    Path target = Path.of(System.getProperty("call-service.target"));
    String classPath =
        String.join(
            File.pathSeparator,
            target.resolve("classes").toString(),
            target.resolve("test-classes").toString(),
            Files.readString(target.resolve("dependencies.classpath")).strip());
    return new JavaProcess(
        directory,
        List.of(
            "-classpath", classPath, "dev.voippush.examples.callservice.CallServiceWithSimulator"));
  }

  private JavaProcess(Path directory, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")); // a short life
    command.addAll(arguments);
    process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    reader.setDaemon(true);
    reader.start();
  }

  private void read() {
    try (BufferedReader output = process.inputReader(UTF_8)) {
      output.lines().forEach(lines::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits for the next line that begins so, and returns the rest of it without blanks around. */
  String await(String beginning) throws InterruptedException {
    while (true) {
      String line = lines.poll(60, TimeUnit.SECONDS);
      if (line == null) {
        fail("no line began with " + beginning + " within a minute after " + seen);
      }
      seen.add(line);
      if (line.startsWith(beginning)) {
        return line.substring(beginning.length()).strip();
      }
    }
  }

  /** Asks it to end, as a service manager does. */
  void terminate() {
    process.toHandle().destroy(); // process.destroy() would close its output
  }

  /** Waits for its end and returns its exit status. */
  int awaitEnd() throws InterruptedException {
    assertTrue(process.waitFor(30, TimeUnit.SECONDS), "still running");
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
