// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.await;
import static dev.voippush.TestClients.call;
import static dev.voippush.TestClients.failureOf;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.credentials.SigningKey;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.Script;
import dev.voippush.simulator.SimulatedPhone;
import dev.voippush.simulator.TlsFault;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The client over real TLS and HTTP/2, on either transport, judged by the server's record. */
@ParameterizedClass
@EnumSource
@Timeout(60)
class VoipPushClientTest {
  private final Kind kind;
  private ApnsSimulator apns;

  VoipPushClientTest(Kind kind) {
    this.kind = kind;
  }

  @BeforeEach
  void startApns() {
    apns = ApnsSimulator.start();
  }

  @AfterEach
  void closeApns() {
    apns.close();
  }

  /** The transports, which must be told apart by nothing in here. */
  enum Kind {
    CALL {
      @Override
      VoipPushClient.Builder choose(VoipPushClient.Builder builder) {
        return builder.httpClient(new OkHttpClient());
      }
    },
    STREAM {
      @Override
      VoipPushClient.Builder choose(VoipPushClient.Builder builder) {
        return builder;
      }
    };

    abstract VoipPushClient.Builder choose(VoipPushClient.Builder builder);
  }

  private SigningKey signingKey() throws Exception {
    return TestClients.signingKey(apns);
  }

  private VoipPushClient client(UnaryOperator<VoipPushClient.Builder> options) throws Exception {
    return client(TestClients.certificate(apns), options);
  }

  private VoipPushClient client(
      ApnsCredentials credentials, UnaryOperator<VoipPushClient.Builder> options) {
    return options.apply(kind.choose(TestClients.builder(apns, credentials))).build();
  }

  private List<RecordedRequest> requestsFor(SimulatedPhone phone) {
    return apns.requests().stream().filter(r -> r.deviceToken().equals(phone.token())).toList();
  }

