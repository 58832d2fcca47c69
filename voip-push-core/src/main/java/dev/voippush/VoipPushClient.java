// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CredentialsException;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.credentials.SigningKey;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
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
  final DeadlineTimer timer = new DeadlineTimer();
  final ApnsIds apnsIds = new ApnsIds();
  final RetryPolicy retryPolicy;
  final RetryBudget budget = new RetryBudget();

  private final int capacity;
  private final AtomicInteger pending = new AtomicInteger();
  private final Set<Push> pushes = ConcurrentHashMap.newKeySet();
  private final Executor executor;
  private final AtomicLong warnedAt = new AtomicLong(System.nanoTime() - 2 * WARN_AGAIN_NANOS);
  private final Callbacks callbacks = new Callbacks(timer);
  private volatile boolean closed;

  private VoipPushClient(Builder builder, Settings settings, HttpUrl endpoint) {
    this.settings = settings;
    this.capacity =
        (int) Math.min(Integer.MAX_VALUE, (long) builder.maxInFlight + builder.maxQueued);
    this.retryPolicy = new RetryPolicy(builder.retryUnknown);
    executor = builder.executor == null ? callbacks : builder.executor;
    TlsSettings tls = TlsSettings.of(settings.credentials, builder.trusted);
    this.transport =
        builder.httpClient == null
            ? streamTransport(builder, endpoint, tls)
            : new CallTransport(
                endpoint,
                settings.topic,
                builder.httpClient,
                tls,
                builder.connectTimeout,
                builder.pingInterval,
                builder.maxInFlight,
                timer);
  }

  private StreamTransport streamTransport(Builder builder, HttpUrl endpoint, TlsSettings tls) {
    ProxySettings proxySettings = new ProxySettings(builder.proxy, builder.proxyCredentials);
    return new StreamTransport(
        new StreamTransport.Config(
            new Dialer(
                endpoint.host(), endpoint.port(), tls, proxySettings, InetAddress::getAllByName),
            authority(endpoint),
            settings.topic,
            builder.connectTimeout,
            builder.pingInterval,
            builder.maxInFlight,
            builder.connections,
            callbacks,
            timer));
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

  private Push begin(DeviceToken device, CallPayload call, boolean callerWaits) {
    Objects.requireNonNull(device, "device");
    Push push = new Push(this, device, Objects.requireNonNull(call, "call"), callerWaits);
    boolean full = pending.incrementAndGet() > capacity;
    pushes.add(push);
    if (full) {
      push.end(Failure.QUEUE_FULL, "more than " + capacity + " pushes wait or are in flight");
    } else if (closed) {
      push.end(Failure.CLOSED, "the client is closed");
    } else {
      push.start();
    }
    return push;
  }

  /** A push has its end: there is room for another. */
  void ended(Push push) {
    pushes.remove(push);
    pending.decrementAndGet();
  }

  /**
   * Opens the connection ahead of the first call: DNS, TCP, TLS and the server's first HTTP/2
   * frame. No push is sent. The future fails with a {@link VoipPushException} if this attempt
   * fails; later sends try anew.
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
    final ApnsCredentials credentials;
    final String topic;
    final String host;
    final Clock clock;
    final Duration attemptTimeout;
    final long attemptTimeoutNanos;
    final long writeTimeoutNanos; // from the connection's room for it to the end of the request
    final Duration closeTimeout;

    private Settings(Builder builder, ApnsCredentials credentials, String topic, String host) {
      this.credentials = credentials;
      this.topic = topic;
      this.host = host;
      this.clock = builder.clock;
      this.attemptTimeout = builder.attemptTimeout;
      this.attemptTimeoutNanos = attemptTimeout.toNanos();
      this.writeTimeoutNanos = builder.connectTimeout.toNanos() + attemptTimeoutNanos;
      this.closeTimeout = builder.closeTimeout;
    }

    /** The JWT to send now, or null with a certificate. */
    @Nullable String bearerToken() {
      return credentials instanceof SigningKey key ? key.bearerToken(clock) : null;
    }

    /** After ExpiredProviderToken: true if there is another JWT than the refused one. */
    boolean renewBearerToken(String refused) {
      return credentials instanceof SigningKey key
          && key.replaceRefused(refused, clock).isPresent();
    }
  }

  /** Configures a client. Not thread-safe. */
  public static final class Builder {
    private static final Duration LONGEST = Duration.ofDays(1);

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
            "endpoint must be https://host:port, but was " + endpoint);
      }
      this.endpoint = endpoint;
      return this;
    }

    /**
     * Sets the app's bundle id, with or without {@code .voip}. By default it is the certificate's;
     * required with a signing key.
     */
    public Builder bundleId(String bundleId) {
      if (!bundleId.matches("[A-Za-z0-9.-]{1,255}")) {
        throw new IllegalArgumentException(
            "bundleId must be letters, digits, dots and hyphens, but was \"" + bundleId + "\"");
      }
      this.bundleId = bundleId;
      return this;
    }

    /** Trusts these roots besides those of the Java runtime: a simulator's, a proxy's. */
    public Builder trustedCertificates(X509Certificate... certificates) {
      this.trusted = List.of(certificates);
      return this;
    }

    /**
     * Carries the pushes by OkHttp's calls, a thread for each in flight, in place of the faster way
     * of this library: for a client of yours with interceptors and the like. Takes proxy, DNS,
     * socket factory, event listener and interceptors from a client of yours. Interceptors see the
     * JWT and the payload. TLS, hostname verifier, protocols, dispatcher, connection pool, timeouts
     * and retries remain this library's.
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
        throw new IllegalArgumentException("user must have no colon, but was \"" + user + "\"");
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
     * Sets where futures complete; by default on a few daemon threads of the client. One that runs
     * a callback on the thread that hands it over, such as {@code Runnable::run}, holds up all
     * pushes while that callback lasts.
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
     * Makes the client; connects to nothing yet.
     *
     * @throws IllegalStateException if credentials are missing, or the bundle id is with a signing
     *     key; or if {@code proxy}, {@code proxyCredentials} or {@code connections} are set beside
     *     {@code httpClient}
     * @throws IllegalArgumentException if the certificate has expired, is not valid yet, or is for
     *     something else; see {@link PushCertificate#requireUsable}
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
      String topic = topic(given);
      HttpUrl url = url();
      return new VoipPushClient(this, new Settings(this, given, topic, url.host()), url);
    }

    private HttpUrl url() {
      if (endpoint != null) {
        HttpUrl url = HttpUrl.get(endpoint);
        if (url != null) {
          return url;
        }
      }
      String host =
          environment == ApnsEnvironment.PRODUCTION
              ? "api.push.apple.com"
              : "api.sandbox.push.apple.com";
      return new HttpUrl.Builder().scheme("https").host(host).build();
    }

    private String topic(ApnsCredentials given) {
      String wanted = bundleId == null ? null : withoutSuffix(bundleId);
      if (!(given instanceof PushCertificate certificate)) {
        if (wanted == null) {
          throw new IllegalStateException(
              "bundleId is required with a signing key, which is good for all apps of a team");
        }
        return wanted + ".voip";
      }
      try {
        certificate.requireUsable(clock.instant());
      } catch (CredentialsException e) {
        throw new IllegalArgumentException("credentials cannot be used: " + e.getMessage(), e);
      }
      Optional<String> own = certificate.voipTopic();
      if (own.isEmpty()) {
        if (wanted == null) {
          throw new IllegalStateException(
              "bundleId is required: the certificate names no app, neither by Apple's extensions"
                  + " nor by its UID");
        }
        log.warn("the certificate names no app; APNs will tell whether it is for {}", wanted);
        return wanted + ".voip";
      }
      String topic = own.get();
      if (wanted != null && !topic.equals(wanted + ".voip")) {
        throw new IllegalArgumentException(
            "bundleId must be the certificate's, "
                + withoutSuffix(topic)
                + ", but was "
                + bundleId
                + "; leave it out or load that app's certificate");
      }
      return topic;
    }

    private static String withoutSuffix(String topic) {
      return topic.endsWith(".voip") ? topic.substring(0, topic.length() - 5) : topic;
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
