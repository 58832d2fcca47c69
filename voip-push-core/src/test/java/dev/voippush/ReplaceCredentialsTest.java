// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.await;
import static dev.voippush.TestClients.call;
import static dev.voippush.TestClients.certificate;
import static dev.voippush.TestClients.failureOf;
import static dev.voippush.TestClients.newSigningKey;
import static dev.voippush.TestClients.signingKey;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.credentials.SigningKey;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.Script;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Other credentials for a running client, on either transport, judged by the server's record. */
@ParameterizedClass
@EnumSource
@Timeout(60)
class ReplaceCredentialsTest {
  private static final Pattern KEY_ID = Pattern.compile("\"kid\":\"(\\w+)\"");

  private final VoipPushClientTest.Kind kind;
  private ApnsSimulator apns;
  private DeviceToken device;

  ReplaceCredentialsTest(VoipPushClientTest.Kind kind) {
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

  private VoipPushClient client(
      ApnsCredentials credentials, UnaryOperator<VoipPushClient.Builder> options) {
    VoipPushClient.Builder builder = TestClients.builder(apns, credentials);
    return options.apply(kind.choose(builder.bundleId("com.example.app"))).build();
  }

  private VoipPushClient client(ApnsCredentials credentials) {
    return client(credentials, b -> b);
  }

  private PushCertificate renewed() throws Exception {
    return certificate(apns.credentials().renewed());
  }

  /** As whom the server knows the client of a request. */
  private static String identityOf(RecordedRequest request) {
    if (request.clientCertificate().isPresent()) {
      return "certificate " + request.clientCertificate().get().getSerialNumber();
    }
    String jwt = request.header("authorization").orElseThrow().substring("bearer ".length());
    byte[] head = Base64.getUrlDecoder().decode(jwt.substring(0, jwt.indexOf('.')));
    Matcher keyId = KEY_ID.matcher(new String(head, StandardCharsets.UTF_8));
    assertTrue(keyId.find());
    return "key " + keyId.group(1);
  }

  private static String identityOf(ApnsCredentials credentials) {
    return credentials instanceof PushCertificate certificate
        ? "certificate " + certificate.certificate().getSerialNumber()
        : "key " + ((SigningKey) credentials).keyId();
  }

  private List<String> identities() {
    return apns.requests().stream().map(ReplaceCredentialsTest::identityOf).toList();
  }

  private void sendAs(VoipPushClient client, ApnsCredentials expected) throws Exception {
    apns.forgetRequests();
    PushResult result = client.send(device, call());
    assertTrue(result.accepted(), result.toString());
    assertEquals(List.of(identityOf(expected)), identities());
  }

  private static void connect(VoipPushClient client) throws Exception {
    client.connect().get(10, TimeUnit.SECONDS);
  }

  /** From what to what. */
  enum Change {
    CERTIFICATE_TO_RENEWED {
      @Override
      ApnsCredentials after(ApnsSimulator apns) throws Exception {
        return certificate(apns.credentials().renewed());
      }
    },
    CERTIFICATE_TO_KEY {
      @Override
      ApnsCredentials after(ApnsSimulator apns) throws Exception {
        return signingKey(apns);
      }
    },
    KEY_TO_CERTIFICATE {
      @Override
      ApnsCredentials before(ApnsSimulator apns) throws Exception {
        return signingKey(apns);
      }

      @Override
      ApnsCredentials after(ApnsSimulator apns) throws Exception {
        return certificate(apns);
      }
    },
    KEY_TO_OTHER_KEY {
      @Override
      ApnsCredentials before(ApnsSimulator apns) throws Exception {
        return signingKey(apns);
      }

      @Override
      ApnsCredentials after(ApnsSimulator apns) throws Exception {
        return newSigningKey(apns, "OTHERKEY01");
      }
    };

    ApnsCredentials before(ApnsSimulator apns) throws Exception {
      return certificate(apns);
    }

    abstract ApnsCredentials after(ApnsSimulator apns) throws Exception;
  }

  private static void awaitAccepted(List<CompletableFuture<PushResult>> results) throws Exception {
    for (CompletableFuture<PushResult> result : results) {
      PushResult verdict = result.get(30, TimeUnit.SECONDS);
      assertTrue(verdict.accepted(), verdict.toString());
      assertFalse(verdict.possiblyDuplicated(), verdict.toString());
    }
  }

  private void send(VoipPushClient client, int count, List<CompletableFuture<PushResult>> results) {
    for (int i = 0; i < count; i++) {
      results.add(client.sendAsync(device, call()));
    }
  }

  @ParameterizedTest
  @EnumSource
  void underLoadNoPushIsLostDoubledOrRefused(Change change) throws Exception {
    ApnsCredentials before = change.before(apns);
    ApnsCredentials after = change.after(apns);
    apns.script(Script.normal().delay(Duration.ofMillis(5)));
    List<CompletableFuture<PushResult>> results = new ArrayList<>();
    Set<String> late = new HashSet<>();
    try (VoipPushClient client = client(before)) {
      send(client, 500, results);
      apns.awaitRequests(100, Duration.ofSeconds(10)); // and hundreds are under way
      client.replaceCredentials(after);
      send(client, 1_000, results);
      connect(client);
      List<CompletableFuture<PushResult>> last = new ArrayList<>();
      send(client, 500, last);
      awaitAccepted(results);
      awaitAccepted(last);
      for (CompletableFuture<PushResult> result : last) {
        late.add(result.join().apnsId().toString());
      }
      await(() -> apns.connectionsOpen() == 1); // the old one ends by itself
      assertEquals(1, client.health().connections());
    }
    List<RecordedRequest> requests = apns.requests();
    assertEquals(2_000, requests.size());
    assertEquals(2_000, requests.stream().map(RecordedRequest::apnsId).distinct().count());
    assertEquals(List.of(), apns.unprocessedRequests());
    assertEquals(0, apns.streamLimitViolations());
    assertEquals(2, apns.connectionsAccepted());
    Map<Integer, Set<String>> identities = new HashMap<>();
    for (RecordedRequest request : requests) {
      assertEquals(200, request.status(), request.toString());
      identities.computeIfAbsent(request.connection(), c -> new HashSet<>());
      identities.get(request.connection()).add(identityOf(request));
      if (late.contains(request.apnsId())) { // sent when the new one was connected
        assertEquals(2, request.connection());
      }
    }
    assertEquals(
        Map.of(1, Set.of(identityOf(before)), 2, Set.of(identityOf(after))),
        identities); // a session that was resumed would have the certificate of its first handshake
  }

  @Test
  void refusedOnesLeaveTheOldConnectionAtWork() throws Exception {
    PushCertificate before = certificate(apns);
    try (ApnsSimulator other = ApnsSimulator.start();
        VoipPushClient client = client(before)) {
      sendAs(client, before);
      client.replaceCredentials(certificate(other));
      VoipPushException refused = failureOf(client.connect());
      assertEquals(Failure.TLS, refused.failure(), refused.toString());
      // It is tried again and again; a reset may outrun TLS's alert, which tells for certain.
      await(() -> client.health().configurationFault().isPresent());
      for (int i = 0; i < 20; i++) {
        sendAs(client, before);
        assertTrue(
            client.health().configurationFault().isPresent(), "though the old connection is well");
      }
      assertEquals(Failure.TLS, failureOf(client.connect()).failure(), "it was tried again");
      assertEquals(1, apns.connectionsAccepted());
      PushCertificate good = renewed();
      client.replaceCredentials(good);
      connect(client);
      assertEquals(Optional.empty(), client.health().configurationFault());
      sendAs(client, good);
      await(() -> apns.connectionsOpen() == 1);
    }
  }

  @Test
  void withoutConnectionTheNextPushUsesTheNewOnes() throws Exception {
    PushCertificate renewed = renewed();
    SigningKey key = signingKey(apns);
    try (VoipPushClient client = client(certificate(apns))) {
      client.replaceCredentials(renewed);
      sendAs(client, renewed);
      assertEquals(1, apns.connectionsAccepted());
      assertEquals(Optional.of(renewed.expiresAt()), client.health().certificateExpiresAt());
      apns.dropConnections();
      await(() -> client.health().connections() == 0);
      client.replaceCredentials(key);
      sendAs(client, key);
      assertEquals(2, apns.connectionsAccepted());
      assertEquals(Optional.empty(), client.health().certificateExpiresAt());
    }
  }

  @Test
  void faultOfTheOldOnesIsOver() throws Exception {
    PushCertificate good = renewed();
    try (ApnsSimulator other = ApnsSimulator.start();
        VoipPushClient client = client(certificate(other))) {
      assertThrows(VoipPushException.class, () -> client.send(device, call()));
      assertTrue(client.health().configurationFault().isPresent());
      client.replaceCredentials(good);
      assertEquals(Optional.empty(), client.health().configurationFault());
      sendAs(client, good);
    }
  }

  /** Leads to the simulator when it is open. */
  private static final class Gate extends RelayServer {
    private final int serverPort;
    private final CountDownLatch opened = new CountDownLatch(1);
    private volatile State state = State.OPEN;

    /** What becomes of a client that connects. */
    enum State {
      OPEN,
      FAILS,
      HANGS,
      HOLDS_UNTIL_OPENED
    }

    Gate(ApnsSimulator apns) throws IOException {
      super(0);
      serverPort = apns.port();
    }

    void open() {
      state = State.OPEN;
      opened.countDown();
    }

    @Override
    Socket open(Socket client) throws IOException {
      switch (state) {
        case FAILS -> {
          return null;
        }
        case HANGS -> awaitClose();
        case HOLDS_UNTIL_OPENED -> {
          try {
            opened.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        }
        case OPEN -> {}
      }
      return new Socket(InetAddress.getLoopbackAddress(), serverPort);
    }

    URI endpoint() {
      return URI.create("https://127.0.0.1:" + port());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void dialThatHangsIsLeftAtOnce(boolean connectFirst) throws Exception {
    PushCertificate renewed = renewed();
    try (Gate gate = new Gate(apns);
        VoipPushClient client =
            client(
                certificate(apns),
                b -> b.endpoint(gate.endpoint()).connectTimeout(Duration.ofMinutes(5)))) {
      gate.state = Gate.State.HANGS;
      List<CompletableFuture<?>> all = new ArrayList<>();
      if (connectFirst) {
        all.add(client.connect());
      }
      all.add(client.sendAsync(device, call()));
      await(() -> gate.connections() == 1);
      gate.state = Gate.State.OPEN;
      client.replaceCredentials(renewed);
      all.add(client.connect());
      for (CompletableFuture<?> one : all) {
        var unused = one.get(10, TimeUnit.SECONDS);
      }
      assertEquals(List.of(identityOf(renewed)), identities());
      assertEquals(2, gate.connections());
    }
  }

  @Test
  void dialThatFailsIsTriedWithTheNewOnes() throws Exception {
    PushCertificate renewed = renewed();
    try (Gate gate = new Gate(apns);
        VoipPushClient client = client(certificate(apns), b -> b.endpoint(gate.endpoint()))) {
      gate.state = Gate.State.FAILS;
      CompletableFuture<PushResult> result = client.sendAsync(device, call());
      await(() -> gate.connections() == 3);
      gate.state = Gate.State.OPEN;
      client.replaceCredentials(renewed);
      assertTrue(result.get(10, TimeUnit.SECONDS).accepted());
      assertEquals(List.of(identityOf(renewed)), identities());
    }
  }

  @Test
  void connectWaitsForTheNewOnes() throws Exception {
    PushCertificate before = certificate(apns);
    PushCertificate renewed = renewed();
    try (Gate gate = new Gate(apns);
        VoipPushClient client = client(before, b -> b.endpoint(gate.endpoint()))) {
      connect(client);
      gate.state = Gate.State.HOLDS_UNTIL_OPENED;
      client.replaceCredentials(renewed);
      CompletableFuture<Void> connected = client.connect();
      await(() -> gate.connections() == 2);
      for (int i = 0; i < 10; i++) {
        sendAs(client, before);
      }
      assertFalse(connected.isDone());
      gate.open();
      connected.get(10, TimeUnit.SECONDS);
      sendAs(client, renewed);
    }
  }

  @Test
  void lastOfSeveralWins() throws Exception {
    PushCertificate first = certificate(apns);
    PushCertificate second = renewed();
    SigningKey third = signingKey(apns);
    try (Gate gate = new Gate(apns);
        VoipPushClient client = client(first, b -> b.endpoint(gate.endpoint()))) {
      sendAs(client, first);
      gate.state = Gate.State.HOLDS_UNTIL_OPENED;
      client.replaceCredentials(second);
      CompletableFuture<Void> connected = client.connect();
      await(() -> gate.connections() == 2);
      client.replaceCredentials(third);
      gate.open();
      connected.get(10, TimeUnit.SECONDS);
      sendAs(client, third);
      await(() -> apns.connectionsOpen() == 1);
      sendAs(client, third);
    }
  }

  @Test
  void manyChangesUnderLoadLoseNothing() throws Exception {
    apns.script(Script.normal().delay(Duration.ofMillis(2)));
    List<CompletableFuture<PushResult>> results = new ArrayList<>();
    SigningKey last = null;
    try (VoipPushClient client = client(certificate(apns))) {
      for (int i = 0; i < 20; i++) {
        send(client, 20, results);
        last = newSigningKey(apns, "KEY" + (1_000_000 + i));
        client.replaceCredentials(last);
        if (i % 5 == 4) {
          connect(client);
        }
      }
      send(client, 20, results);
      awaitAccepted(results);
      connect(client);
      await(() -> apns.connectionsOpen() == 1);
      assertEquals(420, apns.requests().stream().map(RecordedRequest::apnsId).distinct().count());
      assertEquals(420, apns.requests().size());
      sendAs(client, last);
    }
  }

  @Test
  void replacedWhileTheOldConnectionIsLost() throws Exception {
    PushCertificate renewed = renewed();
    SigningKey key = signingKey(apns);
    try (Gate gate = new Gate(apns);
        VoipPushClient client = client(certificate(apns), b -> b.endpoint(gate.endpoint()))) {
      connect(client);
      gate.state = Gate.State.HANGS;
      client.replaceCredentials(renewed);
      CompletableFuture<Void> connected = client.connect();
      await(() -> gate.connections() == 2);
      apns.dropConnections();
      await(() -> client.health().connections() == 0);
      gate.state = Gate.State.OPEN;
      client.replaceCredentials(key);
      connected.get(10, TimeUnit.SECONDS);
      sendAs(client, key);
    }
  }

  @Test
  void tokenOfTheOldKeyThatExpiredIsRetriedWithTheNew() throws Exception {
    SigningKey before = signingKey(apns);
    SigningKey after = newSigningKey(apns, "OTHERKEY01");
    Script expired = Script.reject(403, "ExpiredProviderToken").delay(Duration.ofMillis(300));
    try (VoipPushClient client = client(before)) {
      connect(client);
      apns.script(Script.sequence(expired, Script.normal()));
      CompletableFuture<PushResult> result = client.sendAsync(device, call());
      apns.awaitRequests(1, Duration.ofSeconds(10));
      client.replaceCredentials(after);
      connect(client);
      assertTrue(result.get(10, TimeUnit.SECONDS).accepted());
      assertEquals(2, result.get().attempts());
      assertEquals(List.of(identityOf(before), identityOf(after)), identities());
    }
  }

  @Test
  void tokenOfTheOldKeyThatExpiredWaitsForTheNew() throws Exception {
    SigningKey before = signingKey(apns);
    SigningKey after = newSigningKey(apns, "OTHERKEY01");
    Script expired = Script.reject(403, "ExpiredProviderToken").delay(Duration.ofMillis(300));
    CountDownLatch retried = new CountDownLatch(1);
    PushListener listener =
        new PushListener() {
          @Override
          public void retryScheduled(PushEvent push, Duration delay, String why) {
            retried.countDown();
          }
        };
    try (Gate gate = new Gate(apns);
        VoipPushClient client =
            client(before, b -> b.endpoint(gate.endpoint()).listener(listener))) {
      connect(client);
      apns.script(expired); // for all of the old key
      CompletableFuture<PushResult> result = client.sendAsync(device, call());
      apns.awaitRequests(1, Duration.ofSeconds(10));
      gate.state = Gate.State.HOLDS_UNTIL_OPENED;
      client.replaceCredentials(after);
      assertTrue(retried.await(10, TimeUnit.SECONDS));
      await(() -> gate.connections() == 2 && client.health().connections() == 0);
      apns.script(Script.normal());
      gate.open();
      assertTrue(result.get(10, TimeUnit.SECONDS).accepted(), () -> result.join().toString());
      assertEquals(List.of(identityOf(before), identityOf(after)), identities());
    }
  }

  @Test
  void certificateOfAnotherAppIsRefused() throws Exception {
    PushCertificate before = certificate(apns);
    try (ApnsSimulator other = ApnsSimulator.builder().bundleId("com.example.other").start();
        VoipPushClient client = client(before)) {
      sendAs(client, before);
      PushCertificate others = certificate(other);
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> client.replaceCredentials(others));
      assertEquals(
          "credentials must be for com.example.app, but were for com.example.other;"
              + " another app needs a client of its own",
          e.getMessage());
      sendAs(client, before);
      assertEquals(1, apns.connectionsAccepted());
    }
  }

  @Test
  void expiredCertificateIsRefused() throws Exception {
    MutableClock clock = new MutableClock(Instant.now());
    PushCertificate before = certificate(apns);
    PushCertificate expired = renewed();
    try (VoipPushClient client = client(before, b -> b.clock(clock))) {
      sendAs(client, before);
      clock.add(Duration.ofDays(400));
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> client.replaceCredentials(expired));
      assertTrue(e.getMessage().contains("expired on "), e.getMessage());
      assertTrue(e.getMessage().contains("docs/troubleshooting.md#expired"), e.getMessage());
      CallPayload call = CallPayload.incoming(UUID.randomUUID()).sentAt(clock.instant()).build();
      assertTrue(client.send(device, call).accepted());
      assertEquals(1, apns.connectionsAccepted());
    }
  }

  @Test
  void closedClientTakesNone() throws Exception {
    PushCertificate renewed = renewed();
    VoipPushClient client = client(certificate(apns));
    client.close();
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> client.replaceCredentials(renewed));
    assertEquals("credentials cannot be replaced: the client is closed", e.getMessage());
  }

  @Test
  void closingWhileTheNewOnesConnectEndsAll() throws Exception {
    PushCertificate renewed = renewed();
    try (Gate gate = new Gate(apns)) {
      VoipPushClient client = client(certificate(apns), b -> b.endpoint(gate.endpoint()));
      connect(client);
      gate.state = Gate.State.HANGS;
      client.replaceCredentials(renewed);
      CompletableFuture<Void> connected = client.connect();
      await(() -> gate.connections() == 2);
      client.close();
      assertEquals(Failure.CLOSED, failureOf(connected).failure());
      await(() -> apns.connectionsOpen() == 0);
      assertNotEquals(1, client.health().connections());
    }
  }
}