  @Test
  void requestIsExactlyWhatAppleAsksFor() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    CallPayload call = call();
    PushResult result;
    try (VoipPushClient client = client(b -> b)) {
      result = client.send(DeviceToken.of(phone.token()), call);
    }
    assertTrue(result.accepted(), result.toString());
    RecordedRequest request = apns.requests().get(0);
    assertEquals("POST", request.method());
    assertEquals("/3/device/" + phone.token(), request.path());
    Map<String, String> headers = request.headers();
    assertEquals("com.example.app.voip", headers.get("apns-topic"));
    assertEquals("voip", headers.get("apns-push-type"));
    assertEquals("10", headers.get("apns-priority"));
    assertEquals(result.apnsId().toString(), headers.get("apns-id"));
    long expiration = Long.parseLong(headers.get("apns-expiration"));
    long now = Instant.now().getEpochSecond();
    assertTrue(Math.abs(now + 10 - expiration) <= 5, expiration + " at " + now);
    assertFalse(headers.containsKey("authorization"));
    assertArrayEquals(call.toJson(), request.payload());
    assertEquals(1, result.attempts());
    assertFalse(result.possiblyDuplicated());
    assertEquals(call.callId(), phone.awaitCall(Duration.ofSeconds(5)).callId());
  }

  @Test
  void permanentRefusalEndsAllThatWait() throws Exception {
    apns.tls(TlsFault.WRONG_NAME);
    CallPayload call =
        CallPayload.incoming(UUID.randomUUID()).ringFor(Duration.ofSeconds(25)).build();
    List<CompletableFuture<PushResult>> results = new ArrayList<>();
    try (VoipPushClient client = client(b -> b)) {
      for (int i = 0; i < 20; i++) { // one dial for each would outlast the call
        results.add(client.sendAsync(DeviceToken.of(apns.registerPhone().token()), call));
      }
      for (CompletableFuture<PushResult> result : results) {
        VoipPushException e = failureOf(result);
        assertEquals(Failure.TLS, e.failure(), e.getMessage());
        assertEquals(Delivery.NOT_SENT, e.delivery());
        assertTrue(e.attempts() >= 1, e.getMessage());
      }
      apns.tls(TlsFault.NONE);
      assertTrue(client.send(DeviceToken.of(apns.registerPhone().token()), call()).accepted());
    }
  }

  @Test
  void signingKeyAuthenticatesByJwt() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    try (VoipPushClient client = client(signingKey(), b -> b.bundleId("com.example.app"))) {
      assertTrue(client.send(DeviceToken.of(phone.token()), call()).accepted());
    }
    assertTrue(apns.requests().get(0).headers().get("authorization").startsWith("bearer ey"));
  }

  @Test
  void bundleIdMayHaveTheSuffix() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    try (VoipPushClient client = client(signingKey(), b -> b.bundleId("com.example.app.voip"))) {
      assertTrue(client.send(DeviceToken.of(phone.token()), call()).accepted());
    }
    assertEquals("com.example.app.voip", apns.requests().get(0).headers().get("apns-topic"));
  }

  @Test
  void refusalIsAValue() throws Exception {
    try (VoipPushClient client = client(b -> b)) {
      PushResult.Rejected result =
          assertInstanceOf(
              PushResult.Rejected.class, client.send(DeviceToken.of("ab".repeat(32)), call()));
      assertEquals(400, result.status());
      assertEquals(RejectionReason.BAD_DEVICE_TOKEN, result.reason());
      assertEquals(Remedy.CHECK_CONFIGURATION, result.remedy());
      assertEquals(apns.requests().get(0).apnsId(), result.apnsId().toString());
    }
  }

  @Test
  void deadTokenTellsSinceWhen() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    Instant since = Instant.parse("2026-11-01T08:30:00.123Z");
    apns.script(phone.token(), Script.unregistered(since));
    try (VoipPushClient client = client(b -> b)) {
      PushResult.Rejected result =
          assertInstanceOf(
              PushResult.Rejected.class, client.send(DeviceToken.of(phone.token()), call()));
      assertEquals(Remedy.DISCARD_TOKEN, result.remedy());
      assertEquals(since, result.tokenInvalidSince().orElseThrow());
      assertEquals(1, result.attempts());
    }
  }

  @Test
  void bodiesThatAreNotApplesKeepStatusAndText() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(
        phone.token(),
        Script.sequence(
            Script.rejectWithBody(400, new byte[0]),
            Script.rejectWithBody(418, "<p>teapot</p>".getBytes(StandardCharsets.UTF_8)),
            Script.reject(400, "NewIn2027")));
    try (VoipPushClient client = client(b -> b)) {
      List<String> seen = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        PushResult.Rejected result =
            (PushResult.Rejected) client.send(DeviceToken.of(phone.token()), call());
        seen.add(result.status() + " " + result.reason() + " " + result.rawReason());
      }
      assertEquals(
          List.of("400 UNKNOWN ", "418 UNKNOWN <p>teapot</p>", "400 UNKNOWN NewIn2027"), seen);
    }
  }

  private void sendAtOnce(VoipPushClient client, int pushes) throws Exception {
    List<CompletableFuture<PushResult>> results = new ArrayList<>();
    for (int i = 0; i < pushes; i++) {
      SimulatedPhone phone = apns.registerPhone();
      results.add(client.sendAsync(DeviceToken.of(phone.token()), call()));
    }
    for (CompletableFuture<PushResult> result : results) {
      PushResult verdict = result.get(30, TimeUnit.SECONDS);
      assertTrue(verdict.accepted(), verdict.toString());
      assertFalse(verdict.possiblyDuplicated());
    }
    assertEquals(pushes, apns.requests().size());
    assertEquals(pushes, apns.requests().stream().map(RecordedRequest::apnsId).distinct().count());
  }

  @Test
  void thousandColdPushesOpenOneConnection() throws Exception {
    try (VoipPushClient client = client(b -> b)) {
      sendAtOnce(client, 1_000);
    }
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void thousandColdPushesOpenOneConnectionWhenTheLimitIsOneUntilTheFirstAnswer() throws Exception {
    try (VoipPushClient client = client(signingKey(), b -> b.bundleId("com.example.app"))) {
      sendAtOnce(client, 1_000);
    }
    assertEquals(1, apns.connectionsAccepted());
  }

  @Test
  void lowStreamLimitIsFoundOutWithoutASecondConnection() throws Exception {
    apns.maxConcurrentStreams(5);
    try (VoipPushClient client = client(b -> b)) {
      sendAtOnce(client, 500);
    }
    assertEquals(1, apns.connectionsAccepted());
    assertEquals(0, apns.streamLimitViolations());
  }

  @Test
  void thousandExpiredTokensMintOne() throws Exception {
    apns.close();
    MutableClock appleClock = new MutableClock(Instant.now());
    MutableClock ourClock = new MutableClock(Instant.now());
    apns = ApnsSimulator.builder().clock(appleClock).start();
    try (VoipPushClient client =
        client(signingKey(), b -> b.bundleId("com.example.app").clock(ourClock))) {
      SimulatedPhone phone = apns.registerPhone();
      assertTrue(client.send(DeviceToken.of(phone.token()), callAt(ourClock)).accepted());
      ourClock.add(Duration.ofMinutes(45));
      appleClock.add(Duration.ofMinutes(61));
      List<CompletableFuture<PushResult>> results = new ArrayList<>();
      for (int i = 0; i < 1_000; i++) {
        results.add(client.sendAsync(DeviceToken.of(phone.token()), callAt(ourClock)));
      }
      for (CompletableFuture<PushResult> result : results) {
        PushResult verdict = result.get(30, TimeUnit.SECONDS);
        assertTrue(verdict.accepted(), verdict.toString());
      }
    }
    Set<String> tokens =
        apns.requests().stream()
            .map(r -> r.headers().get("authorization"))
            .collect(Collectors.toSet());
    assertEquals(2, tokens.size(), "the first, and one for all the refused");
    assertTrue(apns.requests().stream().anyMatch(r -> r.reason().equals("ExpiredProviderToken")));
  }

  private static CallPayload callAt(MutableClock clock) {
    return CallPayload.incoming(UUID.randomUUID()).sentAt(clock.instant()).build();
  }

  @Test
  void connectOpensTheConnectionAndPushesNothing() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    try (VoipPushClient client = client(b -> b)) {
      client.connect().get(10, TimeUnit.SECONDS);
      await(() -> apns.connectionsOpen() == 1); // our first frames are on their way
      assertEquals(List.of(), apns.requests());
      client.connect().get(10, TimeUnit.SECONDS);
      assertTrue(client.send(DeviceToken.of(phone.token()), call()).accepted());
      assertEquals(1, apns.connectionsAccepted());
    }
  }

  @Test
  void nothingListening() throws Exception {
    try (RefusingPort nobody = new RefusingPort();
        VoipPushClient client =
            client(b -> b.endpoint(URI.create("https://127.0.0.1:" + nobody.port())))) {
      assertEquals(Failure.CONNECT, failureOf(client.connect()).failure());
      CallPayload call =
          CallPayload.incoming(UUID.randomUUID())
              .ringFor(Duration.ofSeconds(kind == Kind.CALL ? 45 : 1))
              .build();
      VoipPushException e =
          assertThrows(
              VoipPushException.class, () -> client.send(DeviceToken.of("ab".repeat(32)), call));
      assertEquals(Delivery.NOT_SENT, e.delivery());
      assertTrue(e.getMessage().contains("Connection refused"), e.getMessage());
      if (kind == Kind.CALL) {
        assertEquals(Failure.CONNECT, e.failure());
        assertEquals(6, e.attempts());
      } else { // waits as long as it can
        assertEquals(Failure.DEADLINE, e.failure());
      }
    }
  }

  @Test
  void serverThatIsSilentFromTheStartDoesNotHoldUpTheClient() throws Exception {
    apns.freeze();
    SimulatedPhone phone = apns.registerPhone();
    try (VoipPushClient client = client(b -> b.connectTimeout(Duration.ofSeconds(2)))) {
      VoipPushException e = failureOf(client.connect());
      assertEquals(Failure.CONNECT, e.failure(), e.toString());
      assertEquals(Delivery.NOT_SENT, e.delivery());
      apns.unfreeze();
      PushResult result = client.send(DeviceToken.of(phone.token()), call());
      assertTrue(result.accepted());
      assertFalse(result.possiblyDuplicated());
    }
  }

  @Test
  void serverThatShutsDownIsLeftForAnotherConnection() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(phone.token(), Script.sequence(Script.reject(503, "Shutdown"), Script.normal()));
    try (VoipPushClient client = client(b -> b)) {
      assertTrue(client.send(DeviceToken.of(phone.token()), call()).accepted());
    }
    assertEquals(
        List.of(1, 2), requestsFor(phone).stream().map(RecordedRequest::connection).toList());
  }

  @Test
  void serverThatIsNotTrusted() throws Exception {
    try (VoipPushClient client = client(b -> b.trustedCertificates())) {
      VoipPushException e =
          assertThrows(
              VoipPushException.class, () -> client.send(DeviceToken.of("ab".repeat(32)), call()));
      assertEquals(Failure.TLS, e.failure());
      assertEquals(Delivery.NOT_SENT, e.delivery());
      assertEquals(1, e.attempts(), "trying again cannot help");
    }
    assertEquals(List.of(), apns.requests());
  }

  @Test
  void clientCertificateThatIsNotTrustedIsNotSentEvenInTls13() throws Exception {
    try (ApnsSimulator other = ApnsSimulator.start();
        VoipPushClient client = client(TestClients.certificate(other), b -> b)) {
      VoipPushException e =
          assertThrows(
              VoipPushException.class, () -> client.send(DeviceToken.of("ab".repeat(32)), call()));
      assertEquals(Failure.TLS, e.failure(), e.getMessage());
      assertEquals(Delivery.NOT_SENT, e.delivery());
      VoipPushException ahead = failureOf(client.connect());
      assertEquals(Failure.TLS, ahead.failure(), ahead.toString());
    }
  }

  /** Java's own key manager sends none there. */
  @Test
  void certificateIsSentAlsoToServersThatDoNotNameItsIssuer() throws Exception {
    apns.tls(TlsFault.ISSUER_NOT_NAMED);
    PushCertificate certificate = TestClients.certificate(apns);
    SimulatedPhone phone = apns.registerPhone();
    try (VoipPushClient client = client(certificate, b -> b)) {
      assertTrue(client.send(DeviceToken.of(phone.token()), call()).accepted());
    }
    assertEquals(
        Optional.of(certificate.certificate()), apns.requests().get(0).clientCertificate());
  }

  @Test
  void callThatIsOverIsNeverSent() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    CallPayload old =
        CallPayload.incoming(UUID.randomUUID())
            .sentAt(Instant.now().minusSeconds(46))
            .ringFor(Duration.ofSeconds(45))
            .build();
    try (VoipPushClient client = client(b -> b)) {
      VoipPushException e =
          assertThrows(
              VoipPushException.class, () -> client.send(DeviceToken.of(phone.token()), old));
      assertEquals(Failure.DEADLINE, e.failure());
      assertEquals(Delivery.NOT_SENT, e.delivery());
      assertEquals(0, e.attempts());
    }
    assertEquals(0, apns.connectionsAccepted());
  }

  @Test
  void unansweredPushIsTriedOnceMoreOnAnotherConnection() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(phone.token(), Script.sequence(Script.silence(), Script.normal()));
    PushResult result;
    try (VoipPushClient client = client(b -> b.attemptTimeout(Duration.ofSeconds(2)))) {
      result = client.send(DeviceToken.of(phone.token()), call());
    }
    assertTrue(result.accepted());
    assertEquals(2, result.attempts());
    assertTrue(result.possiblyDuplicated());
    assertEquals(2, apns.connectionsAccepted());
    assertEquals(result.apnsId().toString(), apns.unprocessedRequests().get(0).apnsId());
    assertEquals(result.apnsId().toString(), requestsFor(phone).get(0).apnsId());
  }

  @Test
  void silentServerEndsAsUnknown() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(Script.silence());
    try (VoipPushClient client =
        client(b -> b.attemptTimeout(Duration.ofMillis(300)).retryUnknown(false))) {
      VoipPushException e =
          assertThrows(
              VoipPushException.class, () -> client.send(DeviceToken.of(phone.token()), call()));
      assertEquals(Failure.TIMEOUT, e.failure());
      assertEquals(Delivery.UNKNOWN, e.delivery());
      assertEquals(1, e.attempts());
    }
  }

  @Test
  void frozenConnectionIsReplaced() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    DeviceToken token = DeviceToken.of(phone.token());
    try (VoipPushClient client =
        client(b -> b.attemptTimeout(Duration.ofSeconds(2)).retryUnknown(false))) {
      assertTrue(client.send(token, call()).accepted());
      apns.freeze();
      VoipPushException e = assertThrows(VoipPushException.class, () -> client.send(token, call()));
      assertEquals(Failure.TIMEOUT, e.failure());
      assertEquals(Delivery.UNKNOWN, e.delivery());
      apns.unfreeze();
      assertTrue(client.send(token, call()).accepted());
    }
    List<RecordedRequest> requests = requestsFor(phone);
    assertNotEquals(requests.get(0).connection(), requests.get(requests.size() - 1).connection());
  }

  @Test
  void lostAnswerIsRetriedAndTold() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(phone.token(), Script.sequence(Script.dropAfter(), Script.normal()));
    try (VoipPushClient client = client(b -> b)) {
      PushResult result = client.send(DeviceToken.of(phone.token()), call());
      assertTrue(result.accepted());
      assertTrue(result.possiblyDuplicated());
    }
    assertEquals(2, requestsFor(phone).size(), "processed twice, and told so");
  }

  @Test
  void lostAnswerIsNotRetriedWhenNotWanted() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(phone.token(), Script.dropAfter());
    try (VoipPushClient client = client(b -> b.retryUnknown(false))) {
      VoipPushException e =
          assertThrows(
              VoipPushException.class, () -> client.send(DeviceToken.of(phone.token()), call()));
      assertEquals(Failure.CONNECTION_LOST, e.failure(), e.getMessage());
      assertEquals(Delivery.UNKNOWN, e.delivery());
    }
    assertEquals(1, requestsFor(phone).size());
  }

  @Test
  void refusedStreamIsSentAgainAndIsNoDuplicate() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(phone.token(), Script.sequence(Script.refuseStream(), Script.normal()));
    try (VoipPushClient client = client(b -> b.retryUnknown(false))) {
      PushResult result = client.send(DeviceToken.of(phone.token()), call());
      assertTrue(result.accepted());
      assertEquals(2, result.attempts());
      assertFalse(result.possiblyDuplicated());
    }
    phone.awaitCall(Duration.ofSeconds(5));
    assertEquals(1, phone.pushes().size());
  }

  @Test
  void goAwayBetweenPushesLosesNothing() throws Exception {
    try (VoipPushClient client = client(b -> b)) {
      for (int i = 0; i < 5; i++) {
        SimulatedPhone phone = apns.registerPhone();
        PushResult result = client.send(DeviceToken.of(phone.token()), call());
        assertTrue(result.accepted());
        assertFalse(result.possiblyDuplicated());
        apns.goAway("{\"reason\":\"Shutdown\"}");
      }
    }
    assertEquals(5, apns.requests().size());
  }

  @Test
  void droppedConnectionIsReplaced() throws Exception {
    try (VoipPushClient client = client(b -> b)) {
      for (int i = 0; i < 3; i++) {
        SimulatedPhone phone = apns.registerPhone();
        assertTrue(client.send(DeviceToken.of(phone.token()), call()).accepted());
        apns.dropConnections();
      }
    }
    assertEquals(3, apns.connectionsAccepted());
  }

  @Test
  void outageIsRetriedAndEveryRetryIsOurs() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(
        phone.token(),
        Script.sequence(
            Script.reject(503, "ServiceUnavailable").retryAfter("0"),
            Script.reject(500, "InternalServerError"),
            Script.normal()));
    try (VoipPushClient client = client(b -> b)) {
      PushResult result = client.send(DeviceToken.of(phone.token()), call());
      assertTrue(result.accepted());
      assertEquals(3, result.attempts());
    }
    assertEquals(List.of(503, 500, 200), requestsFor(phone).stream().map(r -> r.status()).toList());
  }

  @Test
  void retryAfterIsWaitedFor() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(
        phone.token(),
        Script.sequence(Script.reject(503, "ServiceUnavailable").retryAfter("1"), Script.normal()));
    try (VoipPushClient client = client(b -> b)) {
      assertTrue(client.send(DeviceToken.of(phone.token()), call()).accepted());
    }
    List<RecordedRequest> requests = requestsFor(phone);
    Duration waited = Duration.between(requests.get(0).receivedAt(), requests.get(1).receivedAt());
    assertTrue(waited.compareTo(Duration.ofMillis(900)) >= 0, "waited " + waited);
  }

  @Test
  void outageIsNotMultiplied() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(Script.reject(503, "ServiceUnavailable"));
    int pushes = 1_000;
    try (VoipPushClient client = client(b -> b)) {
      List<CompletableFuture<PushResult>> results = new ArrayList<>();
      for (int i = 0; i < pushes; i++) {
        results.add(client.sendAsync(DeviceToken.of(phone.token()), call()));
      }
      for (CompletableFuture<PushResult> result : results) {
        assertEquals(Remedy.RETRY_LATER, rejected(result).remedy());
      }
    }
    assertTrue(apns.requests().size() <= pushes * 5 / 4, apns.requests().size() + " requests");
  }

  private static PushResult.Rejected rejected(CompletableFuture<PushResult> result)
      throws Exception {
    return assertInstanceOf(PushResult.Rejected.class, result.get(30, TimeUnit.SECONDS));
  }

  @Test
  void queueIsBounded() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(Script.silence());
    DeviceToken token = DeviceToken.of(phone.token());
    VoipPushClient client = client(b -> b.maxInFlight(1).maxQueued(1).closeTimeout(Duration.ZERO));
    CompletableFuture<PushResult> first = client.sendAsync(token, call());
    CompletableFuture<PushResult> second = client.sendAsync(token, call());
    VoipPushException third = failureOf(client.sendAsync(token, call()));
    assertEquals(Failure.QUEUE_FULL, third.failure());
    assertEquals(Delivery.NOT_SENT, third.delivery());
    client.close();
    assertEquals(Failure.CLOSED, failureOf(first).failure());
    assertEquals(Failure.CLOSED, failureOf(second).failure());
  }

  @Test
  void closingEndsWhatWaitsAndTellsWhatMayHaveBeenSent() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(Script.silence());
    VoipPushClient client = client(b -> b.maxInFlight(1).closeTimeout(Duration.ofMillis(100)));
    DeviceToken token = DeviceToken.of(phone.token());
    CompletableFuture<PushResult> written = client.sendAsync(token, call());
    apns.awaitRequests(1, Duration.ofSeconds(10));
    CompletableFuture<PushResult> queued = client.sendAsync(token, call());
    client.close();
    client.close();
    assertEquals(Delivery.UNKNOWN, failureOf(written).delivery());
    assertEquals(Failure.CLOSED, failureOf(written).failure());
    assertEquals(Delivery.NOT_SENT, failureOf(queued).delivery());
    assertEquals(Failure.CLOSED, failureOf(queued).failure());
    assertEquals(Failure.CLOSED, failureOf(client.sendAsync(token, call())).failure());
    assertEquals(Failure.CLOSED, failureOf(client.connect()).failure());
  }

  @Test
  void closingWaitsForAnswers() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(Script.normal().delay(Duration.ofMillis(500)));
    VoipPushClient client = client(b -> b.closeTimeout(Duration.ofSeconds(10)));
    CompletableFuture<PushResult> slow = client.sendAsync(DeviceToken.of(phone.token()), call());
    apns.awaitRequests(1, Duration.ofSeconds(10));
    client.close();
    assertTrue(slow.get(10, TimeUnit.SECONDS).accepted());
  }

  @Test
  void interruptedSendTellsItsDelivery() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(Script.silence());
    try (VoipPushClient client = client(b -> b.closeTimeout(Duration.ZERO))) {
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      AtomicReference<Boolean> flag = new AtomicReference<>();
      Thread sender =
          new Thread(
              () -> {
                thrown.set(
                    assertThrows(
                        VoipPushException.class,
                        () -> client.send(DeviceToken.of(phone.token()), call())));
                flag.set(Thread.currentThread().isInterrupted());
              });
      sender.start();
      apns.awaitRequests(1, Duration.ofSeconds(10));
      sender.interrupt();
      sender.join(10_000);
      VoipPushException e = (VoipPushException) thrown.get();
      assertEquals(Failure.CANCELLED, e.failure());
      assertEquals(Delivery.UNKNOWN, e.delivery());
      assertTrue(flag.get(), "the flag is set again");
    }
  }

  @Test
  void cancelledWhileQueuedIsNeverWritten() throws Exception {
    SimulatedPhone busy = apns.registerPhone();
    SimulatedPhone other = apns.registerPhone();
    apns.script(busy.token(), Script.normal().delay(Duration.ofMillis(500)));
    try (VoipPushClient client = client(b -> b.maxInFlight(1))) {
      CompletableFuture<PushResult> first = client.sendAsync(DeviceToken.of(busy.token()), call());
      apns.awaitRequests(1, Duration.ofSeconds(10));
      CompletableFuture<PushResult> second =
          client.sendAsync(DeviceToken.of(other.token()), call());
      assertTrue(second.cancel(true));
      CompletableFuture<PushResult> third = client.sendAsync(DeviceToken.of(busy.token()), call());
      assertTrue(first.get(10, TimeUnit.SECONDS).accepted());
      assertTrue(third.get(10, TimeUnit.SECONDS).accepted());
    }
    assertEquals(List.of(), requestsFor(other));
  }

  @Test
  void callbacksRunOnTheExecutorAndHarmNobody() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    var executor = Executors.newSingleThreadExecutor(r -> new Thread(r, "users-own"));
    try (VoipPushClient client = client(b -> b.executor(executor))) {
      CompletableFuture<String> thread = new CompletableFuture<>();
      CountDownLatch release = new CountDownLatch(1);
      var unused =
          client
              .sendAsync(DeviceToken.of(phone.token()), call())
              .thenAccept(
                  result -> {
                    thread.complete(Thread.currentThread().getName());
                    try {
                      release.await(); // a slow callback
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                    throw new IllegalStateException("a throwing callback");
                  });
      assertEquals("users-own", thread.get(10, TimeUnit.SECONDS));
      assertTrue(client.send(DeviceToken.of(phone.token()), call()).accepted());
      release.countDown();
    } finally {
      executor.shutdownNow();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void noSecretIsInAnyText(boolean refused) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(refused ? Script.reject(400, "BadDeviceToken") : Script.silence());
    CallPayload call = CallPayload.incoming(UUID.randomUUID()).callerName("Secretive").build();
    SigningKey key = signingKey();
    List<String> texts = new ArrayList<>();
    try (VoipPushClient client =
        client(
            key,
            b ->
                b.bundleId("com.example.app")
                    .attemptTimeout(Duration.ofMillis(200))
                    .retryUnknown(false))) {
      texts.add(client.toString());
      try {
        texts.add(client.send(DeviceToken.of(phone.token()), call).toString());
      } catch (VoipPushException e) {
        texts.add(e.toString());
        texts.add(String.valueOf(e.getCause()));
      }
    }
    apns.awaitRequests(1, Duration.ofSeconds(10));
    List<RecordedRequest> recorded = new ArrayList<>(apns.requests());
    recorded.addAll(apns.unprocessedRequests());
    String jwt = recorded.get(0).headers().get("authorization").substring("bearer ".length());
    assertNotEquals("", jwt);
    for (String text : texts) {
      assertFalse(text.contains(phone.token()), text);
      assertFalse(text.contains(jwt), text);
      assertFalse(text.contains("Secretive"), text);
    }
  }

  @Test
  void closedClientLeavesNoThread() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    try (VoipPushClient client = client(b -> b)) {
      var unused =
          client.sendAsync(DeviceToken.of(phone.token()), call()).get(10, TimeUnit.SECONDS);
    }
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("voip-push-") && thread.isAlive()) {
        thread.join(10_000);
        assertFalse(thread.isAlive(), thread.getName());
      }
    }
    await(() -> apns.connectionsOpen() == 0);
  }
}
