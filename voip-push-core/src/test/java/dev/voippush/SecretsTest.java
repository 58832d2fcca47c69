// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushClientTest.Kind;
import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CertificateConverter;
import dev.voippush.credentials.CertificateDoctor;
import dev.voippush.credentials.CertificateLoader;
import dev.voippush.credentials.SecretFiles;
import dev.voippush.credentials.SigningKey;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.Script;
import java.lang.reflect.Modifier;
import java.math.BigInteger;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import okhttp3.Credentials;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * Runs all that there is, with every log at its finest, and finds no secret in logs, messages,
 * {@code toString()} of any object, and files.
 */
@Timeout(30)
class SecretsTest {
  private static final String CALLER = "Zaphod Beeblebrox the Fourth";
  private static final String HANDLE = "+1555014277331";
  private static final String TABLE = "the table at Milliways";
  private static final String PROXY_USER = "trillian-of-the-proxy";
  private static final String PROXY_PASSWORD = "s3cret-of-the-proxy";
  private static final String PLANTED = "planted-in-a-log";

  /** Of these there are no objects. */
  private static final Set<Class<?>> WITHOUT_INSTANCES =
      Set.of(CertificateConverter.class, CertificateDoctor.class, CertificateLoader.class);

  @TempDir private static Path given;
  @TempDir private static Path written;

  private static final Secrets secrets = new Secrets();
  private static final Hearing hearing = new Hearing();
  private static String logged;

  private static ApnsSimulator apns;
  private static ApnsSimulator stranger;

  @BeforeAll
  @Timeout(120)
  static void runEverything() throws Exception {
    secrets.text("caller", CALLER);
    secrets.text("handle", HANDLE);
    secrets.text("value", TABLE);
    secrets.text("proxy's password", PROXY_PASSWORD);
    secrets.text("proxy's user and password", PROXY_USER + ":" + PROXY_PASSWORD);
    secrets.text("password", SecretFiles.P12_PASSWORD);
    secrets.text("passphrase", SecretFiles.PASSPHRASE);
    secrets.text("wrong password", SecretFiles.WRONG);
    SecretFiles.keys().forEach(key -> secrets.key("key", key));
    try (TraceLog log = new TraceLog();
        ApnsSimulator first = ApnsSimulator.start();
        ApnsSimulator second = ApnsSimulator.start()) {
      apns = first;
      stranger = second;
      secrets.key("key", apns.credentials().privateKey());
      secrets.key("key", ecKey(apns.credentials().signingKeyPem()));
      LoggerFactory.getLogger(VoipPushClient.class).trace(PLANTED + 1, new Exception(PLANTED + 2));
      LoggerFactory.getLogger(SecretsTest.class).trace(PLANTED + 3);
      java.util.logging.Logger.getLogger("okhttp3").finest(PLANTED + 4);

      hearing.hear(new SecretFiles(given, written).use().toArray());
      wrongCalls();
      for (Kind kind : Kind.values()) {
        pushes(kind);
        failures(kind);
        proxies(kind);
      }
      inVirtualTime();
      for (Class<?> type : publicClasses()) {
        hearing.hear(type.isEnum() ? type.getEnumConstants() : new Object[0]);
      }
      for (RecordedRequest request : apns.requests()) {
        request.header("authorization").ifPresent(secrets::jwt);
        hearing.hear(request);
      }
      hearing.hear(apns, apns.credentials(), apns.phones());
      logged = log.text();
    }
  }

  private static PrivateKey ecKey(String pem) throws Exception {
    byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
    return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
  }

  private static DeviceToken device(Script script) {
    DeviceToken device = DeviceToken.of(apns.registerPhone().token());
    apns.script(device.hex(), script);
    secrets.token(device);
    return device;
  }

  private static CallPayload.Builder call() {
    return CallPayload.incoming(UUID.randomUUID())
        .callerName(CALLER)
        .handle(HANDLE)
        .put("table", TABLE)
        .put("all", Map.of("tables", List.of(TABLE)));
  }

  private static VoipPushClient.Builder builder(Kind kind, ApnsCredentials credentials) {
    return kind.choose(TestClients.builder(apns, credentials))
        .bundleId(apns.credentials().bundleId())
        .retryUnknown(false)
        .closeTimeout(Duration.ZERO)
        .listener(new Listener());
  }

