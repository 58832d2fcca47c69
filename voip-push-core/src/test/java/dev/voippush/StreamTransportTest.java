// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.await;
import static dev.voippush.TestClients.call;
import static dev.voippush.TestClients.failureOf;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.Script;
import dev.voippush.simulator.SimulatedPhone;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What one connection must bear, judged by the server's record. */
@Timeout(60)
class StreamTransportTest {
  private ApnsSimulator apns = ApnsSimulator.start();

  @AfterEach
  void closeApns() {
    apns.close();
  }

  private void restart(int initialWindowSize) {
    apns.close();
    apns = ApnsSimulator.builder().initialWindowSize(initialWindowSize).start();
  }

  private VoipPushClient client(UnaryOperator<VoipPushClient.Builder> options) throws Exception {
    return options.apply(TestClients.builder(apns, TestClients.certificate(apns))).build();
  }

  private DeviceToken phone() {
    return DeviceToken.of(apns.registerPhone().token());
  }

  /** A phone that stays quiet: what APNs accepts for it is dropped, as it is not to be stored. */
  private DeviceToken offlinePhone() {
    SimulatedPhone phone = apns.registerPhone();
    phone.online(false);
    return DeviceToken.of(phone.token());
  }

  private static CallPayload callNotToBeStored() {
    return CallPayload.incoming(UUID.randomUUID()).storeFor(Duration.ZERO).build();
  }

  private static CallPayload largeCall() {
    return CallPayload.incoming(UUID.randomUUID()).put("x", "y".repeat(4_900)).build();
  }

  /** Not in the same breath, so that streams are open together as with the real one. */
  private void answerAfterAMoment() {
    apns.script(Script.normal().delay(Duration.ofMillis(2)));
  }

  private static PushResult accepted(CompletableFuture<PushResult> push) throws Exception {
    PushResult result = push.get(50, TimeUnit.SECONDS);
    assertTrue(result.accepted(), result.toString());
    return result;
  }

  private static void acceptedAtOnce(CompletableFuture<PushResult> push) throws Exception {
    PushResult result = accepted(push);
    assertEquals(1, result.attempts(), result.toString());
    assertFalse(result.possiblyDuplicated(), result.toString());
  }

  /** Changes the stream limit again and again as pushes complete. */
  private final class LimitChanger {
    private static final int[] LIMITS = {1, 1000, 100};
    private int at;
    private int left = 100;
    private int changes;

    synchronized void completed() {
      if (--left == 0) {
        at = (at + 1) % LIMITS.length;
        left = LIMITS[at] == 1 ? 100 : 1_200;
        changes++;
        apns.maxConcurrentStreams(LIMITS[at]);
      }
    }
  }

