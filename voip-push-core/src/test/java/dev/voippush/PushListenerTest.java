// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.await;
import static dev.voippush.TestClients.call;
import static dev.voippush.TestClients.certificate;
import static dev.voippush.TestClients.failureOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.Script;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What a listener hears, and what {@code health()} tells, over the wire on either transport. */
@ParameterizedClass
@EnumSource
@Timeout(60)
class PushListenerTest {
  private final VoipPushClientTest.Kind kind;
  private final Heard heard = new Heard();
  private ApnsSimulator apns;
  private DeviceToken device;

  PushListenerTest(VoipPushClientTest.Kind kind) {
    this.kind = kind;
  }

  @BeforeEach
  void startApns() {
    apns = ApnsSimulator.start();
    device = DeviceToken.of(apns.registerPhone().token());
  }

  @AfterEach
  void closeApns() {
    apns.close();
  }

  private VoipPushClient client(UnaryOperator<VoipPushClient.Builder> options) throws Exception {
    VoipPushClient.Builder builder = TestClients.builder(apns, certificate(apns)).listener(heard);
    return options.apply(kind.choose(builder)).build();
  }

  /** Remembers it all; of pushes and of connections apart, which are at work side by side. */
  private static class Heard implements PushListener {
    final List<String> ofPushes = new CopyOnWriteArrayList<>();
    final List<PushEvent> events = new CopyOnWriteArrayList<>();
    final List<String> ofConnections = new CopyOnWriteArrayList<>();
    final List<Duration> durations = new CopyOnWriteArrayList<>();
    final List<Object> ends = new CopyOnWriteArrayList<>();

    private void push(String what, PushEvent event) {
      events.add(event);
      ofPushes.add(what + " " + event.attempts());
    }

    @Override
    public void attemptStarted(PushEvent push) {
      push("started", push);
    }

    @Override
    public void retryScheduled(PushEvent push, Duration delay, String why) {
      durations.add(delay);
      push("retry after " + why.replaceAll(".*status=(\\d+), reason=(\\w+).*", "$1 $2"), push);
    }

    @Override
    public void resultReceived(PushEvent push, PushResult result) {
      ends.add(result);
      push(result.accepted() ? "accepted" : "rejected", push);
    }

    @Override
    public void pushFailed(PushEvent push, VoipPushException failure) {
      ends.add(failure);
      push("failed", push);
    }

    @Override
    public void connected(Duration took) {
      durations.add(took);
      ofConnections.add("connected");
    }

    @Override
    public void connectFailed(VoipPushException failure, Duration took) {
      durations.add(took);
      ofConnections.add("connect failed: " + failure.failure() + " " + failure.delivery());
    }

    @Override
    public void disconnected(String why, Duration lifetime) {
      durations.add(lifetime);
      ofConnections.add("disconnected: " + why);
    }

    void assertOfPush(CallPayload call, DeviceToken device, UUID apnsId) {
      Duration before = Duration.ZERO;
      for (PushEvent event : events) {
        assertEquals(call.callId(), event.callId());
        assertEquals(device, event.device());
        assertEquals(apnsId, event.apnsId());
        assertTrue(event.elapsed().compareTo(before) >= 0, event.toString());
        before = event.elapsed();
      }
      assertTrue(before.compareTo(Duration.ZERO) > 0);
    }

    void assertDurations() {
      assertFalse(durations.isEmpty());
      for (Duration duration : durations) {
        assertTrue(duration.compareTo(Duration.ZERO) > 0, durations.toString());
      }
    }
  }

  private void awaitHeard(String... what) {
    await(() -> heard.ofPushes.size() >= what.length);
    assertEquals(List.of(what), heard.ofPushes);
  }

  @Test
  void acceptedPush() throws Exception {
    try (VoipPushClient client = client(b -> b)) {
      CallPayload call = call();
      PushResult result = client.send(device, call);
      awaitHeard("started 1", "accepted 1");
      assertSame(result, heard.ends.get(0));
      heard.assertOfPush(call, device, result.apnsId());
      assertEquals(List.of("connected"), heard.ofConnections);
      heard.assertDurations();
    }
  }

  @Test
  void rejectedPush() throws Exception {
    apns.script(Script.reject(400, "DeviceTokenNotForTopic"));
    try (VoipPushClient client = client(b -> b)) {
      CallPayload call = call();
      PushResult result = client.send(device, call);
      awaitHeard("started 1", "rejected 1");
      assertSame(result, heard.ends.get(0));
      heard.assertOfPush(call, device, result.apnsId());
    }
  }

