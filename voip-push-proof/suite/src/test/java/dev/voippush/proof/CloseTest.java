// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.VoipPushClient;
import dev.voippush.VoipPushException;
import dev.voippush.simulator.ApnsSimulator;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A closed client leaves no thread, timer or socket, whatever it was doing. */
class CloseTest {
  @TempDir private Path directory;
  private final ApnsSimulator apns = ApnsSimulator.start();
  private long sockets;

  @BeforeEach
  void countSockets() throws Exception {
    ProcessState.openFirstSocket(apns);
    // what an earlier simulator had is gone
    ProcessState.await(Duration.ofSeconds(60), () -> apns.connectionsOpen() == 0, () -> "open");
    sockets = ProcessState.sockets();
  }

  @AfterEach
  void close() {
    apns.close();
  }

  private Map<String, String> settings(boolean httpClient) throws Exception {
    return ProcessState.settings(apns, directory, false, httpClient);
  }

  private CompletableFuture<PushResult> send(VoipPushClient client) {
    return client.sendAsync(
        DeviceToken.of(apns.registerPhone().token()),
        CallPayload.incoming(UUID.randomUUID()).ringFor(Duration.ofSeconds(20)).build());
  }

  /** OkHttp's own threads serve all clients of the JVM: {@link RedeploymentTest} sees them end. */
  private static List<String> threads() {
    return ProcessState.threads().stream()
        .filter(name -> !name.matches("OkHttp .*|Okio Watchdog"))
        .toList();
  }

  private void assertNothingLeft() {
    ProcessState.await(
        Duration.ofSeconds(60),
        () -> threads().isEmpty() && ProcessState.sockets() <= sockets,
        () -> threads() + ", " + (ProcessState.sockets() - sockets) + " sockets");
  }

  @ParameterizedTest(name = "httpClient {0}")
  @ValueSource(booleans = {false, true})
  void afterAPush(boolean httpClient) throws Exception {
    try (VoipPushClient client = Deployment.builder(settings(httpClient)).build()) {
      assertTrue(send(client).get(30, TimeUnit.SECONDS).accepted());
      assertFalse(threads().isEmpty(), "threads are seen while there are some");
    }
    assertNothingLeft();
  }

  @ParameterizedTest(name = "httpClient {0}")
  @ValueSource(booleans = {false, true})
  void whileNobodyListens(boolean httpClient) throws Exception {
    Map<String, String> settings = settings(httpClient);
    apns.close();
    sockets = ProcessState.sockets();
    CompletableFuture<PushResult> push;
    try (VoipPushClient client = Deployment.builder(settings).build()) {
      push = send(client);
      assertThrows(
          ExecutionException.class, () -> client.connect().get(30, TimeUnit.SECONDS), "refused");
    }
    assertThrows(ExecutionException.class, () -> push.get(30, TimeUnit.SECONDS));
    assertNothingLeft();
  }

  @ParameterizedTest(name = "httpClient {0}")
  @ValueSource(booleans = {false, true})
  void whileTheServerIsFrozen(boolean httpClient) throws Exception {
    CompletableFuture<PushResult> push;
    try (VoipPushClient client = Deployment.builder(settings(httpClient)).build()) {
      assertTrue(send(client).get(30, TimeUnit.SECONDS).accepted());
      apns.freeze();
      push = send(client);
      ProcessState.await(
          Duration.ofSeconds(30), () -> client.health().inFlight() == 1, () -> "" + client);
    }
    ExecutionException e =
        assertThrows(ExecutionException.class, () -> push.get(30, TimeUnit.SECONDS));
    assertEquals(VoipPushException.Delivery.UNKNOWN, ((VoipPushException) e.getCause()).delivery());
    apns.unfreeze(); // the server sees the end of its connections
    assertNothingLeft();
  }

  @ParameterizedTest(name = "httpClient {0}")
  @ValueSource(booleans = {false, true})
  void whileItConnectsToAFrozenServer(boolean httpClient) throws Exception {
    apns.freeze();
    CompletableFuture<PushResult> push;
    try (VoipPushClient client = Deployment.builder(settings(httpClient)).build()) {
      push = send(client);
      ProcessState.await(
          Duration.ofSeconds(30), () -> ProcessState.sockets() > sockets, () -> "no socket");
    }
    assertThrows(ExecutionException.class, () -> push.get(30, TimeUnit.SECONDS));
    apns.unfreeze();
    assertNothingLeft();
  }
}
