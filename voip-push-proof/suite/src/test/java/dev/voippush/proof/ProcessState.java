// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import static org.junit.jupiter.api.Assertions.fail;

import dev.voippush.simulator.ApnsSimulator;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** What tests of this JVM's threads and sockets have in common. */
final class ProcessState {
  private ProcessState() {}

  /** Names of live threads that are neither the simulator's nor the platform's. */
  static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.matches("(?i).*(voip|okhttp|okio|kotlin|timer|pool-).*"))
        .filter(name -> !name.startsWith("ForkJoinPool-1-")) // the JVM's own, under virtual threads
        .sorted()
        .toList();
  }

  /** Open sockets, or 0 where the system does not tell. */
  static long sockets() {
    String[] files = new File("/proc/self/fd").list();
    return files == null ? 0 : Arrays.stream(files).filter(ProcessState::isSocket).count();
  }

  private static boolean isSocket(String file) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd", file)).toString().startsWith("socket");
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  /** Has the JDK open what it opens once for all sockets. */
  static void openFirstSocket(ApnsSimulator apns) throws IOException {
    try (Socket first = new Socket(InetAddress.getLoopbackAddress(), apns.port())) {
      first.setTcpNoDelay(true);
    }
  }

  static void await(Duration longest, BooleanSupplier condition, Supplier<String> otherwise) {
    long end = System.nanoTime() + longest.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        fail("not within " + longest + ": " + otherwise.get());
      }
      LockSupport.parkNanos(50_000_000);
    }
  }

  /** The settings of a {@link Deployment}. */
  static Map<String, String> settings(
      ApnsSimulator apns, Path directory, boolean signingKey, boolean httpClient)
      throws IOException {
    var credentials = apns.credentials();
    if (!Files.exists(directory.resolve("ca.pem"))) {
      credentials.writeTo(directory);
    }
    Map<String, String> settings = new HashMap<>();
    settings.put("directory", directory.toString());
    settings.put("endpoint", apns.endpoint().toString());
    settings.put("bundleId", credentials.bundleId());
    settings.put("password", credentials.password());
    settings.put("keyId", credentials.keyId());
    settings.put("teamId", credentials.teamId());
    if (signingKey) {
      settings.put("signingKey", "");
    }
    if (httpClient) {
      settings.put("httpClient", "");
    }
    return settings;
  }
}
