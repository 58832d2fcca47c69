// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CredentialsException;
import dev.voippush.credentials.PushCertificate;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends VoIP pushes to APNs, so that the phones of a call ring.
 *
 * <p>Thread-safe. Make one for each set of credentials and keep it for the life of the service: it
 * holds one connection, which Apple wants to be reused "for many hours to days". {@link #close} it
 * when the service ends.
 *
 * <pre>{@code
 * VoipPushClient client =
 *     VoipPushClient.builder()
 *         .credentials(CertificateLoader.load(Path.of("ck.pem"), password))
 *         .build();
 * CallPayload call = CallPayload.incoming(UUID.randomUUID()).callerName("Li Lei").build();
 * PushResult result = client.send(DeviceToken.of(hex), call);
 * }</pre>
 *
 * @see <a
 *     href="https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns">Sending
 *     notification requests to APNs</a>
 */
public final class VoipPushClient implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(VoipPushClient.class);
  private static final long WARN_AGAIN_NANOS = TimeUnit.MINUTES.toNanos(1);

  final Settings settings;
  final Transport transport;
  final DeadlineTimer timer;
  final ApnsIds apnsIds = new ApnsIds();
  final RetryPolicy retryPolicy;
  final RetryBudget budget = new RetryBudget();
  final Set<AlertCall> alertCalls = ConcurrentHashMap.newKeySet(); // those that are not over

  private final int capacity;
  private final List<X509Certificate> trusted;
  private final AtomicInteger pending = new AtomicInteger();
  private final Set<Push> pushes = ConcurrentHashMap.newKeySet();
  private final Executor executor;
  private final Callbacks callbacks;
  private final @Nullable ListenerQueue listener;
  private final HealthRecord health;
  private final ExpiryWarning expiryWarning;
  private final AtomicLong warnedAt = new AtomicLong(System.nanoTime() - 2 * WARN_AGAIN_NANOS);
  private volatile ApnsCredentials credentials;
  private volatile boolean closed;

  private VoipPushClient(Builder builder, ApnsCredentials credentials, Settings settings) {
    this(
        builder,
        credentials,
        settings,
        new DeadlineTimer(),
        (timer, callbacks, observer) -> {
          TlsSettings tls = TlsSettings.of(credentials, builder.trusted);
          Identity identity = new Identity(credentials, tls);
          return builder.httpClient == null
              ? streamTransport(builder, settings, identity, timer, callbacks, observer)
              : new CallTransport(
                  settings.endpoint,
                  settings.bundleId,
                  builder.httpClient,
                  identity,
                  builder.connectTimeout,
                  builder.pingInterval,
                  builder.maxInFlight,
                  timer,
                  Threads.perTask("voip-push-call"),
                  observer);
        });
  }

  /** Makes the transport of a client out of what they share. */
  @FunctionalInterface
  interface TransportFactory {
    Transport make(DeadlineTimer timer, Callbacks callbacks, Transport.Observer observer);
  }

  VoipPushClient(
      Builder builder,
      ApnsCredentials credentials,
      Settings settings,
      DeadlineTimer timer,
      TransportFactory transportFactory) {
    this.settings = settings;
    this.timer = timer;
    this.credentials = credentials;
    this.trusted = builder.trusted;
    this.capacity =
        (int) Math.min(Integer.MAX_VALUE, (long) builder.maxInFlight + builder.maxQueued);
    this.retryPolicy = new RetryPolicy(builder.retryUnknown);
    this.callbacks = new Callbacks(timer);
    this.executor = builder.executor == null ? callbacks : builder.executor;
    this.listener =
        builder.listener == null ? null : new ListenerQueue(builder.listener, this::onExecutor);
    this.health = new HealthRecord(settings.clock);
    this.transport = transportFactory.make(timer, callbacks, new Connections());
    this.expiryWarning = new ExpiryWarning(settings.clock, timer);
    expiryWarning.watch(credentials);
  }

  private static StreamTransport streamTransport(
      Builder builder,
      Settings settings,
      Identity identity,
      DeadlineTimer timer,
      Callbacks callbacks,
      Transport.Observer observer) {
    HttpUrl endpoint = settings.endpoint;
    ProxySettings proxySettings = new ProxySettings(builder.proxy, builder.proxyCredentials);
    return new StreamTransport(
        new StreamTransport.Config(
            new Dialer(endpoint.host(), endpoint.port(), proxySettings, InetAddress::getAllByName),
            authority(endpoint),
            settings.bundleId,
            builder.connectTimeout,
            builder.pingInterval,
            builder.maxInFlight,
            builder.connections,
            callbacks,
            timer,
            observer),
        identity);
  }

  /** Hears of the transport's connections. */
  private final class Connections implements Transport.Observer {
    private final AtomicBoolean failing = new AtomicBoolean();

    @Override
    public void connected(Duration took) {
      log.info("{}: connected in {} ms", VoipPushClient.this, took.toMillis());
      failing.set(false);
      health.connected();
      tell(to -> to.connected(took));
    }

    @Override
    public void connectFailed(AttemptFailure failure, Duration took) {
      if (failing.getAndSet(true) || closed) { // it may go on for long
        log.debug("{}: no connection: {}", VoipPushClient.this, failure.message());
      } else {
        log.warn("{}: no connection: {}", VoipPushClient.this, failure.message());
      }
      if (closed) {
        return; // that is why
      }
      health.connectFailed(failure);
      tell(to -> to.connectFailed(failure.ofNoPush(), took));
    }

    @Override
    public void disconnected(String why, Duration lifetime) {
      log.info("{}: a connection ended after {}: {}", VoipPushClient.this, lifetime, why);
      tell(to -> to.disconnected(why, lifetime));
    }
  }

  private void tell(Consumer<PushListener> event) {
    if (listener != null) {
      listener.tell(event);
    }
  }

  /** Tells the listener, if there is one, of something that happens to a push now. */
  void tell(Push push, BiConsumer<PushListener, PushEvent> event) {
    if (listener != null) {
      PushEvent now = push.event();
      listener.tell(to -> event.accept(to, now));
    }
  }

  private static String authority(HttpUrl endpoint) {
    String hostAndPort = Dialer.hostAndPort(endpoint.host(), endpoint.port());
    int port = endpoint.port() == 443 ? hostAndPort.lastIndexOf(':') : hostAndPort.length();
    return hostAndPort.substring(0, port);
  }

  /** Begins to configure a client. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Sends a push and waits for the verdict of APNs, at most until the call's {@link
   * CallPayload#expiresAt() deadline}. Retries within that time as far as it is safe.
   *
   * @return what APNs said; a refusal is a value, not an exception
   * @throws VoipPushException if APNs gave no verdict; if the thread was interrupted, its flag is
   *     set again and the failure is {@link Failure#CANCELLED}
   */
  public PushResult send(DeviceToken device, CallPayload call) throws VoipPushException {
    Push push = begin(device, call, true);
    try {
      return push.verdict().get(push.remaining().toMillis() + 1_000, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      push.end(Failure.CANCELLED, "the waiting thread was interrupted");
    } catch (TimeoutException e) { // the timer is late: this machine is starved
      push.end(Failure.DEADLINE, "the call was over at " + call.expiresAt());
    } catch (ExecutionException e) {
      throw asPushException(e);
    }
    try {
      return push.verdict().join(); // ends now, or did just before
    } catch (CompletionException e) {
      throw asPushException(e);
    }
  }

  private static VoipPushException asPushException(Exception e) {
    if (e.getCause() instanceof VoipPushException push) {
      return push;
    }
    throw new IllegalStateException("not a failure of a push", e.getCause());
  }

  /**
   * Sends a push without blocking; no I/O is done on the caller's thread.
   *
   * <p>The future completes on the client's {@link Builder#executor executor}, with the verdict or
   * with a {@link VoipPushException}. Cancelling it drops the push if it is not written yet, and
   * resets its stream if it is; APNs may have it then.
   */
  public CompletableFuture<PushResult> sendAsync(DeviceToken device, CallPayload call) {
    return begin(device, call, false).verdict();
  }

  /** Completes a future of a user, whose callbacks may be slow, or throw. */
  void onExecutor(Runnable completion) {
    try {
      executor.execute(completion);
    } catch (RuntimeException | Error e) { // RejectedExecutionException, or worse
      long now = System.nanoTime();
      long before = warnedAt.get();
      if (!closed && now - before > WARN_AGAIN_NANOS && warnedAt.compareAndSet(before, now)) {
        log.warn("the executor refuses callbacks; they run on threads of the client", e);
      }
      callbacks.execute(completion);
    }
  }

  /**
   * Rings all devices of a callee without blocking; no I/O is done on the caller's thread. Each
   * {@link DeviceToken} gets one VoIP push, each {@link AlertDevice} alerts until the ring is
   * stopped or the call's deadline, by the settings of {@link Builder#alertRing}. What does not fit
   * ends with {@link Failure#QUEUE_FULL}, the rest is sent, and alerts go on: a client holds as
   * many pushes as {@link Builder#maxInFlight} and {@link Builder#maxQueued} together.
   *
   * @param devices may be empty; of those with the same token the first counts
   * @throws NullPointerException if a device is null; none is rung then
   * @throws IllegalStateException if one is an {@link AlertDevice}, and the client was built
   *     without {@link Builder#alertRing}; none is rung then
   * @throws IllegalArgumentException if the alerts cannot be made: one is bigger than {@link
   *     AlertRing#MAX_BYTES}, its text is nothing that JSON can hold, or the call has a field
   *     {@code callEnd}; none is rung then
   */
  public Ring ring(CallPayload call, Collection<? extends Device> devices) {
    Message push = Message.of(Objects.requireNonNull(call, "call"));
    Map<DeviceToken, Device> distinct = new LinkedHashMap<>();
    Map<Locale, AlertRing.Messages> alerts = new HashMap<>();
    for (Device device : devices) {
      distinct.putIfAbsent(Objects.requireNonNull(device, "a device").token(), device);
      if (device instanceof AlertDevice alert) {
        AlertRing how = alertRing();
        alerts.computeIfAbsent(alert.locale(), locale -> how.messages(call, locale));
      }
    }
    Ring ring = new Ring(call, distinct.keySet(), settings.clock.instant(), transport);
    distinct.forEach(
        (token, device) -> {
          if (device instanceof AlertDevice alert) {
            AlertRing.Messages messages = Objects.requireNonNull(alerts.get(alert.locale()));
            AlertCall alertCall =
                new AlertCall(this, ring, token, messages, alertRing().interval());
            ring.begin(token, alertCall);
          } else {
            ring.begin(this, token, push);
          }
        });
    return ring;
  }

  private AlertRing alertRing() {
    if (settings.alertRing == null) {
      throw new IllegalStateException(
          "an AlertDevice needs alertRing(...) when the client is built, which checks that the"
              + " credentials are good for alerts");
    }
    return settings.alertRing;
  }

  private Push begin(DeviceToken device, CallPayload call, boolean callerWaits) {
    Message message = Message.of(Objects.requireNonNull(call, "call"));
    Push push = accept(Objects.requireNonNull(device, "device"), message, null, callerWaits);
    push.start();
    return push;
  }

  /** Makes a push, to be started, which from now on takes room until its end. */
  Push accept(DeviceToken device, Message message, @Nullable PushOwner owner, boolean callerWaits) {
    Push push = new Push(this, device, message, owner, callerWaits);
    push.fits(pending.incrementAndGet() <= capacity);
    pushes.add(push);
    return push;
  }

  /** How many pushes there may be. */
  int capacity() {
    return capacity;
  }

  /** APNs has answered a push, which may go on all the same. */
  void answered(PushResult result, @Nullable ApnsCredentials sentWith) {
    try {
      health.verdict(result, sentWith == credentials);
    } catch (RuntimeException e) { // the user's clock
      log.warn("a verdict is missing in health()", e);
    }
  }

  /** A push has its end: there is room for another. */
  void ended(Push push, PushResult result) {
    forget(push);
    tell(push, (to, event) -> to.resultReceived(event, result));
  }

  /** A push has its end: there is room for another. */
  void ended(Push push, VoipPushException failure) {
    forget(push);
    log.debug("no verdict, {}: {}", failure.failure(), failure.getMessage());
    health.failed(failure);
    tell(push, (to, event) -> to.pushFailed(event, failure));
  }

  /** The alerts to a device are begun. */
  void begun(AlertCall alertCall) {
    alertCalls.add(alertCall);
  }

  /** The alerts to a device have come to their end. */
  void ended(AlertCall alertCall) {
    alertCalls.remove(alertCall);
  }

  private void forget(Push push) {
    pushes.remove(push);
    pending.decrementAndGet();
  }

  /** True as soon as closing has begun: nothing is sent any more. */
  boolean isClosed() {
    return closed;
  }

  /** The credentials that new connections use. */
  ApnsCredentials credentials() {
    return credentials;
  }

  /**
   * Goes on with other credentials for the same app, without losing a push: a renewed certificate,
   * another key. If a connection is open, one by the new ones is opened at once. Until it has come
   * about, and it is tried again and again, the one before carries the pushes; then that takes no
   * more and ends with its last answer. If none is open, the next push opens it. {@link #connect}
   * tells whether a new certificate is taken; that a signing key is not, or that the certificate is
   * for another environment, shows with the first push: see {@link
   * ClientHealth#configurationFault}.
   *
   * @throws IllegalArgumentException if they are for another app, or the certificate cannot be
   *     used; see {@link PushCertificate#requireUsable}. The client goes on as before
   * @throws IllegalStateException if the client is closed
   */
  public void replaceCredentials(ApnsCredentials credentials) {
    checkTopic(Objects.requireNonNull(credentials, "credentials"));
    TlsSettings tls = TlsSettings.of(credentials, trusted);
    synchronized (pushes) {
      if (closed) {
        throw new IllegalStateException("credentials cannot be replaced: the client is closed");
      }
      this.credentials = credentials;
      expiryWarning.watch(credentials);
      health.credentialsReplaced();
      transport.replaceIdentity(new Identity(credentials, tls));
    }
    log.info("{}: credentials replaced", this);
  }

  private void checkTopic(ApnsCredentials given) {
    if (given instanceof PushCertificate certificate) {
      Optional<String> own =
          Builder.usableFor(certificate, settings.clock, settings.alertRing != null);
      if (own.isPresent() && !own.get().equals(settings.bundleId)) {
        throw new IllegalArgumentException(
            "credentials must be for "
                + settings.bundleId
                + ", but were for "
                + own.get()
                + "; another app needs a client of its own");
      }
    }
  }

  /** Returns how this client is doing, at this moment. */
  public ClientHealth health() {
    int inFlight = transport.inFlight();
    return health.snapshot(
        transport.connections(), inFlight, Math.max(0, pending.get() - inFlight), credentials);
  }

  /**
   * Opens the connection ahead of the first call: DNS, TCP, TLS and the server's first HTTP/2
   * frame. No push is sent. The future fails with a {@link VoipPushException} if this attempt
   * fails, whose {@code apnsId} is all zeros; later sends try anew.
   */
  public CompletableFuture<Void> connect() {
    CompletableFuture<Void> result = new CompletableFuture<>();
    var unused =
        transport
            .connect()
            .whenComplete(
                (ok, failure) ->
                    onExecutor(
                        () -> {
                          if (failure == null) {
                            result.complete(null);
                          } else {
                            result.completeExceptionally(failure);
                          }
                        }));
    return result;
  }

  /**
   * Closes the client: what waits ends with {@link Failure#CLOSED} at once, what is in flight gets
   * {@link Builder#closeTimeout}. Blocks for so long at most, and a moment for the farewell.
   * Idempotent.
   */
  @Override
  public void close() {
    synchronized (pushes) {
      if (closed) {
        return;
      }
      closed = true;
    }
    for (Push push : pushes) {
      push.endIfWaiting(Failure.CLOSED, "the client is closed");
    }
    transport.close(settings.closeTimeout);
    for (Push push : pushes) {
      push.end(Failure.CLOSED, "the client is closed");
    }
    alertCalls.forEach(AlertCall::timeHasCome);
    timer.close();
    callbacks.close();
  }

  /** Returns where this client sends to, and for which topic. */
  @Override
  public String toString() {
    return "VoipPushClient[" + settings.host + ", " + settings.topic + "]";
  }

  /** What the stages of a push need of the configuration. */
  static final class Settings {
    final String bundleId;
    final String topic;
    final @Nullable AlertRing alertRing;
    final String host;
    final HttpUrl endpoint;
    final Clock clock;
    final Duration attemptTimeout;
    final long attemptTimeoutNanos;
    final long writeTimeoutNanos; // from the connection's room for it to the end of the request
    final Duration closeTimeout;

    Settings(Builder builder, String bundleId, HttpUrl endpoint) {
      this.bundleId = bundleId;
      this.topic = PushType.VOIP.topic(bundleId);
      this.alertRing = builder.alertRing;
      this.host = endpoint.host();
      this.endpoint = endpoint;
      this.clock = builder.clock;
      this.attemptTimeout = builder.attemptTimeout;
      this.attemptTimeoutNanos = attemptTimeout.toNanos();
      this.writeTimeoutNanos = builder.connectTimeout.toNanos() + attemptTimeoutNanos;
      this.closeTimeout = builder.closeTimeout;
    }
  }

  /** Configures a client. Not thread-safe. */
  public static final class Builder {
    private static final Duration LONGEST = Duration.ofDays(1);
    private static final int LONGEST_SHOWN = 100;

    private @Nullable ApnsCredentials credentials;
    private ApnsEnvironment environment = ApnsEnvironment.PRODUCTION;
    private @Nullable URI endpoint;
    private @Nullable String bundleId;
    private List<X509Certificate> trusted = List.of();
    private @Nullable OkHttpClient httpClient;
    private Duration connectTimeout = Duration.ofSeconds(5);
    private Duration attemptTimeout = Duration.ofSeconds(5);
    private boolean retryUnknown = true;
    private int maxInFlight = 1000;
    private int maxQueued = 10_000;
    private int connections = 1;
    private @Nullable Proxy proxy;
    private ProxySettings.@Nullable Credentials proxyCredentials;
    private Duration pingInterval = Duration.ofSeconds(60);
    private Duration closeTimeout = Duration.ofSeconds(10);
    private @Nullable AlertRing alertRing;
    private @Nullable PushListener listener;
    private @Nullable Executor executor;
    private Clock clock = Clock.systemUTC();

    private Builder() {}

    /** Sets the certificate or signing key; required. */
    public Builder credentials(ApnsCredentials credentials) {
      this.credentials = Objects.requireNonNull(credentials, "credentials");
      return this;
    }

    /** Sets to which APNs to send; {@link ApnsEnvironment#PRODUCTION} by default. */
    public Builder environment(ApnsEnvironment environment) {
      this.environment = Objects.requireNonNull(environment, "environment");
      return this;
    }

    /**
     * Sends elsewhere than to Apple: to a simulator, or to Apple's port 2197.
     *
     * @param endpoint {@code https://host} or {@code https://host:port}
     * @throws IllegalArgumentException if it is anything else
     */
    public Builder endpoint(URI endpoint) {
      if (!"https".equals(endpoint.getScheme())
          || endpoint.getHost() == null
          || endpoint.getUserInfo() != null
          || endpoint.getRawQuery() != null
          || endpoint.getRawFragment() != null
          || !(endpoint.getRawPath().isEmpty() || endpoint.getRawPath().equals("/"))) {
        throw new IllegalArgumentException(
            "endpoint must be https://host:port, but "
                + (endpoint.getRawUserInfo() == null ? "was " + endpoint : "names a user"));
      }
      this.endpoint = endpoint;
      return this;
    }

    /**
     * Sets the app's bundle id, with or without {@code .voip}. By default it is the certificate's;
     * required with a signing key. With that, one that ends in {@code .voip} itself must be given
     * with a second {@code .voip}.
     */
    public Builder bundleId(String bundleId) {
      if (!bundleId.matches("[A-Za-z0-9.-]{1,255}")) {
        boolean mayBeSecret = bundleId.length() > LONGEST_SHOWN; // a key in its place
        throw new IllegalArgumentException(
            "bundleId must be 1 to 255 letters, digits, dots and hyphens, but "
                + (mayBeSecret
                    ? "has " + bundleId.length() + " characters"
                    : "was \"" + bundleId + "\""));
      }
      this.bundleId = bundleId;
      return this;
    }

    /**
     * Trusts these roots besides those of the Java runtime: a simulator's, a proxy's. Who has the
     * key of one can pass for APNs; there is no other way to trust more, and the host name is
     * always checked.
     */
    public Builder trustedCertificates(X509Certificate... certificates) {
      this.trusted = List.of(certificates);
      return this;
    }

    /**
     * Carries the pushes by OkHttp's calls, a thread for each in flight, in place of the faster way
     * of this library: for a client of yours with interceptors and the like. Takes proxy, DNS,
     * socket factory, event listener, certificate pins and interceptors from a client of yours.
     * Interceptors see the JWT and the payload, and may send them to another host. TLS with its
     * versions, trust and check of the host name, protocols, dispatcher, connection pool, timeouts
     * and retries remain this library's, whatever that client and its interceptors set: without
     * such TLS nothing is sent. A push is written once for each attempt, and the status that APNs
     * has answered is the verdict, whatever interceptors do after it; an answer that one gives in
     * its place, with nothing written, is taken for that of APNs.
     *
     * @throws IllegalArgumentException if it has a SOCKS proxy; HTTP proxies are supported
     */
    public Builder httpClient(OkHttpClient httpClient) {
      if (httpClient.proxy() != null && httpClient.proxy().type() == Proxy.Type.SOCKS) {
        throw new IllegalArgumentException(
            "httpClient must have no SOCKS proxy, but has " + httpClient.proxy());
      }
      this.httpClient = Objects.requireNonNull(httpClient, "httpClient");
      return this;
    }

    /**
     * Connects through this proxy: HTTP (by CONNECT) or SOCKS 5, which looks up the name of APNs
     * itself. {@link Proxy#NO_PROXY} connects directly whatever the JVM is set to. By default the
     * JVM's {@link java.net.ProxySelector} decides, for example by {@code https.proxyHost}.
     */
    public Builder proxy(Proxy proxy) {
      this.proxy = Objects.requireNonNull(proxy, "proxy");
      return this;
    }

    /**
     * Sets the user and the password for the proxy: Basic for HTTP, RFC 1929 for SOCKS 5, which
     * takes at most 255 bytes each. By default there are none. The password is copied.
     *
     * @throws IllegalArgumentException if the user has a colon, which Basic cannot carry
     */
    public Builder proxyCredentials(String user, char[] password) {
      if (user.indexOf(':') >= 0) {
        throw new IllegalArgumentException(
            "user must have no colon, but has one at position " + user.indexOf(':'));
      }
      this.proxyCredentials =
          new ProxySettings.Credentials(
              user, String.valueOf(Objects.requireNonNull(password, "password")));
      return this;
    }

    /** Limits DNS, TCP, TLS and the wait for the server's SETTINGS together; 5 s by default. */
    public Builder connectTimeout(Duration timeout) {
      this.connectTimeout = positive("connectTimeout", timeout);
      return this;
    }

    /**
     * Limits the wait for an answer, from the end of the request to the response's headers; 5 s by
     * default.
     */
    public Builder attemptTimeout(Duration timeout) {
      this.attemptTimeout = positive("attemptTimeout", timeout);
      return this;
    }

    /**
     * Sets whether a push that was written but not answered is tried once more on another
     * connection, which can ring twice; true by default, as a call that does not ring is worse.
     */
    public Builder retryUnknown(boolean retry) {
      this.retryUnknown = retry;
      return this;
    }

    /**
     * Limits the pushes that are written and not answered; 1000 by default. The server's limit
     * counts if it is lower, and with {@link #httpClient} at most 100 are used.
     */
    public Builder maxInFlight(int max) {
      this.maxInFlight = positive("maxInFlight", max);
      return this;
    }

    /** Limits the pushes that wait besides those in flight; 10,000 by default. */
    public Builder maxQueued(int max) {
      this.maxQueued = positive("maxQueued", max);
      return this;
    }

    /**
     * Sets how many connections there are at most; 1 by default, which carries any load that APNs
     * allows. A further one is opened only when those there have no stream or no flow-control
     * window left.
     *
     * @throws IllegalArgumentException if it is not from 1 to 100
     */
    public Builder connections(int max) {
      if (max < 1 || max > 100) {
        throw new IllegalArgumentException("connections must be from 1 to 100, but was " + max);
      }
      this.connections = max;
      return this;
    }

    /** Sets after how long a silent connection is asked for a sign of life; 60 s by default. */
    public Builder pingInterval(Duration interval) {
      this.pingInterval = positive("pingInterval", interval);
      return this;
    }

    /** Sets how long {@link #close()} waits for answers; 10 s by default, zero is allowed. */
    public Builder closeTimeout(Duration timeout) {
      if (timeout.isNegative() || timeout.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            "closeTimeout must be from 0 to 1 day, but was " + timeout);
      }
      this.closeTimeout = timeout;
      return this;
    }

    /**
     * Sets how {@link AlertDevice}s are rung, which {@link VoipPushClient#ring} refuses otherwise.
     * With a certificate, {@link #build()} checks that it is good for alerts; an app's Apple Push
     * Notification service certificate and a signing key are, a VoIP Services certificate may not
     * be.
     */
    public Builder alertRing(AlertRing alertRing) {
      this.alertRing = Objects.requireNonNull(alertRing, "alertRing");
      return this;
    }

    /** Sets who hears what happens; nobody by default. */
    public Builder listener(PushListener listener) {
      this.listener = Objects.requireNonNull(listener, "listener");
      return this;
    }

    /**
     * Sets where futures complete and the listener hears; by default on a few daemon threads of the
     * client. One that runs a callback on the thread that hands it over, such as {@code
     * Runnable::run}, holds up all pushes, and {@link Ring#stop}, while that callback lasts.
     */
    public Builder executor(Executor executor) {
      this.executor = Objects.requireNonNull(executor, "executor");
      return this;
    }

    /** Sets the wall clock for deadlines, expirations and JWTs; the system's by default. */
    public Builder clock(Clock clock) {
      this.clock = Objects.requireNonNull(clock, "clock");
      return this;
    }

    /**
     * Makes the client; connects to nothing yet. It has to be closed in the end.
     *
     * @throws IllegalStateException if credentials are missing, or the bundle id is with a signing
     *     key; or if {@code proxy}, {@code proxyCredentials} or {@code connections} are set beside
     *     {@code httpClient}
     * @throws IllegalArgumentException if the certificate has expired, is not valid yet, or is for
     *     something else; see {@link PushCertificate#requireUsable}; or if {@link #alertRing} is
     *     set and it is not for alerts
     */
    public VoipPushClient build() {
      ApnsCredentials given = credentials;
      if (given == null) {
        throw new IllegalStateException(
            "credentials are required; load them by CertificateLoader.load(Path.of(\"ck.pem\"),"
                + " password) or SigningKey.load(...)");
      }
      if (httpClient != null && (proxy != null || proxyCredentials != null || connections != 1)) {
        throw new IllegalStateException(
            "proxy, proxyCredentials and connections must not be set beside httpClient: set the"
                + " proxy on that client; it holds to one connection");
      }
      return new VoipPushClient(this, given, new Settings(this, bundleId(given), url()));
    }

    private HttpUrl url() {
      if (endpoint != null) {
        HttpUrl url = HttpUrl.get(endpoint);
        if (url != null) {
          return url;
        }
      }
      return new HttpUrl.Builder().scheme("https").host(environment.host()).build();
    }

    private String bundleId(ApnsCredentials given) {
      String wanted = bundleId == null ? null : PushType.bundleId(bundleId);
      if (!(given instanceof PushCertificate certificate)) {
        if (wanted == null) {
          throw new IllegalStateException(
              "bundleId is required with a signing key, which is good for all apps of a team");
        }
        return wanted;
      }
      Optional<String> own = usableFor(certificate, clock, alertRing != null);
      if (own.isEmpty()) {
        if (wanted == null) {
          throw new IllegalStateException(
              "bundleId is required: the certificate names no app, neither by Apple's extensions"
                  + " nor by its UID");
        }
        log.warn("the certificate names no app; APNs will tell whether it is for {}", wanted);
        return wanted;
      }
      if (wanted != null && !own.get().equals(wanted) && !own.get().equals(bundleId)) {
        throw new IllegalArgumentException(
            "bundleId must be the certificate's, "
                + own.get()
                + ", but was "
                + bundleId
                + "; leave it out or load that app's certificate");
      }
      return own.get();
    }

    /** Returns the bundle id of the certificate, if it names one. */
    private static Optional<String> usableFor(
        PushCertificate certificate, Clock clock, boolean alerts) {
      try {
        certificate.requireUsable(clock.instant());
      } catch (CredentialsException e) {
        throw new IllegalArgumentException("credentials cannot be used: " + e.getMessage(), e);
      }
      Optional<String> own = certificate.voipTopic().map(PushType::bundleId);
      String topic = own.map(PushType.ALERT::topic).orElse("");
      if (alerts && own.isPresent() && !certificate.topics().contains(topic)) {
        throw new IllegalArgumentException(
            "credentials must be good for alerts, too, as alertRing is set, but the certificate"
                + " names the topics "
                + String.join(", ", certificate.topics())
                + " and not "
                + topic
                + ": use the app's Apple Push Notification service certificate, which has all"
                + " topics, or a signing key (.p8)");
      }
      return own;
    }

    private static Duration positive(String name, Duration value) {
      if (value.isNegative() || value.isZero() || value.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            name + " must be more than 0 and at most 1 day, but was " + value);
      }
      return value;
    }

    private static int positive(String name, int value) {
      if (value <= 0) {
        throw new IllegalArgumentException(name + " must be positive, but was " + value);
      }
      return value;
    }
  }
}
