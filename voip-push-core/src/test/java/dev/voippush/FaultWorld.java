// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.Script;
import dev.voippush.simulator.SimulatedPhone;
import java.io.IOException;
import java.net.Proxy;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * The surroundings of the pushes of one run: the client, a server that keeps a record, and what is
 * wrong between them. At first nothing is: a {@link Fault} changes it.
 */
final class FaultWorld implements AutoCloseable {
  /** Long enough for every retry that the library makes. */
  static final Duration RINGS = Duration.ofSeconds(30);

  /** No machine is so slow that a healthy server answers later. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** So many verdicts a client of few pushes retries in ten seconds. */
  private static final int RETRIED = 8;

  final ApnsSimulator apns;
  final VoipPushClientTest.Kind kind;
  final Random random;
  private final PushCertificate certificate;
  private final List<DeviceToken> devices = new ArrayList<>();
  private final List<AutoCloseable> parts = new ArrayList<>();
  private URI endpoint;
  private X509Certificate root;
  private Duration ringFor = RINGS;
  private Clock clock = Clock.systemUTC();
  private boolean connected;
  private Dialer.@Nullable Resolver resolver;
  private UnaryOperator<VoipPushClient.Builder> options = builder -> builder;
  private Action strike = () -> {};
  private Action underWay = () -> {};
  private @Nullable Action allUnderWay;
  private Action mend = () -> {};
  private IntSupplier hits;
  private final AtomicInteger failedDials = new AtomicInteger();
  private Supplier<List<Served>> record = this::simulatorsRecord;

  /** What the server has of one request: status 0 if it did not process it. */
  record Served(String apnsId, int status, String reason) {}

  /** Something done at its time. */
  @FunctionalInterface
  interface Action {
    void run() throws Exception;
  }

  FaultWorld(
      ApnsSimulator apns,
      PushCertificate certificate,
      VoipPushClientTest.Kind kind,
      int pushes,
      Random random) {
    this.apns = apns;
    this.certificate = certificate;
    this.kind = kind;
    this.random = random;
    this.endpoint = apns.endpoint();
    this.root = apns.credentials().caCertificate();
    for (int i = 0; i < pushes; i++) {
      devices.add(newDevice());
    }
    this.hits = () -> (int) record().stream().filter(served -> served.status != 200).count();
  }

  private DeviceToken newDevice() {
    SimulatedPhone phone = apns.registerPhone();
    phone.online(false); // what it is sent is dropped, as it is not to be stored
    return DeviceToken.of(phone.token());
  }

  // What faults set.

  /** Runs this on the requests of each push. */
  void script(Script script) {
    devices.forEach(device -> apns.script(device.hex(), script));
    mend(() -> devices.forEach(device -> apns.script(device.hex(), Script.normal())));
  }

  /** Puts a relay between the client and the simulator. */
  WireRelay relay(WireRelay.Meddler meddler) throws IOException {
    return relay(0, apns.port(), meddler);
  }

  WireRelay relay(int port, int target, WireRelay.Meddler meddler) throws IOException {
    WireRelay relay = closed(new WireRelay(port, target, meddler));
    endpoint(relay.port());
    hits(relay::meddled);
    return relay;
  }

  /** Runs this on the first request of one push in the middle. */
  void scriptOne(Script script) {
    apns.script(devices.get(devices.size() / 2).hex(), script.times(1));
  }

  /** Runs this on the requests of as many pushes as may retry a verdict at once. */
  void scriptFew(Script script) {
    devices.stream().limit(RETRIED).forEach(device -> apns.script(device.hex(), script));
  }

  /** Counts the dials that failed as meetings with the fault. */
  void hitByFailedDials() {
    hits(failedDials::get);
  }

  int failedDials() {
    return failedDials.get();
  }

