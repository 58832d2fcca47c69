// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where, when and with what a run was made.
 *
 * @param load of the operating system before the run, per core
 * @param commit of this repository
 */
record Machine(String cpu, String system, String load, String commit, Instant date) {
  /**
   * Looks around.
   *
   * @param directory in the repository
   */
  static Machine now(Path directory) {
    int cores = Runtime.getRuntime().availableProcessors();
    double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    return new Machine(
        processor() + ", " + cores + " cores",
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        load < 0 ? "unknown" : String.format(Locale.ROOT, "%.1f of %d cores busy", load, cores),
        head(directory),
        Instant.now().truncatedTo(ChronoUnit.MINUTES));
  }

  private static String processor() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) { // not Linux
      return System.getProperty("os.arch");
    }
  }

  private static String head(Path directory) {
    String commit = git(directory, "rev-parse", "--short=12", "HEAD");
    if (commit.isEmpty()) {
      return "unknown";
    }
    String changes =
        git(
            directory,
            "status",
            "--porcelain",
            "-uno",
            "--",
            ":/",
            ":(top,exclude)docs/" + Report.FILE,
            ":(top,exclude)docs/" + Report.PLOT);
    return changes.isEmpty() ? commit : commit + " with uncommitted changes";
  }

  private static String git(Path directory, String... arguments) {
    String[] command = Stream.concat(Stream.of("git"), Stream.of(arguments)).toArray(String[]::new);
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0 ? text.strip() : "";
    } catch (IOException e) { // no git
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  /** The version of a library by the name of its file on the class path. */
  static String version(String artifact) {
    Matcher matcher =
        Pattern.compile("[/\\\\]" + Pattern.quote(artifact) + "-([0-9][^/\\\\:;]*)\\.jar")
            .matcher(System.getProperty("java.class.path"));
    return matcher.find() ? matcher.group(1) : "of an unknown version";
  }
}