  /** Hears what a listener hears, and fails in the end. */
  private static final class Listener implements PushListener {
    @Override
    public void attemptStarted(PushEvent push) {
      hearing.hear(push);
    }

    @Override
    public void retryScheduled(PushEvent push, Duration delay, String why) {
      hearing.hear(push, why);
    }

    @Override
    public void resultReceived(PushEvent push, PushResult result) {
      hearing.hear(push, result);
      throw new IllegalStateException("the listener fails at " + push + ", " + result);
    }

    @Override
    public void pushFailed(PushEvent push, VoipPushException failure) {
      hearing.hear(push, failure);
      throw new IllegalStateException("the listener fails at " + push, failure);
    }

    @Override
    public void connectFailed(VoipPushException failure, Duration took) {
      hearing.hear(failure);
    }

    @Override
    public void disconnected(String why, Duration lifetime) {
      hearing.hear(why);
    }
  }

  /** What an error page may show of the request. */
  private static Script echo(DeviceToken device, SigningKey key) {
    String jwt = key.bearerToken(Clock.systemUTC());
    secrets.jwt(jwt);
    String page = "<p>POST /3/device/" + device.hex() + "\nauthorization: bearer " + jwt + "</p>";
    return Script.rejectWithBody(502, page.getBytes(StandardCharsets.UTF_8));
  }

  /** Verdicts of every kind, with a certificate and with a signing key, and a ring. */
  private static void pushes(Kind kind) throws Exception {
    SigningKey key = TestClients.signingKey(apns);
    DeviceToken echoed = device(Script.normal());
    apns.script(echoed.hex(), echo(echoed, key));
    List<DeviceToken> devices =
        List.of(
            device(Script.normal()),
            device(Script.reject(400, "BadDeviceToken")),
            device(Script.reject(400, "DeviceTokenNotForTopic")),
            device(Script.reject(403, "BadCertificate")),
            device(Script.reject(403, "ExpiredProviderToken").times(1)),
            device(Script.unregistered(Instant.now())),
            device(Script.reject(413, "PayloadTooLarge")),
            device(Script.reject(429, "TooManyRequests").retryAfter("600")),
            device(Script.sequence(Script.reject(503, "Shutdown"), Script.normal())),
            echoed);
    AlertRing alertRing = AlertRing.builder().build();
    hearing.hear(alertRing, AlertRing.builder());
    try (VoipPushClient client =
        builder(kind, TestClients.certificate(apns)).alertRing(alertRing).build()) {
      client.connect().get();
      ring(client, devices);
      client.replaceCredentials(key);
      client.connect().get();
      ring(client, devices);
      client.replaceCredentials(TestClients.certificate(apns));
      client.replaceCredentials(VirtualClient.signingKey()); // one that APNs does not know
      client.connect().get();
      ring(client, devices);
      hearing.hear(client, client.health());
      Script later = Script.reject(503, "ServiceUnavailable").retryAfter("30");
      Ring stopped = client.ring(call().build(), List.of(device(later)));
      stopped.stop();
      hearing.hear(stopped, stopped.outcome().get());
      alerts(client);
    }
  }

  /** Devices without CallKit: one that rings, one that is refused, one that cannot be made. */
  private static void alerts(VoipPushClient client) throws Exception {
    List<Device> devices = new ArrayList<>();
    for (Script script : List.of(Script.normal(), Script.reject(400, "BadDeviceToken"))) {
      DeviceToken token = DeviceToken.of(apns.registerPhone().alertToken());
      apns.script(token.hex(), script);
      secrets.token(token);
      devices.add(new AlertDevice(token, Locale.US));
    }
    Ring ring = client.ring(call().build(), devices);
    hearing.hear(devices.toArray());
    hearing.hear(ring, ring.outcome().get());
    ring.stop(CallEnd.MISSED);
    hearing.hear(ring.ended().get());
    CallPayload taken = call().put("callEnd", TABLE).build();
    CallPayload tooBig = call().put("big", TABLE.repeat(180)).build();
    for (CallPayload wrong : List.of(taken, tooBig)) {
      hearing.hear(assertThrows(IllegalArgumentException.class, () -> client.ring(wrong, devices)));
    }
  }