  /** Lets the fault last a bit, while pushes go into it. */
  void pause(long millis) {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  void endpoint(int port) {
    endpoint = URI.create("https://localhost:" + port);
  }

  /** Sends to another server than the simulator, which keeps the record. */
  void server(int port, X509Certificate root, Supplier<List<Served>> record) {
    endpoint(port);
    this.root = root;
    this.record = record;
  }

  /** Closes it when the run is over. */
  <T extends AutoCloseable> T closed(T part) {
    parts.add(part);
    return part;
  }

  void resolver(Dialer.Resolver resolver) {
    this.resolver = resolver;
  }

  void options(UnaryOperator<VoipPushClient.Builder> more) {
    UnaryOperator<VoipPushClient.Builder> before = options;
    options = builder -> more.apply(before.apply(builder));
  }

  /** Answers that are lost are missed earlier, but not those of a server that is merely slow. */
  void loseAnswersSoon() {
    options(builder -> builder.attemptTimeout(Duration.ofSeconds(3)));
  }

  /** Dials that hang are given up earlier, but not those of a machine that is merely slow. */
  void giveUpDialsSoon() {
    options(builder -> builder.connectTimeout(Duration.ofSeconds(3)));
  }

  /** What the client and its calls take for the time. */
  void clock(Clock clock) {
    this.clock = clock;
    options(builder -> builder.clock(clock));
  }

  /** The calls of the pushes last no longer, as the fault outlasts them. */
  void ringFor(Duration time) {
    ringFor = time;
  }

  /** The client has carried a push before the fault comes. */
  void connected() {
    connected = true;
  }

  /** What happens before the pushes are begun. */
  void strike(Action action) {
    strike = action;
  }

  /** What happens when the pushes are under way. */
  void underWay(Action action) {
    underWay = action;
  }

  /** What happens when the server has seen all of the pushes. */
  void allUnderWay(Action action) {
    allUnderWay = action;
  }

  /** What ends the fault when the pushes have ended. */
  void mend(Action action) {
    mend = action;
  }

  /** Tells how often the fault was met; by default, how many requests were not accepted. */
  void hits(IntSupplier count) {
    hits = count;
  }

  // What the run asks.

  VoipPushClient client() throws Exception {
    VoipPushClient.Builder builder =
        options.apply(
            VoipPushClient.builder()
                .credentials(certificate)
                .endpoint(endpoint)
                .trustedCertificates(root)
                .connectTimeout(PATIENCE)
                .attemptTimeout(PATIENCE)
                .closeTimeout(Duration.ZERO)
                .listener(
                    new PushListener() {
                      @Override
                      public void connectFailed(VoipPushException failure, Duration took) {
                        failedDials.incrementAndGet();
                      }
                    }));
    if (resolver == null) {
      return kind.choose(builder).build();
    }
    if (kind == VoipPushClientTest.Kind.CALL) {
      OkHttpClient resolving =
          new OkHttpClient.Builder().dns(name -> List.of(resolver.resolve(name))).build();
      return builder.httpClient(resolving).build();
    }
    String bundleId = certificate.bundleId();
    HttpUrl url = HttpUrl.get(endpoint);
    Dialer dialer =
        new Dialer(url.host(), url.port(), new ProxySettings(Proxy.NO_PROXY, null), resolver);
    Identity identity = new Identity(certificate, TlsSettings.of(certificate, List.of(root)));
    return new VoipPushClient(
        builder,
        certificate,
        new VoipPushClient.Settings(builder, bundleId, url),
        new DeadlineTimer(),
        (timer, callbacks, observer) ->
            new StreamTransport(
                new StreamTransport.Config(
                    dialer,
                    Dialer.hostAndPort(url.host(), url.port()),
                    bundleId,
                    PATIENCE,
                    Duration.ofSeconds(60),
                    1000,
                    1,
                    callbacks,
                    timer,
                    observer),
                identity));
  }

  List<DeviceToken> devices() {
    return devices;
  }

  /** A further device, which no script is for. */
  DeviceToken anotherDevice() {
    DeviceToken device = newDevice();
    devices.add(device);
    return device;
  }

  Duration ringFor() {
    return ringFor;
  }

  /** A call of one of the pushes, which begins now by the client's clock. */
  CallPayload call(Duration ringFor) {
    return CallPayload.incoming(UUID.randomUUID())
        .sentAt(clock.instant())
        .ringFor(ringFor)
        .storeFor(Duration.ZERO)
        .build();
  }

  /** Waits until the server has nothing left to read. */
  void awaitRecord() throws IOException {
    close();
    TestClients.await(() -> apns.connectionsOpen() == 0);
  }

  boolean isConnected() {
    return connected;
  }

  void strikeNow() throws Exception {
    strike.run();
  }

  void underWayNow() throws Exception {
    underWay.run();
  }

  void allUnderWayNow() throws Exception {
    if (allUnderWay != null) {
      TestClients.await(
          () -> record().stream().map(Served::apnsId).distinct().count() >= devices.size());
      allUnderWay.run();
    }
  }

  void mendNow() throws Exception {
    mend.run();
  }

  int hits() {
    return hits.getAsInt();
  }

  /** All requests of this world's devices, in the order of their arrival. */
  List<Served> record() {
    return record.get();
  }

  private List<Served> simulatorsRecord() {
    Set<String> own = devices.stream().map(DeviceToken::hex).collect(Collectors.toSet());
    List<RecordedRequest> all = new ArrayList<>(apns.requests());
    all.addAll(apns.unprocessedRequests());
    return all.stream()
        .filter(request -> own.contains(request.deviceToken()))
        .map(request -> new Served(request.apnsId(), request.status(), request.reason()))
        .toList();
  }

  /** Closes what a fault has put up; the simulator stays, and is as before. */
  @Override
  public void close() throws IOException {
    for (AutoCloseable part : parts) {
      try {
        part.close();
      } catch (Exception e) {
        throw new IOException(e);
      }
    }
  }
}