  /** 20,000 pushes; {@code -Dstress.pushes=200000} for more. */
  @Test
  @Timeout(600)
  void streamLimitThatChangesUnderLoad() throws Exception {
    int pushes = Integer.getInteger("stress.pushes", 20_000);
    apns.maxConcurrentStreams(1);
    DeviceToken phone = offlinePhone();
    answerAfterAMoment();
    LimitChanger changer = new LimitChanger();
    Set<String> processed = new HashSet<>();
    try (VoipPushClient client = client(b -> b)) {
      for (int sent = 0; sent < pushes; ) {
        List<CompletableFuture<PushResult>> round = new ArrayList<>();
        for (int i = 0; i < 5_000 && sent < pushes; i++, sent++) {
          CompletableFuture<PushResult> push = client.sendAsync(phone, callNotToBeStored());
          var unused = push.thenRun(changer::completed);
          round.add(push);
        }
        for (CompletableFuture<PushResult> push : round) {
          acceptedAtOnce(push);
        }
        for (RecordedRequest request : apns.requests()) {
          assertTrue(processed.add(request.apnsId()), "doubled");
        }
        apns.forgetRequests();
        assertEquals(sent, processed.size());
      }
    }
    assertTrue(changer.changes >= pushes / 1_000, changer.changes + " changes");
    assertEquals(List.of(), apns.unprocessedRequests());
    assertEquals(0, apns.streamLimitViolations());
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void connectionThatDiedWhileIdleCostsSeconds() throws Exception {
    DeviceToken phone = phone();
    try (TcpRelay relay = new TcpRelay(0, apns.port());
        VoipPushClient client =
            client(
                b ->
                    b.endpoint(URI.create("https://127.0.0.1:" + relay.port()))
                        .attemptTimeout(Duration.ofSeconds(30)))) { // only PING can find out
      assertTrue(client.send(phone, call()).accepted());
      relay.silenceConnections();
      long start = System.nanoTime();
      PushResult result = client.send(phone, call());
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      assertTrue(result.accepted());
      assertTrue(took.compareTo(Duration.ofSeconds(6)) < 0, "took " + took);
      assertTrue(result.possiblyDuplicated(), "nobody can know");
      assertTrue(client.send(phone, call()).accepted());
      assertEquals(2, relay.connections());
    }
    assertEquals(List.of(1, 2, 2), apns.requests().stream().map(r -> r.connection()).toList());
  }

  @Test
  void replacementOfADeadConnectionServesAllWaiters() throws Exception {
    DeviceToken phone = phone();
    try (TcpRelay relay = new TcpRelay(0, apns.port());
        VoipPushClient client =
            client(b -> b.endpoint(URI.create("https://127.0.0.1:" + relay.port())))) {
      assertTrue(client.send(phone, call()).accepted());
      relay.silenceConnections();
      List<CompletableFuture<PushResult>> pushes = new ArrayList<>();
      for (int i = 0; i < 1_500; i++) { // more than one connection carries
        pushes.add(client.sendAsync(phone, call()));
      }
      for (CompletableFuture<PushResult> push : pushes) {
        accepted(push);
      }
      assertEquals(2, relay.connections());
    }
    assertEquals(1_501, apns.requests().size());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 4_000})
  void smallWindowLetsLargePayloadsThroughWhole(int window) throws Exception {
    restart(window);
    DeviceToken phone = phone();
    CallPayload call = largeCall();
    try (VoipPushClient client = client(b -> b)) {
      assertTrue(client.send(phone, call).accepted());
    }
    assertArrayEquals(call.toJson(), apns.requests().get(0).payload());
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void manyLargePayloadsShareSmallWindows() throws Exception {
    restart(1_000);
    DeviceToken phone = offlinePhone();
    int size = largeCall().size();
    List<CompletableFuture<PushResult>> pushes = new ArrayList<>();
    try (VoipPushClient client = client(b -> b)) {
      for (int i = 0; i < 200; i++) { // 1 MB through a window of 64 kB
        pushes.add(client.sendAsync(phone, largeCall()));
      }
      for (CompletableFuture<PushResult> push : pushes) {
        acceptedAtOnce(push);
      }
    }
    assertEquals(200, apns.requests().stream().map(RecordedRequest::apnsId).distinct().count());
    assertTrue(apns.requests().stream().allMatch(r -> r.payload().length == size));
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void cancellingWhatFlowControlHoldsBackFreesItsStream() throws Exception {
    restart(1);
    apns.maxConcurrentStreams(1);
    DeviceToken phone = phone();
    try (VoipPushClient client = client(b -> b)) {
      client.connect().get(10, TimeUnit.SECONDS);
      CompletableFuture<PushResult> slow = client.sendAsync(phone, largeCall());
      CompletableFuture<PushResult> next = client.sendAsync(phone, call());
      slow.cancel(true);
      acceptedAtOnce(next);
    }
    assertEquals(0, apns.streamLimitViolations());
    assertEquals(1, apns.connectionsAccepted());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 60, 4_096, 65_536})
  void anyHeaderTableSize(int bytes) throws Exception {
    apns.headerTableSize(bytes);
    DeviceToken phone = phone();
    try (VoipPushClient client = client(b -> b)) {
      for (int i = 0; i < 10; i++) {
        assertTrue(client.send(phone, call()).accepted());
      }
    }
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void headerTableSizeThatChangesUnderLoad() throws Exception {
    List<DeviceToken> phones = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      phones.add(offlinePhone());
    }
    List<CompletableFuture<PushResult>> pushes = new ArrayList<>();
    try (VoipPushClient client =
        TestClients.builder(apns, TestClients.signingKey(apns))
            .bundleId("com.example.app")
            .build()) {
      for (int size : new int[] {0, 4_096, 1, 0, 64, 65_536, 200, 4_096, 0, 100, 8_192}) {
        for (int i = 0; i < 200; i++) {
          pushes.add(client.sendAsync(phones.get(i % 20), callNotToBeStored()));
        }
        apns.headerTableSize(size);
        accepted(pushes.get(pushes.size() - 1)); // so that it is in force when the next comes
      }
      for (CompletableFuture<PushResult> push : pushes) {
        acceptedAtOnce(push);
      }
    }
    assertEquals(pushes.size(), apns.requests().size());
    assertEquals(1, apns.connectionsAccepted());
  }

  private enum Farewell {
    LEAVES_IT_OUT,
    ANSWERS_IT,
    COVERS_BUT_FORGETS_IT;

    Script script() {
      String reason = "{\"reason\":\"Shutdown\"}";
      return switch (this) {
        case LEAVES_IT_OUT -> Script.goAway(reason);
        case ANSWERS_IT -> Script.goAwayCovering(reason);
        case COVERS_BUT_FORGETS_IT -> Script.goAwayUnanswered(reason);
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void goAwayUnderLoad(Farewell farewell) throws Exception {
    DeviceToken phone = offlinePhone();
    answerAfterAMoment();
    Map<String, PushResult> results = new HashMap<>();
    try (VoipPushClient client = client(b -> b)) {
      List<CompletableFuture<PushResult>> pushes = new ArrayList<>();
      for (int i = 0; i < 3_000; i++) {
        DeviceToken to = phone;
        if (i % 500 == 250) {
          to = offlinePhone();
          apns.script(to.hex(), Script.sequence(farewell.script(), Script.normal()));
        }
        pushes.add(client.sendAsync(to, callNotToBeStored()));
      }
      for (CompletableFuture<PushResult> push : pushes) {
        PushResult result = accepted(push);
        results.put(result.apnsId().toString(), result);
      }
    }
    Map<String, Long> processed =
        apns.requests().stream()
            .collect(Collectors.groupingBy(RecordedRequest::apnsId, Collectors.counting()));
    assertEquals(results.keySet(), processed.keySet(), "none lost");
    processed.forEach(
        (id, times) ->
            assertTrue(times == 1 || results.get(id).possiblyDuplicated(), times + " times"));
    Set<String> forgotten =
        apns.unprocessedRequests().stream()
            .map(RecordedRequest::apnsId)
            .collect(Collectors.toSet());
    Set<String> flagged =
        results.keySet().stream()
            .filter(id -> results.get(id).possiblyDuplicated())
            .collect(Collectors.toSet());
    assertEquals(farewell == Farewell.COVERS_BUT_FORGETS_IT ? forgotten : Set.of(), flagged);
    assertTrue(apns.connectionsAccepted() > 1, "GOAWAY was sent");
    assertEquals(0, apns.streamLimitViolations());
  }

  @Test
  void serverWideGoAwayUnderLoad() throws Exception {
    DeviceToken phone = offlinePhone();
    answerAfterAMoment();
    try (VoipPushClient client = client(b -> b)) {
      List<CompletableFuture<PushResult>> pushes = new ArrayList<>();
      for (int i = 0; i < 3_000; i++) {
        pushes.add(client.sendAsync(phone, callNotToBeStored()));
        if (i % 600 == 300) {
          accepted(pushes.get(i / 2));
          apns.goAway("");
        }
      }
      for (CompletableFuture<PushResult> push : pushes) {
        assertFalse(accepted(push).possiblyDuplicated());
      }
    }
    assertEquals(3_000, apns.requests().size());
    assertEquals(3_000, apns.requests().stream().map(RecordedRequest::apnsId).distinct().count());
    assertTrue(apns.connectionsAccepted() > 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"reason\":\"BadCertificate\"}", "maintenance at noon"})
  void reasonOfGoAwayIsTold(String reason) throws Exception {
    apns.script(Script.goAwayUnanswered(reason));
    try (VoipPushClient client = client(b -> b.retryUnknown(false))) {
      DeviceToken phone = phone();
      VoipPushException e = assertThrows(VoipPushException.class, () -> client.send(phone, call()));
      assertEquals(Failure.CONNECTION_LOST, e.failure());
      assertEquals(Delivery.UNKNOWN, e.delivery());
      assertTrue(e.getMessage().contains("GOAWAY NO_ERROR " + reason), e.getMessage());
    }
  }

  @Test
  void unknownErrorCodeEndsItsStreamOnly() throws Exception {
    DeviceToken phone = phone();
    apns.script(Script.sequence(Script.reset(0xdead_beefL), Script.normal()));
    try (VoipPushClient client = client(b -> b.retryUnknown(false))) {
      VoipPushException e = assertThrows(VoipPushException.class, () -> client.send(phone, call()));
      assertEquals(Failure.PROTOCOL, e.failure());
      assertEquals(Delivery.UNKNOWN, e.delivery());
      assertTrue(e.getMessage().contains("0xdeadbeef"), e.getMessage());
      assertTrue(client.send(phone, call()).accepted());
    }
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void cancelledStreamIsResetAndItsSlotFree() throws Exception {
    apns.maxConcurrentStreams(1);
    DeviceToken phone = phone();
    apns.script(Script.silence().times(1));
    try (VoipPushClient client = client(b -> b)) {
      CompletableFuture<PushResult> first = client.sendAsync(phone, call());
      apns.awaitRequests(1, Duration.ofSeconds(10));
      CompletableFuture<PushResult> second = client.sendAsync(phone, call());
      assertTrue(first.cancel(true));
      acceptedAtOnce(second);
    }
    assertEquals(0, apns.streamLimitViolations());
    assertEquals(1, apns.connectionsAccepted());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void cancellingUnderLoadLeaksNoStream(long seed) throws Exception {
    apns.maxConcurrentStreams(10);
    DeviceToken phone = offlinePhone();
    answerAfterAMoment();
    Random random = new Random(seed);
    try (VoipPushClient client = client(b -> b)) {
      List<CompletableFuture<PushResult>> kept = new ArrayList<>();
      List<CompletableFuture<PushResult>> doomed = new ArrayList<>();
      for (int i = 0; i < 2_000; i++) {
        CompletableFuture<PushResult> push = client.sendAsync(phone, callNotToBeStored());
        (random.nextBoolean() ? kept : doomed).add(push);
        if (!doomed.isEmpty() && random.nextInt(3) == 0) {
          doomed.remove(random.nextInt(doomed.size())).cancel(true);
        }
      }
      doomed.forEach(push -> push.cancel(true));
      for (CompletableFuture<PushResult> push : kept) {
        acceptedAtOnce(push);
      }
      StreamTransport transport = (StreamTransport) client.transport;
      await(
          () -> {
            synchronized (transport.lock) {
              return transport.openStreams == 0 && transport.queue.isEmpty();
            }
          });
      assertTrue(client.send(phone, callNotToBeStored()).accepted());
    }
    assertEquals(0, apns.streamLimitViolations());
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void limitOfZeroIsWaitedOut() throws Exception {
    apns.maxConcurrentStreams(0);
    DeviceToken phone = phone();
    try (VoipPushClient client = client(b -> b)) {
      CompletableFuture<PushResult> first = client.sendAsync(phone, call());
      CompletableFuture<PushResult> second = client.sendAsync(phone, call());
      client.connect().get(10, TimeUnit.SECONDS);
      await(() -> apns.connectionsAccepted() == 1);
      assertFalse(first.isDone());
      apns.maxConcurrentStreams(1);
      acceptedAtOnce(first);
      acceptedAtOnce(second);
    }
    assertEquals(2, apns.requests().size());
    assertEquals(0, apns.streamLimitViolations());
    assertEquals(1, apns.connectionsAccepted());
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("voip-push-"))
        .collect(Collectors.toSet());
  }

  private static long count(Set<Thread> threads, String kind) {
    return threads.stream().filter(t -> t.getName().startsWith("voip-push-" + kind + "-")).count();
  }

  @Test
  void connectionHasTwoThreadsWhateverItCarries() throws Exception {
    Set<Thread> before = threads();
    DeviceToken phone = offlinePhone();
    apns.script(Script.silence());
    try (VoipPushClient client = client(b -> b.closeTimeout(Duration.ZERO))) {
      List<CompletableFuture<PushResult>> pushes = new ArrayList<>();
      for (int i = 0; i < 1_000; i++) {
        pushes.add(client.sendAsync(phone, callNotToBeStored()));
      }
      apns.awaitRequests(1_000, Duration.ofSeconds(20)); // all in flight
      Set<Thread> ours = threads();
      ours.removeAll(before);
      assertEquals(1, count(ours, "writer"), ours.toString());
      assertEquals(1, count(ours, "reader"), ours.toString());
      assertEquals(1, count(ours, "timer"), ours.toString());
      assertEquals(3, ours.size() - count(ours, "callback"), ours.toString());
      assertTrue(count(ours, "callback") <= 4, ours.toString());
      assertTrue(ours.stream().allMatch(Thread::isDaemon));
      assertTrue(pushes.stream().noneMatch(CompletableFuture::isDone));
    }
  }

  @Test
  void slowAndThrowingCallbacksHarmNobody() throws Exception {
    DeviceToken phone = offlinePhone();
    CountDownLatch blocked = new CountDownLatch(2);
    CountDownLatch release = new CountDownLatch(1);
    try (VoipPushClient client = client(b -> b)) {
      for (int i = 0; i < 2; i++) {
        var unused =
            client
                .sendAsync(phone, callNotToBeStored())
                .thenRun(
                    () -> {
                      blocked.countDown();
                      try {
                        release.await();
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                    });
      }
      assertTrue(blocked.await(20, TimeUnit.SECONDS));
      List<CompletableFuture<PushResult>> pushes = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        CompletableFuture<PushResult> push = client.sendAsync(phone, callNotToBeStored());
        var unused =
            push.thenRun(
                () -> {
                  throw new IllegalStateException("a throwing callback");
                });
        pushes.add(push);
      }
      for (CompletableFuture<PushResult> push : pushes) {
        acceptedAtOnce(push);
      }
      assertTrue(client.send(phone, callNotToBeStored()).accepted());
      release.countDown();
    }
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void callbacksOnOurOwnThreadsMayThrow() throws Exception {
    DeviceToken phone = offlinePhone();
    try (VoipPushClient client = client(b -> b.executor(Runnable::run))) {
      for (int i = 0; i < 20; i++) {
        CompletableFuture<PushResult> push = client.sendAsync(phone, callNotToBeStored());
        CompletableFuture<Void> callback =
            push.thenRun(
                () -> {
                  throw new AssertionError("a throwing callback");
                });
        acceptedAtOnce(push);
        await(callback::isCompletedExceptionally);
      }
    }
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void refusingExecutorLosesNoVerdict() throws Exception {
    DeviceToken phone = offlinePhone();
    try (VoipPushClient client =
        client(
            b ->
                b.executor(
                    task -> {
                      throw new java.util.concurrent.RejectedExecutionException();
                    }))) {
      acceptedAtOnce(client.sendAsync(phone, callNotToBeStored()));
      acceptedAtOnce(client.sendAsync(phone, callNotToBeStored()));
    }
  }

  @Test
  void oneDialServesAllThatWaitedForTheServer() throws Exception {
    DeviceToken phone = offlinePhone();
    try (RefusingPort server = new RefusingPort();
        VoipPushClient client =
            client(b -> b.endpoint(URI.create("https://127.0.0.1:" + server.port())))) {
      List<CompletableFuture<PushResult>> pushes = new ArrayList<>();
      for (int i = 0; i < 1_000; i++) {
        pushes.add(client.sendAsync(phone, callNotToBeStored()));
      }
      VoipPushException refused = failureOf(client.connect());
      assertEquals(Failure.CONNECT, refused.failure());
      assertTrue(pushes.stream().noneMatch(CompletableFuture::isDone), "they wait");
      try (TcpRelay relay = new TcpRelay(server.port(), apns.port())) {
        for (CompletableFuture<PushResult> push : pushes) {
          acceptedAtOnce(push);
        }
        assertEquals(1, relay.connections());
      }
    }
    assertEquals(1_000, apns.requests().size());
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void secondConnectionIsOpenedWhenTheFirstIsFullOnly() throws Exception {
    apns.maxConcurrentStreams(2);
    DeviceToken silent = phone();
    DeviceToken phone = offlinePhone();
    apns.script(silent.hex(), Script.silence());
    try (VoipPushClient client = client(b -> b.connections(2).closeTimeout(Duration.ZERO))) {
      for (int i = 0; i < 50; i++) {
        acceptedAtOnce(client.sendAsync(phone, callNotToBeStored()));
      }
      var unused = client.sendAsync(silent, call());
      unused = client.sendAsync(silent, call());
      apns.awaitRequests(52, Duration.ofSeconds(10));
      assertEquals(1, apns.connectionsAccepted());
      for (int i = 0; i < 50; i++) {
        acceptedAtOnce(client.sendAsync(phone, callNotToBeStored()));
      }
      assertEquals(2, apns.connectionsAccepted());
    }
    assertEquals(0, apns.streamLimitViolations());
  }

  @Test
  void fullConnectionIsWaitedForIfItIsTheOnlyOneAllowed() throws Exception {
    apns.maxConcurrentStreams(2);
    DeviceToken phone = offlinePhone();
    apns.script(Script.silence().times(2));
    try (VoipPushClient client = client(b -> b)) {
      CompletableFuture<PushResult> first = client.sendAsync(phone, callNotToBeStored());
      var unused = client.sendAsync(phone, callNotToBeStored());
      apns.awaitRequests(2, Duration.ofSeconds(10));
      CompletableFuture<PushResult> third = client.sendAsync(phone, callNotToBeStored());
      first.cancel(true);
      acceptedAtOnce(third);
    }
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void unansweredPushKeepsNoSlotFromItsRetry() throws Exception {
    DeviceToken phone = offlinePhone();
    apns.script(phone.hex(), Script.sequence(Script.silence(), Script.normal()));
    try (VoipPushClient client =
        client(b -> b.maxInFlight(1).attemptTimeout(Duration.ofSeconds(1)))) {
      PushResult result = accepted(client.sendAsync(phone, callNotToBeStored()));
      assertEquals(2, result.attempts());
      assertTrue(result.possiblyDuplicated());
    }
    assertEquals(2, apns.connectionsAccepted());
  }

  @Test
  void interruptedCallersHarmNoConnection() throws Exception {
    DeviceToken phone = offlinePhone();
    try (VoipPushClient client = client(b -> b)) {
      client.connect().get(10, TimeUnit.SECONDS);
      for (int i = 0; i < 20; i++) {
        Thread.currentThread().interrupt();
        try {
          assertTrue(client.send(phone, callNotToBeStored()).accepted(), "answered at once");
        } catch (VoipPushException e) {
          assertEquals(Failure.CANCELLED, e.failure());
        }
        assertTrue(Thread.interrupted(), "the flag stays set");
        assertTrue(client.send(phone, callNotToBeStored()).accepted());
      }
    }
    assertEquals(1, apns.connectionsAccepted());
  }
}