  @Test
  void retriedPush() throws Exception {
    apns.script(Script.sequence(Script.reject(503, "ServiceUnavailable"), Script.normal()));
    try (VoipPushClient client = client(b -> b)) {
      CallPayload call = call();
      PushResult result = client.send(device, call);
      assertEquals(2, result.attempts());
      awaitHeard("started 1", "retry after 503 ServiceUnavailable 1", "started 2", "accepted 2");
      heard.assertOfPush(call, device, result.apnsId());
      heard.assertDurations();
    }
  }

  @Test
  void failedPush() throws Exception {
    apns.script(Script.silence());
    try (VoipPushClient client =
        client(b -> b.attemptTimeout(Duration.ofMillis(200)).retryUnknown(false))) {
      CallPayload call = call();
      VoipPushException failure = failureOf(client.sendAsync(device, call));
      awaitHeard("started 1", "failed 1");
      assertSame(failure, heard.ends.get(0));
      assertEquals(Failure.TIMEOUT, failure.failure());
      assertEquals(Delivery.UNKNOWN, failure.delivery());
      heard.assertOfPush(call, device, failure.apnsId());
      assertEquals(1, client.health().consecutiveFailures());
      assertEquals(Optional.empty(), client.health().lastVerdict());
    }
  }

  @Test
  void pushThatIsNeverSent() throws Exception {
    CallPayload over =
        CallPayload.incoming(UUID.randomUUID()).sentAt(Instant.now().minusSeconds(60)).build();
    try (VoipPushClient client = client(b -> b)) {
      assertEquals(Failure.DEADLINE, failureOf(client.sendAsync(device, over)).failure());
      awaitHeard("failed 0");
    }
    assertEquals(List.of(), heard.ofConnections);
  }

  @Test
  void connectionThatIsRefused() throws Exception {
    PushCertificate strange;
    try (ApnsSimulator other = ApnsSimulator.start()) {
      strange = certificate(other);
    }
    try (VoipPushClient client = client(b -> b.credentials(strange))) {
      int failures = 0;
      while (client.health().configurationFault().isEmpty()) { // a reset may outrun TLS's alert
        assertEquals(Failure.TLS, failureOf(client.connect()).failure());
        failures++;
      }
      int count = failures;
      await(() -> heard.ofConnections.size() >= count);
      assertEquals(Collections.nCopies(count, "connect failed: TLS NOT_SENT"), heard.ofConnections);
      heard.assertDurations();
      assertEquals(0, client.health().connections());
      assertEquals(List.of(), heard.ofPushes);
    }
  }

  @Test
  void goAwayTellsWhyTheConnectionEnded() throws Exception {
    try (VoipPushClient client = client(b -> b)) {
      assertTrue(client.send(device, call()).accepted());
      apns.goAway("{\"reason\":\"IdleTimeout\"}");
      await(() -> heard.ofConnections.size() == 2);
      String why =
          switch (kind) {
            case STREAM -> "GOAWAY NO_ERROR {\"reason\":\"IdleTimeout\"}";
            case CALL -> "the connection was closed"; // OkHttp keeps it to itself
          };
      assertEquals(List.of("connected", "disconnected: " + why), heard.ofConnections);
      heard.assertDurations();
      await(() -> client.health().connections() == 0);
      assertTrue(client.send(device, call()).accepted());
      await(() -> heard.ofConnections.size() == 3);
      assertEquals(1, client.health().connections());
    }
  }

  @Test
  void replacedCredentialsTellWhyTheConnectionEnded() throws Exception {
    try (VoipPushClient client = client(b -> b)) {
      client.connect().get(10, TimeUnit.SECONDS);
      client.replaceCredentials(certificate(apns.credentials().renewed()));
      await(() -> heard.ofConnections.size() == 3);
      String why =
          switch (kind) {
            case STREAM -> "the credentials were replaced";
            case CALL -> "the connection was closed";
          };
      assertEquals(List.of("connected", "connected", "disconnected: " + why), heard.ofConnections);
    }
  }

  @Test
  void listenerThatThrowsDisturbsNoPush() throws Exception {
    CountDownLatch thrown = new CountDownLatch(60);
    PushListener throwing =
        new Heard() {
          @Override
          public void attemptStarted(PushEvent push) {
            thrown.countDown();
            throw new IllegalStateException("a listener's fault");
          }

          @Override
          public void resultReceived(PushEvent push, PushResult result) {
            thrown.countDown();
            throw new StackOverflowError("a listener's fault");
          }

          @Override
          public void connected(Duration took) {
            throw new IllegalStateException("a listener's fault");
          }
        };
    try (VoipPushClient client = client(b -> b.listener(throwing))) {
      for (int i = 0; i < 30; i++) {
        assertTrue(client.send(device, call()).accepted());
      }
      assertTrue(thrown.await(10, TimeUnit.SECONDS), "it hears on");
    }
  }