  private static void ring(VoipPushClient client, List<DeviceToken> devices) throws Exception {
    Ring ring = client.ring(call().build(), devices);
    RingOutcome outcome = ring.outcome().get();
    hearing.hear(ring, outcome, client.health());
    for (PushResult.Rejected rejected : outcome.rejected().values()) {
      hearing.hear(rejected, rejected.explanation(), rejected.rawReason());
    }
    for (DeviceToken reached : outcome.reached()) {
      hearing.hear(client.send(reached, call().build()));
    }
    DeadTokens deadTokens = DeadTokens.of((device, since) -> true);
    deadTokens.discardIfDead(outcome);
    for (int i = 0; i < 120; i++) {
      DeviceToken dead = DeviceToken.of(String.format("%064x", i));
      PushResult verdict = PushResult.Rejected.unregistered(UUID.randomUUID(), Instant.now());
      deadTokens.discardIfDead(dead, verdict, Instant.now());
    }
    hearing.hear(deadTokens);
  }

  /** Connections that do not come about, or break, and a client that is closed. */
  private static void failures(Kind kind) throws Exception {
    ApnsCredentials key = TestClients.signingKey(apns);
    try (RefusingPort nobody = new RefusingPort()) {
      connect(builder(kind, key).endpoint(URI.create("https://127.0.0.1:" + nobody.port())));
    }
    connect(builder(kind, key).endpoint(stranger.endpoint())); // whose CA is not trusted
    connect(builder(kind, TestClients.certificate(stranger))); // whose client is not
    VoipPushClient client = builder(kind, key).build();
    for (Script script :
        List.of(
            Script.dropBefore(),
            Script.dropAfter(),
            Script.reset(2),
            Script.goAwayUnanswered(""))) {
      fail(client.sendAsync(device(script), call().build()));
    }
    CompletableFuture<PushResult> silence =
        client.sendAsync(device(Script.silence()), call().build());
    apns.goAway("{\"reason\":\"Shutdown\"}");
    client.close();
    fail(silence);
    fail(client.sendAsync(device(Script.normal()), call().build()));
    hearing.hear(client, client.health());
  }

  private static void connect(VoipPushClient.Builder builder) {
    try (VoipPushClient client = builder.build()) {
      fail(client.connect());
      hearing.hear(builder, client, client.health());
    }
  }

  private static void fail(CompletableFuture<?> future) {
    hearing.hear(TestClients.failureOf(future));
  }

  private static void proxies(Kind kind) throws Exception {
    List<Proxy.Type> types =
        kind == Kind.STREAM ? List.of(Proxy.Type.HTTP, Proxy.Type.SOCKS) : List.of(Proxy.Type.HTTP);
    for (Proxy.Type type : types) {
      try (ProxyServer proxy = ProxyServer.of(type)) {
        proxy.requireCredentials(PROXY_USER, PROXY_PASSWORD);
        try (VoipPushClient client = proxied(kind, proxy).build()) {
          client.connect().get();
          hearing.hear(client, client.health());
        }
        proxy.requireCredentials(PROXY_USER, "another");
        connect(proxied(kind, proxy));
      }
    }
  }

  private static VoipPushClient.Builder proxied(Kind kind, ProxyServer proxy) throws Exception {
    VoipPushClient.Builder builder = builder(kind, TestClients.signingKey(apns));
    if (kind == Kind.STREAM) {
      return builder
          .proxy(proxy.proxy())
          .proxyCredentials(PROXY_USER, PROXY_PASSWORD.toCharArray());
    }
    String basic = Credentials.basic(PROXY_USER, PROXY_PASSWORD);
    return builder.httpClient(
        new OkHttpClient.Builder()
            .proxy(proxy.proxy())
            .proxyAuthenticator(
                (route, response) ->
                    response.request().header("Proxy-Authorization") == null
                        ? response
                            .request()
                            .newBuilder()
                            .header("Proxy-Authorization", basic)
                            .build()
                        : null)
            .build());
  }

