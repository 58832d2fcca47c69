// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Counts the inputs of one fuzz target, and writes {@code target/proof/fuzz-<target>.md}. */
public final class FuzzRun implements AfterAllCallback {
  /** What an input is put to. */
  @FunctionalInterface
  public interface Trial {
    void run() throws Exception;
  }

  private final String target;
  private long begun;
  private long inputs;
  private long findings;

  public FuzzRun(String target) {
    this.target = target;
  }

  /** Tries one input; whatever it throws is a finding. */
  public void input(Trial trial) throws Exception {
    if (inputs++ == 0) {
      begun = System.nanoTime();
    }
    boolean passed = false;
    try {
      trial.run();
      passed = true;
    } finally {
      findings += passed ? 0 : 1;
    }
  }

  @Override
  public void afterAll(ExtensionContext context) throws Exception {
    Path directory = Path.of(System.getProperty("proof.directory", "target/proof"));
    Files.createDirectories(directory);
    long seconds = inputs == 0 ? 0 : Duration.ofNanos(System.nanoTime() - begun).toSeconds();
    Files.writeString(
        directory.resolve("fuzz-" + target + ".md"),
        "| fuzz target | inputs | seconds | findings |\n|---|--:|--:|--:|\n| %s | %,d | %,d | %d |\n"
            .formatted(target, inputs, seconds, findings));
  }
}