  @Test
  void listenerThatBlocksDisturbsNoPush() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    CountDownLatch blocked = new CountDownLatch(1);
    Heard blocking =
        new Heard() {
          @Override
          public void attemptStarted(PushEvent push) {
            blocked.countDown();
            try {
              release.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            super.attemptStarted(push);
          }
        };
    try (VoipPushClient client = client(b -> b.listener(blocking))) {
      List<CompletableFuture<PushResult>> results = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        results.add(client.sendAsync(device, call()));
      }
      assertTrue(blocked.await(10, TimeUnit.SECONDS));
      for (CompletableFuture<PushResult> result : results) {
        assertTrue(result.get(10, TimeUnit.SECONDS).accepted());
      }
      assertTrue(client.send(device, call()).accepted());
      assertEquals(List.of(), blocking.ofPushes);
      release.countDown();
      await(() -> blocking.ofPushes.size() == 402);
      assertEquals(201, blocking.ofPushes.stream().filter("accepted 1"::equals).count());
    }
  }

  @Test
  void healthCountsWhatWaitsAndWhatIsInFlight() throws Exception {
    apns.close();
    apns = ApnsSimulator.builder().maxConcurrentStreams(5).start();
    device = DeviceToken.of(apns.registerPhone().token());
    MutableClock clock = new MutableClock(Instant.now());
    VoipPushClient client = client(b -> b.clock(clock));
    ClientHealth health = client.health();
    assertEquals(0, health.connections() + health.inFlight() + health.queued());
    assertEquals(Optional.empty(), health.lastVerdict());
    assertEquals(Optional.empty(), health.lastVerdictAt());
    for (int i = 0; i < 10; i++) { // the limit of the connection is found out
      assertTrue(client.send(device, call()).accepted());
    }
    assertEquals(10, apns.requests().size());
    apns.script(Script.normal().delay(Duration.ofMillis(1_500)).times(5));
    List<CompletableFuture<PushResult>> results = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      results.add(client.sendAsync(device, call()));
    }
    await(
        () -> {
          ClientHealth now = client.health();
          return now.inFlight() == 5 && now.queued() == 15;
        });
    assertEquals(1, client.health().connections());
    clock.add(Duration.ofSeconds(1));
    for (CompletableFuture<PushResult> result : results) {
      assertTrue(result.get(10, TimeUnit.SECONDS).accepted());
    }
    await(() -> client.health().inFlight() == 0);
    assertEquals(0, client.health().queued());
    assertEquals(Optional.of(clock.instant()), client.health().lastVerdictAt());
    client.close();
    await(() -> client.health().connections() == 0);
    assertEquals(0, client.health().inFlight() + client.health().queued());
    assertEquals(Failure.CLOSED, failureOf(client.sendAsync(device, call())).failure());
    assertEquals(0, client.health().queued());
    assertEquals(0, client.health().consecutiveFailures(), "to be closed is no failure");
  }

  @Test
  void healthTellsTheLastVerdictAndWhatFailedSince() throws Exception {
    apns.script(
        Script.sequence(
            Script.reject(403, "InvalidProviderToken"),
            Script.silence(),
            Script.silence(),
            Script.normal()));
    try (VoipPushClient client =
        client(b -> b.attemptTimeout(Duration.ofSeconds(1)).retryUnknown(false))) {
      PushResult rejected = client.send(device, call());
      ClientHealth health = client.health();
      assertSame(rejected, health.lastVerdict().orElseThrow());
      assertTrue(health.configurationFault().orElseThrow().contains("InvalidProviderToken"));
      for (int failures = 1; failures <= 2; failures++) {
        assertEquals(Failure.TIMEOUT, failureOf(client.sendAsync(device, call())).failure());
        assertEquals(failures, client.health().consecutiveFailures());
        assertSame(rejected, client.health().lastVerdict().orElseThrow());
      }
      PushResult accepted = client.send(device, call());
      assertInstanceOf(PushResult.Accepted.class, accepted);
      health = client.health();
      assertSame(accepted, health.lastVerdict().orElseThrow());
      assertEquals(0, health.consecutiveFailures());
      assertEquals(Optional.empty(), health.configurationFault());
    }
  }
}
