// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.net.URI;
import java.security.KeyPair;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A strict local APNs over real TLS and HTTP/2, with phones that ring.
 *
 * <pre>{@code
 * try (ApnsSimulator simulator = ApnsSimulator.start()) {
 *   SimulatedPhone phone = simulator.registerPhone();
 *   // push to phone.token() at simulator.endpoint(), trusting simulator.credentials().caCertificate()
 *   SimulatedCall call = phone.awaitCall(Duration.ofSeconds(5));
 *   phone.answer();
 * }
 * }</pre>
 *
 * <p>It is production and sandbox at once, each at a port of its own: a token of one is unknown in
 * the other; credentials, scripts, faults, counts and the record of requests are for both. It
 * listens on 127.0.0.1 only, at ephemeral ports unless told otherwise, and is ready when {@code
 * start} returns. Clients authenticate with the certificate or the signing key of {@link
 * #credentials()}; {@link #addApp} makes those of another app. Thread-safe.
 */
public final class ApnsSimulator implements AutoCloseable {
  private final Devices devices = new Devices();
  private final SigningKeys signingKeys = new SigningKeys();
  private final SimulatorCredentials credentials;
  private final Clock clock;
  private final JoinableThreads timerThreads = new JoinableThreads("apns-simulator-phones");
  private final JoinableThreads listenerThreads = new JoinableThreads("apns-simulator-listeners");
  private final ScheduledExecutorService timerExecutor =
      Executors.newSingleThreadScheduledExecutor(timerThreads);
  private final ExecutorService listenerExecutor =
      Executors.newSingleThreadExecutor(listenerThreads);
  private final Apps apps;
  private final Phones phones;
  private final ApnsServer server;
  private volatile @Nullable Consumer<PlacedCall> callSender;
  private volatile Consumer<UUID> callEnder = callId -> {};
  private volatile @Nullable WebServer web;

  private ApnsSimulator(Builder builder) {
    credentials = new SimulatorCredentials(builder.bundleId, builder.teamId, builder.keyId);
    apps = new Apps(builder.teamId);
    apps.add(builder.bundleId);
    signingKeys.add(builder.keyId, builder.teamId, credentials.signingKey().getPublic());
    clock = builder.clock;
    phones =
        new Phones(
            devices,
            RingTimer.of(timerExecutor, clock),
            clock,
            listenerExecutor,
            builder.keptPerPhone);
    server =
        new ApnsServer(
            builder.port,
            builder.sandboxPort,
            new ServerTls(credentials, builder.withoutAlpn),
            signingKeys,
            apps,
            devices,
            new Courier(timerExecutor),
            clock,
            new RequestLog(builder.keptRequests),
            builder.options);
  }

  /** Starts with all defaults. */
  public static ApnsSimulator start() {
    return builder().start();
  }

  /** Begins to set up a simulator. */
  public static Builder builder() {
    return new Builder();
  }

  /** Where production listens: {@code https://127.0.0.1:<port>}. */
  public URI endpoint() {
    return URI.create("https://127.0.0.1:" + port());
  }

  /** The TCP port of production. */
  public int port() {
    return server.port();
  }

  /** Where the sandbox listens: {@code https://127.0.0.1:<sandbox port>}. */
  public URI sandboxEndpoint() {
    return URI.create("https://127.0.0.1:" + sandboxPort());
  }

  /** The TCP port of the sandbox. */
  public int sandboxPort() {
    return server.sandboxPort();
  }

  /** What clients need to be let in. */
  public SimulatorCredentials credentials() {
    return credentials;
  }

  /**
   * Adds another app of the same team, and returns what its clients need: a VoIP certificate of its
   * own. Root and signing key are those of {@link #credentials()}; the key serves all apps.
   *
   * @throws IllegalArgumentException if there is an app of this bundle id, or it cannot be one
   */
  public SimulatorCredentials addApp(String bundleId) {
    apps.add(bundleId);
    return credentials.ofApp(bundleId);
  }

  /**
   * Registers a new phone with tokens of its own: online, its app killed, and the app reports calls
   * to CallKit.
   */
  public SimulatedPhone registerPhone() {
    return newPhone().register();
  }

  /** Begins to set up a phone: in production, with CallKit and this simulator's app. */
  public SimulatedPhone.Builder newPhone() {
    return new SimulatedPhone.Builder(phones, credentials.bundleId());
  }

  /**
   * A snapshot of the phones that were registered so far, in the order of their numbers, those
   * included whose app was removed since.
   */
  public List<SimulatedPhone> phones() {
    return phones.all();
  }

  /**
   * Makes a further signing key, for both environments, and returns its .p8 text. A key of another
   * team authenticates, but may not push to the apps here; a connection stays with the team and the
   * key it began with.
   *
   * @throws IllegalArgumentException if there is a key of this id
   */
  public String addSigningKey(String keyId, String teamId) {
    KeyPair key = CertificateAuthority.newEcKey();
    signingKeys.add(keyId, teamId, key.getPublic());
    return PemFile.signingKey(key);
  }

  /**
   * Makes a further signing key for one environment; the other answers its tokens 403
   * BadEnvironmentKeyInToken. Otherwise as {@link #addSigningKey(String, String)}.
   *
   * @param sandbox true for the sandbox, false for production
   * @throws IllegalArgumentException if there is a key of this id
   */
  public String addSigningKey(String keyId, String teamId, boolean sandbox) {
    KeyPair key = CertificateAuthority.newEcKey();
    signingKeys.add(keyId, teamId, key.getPublic(), sandbox);
    return PemFile.signingKey(key);
  }

  /**
   * A snapshot of the requests that were processed so far, in the order of processing: those APNs
   * gave a verdict on, including the verdicts of {@link Script#reject} and answers that never left
   * because of {@link Script#dropAfter}. A request is listed before its answer is sent and before
   * its phone rings.
   */
  public List<RecordedRequest> requests() {
    return server.log().processed();
  }

  /**
   * A snapshot of the requests that arrived whole but were not processed because of a script such
   * as {@link Script#silence}, {@link Script#dropBefore} or {@link Script#reset}: their status is
   * 0, their reason says what happened to them.
   */
  public List<RecordedRequest> unprocessedRequests() {
    return server.log().unprocessed();
  }

  /**
   * Waits until this many requests have arrived, processed and unprocessed together.
   *
   * @throws TimeoutException if they do not arrive in time; its message says how many did
   */
  public void awaitRequests(int count, Duration timeout)
      throws InterruptedException, TimeoutException {
    server.log().await(count, timeout);
  }

  /**
   * Forgets the requests recorded so far, which otherwise stay in memory, about 1 kB each. Phones
   * keep those they received until {@link SimulatedPhone#forgetHistory}.
   */
  public void forgetRequests() {
    server.log().clear();
    WebServer open = web;
    if (open != null) {
      open.events().forgotten();
    }
  }

  /** How many connections got through TLS and the HTTP/2 preface so far. */
  public int connectionsAccepted() {
    return server.connectionsAccepted();
  }

  /** How many of them are open. */
  public int connectionsOpen() {
    return server.connectionsOpen();
  }

  /**
   * How many requests have begun so far: their headers arrived, whatever became of the rest. A
   * client that gives up in between leaves no other trace.
   */
  public int streamsOpened() {
    return server.streamsOpened();
  }

  /**
   * How many requests exceeded the connection's stream limit although the client had acknowledged
   * it. Each was refused with REFUSED_STREAM. The first limit of a connection is enforced from its
   * beginning, but what exceeds it before it is acknowledged is not counted.
   */
  public int streamLimitViolations() {
    return server.streamLimitViolations();
  }

  /**
   * Runs this script, from its beginning, for all requests whose device and app have none of their
   * own.
   */
  public void script(Script script) {
    server.scripts().set(script);
  }

  /** Runs this script for one device, from its beginning, in place of its app's and the global. */
  public void script(String deviceToken, Script script) {
    server.scripts().set(deviceToken, script);
  }

  /**
   * Runs this script, from its beginning, for one app in place of the global one, except for
   * devices that have one of their own. A request is for the app that its {@code apns-topic} names,
   * with or without {@code .voip} or the like.
   */
  public void scriptApp(String bundleId, Script script) {
    server.scripts().setForApp(bundleId, script);
  }

  /** Breaks TLS, or mends it, for connections from now on; open ones stay as they are. */
  public void tls(TlsFault fault) {
    server.tls(fault);
  }

  /**
   * Changes SETTINGS_MAX_CONCURRENT_STREAMS for new connections and, at once, for open ones. Those
   * that still wait for their first accepted push get it then. A raised limit holds when it is
   * sent, a lowered one when the client has acknowledged it.
   *
   * @param max 0 or more
   */
  public void maxConcurrentStreams(int max) {
    server.maxConcurrentStreams(checkStreams(max));
  }

  /**
   * Changes SETTINGS_HEADER_TABLE_SIZE for new connections and, at once, for open ones. It holds
   * when the client has acknowledged it: header compression that still uses more, or that does not
   * begin with the new size where HTTP/2 demands it, ends the connection with COMPRESSION_ERROR.
   *
   * @param bytes 0 or more
   */
  public void headerTableSize(int bytes) {
    server.headerTableSize(checkTable(bytes));
  }

  /**
   * Where the page and the HTTP API are, {@code http://127.0.0.1:<port>/}; empty unless {@link
   * Builder#web} asked for them.
   */
  public Optional<URI> web() {
    return Optional.ofNullable(web).map(WebServer::page);
  }

  /**
   * Says who sends the pushes of calls that are placed in the page or by the HTTP API: your own
   * client, for example. Default: the simulator itself does, as a server would, with its signing
   * key over TLS and HTTP/2.
   *
   * @param sender called on a thread that it may block; what it throws is logged and shown in the
   *     page
   */
  public void placeCallsWith(Consumer<PlacedCall> sender) {
    placeCallsWith(sender, callId -> {});
  }

  /**
   * Has the calls that are placed in the page sent by a client of yours, as {@link
   * #placeCallsWith(Consumer)}, which also hears when their caller hangs up there. Phones whose app
   * has a connection hear of that by themselves: this is for those that ring by alerts.
   *
   * @param ender called with the id of the call, on a thread of the page's own
   */
  public void placeCallsWith(Consumer<PlacedCall> sender, Consumer<UUID> ender) {
    callEnder = ender;
    callSender = sender;
  }

  /**
   * Sends GOAWAY on all open connections. It covers the requests received so far; when they are
   * answered, the connection is closed a second later, if the client has not done so.
   *
   * @param debugData as APNs sends it, {@code {"reason":"…"}}, or any other text; may be empty
   */
  public void goAway(String debugData) {
    server.goAway(debugData);
  }

  /**
   * Freezes all connections, present and future: TCP stays up, but nothing is read or written any
   * more, PING is not answered, handshakes do not finish.
   */
  public void freeze() {
    server.freeze();
  }

  /** Ends {@link #freeze}: what has piled up on both sides is delivered. */
  public void unfreeze() {
    server.unfreeze();
  }

  /** Drops the TCP connections that are open now, without TLS or HTTP/2 goodbye. */
  public void dropConnections() {
    server.dropConnections();
  }

  /**
   * Closes all connections and ends all threads; phones ring no more. Returns when the threads have
   * ended, listeners having been told what happened before; a listener that still runs after 10 s
   * is left to itself, and if calls were placed in the page, the thread of the JDK's HTTP client, a
   * daemon, ends when the client is collected. Calling it again does nothing.
   */
  @Override
  public void close() {
    WebServer open = web;
    if (open != null) {
      open.close();
    }
    server.close();
    timerExecutor.shutdownNow();
    timerThreads.join();
    listenerExecutor.shutdown();
    listenerThreads.join();
  }

  @Override
  public String toString() {
    return "APNs simulator at " + endpoint() + ", sandbox at " + sandboxEndpoint();
  }

  private static int checkPort(String name, int port) {
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException(name + " must be 0 to 65535, but was " + port);
    }
    return port;
  }

  private void serveWeb(int port) {
    WebServer server = new WebServer(port, this);
    onPhoneEvent(event -> server.events().changed(event.phone()));
    this.server.log().onRequest(server.events()::recorded);
    web = server;
  }

  Clock clock() {
    return clock;
  }

  /** Calls the listener with what happens on any phone, present or future. */
  void onPhoneEvent(Consumer<PhoneEvent> listener) {
    phones.onEvent(listener);
  }

  RequestLog log() {
    return server.log();
  }

  Scripts scripts() {
    return server.scripts();
  }

  /** Who hears that the caller of a placed call hung up. */
  Consumer<UUID> callEnder() {
    return callEnder;
  }

  /** Who was said to send placed calls. */
  Optional<Consumer<PlacedCall>> callSender() {
    return Optional.ofNullable(callSender);
  }

  private static int checkStreams(int max) {
    if (max < 0) {
      throw new IllegalArgumentException("maxConcurrentStreams must be at least 0, but was " + max);
    }
    return max;
  }

  private static int checkTable(int bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("headerTableSize must be at least 0, but was " + bytes);
    }
    return bytes;
  }

  /** Sets up a simulator. Not thread-safe. */
  public static final class Builder {
    private int port;
    private int sandboxPort;
    private boolean withoutAlpn;
    private String bundleId = "com.example.app";
    private String teamId = "A1B2C3D4E5";
    private String keyId = "ABC123DEFG";
    private OptionalInt web = OptionalInt.empty();
    private int keptRequests = Integer.MAX_VALUE;
    private int keptPerPhone = Integer.MAX_VALUE;
    private Clock clock = Clock.systemUTC();
    private Http2Options options =
        new Http2Options(1000, OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty());

    private Builder() {}

    /** The TCP port of production; default 0, any free one. */
    public Builder port(int port) {
      this.port = checkPort("port", port);
      return this;
    }

    /** The TCP port of the sandbox; default 0, any free one. */
    public Builder sandboxPort(int port) {
      this.sandboxPort = checkPort("sandboxPort", port);
      return this;
    }

    /**
     * Serves the page with the phones, and the HTTP API, on 127.0.0.1; default: neither.
     *
     * @param port 0 for any free one
     */
    public Builder web(int port) {
      web = OptionalInt.of(checkPort("web", port));
      return this;
    }

    /**
     * How much is remembered at most, for a simulator that runs for long; default: everything until
     * {@link ApnsSimulator#forgetRequests} and {@link SimulatedPhone#forgetHistory}. What is oldest
     * goes first.
     *
     * @param requests how many, about 1 kB each; at least 1
     * @param perPhone how many pushes, and calls that are over, up to 8 kB each, on each phone; at
     *     least 1
     */
    public Builder keep(int requests, int perPhone) {
      if (requests < 1 || perPhone < 1) {
        throw new IllegalArgumentException(
            "keep must be at least 1 and 1, but was " + requests + " and " + perPhone);
      }
      keptRequests = requests;
      keptPerPhone = perPhone;
      return this;
    }

    /**
     * The app's bundle id, default {@code com.example.app}: without {@code .voip}.
     *
     * @throws IllegalArgumentException if it cannot be one
     */
    public Builder bundleId(String bundleId) {
      this.bundleId = RequestRules.checkBundleId(bundleId);
      return this;
    }

    /** The team that owns certificate and signing key, default {@code A1B2C3D4E5}. */
    public Builder teamId(String teamId) {
      this.teamId = teamId;
      return this;
    }

    /** The signing key's id, default {@code ABC123DEFG}. */
    public Builder keyId(String keyId) {
      this.keyId = keyId;
      return this;
    }

    /**
     * Whether to speak HTTP/2 also with clients that say nothing of it in the TLS handshake
     * (default false: they are turned away). It is for HTTP/2 clients that know no ALPN; those that
     * offer other protocols only are turned away in any case.
     */
    public Builder withoutAlpn(boolean withoutAlpn) {
      this.withoutAlpn = withoutAlpn;
      return this;
    }

    /**
     * The wall clock for the age of provider tokens, expirations and all recorded times; default
     * the system's. Certificates are valid from a day ago by the system's clock in any case.
     */
    public Builder clock(Clock clock) {
      this.clock = clock;
      return this;
    }

    /** SETTINGS_MAX_CONCURRENT_STREAMS, default 1000. */
    public Builder maxConcurrentStreams(int max) {
      options = options.withMaxConcurrentStreams(checkStreams(max));
      return this;
    }

    /**
     * The stream limit of each connection until its first push was accepted; the SETTINGS that
     * raise it precede that push's answer. Default as at Apple: 1 for connections without a client
     * certificate, no special limit for those with one.
     */
    public Builder maxConcurrentStreamsBeforeFirstPush(int max) {
      options = options.withBeforeFirstPush(checkStreams(max));
      return this;
    }

    /**
     * SETTINGS_INITIAL_WINDOW_SIZE: how much of a request's body the client may send before it is
     * told to go on, once it has acknowledged this. Each half of it that arrives is granted anew;
     * what exceeds it ends the connection.
     *
     * @param bytes 1 to 2^31-1; default as in HTTP/2, 65,535
     */
    public Builder initialWindowSize(int bytes) {
      if (bytes < 1) {
        throw new IllegalArgumentException("initialWindowSize must be positive, but was " + bytes);
      }
      options = options.withInitialWindowSize(bytes);
      return this;
    }

    /**
     * SETTINGS_HEADER_TABLE_SIZE: how much of its headers the client may make the server remember.
     * See {@link ApnsSimulator#headerTableSize}, which changes it later.
     *
     * @param bytes 0 or more; default as in HTTP/2, 4096
     */
    public Builder headerTableSize(int bytes) {
      options = options.withHeaderTableSize(checkTable(bytes));
      return this;
    }

    /**
     * Generates the credentials and starts to listen.
     *
     * @throws java.io.UncheckedIOException if a port is taken
     */
    public ApnsSimulator start() {
      ApnsSimulator simulator = new ApnsSimulator(this);
      try {
        web.ifPresent(simulator::serveWeb);
      } catch (RuntimeException e) {
        simulator.close();
        throw e;
      }
      return simulator;
    }
  }
}
