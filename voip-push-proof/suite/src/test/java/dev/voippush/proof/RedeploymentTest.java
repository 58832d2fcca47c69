// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.SimulatedPhone;
import java.io.File;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A service that is redeployed in one JVM again and again leaves nothing of itself behind. {@code
 * -Dredeployments=50} for more.
 */
class RedeploymentTest {
  private static final int DEPLOYMENTS = Integer.getInteger("redeployments", 8);

  /** Threads of OkHttp and Okio end by themselves after a minute without work. */
  private static final Duration LONGEST = Duration.ofMinutes(4);

  @TempDir private Path directory;

  /** The library, what it needs, and the deployment's own class; neither simulator nor JUnit. */
  private static URL[] classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(
            path ->
                !path.contains("voip-push-simulator")
                    && path.matches(
                        ".*(voip-push-core|voip-push-proof|okhttp|okio|kotlin|moshi|bcp|bcutil|slf4j"
                            + "|test-classes).*"))
        .map(RedeploymentTest::url)
        .toArray(URL[]::new);
  }

  private static URL url(String path) {
    try {
      return new File(path).toURI().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(path, e);
    }
  }

  /** Returns the loader, which is held by nobody then. */
  private static WeakReference<ClassLoader> deploy(Map<String, String> settings) throws Exception {
    ClassLoader loader = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader());
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try { // not closed: OkHttp's thread loads a class when it ends, after close()
      Object deployment =
          loader
              .loadClass(Deployment.class.getName())
              .getConstructor(Map.class)
              .newInstance(settings);
      assertEquals("2 reached", ((Callable<?>) deployment).call());
    } finally {
      thread.setContextClassLoader(before);
    }
    return new WeakReference<>(loader);
  }

  private static long left(List<WeakReference<ClassLoader>> loaders) {
    System.gc();
    return loaders.stream().filter(loader -> loader.get() != null).count();
  }

  @Test
  void redeploymentsLeaveNothing() throws Exception {
    try (ApnsSimulator apns = ApnsSimulator.start()) {
      ProcessState.openFirstSocket(apns);
      long sockets = ProcessState.sockets();
      List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
      for (int i = 0; i < DEPLOYMENTS; i++) {
        Map<String, String> settings =
            ProcessState.settings(apns, directory, i % 2 == 0, i % 4 < 2);
        SimulatedPhone phone = apns.registerPhone();
        settings.put("token", phone.token());
        settings.put("alertToken", phone.alertToken());
        loaders.add(deploy(settings));
      }
      assertEquals(2 * DEPLOYMENTS, apns.requests().size());
      long leftAtOnce = left(loaders);
      ProcessState.await(
          LONGEST, () -> ProcessState.threads().isEmpty(), () -> ProcessState.threads().toString());
      ProcessState.await(
          LONGEST,
          () -> ProcessState.sockets() <= sockets,
          () -> ProcessState.sockets() - sockets + " sockets");
      ProcessState.await(LONGEST, () -> left(loaders) == 0, () -> left(loaders) + " class loaders");
      report(leftAtOnce, left(loaders), ProcessState.threads().size());
    }
  }

  private static void report(long leftAtOnce, long left, int threads) throws IOException {
    Path proof =
        Files.createDirectories(Path.of(System.getProperty("proof.directory", "target/proof")));
    Files.writeString(
        proof.resolve("redeployments-jdk" + Runtime.version().feature() + ".md"),
        ("| JDK | redeployments | class loaders left at once | left in the end | threads left |%n"
                + "|---|--:|--:|--:|--:|%n| %s | %d | %d | %d | %d |%n")
            .formatted(Runtime.version(), DEPLOYMENTS, leftAtOnce, left, threads));
  }
}
