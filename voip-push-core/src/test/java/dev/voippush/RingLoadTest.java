// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.call;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.Script;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What thousands of rings cost, and what they cost APNs when it is in trouble. */
@Timeout(60)
class RingLoadTest {
  private final ApnsSimulator apns = ApnsSimulator.start();
  private final ExecutorService executor =
      Executors.newSingleThreadExecutor(r -> new Thread(r, "users-own"));

  @AfterEach
  void close() {
    apns.close();
    executor.shutdownNow();
  }

  private VoipPushClient.Builder builder() throws Exception {
    return TestClients.builder(apns, TestClients.certificate(apns))
        .executor(executor)
        .attemptTimeout(Duration.ofSeconds(30)); // no second connection, however slow this machine
  }

  private static List<DeviceToken> devices(int count) {
    List<DeviceToken> devices = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      devices.add(DeviceToken.of(String.format("%064x", i)));
    }
    return devices;
  }

  private static Set<Thread> clientThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("voip-push-"))
        .collect(Collectors.toSet());
  }

  private static boolean isDialling(Set<Thread> before) {
    return clientThreads().stream()
        .anyMatch(t -> t.getName().startsWith("voip-push-dial") && !before.contains(t));
  }

  private static boolean isDoneWithin(int millis, CompletableFuture<Void> all) throws Exception {
    try {
      all.get(millis, TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    }
  }

  /** Rings so many calls at once; returns the threads that a new client used for them. */
  private Set<String> threadsFor(int rings) throws Exception {
    Set<Thread> before = clientThreads();
    Set<Thread> used = new HashSet<>();
    List<CompletableFuture<RingOutcome>> outcomes = new ArrayList<>();
    try (VoipPushClient client = builder().maxQueued(40_000).build()) {
      client.connect().get(20, TimeUnit.SECONDS);
      TestClients.await(() -> !isDialling(before)); // it dials on a thread that then ends
      for (int i = 0; i < rings; i++) {
        outcomes.add(client.ring(call(), devices(3)).outcome());
      }
      CompletableFuture<Void> all =
          CompletableFuture.allOf(outcomes.toArray(new CompletableFuture<?>[0]));
      do {
        used.addAll(clientThreads());
      } while (!isDoneWithin(20, all));
      for (CompletableFuture<RingOutcome> outcome : outcomes) {
        assertEquals(3, outcome.get().rejected().size(), outcome.get().failed().toString());
      }
    }
    used.removeAll(before);
    return used.stream().map(Thread::getName).collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void tenThousandRingsNeedNoMoreThreadsThanOne() throws Exception {
    apns.script(Script.reject(400, "BadDeviceToken").delay(Duration.ofMillis(20)));
    Set<String> one = threadsFor(1);
    Set<String> tenThousand = threadsFor(10_000);
    assertFalse(one.isEmpty());
    assertEquals(one.size(), tenThousand.size(), one + " and " + tenThousand);
    assertEquals(30_003, apns.streamsOpened());
  }

  @Test
  void outageIsNotMultiplied() throws Exception {
    int pushes = 10_000;
    apns.script(Script.reject(503, "ServiceUnavailable"));
    try (VoipPushClient client = builder().build()) {
      RingOutcome outcome =
          client.ring(call(), devices(pushes)).outcome().get(50, TimeUnit.SECONDS);
      assertEquals(pushes, outcome.rejected().size(), outcome.toString());
      assertTrue(outcome.rejected().values().stream().allMatch(r -> r.status() == 503));
    }
    int requests = apns.requests().size();
    assertTrue(requests <= pushes * 5 / 4, requests + " requests");
    assertTrue(requests > pushes, "some are tried again");
    assertEquals(requests, apns.streamsOpened());
  }
}