  /** What takes long: deadlines, and retries until there are no more; and what is full. */
  private static void inVirtualTime() throws Exception {
    try (VirtualClient virtual =
        new VirtualClient(b -> b.maxInFlight(2).maxQueued(1).listener(new Listener()))) {
      for (int status : new int[] {429, 500, 503}) {
        CompletableFuture<PushResult> push = virtual.send(call().sentAt(virtual.clock.instant()));
        while (!push.isDone()) {
          int before = virtual.handedOver();
          PushRequest request = virtual.last().begin();
          secrets.jwt(request.bearerToken());
          hearing.hear(request, virtual.client);
          virtual.last().answer(status, "InternalServerError");
          while (!push.isDone() && virtual.handedOver() == before) {
            virtual.pass(1_000);
          }
        }
        hearing.hear(push.get());
      }
      List<CompletableFuture<PushResult>> pushes = new ArrayList<>();
      for (int i = 0; i < 4; i++) { // the last does not fit
        pushes.add(virtual.send(call().sentAt(virtual.clock.instant())));
      }
      virtual.last().write();
      pushes.get(0).cancel(true);
      hearing.hear(virtual.client, virtual.client.health());
      virtual.pass(60_000);
      pushes.subList(1, 4).forEach(SecretsTest::fail);
      virtual.last().fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
      hearing.hear(virtual.client, virtual.client.health());
    }
    secrets.token(VirtualClient.DEVICE);
  }

  /** Mistakes of callers, some of which put a secret where it does not belong. */
  private static void wrongCalls() {
    String token = "0123456789abcdef".repeat(4);
    secrets.token(DeviceToken.of(token));
    String pem = apns.credentials().signingKeyPem();
    for (Runnable mistake :
        List.<Runnable>of(
            () -> DeviceToken.of(token + "0"),
            () -> DeviceToken.of(token + "xy"),
            () -> DeviceToken.of(token.repeat(4)),
            () -> DeviceToken.of(HexFormat.of().parseHex(token.repeat(4))),
            () -> call().put("big", (CALLER + TABLE).repeat(100)).build(),
            () -> call().put("list", List.of(CALLER, new Object())).build(),
            () -> call().put("callerName", TABLE).build(),
            () -> call().put("callId", Map.of(HANDLE, TABLE)).build(),
            () -> call().ringFor(Duration.ZERO),
            () -> VoipPushClient.builder().bundleId(pem),
            () -> VoipPushClient.builder().build(),
            () -> VoipPushClient.builder().proxyCredentials(PROXY_USER + ":x", new char[0]),
            () ->
                VoipPushClient.builder()
                    .endpoint(URI.create("https://u:" + PROXY_PASSWORD + "@apns.test")))) {
      try {
        mistake.run();
        throw new AssertionError("this should be a mistake");
      } catch (IllegalArgumentException | IllegalStateException e) {
        hearing.hear(e);
      }
    }
    hearing.hear(call(), call().build());
  }

