// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A Java process with our class path. It is ended when closed, and ends by itself if we do. */
final class Child implements AutoCloseable {
  private static final String HEAP = "-Xmx512m";

  private final Process process;
  private final BlockingQueue<String> output = new LinkedBlockingQueue<>();
  private final Thread reader;

  private Child(Process process) {
    this.process = process;
    this.reader = new Thread(this::read, "benchmark-output");
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * @param quick true to spare what takes time at the start
   */
  static Child start(Path javaHome, boolean quick, Class<?> main, String... args)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(javaHome.resolve("bin/java").toString());
    command.add(HEAP);
    command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    if (quick) {
      command.add("-XX:TieredStopAtLevel=1");
      command.add("-XX:+UseSerialGC");
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    command.addAll(List.of(args));
    return new Child(new ProcessBuilder(command).redirectErrorStream(true).start());
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        output.add(line);
      }
    } catch (IOException | UncheckedIOException e) {
      // it was ended
    }
  }

  /** Waits for a line that begins so, and returns the rest of it; null if it does not come. */
  @Nullable String await(String prefix, Duration longest) throws InterruptedException {
    long end = System.nanoTime() + longest.toNanos();
    while (System.nanoTime() < end) {
      String line = output.poll(100, TimeUnit.MILLISECONDS);
      if (line != null && line.startsWith(prefix)) {
        return line.substring(prefix.length());
      }
      if (line == null && !process.isAlive()) {
        return null;
      }
    }
    return null;
  }

  /** Waits for its end and returns what it printed. */
  List<String> lines(Duration longest) throws IOException, InterruptedException {
    boolean ended = process.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS);
    if (!ended) {
      close();
    }
    reader.join(5_000);
    List<String> lines = new ArrayList<>();
    output.drainTo(lines);
    if (!ended || process.exitValue() != 0) {
      throw new IOException(
          (ended ? "ended with " + process.exitValue() : "did not end in " + longest)
              + ":\n"
              + String.join("\n", lines));
    }
    return lines;
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