  private static Set<Class<?>> publicClasses() throws Exception {
    Path root =
        Path.of(VoipPushClient.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Set<Class<?>> classes = new HashSet<>();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file :
          (Iterable<Path>) files.filter(f -> f.toString().endsWith(".class"))::iterator) {
        String path = root.relativize(file).toString();
        String name =
            path.substring(0, path.length() - 6).replace(file.getFileSystem().getSeparator(), ".");
        if (!name.endsWith("-info")) {
          Class<?> type = Class.forName(name, false, SecretsTest.class.getClassLoader());
          if (isPublic(type) && !type.isInterface()) {
            classes.add(type);
          }
        }
      }
    }
    return classes;
  }

  private static boolean isPublic(Class<?> type) {
    return Modifier.isPublic(type.getModifiers())
        && (type.getEnclosingClass() == null || isPublic(type.getEnclosingClass()));
  }

  @Test
  void whatIsThereIsFound() throws Exception {
    Map<String, String> said = new LinkedHashMap<>();
    said.put("A caller, " + CALLER + ".", "caller");
    said.put("..." + HANDLE, "handle");
    said.put("{table=" + TABLE + "}", "value");
    said.put("Proxy " + PROXY_PASSWORD + "@", "proxy's password");
    said.put(Credentials.basic(PROXY_USER, PROXY_PASSWORD), "proxy's user and password");
    said.put("password=" + SecretFiles.P12_PASSWORD, "password");
    said.put(
        Arrays.toString(SecretFiles.PASSPHRASE.getBytes(StandardCharsets.UTF_8)), "passphrase");
    said.put("not " + SecretFiles.WRONG, "wrong password");
    for (PrivateKey key : SecretFiles.keys()) {
      byte[] der = key.getEncoded();
      said.put(HexFormat.of().formatHex(der), "key");
      said.put(HexFormat.ofDelimiter(":").withUpperCase().formatHex(der), "key");
      said.put(Arrays.toString(der), "key");
      said.put(Base64.getMimeEncoder().encodeToString(der), "key");
      said.put(Base64.getUrlEncoder().encodeToString(der), "key");
      for (BigInteger number : Secrets.privateNumbers(key)) {
        said.put("d=" + number, "key");
        byte[] part = Arrays.copyOfRange(number.toByteArray(), 0, 25);
        said.put("x " + Base64.getEncoder().encodeToString(part), "key");
        said.put("y " + Base64.getEncoder().encodeToString(concat(2, part)), "key");
      }
    }
    String token = apns.phones().get(0).token();
    said.put("/3/device/" + token, "device token");
    said.put(token.toUpperCase(Locale.ROOT), "device token");
    byte[] bytes = HexFormat.of().parseHex(token);
    said.put(Base64.getEncoder().encodeToString(bytes), "device token");
    String jwt =
        apns.requests().stream()
            .flatMap(r -> r.header("authorization").stream())
            .findAny()
            .orElseThrow();
    said.put(jwt, "JWT");
    said.put(jwt.substring(jwt.lastIndexOf('.')), "JWT");
    said.forEach((text, name) -> assertTrue(secrets.in(text).contains(name), name));
    assertEquals(new TreeSet<>(secrets.names()), new TreeSet<>(said.values()), "all were tried");
    assertEquals(
        Set.of(),
        secrets.in("call " + UUID.randomUUID() + ", device " + token.substring(0, 8) + "…"));
  }

  @Test
  void logsAreHeardAtAllLevels() {
    for (int i = 1; i <= 4; i++) {
      assertTrue(logged.contains(PLANTED + i), "log " + i);
    }
    assertTrue(logged.contains("DEBUG dev.voippush.Push"), "no retry was logged");
  }

  @Test
  void allThatCanHappenHasHappened() {
    String heard = hearing.text();
    for (String end :
        List.of(
            "status=400",
            "status=403",
            "status=410",
            "status=413",
            "status=429",
            "status=502",
            "status=503",
            "#connection-refused",
            "#server-not-trusted",
            "#proxy",
            "the client is closed",
            "the call was over",
            "more than 3 pushes",
            "the password does not open it")) {
      assertTrue(heard.contains(end), end);
    }
  }

  @Test
  void logsSayNoSecret() {
    assertNone(logged);
  }

  @Test
  void messagesAndObjectsSayNoSecret() {
    assertNone(hearing.text());
  }

  private static byte[] concat(int before, byte[] part) {
    byte[] whole = new byte[before + part.length];
    System.arraycopy(part, 0, whole, before, part.length);
    return whole;
  }

  /** Says where, but not what. */
  private static void assertNone(String text) {
    List<String> places = new ArrayList<>();
    if (!secrets.in(text).isEmpty()) {
      text.lines()
          .filter(line -> !secrets.in(line).isEmpty())
          .forEach(line -> places.add(secrets.in(line) + " in: " + line));
    }
    assertEquals(List.of(), places);
    assertEquals(Set.of(), secrets.in(text));
  }

  @Test
  void everyPublicClassIsHeard() throws Exception {
    Set<Class<?>> silent = new HashSet<>(publicClasses());
    assertTrue(silent.contains(VoipPushClient.Builder.class), "nested ones count, too");
    silent.removeAll(hearing.classes());
    assertEquals(WITHOUT_INSTANCES, silent);
  }

  @Test
  void filesHaveNoSecretButTheKeyThatWasAskedFor() throws Exception {
    Map<String, Set<String>> found = new LinkedHashMap<>();
    try (Stream<Path> files = Files.list(written)) {
      for (Path file : files.sorted().toList()) {
        found.put(file.getFileName().toString(), secrets.in(Files.readString(file)));
      }
    }
    assertEquals(
        Map.of("VoiPCert.pem", Set.of(), "ck.pem", Set.of(), "plain-key.pem", Set.of("key")),
        found);
  }
}
