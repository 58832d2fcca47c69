// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.ApnsCredentials;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.net.Proxy;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import okhttp3.Authenticator;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.ConnectionPool;
import okhttp3.ConnectionSpec;
import okhttp3.CookieJar;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
import okhttp3.Handshake;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.BufferedSink;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Attempts as calls of OkHttp's public API, a thread for each that is in flight.
 *
 * <p>OkHttp does not show the stream limit of the server, and dials again when it is reached. So
 * attempts are admitted here: one until the connection answers, then one more with each answer. An
 * attempt that finds no room on the connection goes back to the head of the queue unsent, and the
 * number admitted falls to what the connection carried.
 */
final class CallTransport implements Transport {
  private static final Logger log = LoggerFactory.getLogger(CallTransport.class);

  /** APNs allows about 1000 streams, but each costs a thread here. */
  static final int MAX_IN_FLIGHT = 100;

  private static final MediaType JSON = MediaType.get("application/json");
  private static final long MAX_BODY_SECONDS = 1;
  private static final String RETRY_AFTER = "retry-after";

  /** What OkHttp would act upon by itself, out of its sight. */
  private static final String HIDDEN_RETRY_AFTER = "x-voip-push-retry-after";

  /**
   * What OkHttp says of a stream that is refused or above the last one of GOAWAY; of what a server
   * says it never is the whole.
   */
  private static final String REFUSED = "stream was reset: REFUSED_STREAM";

  /** A connection that has taken no stream for so long, while one was wanted, is draining. */
  private static final long DRAINING_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final long NO_ROOM_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final HttpUrl endpoint;
  private final String bundleId;
  private final OkHttpClient base;
  private final Observer observer;
  private final Duration connectTimeout;
  private final int maxInFlight;
  private final ExecutorService threads;
  private final DeadlineTimer timer;

  private final Object lock = new Object();
  private final Deque<CallAttempt> queue = new ArrayDeque<>();
  private final Set<CallAttempt> inFlight = new HashSet<>();
  private final List<Line> lines = new ArrayList<>();
  private final Map<ObservedSslSocket, Line> sockets = new HashMap<>();
  private Line current;
  private @Nullable Line candidate; // of the next identity, until it is connected
  private final List<CompletableFuture<Void>> candidateWaiters = new ArrayList<>();
  private boolean closed;
  private int hopelessDials;
  private final DialPause dialPause = new DialPause();

  /**
   * @param threads one for each call, and for what may block; shut down with this
   */
  CallTransport(
      HttpUrl endpoint,
      String bundleId,
      OkHttpClient base,
      Identity identity,
      Duration connectTimeout,
      Duration pingInterval,
      int maxInFlight,
      DeadlineTimer timer,
      ExecutorService threads,
      Observer observer) {
    this.endpoint = endpoint;
    this.bundleId = bundleId;
    this.maxInFlight = Math.min(maxInFlight, MAX_IN_FLIGHT);
    this.connectTimeout = connectTimeout;
    this.timer = timer;
    this.threads = threads;
    this.observer = observer;
    this.base =
        base.newBuilder()
            .protocols(List.of(Protocol.HTTP_2, Protocol.HTTP_1_1))
            .connectionSpecs(List.of(ConnectionSpec.MODERN_TLS)) // no older TLS, no cleartext
            .hostnameVerifier(new OkHttpClient().hostnameVerifier()) // OkHttp's own
            .dispatcher(new Dispatcher())
            .connectTimeout(connectTimeout)
            .readTimeout(Duration.ZERO) // the push has its own timers
            .writeTimeout(Duration.ZERO)
            .callTimeout(Duration.ZERO)
            .pingInterval(pingInterval)
            .retryOnConnectionFailure(true) // with one-shot bodies: only what was not sent
            .followRedirects(false)
            .authenticator(Authenticator.NONE)
            .cookieJar(CookieJar.NO_COOKIES)
            .cache(null)
            .addNetworkInterceptor(CallTransport::onConnection)
            .build();
    this.current = new Line(identity);
    lines.add(current);
  }

  /** A connection and its successors, apart from those that were replaced as suspect. */
  private final class Line {
    final Identity identity;
    final DialGate dialGate = new DialGate(base.socketFactory(), base.dns());
    final ConnectionPool pool = new ConnectionPool(1, 3650, TimeUnit.DAYS);
    final OkHttpClient client;

    /** Connections that take new streams, as far as we know. */
    final Set<ObservedSslSocket> open = new HashSet<>();

    boolean dialling;
    int admitted;
    int limit = 1;
    long lastStream = System.nanoTime();

    Line(Identity identity) {
      this.identity = identity;
      TlsSettings tls = identity.tls();
      client =
          base.newBuilder()
              .sslSocketFactory(
                  new ObservedSslSocket.Factory(tls.context().getSocketFactory(), dialGate),
                  tls.trustManager())
              .connectionPool(pool)
              .socketFactory(dialGate)
              .dns(dialGate::lookup)
              .eventListenerFactory(
                  call -> base.eventListenerFactory().create(call).plus(new DialWatch(dialGate)))
              .build();
    }
  }

  @Override
  public Attempt enqueue(Handler handler, boolean mayWriteHere) {
    CallAttempt attempt = new CallAttempt(handler);
    boolean refused;
    synchronized (lock) {
      refused = closed;
      if (!refused) {
        queue.addLast(attempt);
      }
    }
    if (refused) {
      attempt.fail(AttemptFailure.closed(Delivery.NOT_SENT));
    } else {
      admit();
    }
    return attempt;
  }

  @Override
  public CompletableFuture<Void> connect() {
    CompletableFuture<Void> connected = new CompletableFuture<>();
    CallAttempt attempt = new CallAttempt(new Connecting(connected));
    synchronized (lock) {
      if (closed) {
        attempt.fail(AttemptFailure.closed(Delivery.NOT_SENT));
        return connected;
      }
      if (candidate != null) {
        candidateWaiters.add(connected);
        return connected;
      }
      if (!current.open.isEmpty()) {
        connected.complete(null);
        return connected;
      }
      queue.addFirst(attempt);
    }
    admit();
    return connected;
  }

  @Override
  public void replaceIdentity(Identity identity) {
    List<Call> outdated = new ArrayList<>();
    synchronized (lock) {
      if (closed) {
        return;
      }
      Line dropped = candidate;
      candidate = new Line(identity);
      lines.add(candidate);
      if (dropped != null) {
        retire(dropped);
      }
      dialPause.end();
      hopelessDials = 0;
      if (current.open.isEmpty()) {
        promoteCandidate();
      }
      for (CallAttempt attempt : inFlight) {
        if (attempt.stopDialling() && attempt.call != null) {
          outdated.add(attempt.call);
        }
      }
    }
    outdated.forEach(call -> later(call::cancel));
    connectCandidate();
    admit();
  }

  /** True if this is neither of the present identity nor of the next. Under lock. */
  private boolean isOutdated(Line line) {
    Line next = candidate;
    return line.identity != current.identity && (next == null || line.identity != next.identity);
  }

  /** From now on attempts go over the line of the next identity. Under lock. */
  private void promoteCandidate() {
    Line next = candidate;
    if (next != null) {
      Line old = current;
      current = next;
      candidate = null;
      retire(old);
      if (!next.dialling) { // by a push, or for those who wait for the connection
        candidateWaiters.forEach(waiter -> queue.addFirst(new CallAttempt(new Connecting(waiter))));
        candidateWaiters.clear();
      }
    }
  }

  private void connectCandidate() {
    CallAttempt attempt;
    synchronized (lock) {
      Line line = candidate;
      if (line == null || line.dialling || closed) {
        return;
      }
      CompletableFuture<Void> connected = new CompletableFuture<>();
      var unused = connected.whenComplete((ok, failure) -> candidateDialled(line, failure));
      attempt = new CallAttempt(new Connecting(connected));
      attempt.line = line;
      attempt.mayDial = true;
      line.dialling = true;
      line.admitted++;
      inFlight.add(attempt);
    }
    start(attempt);
  }

  private void candidateDialled(Line line, @Nullable Throwable failure) {
    List<CompletableFuture<Void>> waiters;
    synchronized (lock) {
      if (isOutdated(line)) {
        return;
      }
      waiters = new ArrayList<>(candidateWaiters);
      candidateWaiters.clear();
      if (line == candidate && failure == null) {
        promoteCandidate();
      } else if (line == candidate) {
        var unused = timer.in(dialPause.nanosLeft(), this::connectCandidate);
      }
    }
    for (CompletableFuture<Void> waiter : waiters) {
      if (failure == null) {
        waiter.complete(null);
      } else {
        waiter.completeExceptionally(failure);
      }
    }
    admit();
  }

  @Override
  public void awaitHandOver() {} // OkHttp does not tell when it hands over what

  @Override
  public int connections() {
    synchronized (lock) {
      return lines.stream().mapToInt(line -> line.open.size()).sum();
    }
  }

  @Override
  public int inFlight() {
    synchronized (lock) {
      return (int) inFlight.stream().filter(attempt -> attempt.written).count();
    }
  }

  /** Hands as many attempts to threads as the connection may carry now. */
  private void admit() {
    while (true) {
      CallAttempt next;
      synchronized (lock) {
        if (queue.isEmpty() || closed) {
          return;
        }
        Line line = current;
        boolean dial = line.open.isEmpty();
        if (dial && candidate != null) { // nothing is left to wait on
          promoteCandidate();
          continue;
        }
        if (dial) {
          long wait = dialPause.nanosLeft();
          if (wait > 0) {
            admitIn(wait);
          }
          if (line.dialling || wait > 0) {
            return;
          }
          line.limit = 1;
          line.dialling = true;
        } else if (line.admitted >= line.limit) {
          return;
        }
        next = queue.removeFirst();
        if (next.ended) { // cancelled
          if (dial) {
            line.dialling = false;
          }
          continue;
        }
        next.line = line;
        next.mayDial = dial;
        next.comesBack = false;
        line.admitted++;
        inFlight.add(next);
      }
      start(next);
    }
  }

  /** If there is no thread the attempt has failed and left; whoever calls admits the next. */
  private void start(CallAttempt attempt) {
    try {
      threads.execute(attempt);
    } catch (RejectedExecutionException | OutOfMemoryError e) { // closing, or no thread to be had
      attempt.tellFailure(new IOException("no thread for the push: " + e.getMessage(), e));
      release(attempt, false);
    }
  }

  /**
   * Does what may block on a thread of its own; nothing if there is none, or if this is closed,
   * which ends all anyway.
   */
  private void later(Runnable task) {
    try {
      threads.execute(task);
    } catch (RejectedExecutionException e) {
      log.trace("closed", e);
    } catch (OutOfMemoryError e) {
      log.warn("no thread to end a call or a connection", e);
    }
  }

  private void admitIn(long nanos) {
    var unused = timer.in(nanos, this::admit);
  }

  /** The attempt has left its connection; {@code verdict} if the server answered it. */
  private void leave(CallAttempt attempt, boolean verdict) {
    release(attempt, verdict);
    admit();
  }

  private void release(CallAttempt attempt, boolean verdict) {
    synchronized (lock) {
      Line line = attempt.line;
      if (line != null && inFlight.remove(attempt)) {
        line.admitted--;
        if (attempt.mayDial) {
          line.dialling = false;
        }
        if (verdict && line.limit < maxInFlight) {
          line.limit++;
        }
        retire(line);
        lock.notifyAll();
      }
    }
  }

  /** Puts an attempt that found no room back to the head of the queue, nothing sent. */
  private void comeBack(CallAttempt attempt) {
    synchronized (lock) {
      Line line = attempt.line;
      if (line == null || !inFlight.remove(attempt)) {
        return;
      }
      line.admitted--;
      line.limit = Math.max(1, line.admitted);
      if (attempt.mayDial) {
        line.dialling = false;
      }
      if (System.nanoTime() - line.lastStream > DRAINING_NANOS) {
        line.open.clear();
      }
      attempt.line = null;
      attempt.call = null;
      attempt.socket = null;
      attempt.connected = false;
      attempt.run++;
      retire(line);
      queue.addFirst(attempt);
      if (closed) {
        lock.notifyAll(); // close() ends it
      } else {
        admitIn(NO_ROOM_PAUSE_NANOS);
      }
    }
  }

  private void retire(Line line) {
    if (line != current && line != candidate && line.admitted == 0) {
      lines.remove(line);
      later(line.pool::evictAll);
    }
  }

  /** All that waits has its end with it if the other side has refused twice. */
  private void dialFailed(AttemptFailure failure) {
    List<CallAttempt> hopeless = new ArrayList<>();
    ApnsCredentials credentials;
    synchronized (lock) {
      dialPause.begin();
      hopelessDials = failure.permanent() ? hopelessDials + 1 : 0;
      credentials = current.identity.credentials();
      if (hopelessDials >= 2 && current.open.isEmpty() && candidate == null) {
        hopeless.addAll(queue);
        queue.clear();
      }
    }
    for (CallAttempt attempt : hopeless) {
      attempt.endUntried(failure, credentials);
    }
  }

  private void opened(Line line, ObservedSslSocket socket, long tookNanos) {
    long openSince = System.nanoTime();
    observer.connected(Duration.ofNanos(tookNanos));
    synchronized (lock) {
      dialPause.succeeded();
      hopelessDials = 0;
      line.open.add(socket);
      line.lastStream = System.nanoTime();
    }
    var unused =
        socket
            .closed()
            .whenComplete(
                (ok, e) -> {
                  synchronized (lock) {
                    line.open.remove(socket);
                    sockets.remove(socket);
                  }
                  observer.disconnected(
                      "the connection was closed", Duration.ofNanos(System.nanoTime() - openSince));
                  synchronized (lock) {
                    if (closed) {
                      return;
                    }
                  }
                  admitIn(0);
                });
  }

  @Override
  public void close(Duration timeout) {
    List<CallAttempt> queued;
    List<CompletableFuture<Void>> unconnected;
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      queued = new ArrayList<>(queue);
      queue.clear();
      unconnected = new ArrayList<>(candidateWaiters);
      candidateWaiters.clear();
    }
    queued.forEach(attempt -> attempt.fail(AttemptFailure.closed(Delivery.NOT_SENT)));
    unconnected.forEach(
        future ->
            future.completeExceptionally(AttemptFailure.closed(Delivery.NOT_SENT).ofNoPush()));
    awaitEmpty(timeout);
    List<CallAttempt> late;
    synchronized (lock) {
      late = new ArrayList<>(inFlight);
      late.addAll(queue);
      queue.clear();
    }
    late.forEach(CallAttempt::cutOff);
    List<Line> allLines;
    List<ObservedSslSocket> allSockets;
    synchronized (lock) {
      allLines = new ArrayList<>(lines);
      lines.clear(); // what is still being dialled has no place any more
      allSockets = new ArrayList<>(sockets.keySet());
    }
    allLines.forEach(line -> line.pool.evictAll());
    allSockets.forEach(ObservedSslSocket::abort);
    threads.shutdown();
  }

  private void awaitEmpty(Duration timeout) {
    long until = System.nanoTime() + timeout.toNanos();
    synchronized (lock) {
      try {
        long left = until - System.nanoTime();
        while (!inFlight.isEmpty() && left > 0) {
          TimeUnit.NANOSECONDS.timedWait(lock, left);
          left = until - System.nanoTime();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // close now
      }
    }
  }

  /** Between connection and request: only HTTP/2 over our TLS, when the server has spoken. */
  private static Response onConnection(Interceptor.Chain chain) throws IOException {
    CallAttempt attempt = chain.request().tag(CallAttempt.class);
    Connection connection = chain.connection();
    if (attempt == null || connection == null) {
      throw new IllegalStateException("a call that is not ours");
    }
    if (connection.protocol() != Protocol.HTTP_2) {
      throw new ConnectFailures.NoHttp2Exception(
          chain.request().url().host(), chain.request().url().port());
    }
    if (!(connection.socket() instanceof ObservedSslSocket socket)) {
      throw new SSLException(
          "an interceptor must leave TLS to this library, but set an SSLSocketFactory");
    }
    int wait = chain.connectTimeoutMillis();
    try {
      socket.firstBytes().get(wait, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new HandshakeException(e.getCause());
    } catch (TimeoutException e) {
      socket.abort();
      throw new SocketTimeoutException("no connection within " + Duration.ofMillis(wait));
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
    attempt.onConnection(socket);
    Response response = chain.proceed(guarded(chain.request(), attempt));
    String retryAfter = response.header(RETRY_AFTER);
    if (retryAfter != null) {
      response =
          response
              .newBuilder()
              .removeHeader(RETRY_AFTER)
              .header(HIDDEN_RETRY_AFTER, retryAfter)
              .build();
    }
    attempt.answeredBy(response);
    // the verdict is known already: nobody waits long for the body
    response.body().source().timeout().timeout(MAX_BODY_SECONDS, TimeUnit.SECONDS);
    return response;
  }

  private static Request guarded(Request request, CallAttempt attempt) throws IOException {
    RequestBody body = request.body();
    if (body == null) { // an interceptor has taken it away
      attempt.aboutToWrite();
      return request;
    }
    return request.newBuilder().method(request.method(), new GuardedBody(attempt, body)).build();
  }

  /** One attempt: queued, admitted, run on a thread of its own, perhaps sent back to the queue. */
  private final class CallAttempt implements Attempt, Runnable {
    private final Handler handler;
    private final DialProgress progress =
        new DialProgress(Dialer.hostAndPort(endpoint.host(), endpoint.port()));
    private @Nullable PushRequest request;
    private @Nullable Identity identity; // of the request
    private long startedAt;

    // Guarded by lock:
    private boolean ended; // if queued: to be dropped when its turn comes
    private @Nullable Line line;
    private @Nullable Call call;
    private boolean mayDial;
    private boolean comesBack;
    private int run;
    private @Nullable ObservedSslSocket socket;
    private boolean connected;
    private @Nullable PushResponse verdict; // without its body
    private boolean written; // never set once it has ended: what was told then stays true

    CallAttempt(Handler handler) {
      this.handler = handler;
    }

    @Override
    public void run() {
      startedAt = System.nanoTime();
      DeadlineTimer.Deadline watchdog = null;
      if (mayDial) {
        int thisRun = run;
        watchdog = timer.in(connectTimeout.toNanos(), () -> dialTimedOut(thisRun));
      }
      Line mine = line;
      try {
        if (mine == null) {
          return;
        }
        PushRequest push = request;
        if (push == null || identity != mine.identity) { // it was in line for another before
          push = handler.begin(mine.identity.credentials());
          request = push;
          identity = mine.identity;
        }
        Call started = push == null ? null : newCall(mine, push);
        if (started == null) {
          leave(this, false);
          return;
        }
        PushResponse response;
        try (Response returned = started.execute()) {
          checkIsOfApns(returned);
          response = read(returned);
        }
        PushResponse known = verdict();
        answered(known == null || known.status() == response.status() ? response : known);
      } catch (Throwable e) { // a user's interceptor may throw whatever it likes
        PushResponse known = verdict();
        if (known != null) {
          answered(known);
        } else if (isToComeBack(e)) {
          comeBack(this);
        } else {
          failed(e);
        }
      } finally {
        if (watchdog != null) {
          watchdog.clear();
        }
        if (mine != null) {
          evictIfAbandoned(mine);
        }
      }
    }

    /** A connection that was dialled for too long is not there yet when its line is retired. */
    private void evictIfAbandoned(Line mine) {
      boolean abandoned;
      synchronized (lock) {
        abandoned = !lines.contains(mine);
      }
      if (abandoned) {
        mine.pool.evictAll();
      }
    }

    /** DNS, TCP, TLS or SETTINGS take too long; what hangs is left to hang. */
    private void dialTimedOut(int ofRun) {
      Call hanging;
      synchronized (lock) {
        if (connected || run != ofRun) {
          return;
        }
        hanging = call;
      }
      failed(new SocketTimeoutException("no connection within " + connectTimeout));
      if (hanging != null) {
        later(hanging::cancel);
      }
    }

    /** Dials by credentials that were replaced: goes back to the queue. Under lock. */
    boolean stopDialling() {
      Line mine = line;
      comesBack |= mine != null && mayDial && !connected && !ended && isOutdated(mine);
      return comesBack;
    }

    private boolean isToComeBack(Throwable e) {
      synchronized (lock) {
        return !written
            && (ConnectFailures.has(e, DialGate.NoRoomException.class)
                || (comesBack && !connected && !ended));
      }
    }

    private @Nullable Call newCall(Line mine, PushRequest push) throws IOException {
      Call fresh = mine.client.newCall(httpRequest(push));
      synchronized (lock) {
        if (comesBack) {
          throw new DialGate.NoRoomException();
        }
        if (!inFlight.contains(this) || ended) {
          return null;
        }
        call = fresh;
        return fresh;
      }
    }

    private Request httpRequest(PushRequest push) {
      Request.Builder builder =
          new Request.Builder()
              .url(endpoint.newBuilder().encodedPath("/3/device/" + push.token()).build())
              .tag(CallAttempt.class, this)
              .header("apns-topic", push.type().topic(bundleId))
              .header("apns-push-type", push.type().headerValue())
              .header("apns-priority", "10")
              .header("apns-expiration", Long.toString(push.expiration()))
              .header("apns-id", push.apnsId().toString())
              .header("user-agent", "voip-push")
              .header("accept-encoding", "identity")
              .post(new OneShotBody(push.body()));
      if (push.collapseId() != null) {
        builder.header("apns-collapse-id", push.collapseId());
      }
      if (push.bearerToken() != null) {
        builder.header("authorization", "bearer " + push.bearerToken());
      }
      return builder.build();
    }

    /** The connection carries HTTP/2 and the server has spoken. */
    void onConnection(ObservedSslSocket socket) throws IOException {
      Line mine;
      boolean isNew;
      progress.at(DialProgress.Step.NONE);
      synchronized (lock) {
        mine = line;
        if (comesBack && !connected) {
          throw new DialGate.NoRoomException(); // its credentials were replaced while it dialled
        }
        if (mine == null || !lines.contains(mine)) {
          throw new IOException("not wanted any more"); // run() closes what is idle then
        }
        connected = true;
        this.socket = socket;
        mine.lastStream = System.nanoTime();
        isNew = sockets.putIfAbsent(socket, mine) == null; // OkHttp may dial again by itself
      }
      if (isNew) {
        opened(mine, socket, System.nanoTime() - startedAt);
      }
      if (handler instanceof Connecting connecting) {
        connecting.succeeded();
        throw new IOException("connected, and nothing to be written");
      }
    }

    /** Once only: an interceptor of the user's may proceed again after a failure. */
    void aboutToWrite() throws IOException {
      synchronized (lock) {
        if (written) {
          throw new IOException("the request was written already");
        }
      }
      boolean may = handler.mayWrite();
      synchronized (lock) {
        if (!may || ended) {
          throw new IOException("not wanted any more"); // OkHttp resets the stream, never ended
        }
        written = true;
      }
    }

    /** The status has been read: whatever comes after it, it is the verdict. */
    void answeredBy(Response response) {
      synchronized (lock) {
        verdict = toPushResponse(response, new byte[0]);
      }
    }

    private @Nullable PushResponse verdict() {
      synchronized (lock) {
        return verdict;
      }
    }

    /**
     * An interceptor that answers in place of APNs knows neither of the push nor of connections.
     */
    private void checkIsOfApns(Response response) throws IOException {
      synchronized (lock) {
        if (verdict == null && (written || handler instanceof Connecting)) {
          throw new IOException(
              "no answer of APNs, but of an interceptor, with status " + response.code());
        }
      }
    }

    private void answered(PushResponse response) {
      if (end()) {
        handler.answered(response);
      }
      leave(this, true);
    }

    private void failed(Throwable e) {
      tellFailure(e);
      leave(this, false);
    }

    private void tellFailure(Throwable e) {
      boolean dialFailed;
      boolean first;
      boolean sent;
      synchronized (lock) {
        first = end();
        sent = written;
        dialFailed = first && mayDial && !connected && line != null && !isOutdated(line);
      }
      AttemptFailure failure = classify(e, sent);
      if (dialFailed) {
        observer.connectFailed(failure, Duration.ofNanos(System.nanoTime() - startedAt));
        dialFailed(failure);
      }
      if (first) {
        handler.failed(failure);
      }
    }

    /** Another has tried in its place: counts as an attempt. */
    void endUntried(AttemptFailure failure, ApnsCredentials credentials) {
      if (request == null) {
        var unused = handler.begin(credentials);
      }
      fail(failure);
    }

    void fail(AttemptFailure failure) {
      if (end()) {
        handler.failed(failure);
      }
    }

    private boolean end() {
      synchronized (lock) {
        boolean first = !ended;
        ended = true;
        return first;
      }
    }

    @Override
    public void cancel() {
      Call running;
      synchronized (lock) {
        if (ended) {
          return;
        }
        ended = true;
        running = call;
      }
      if (running != null) {
        later(running::cancel);
        abortIfAbandoned();
      }
    }

    /** A write that hangs ends only with the socket: ends those of a line that nobody waits for. */
    private void abortIfAbandoned() {
      List<ObservedSslSocket> abandoned = new ArrayList<>();
      synchronized (lock) {
        Line mine = line;
        if (mine == null
            || mine == current
            || inFlight.stream().anyMatch(other -> other.line == mine && !other.ended)) {
          return;
        }
        sockets.forEach(
            (socket, owner) -> {
              if (owner == mine) {
                abandoned.add(socket);
              }
            });
      }
      abandoned.forEach(ObservedSslSocket::abort);
    }

    @Override
    public @Nullable AttemptFailure obstacle() {
      return null; // each failure to connect is told to the attempt that dialled
    }

    @Override
    public void suspectConnection(String why) {
      ObservedSslSocket stalled;
      synchronized (lock) {
        stalled = written ? null : socket;
        if (line == current && !closed) {
          Line old = current;
          current = new Line(old.identity);
          lines.add(current);
          retire(old);
        }
      }
      if (stalled != null) { // a write that hangs ends only so
        stalled.abort();
      }
      admit();
    }

    /** Ends it as close() does when its time is up. */
    void cutOff() {
      Call running;
      boolean first;
      Delivery delivery;
      synchronized (lock) {
        first = end();
        running = call;
        delivery = written ? Delivery.UNKNOWN : Delivery.NOT_SENT;
      }
      if (running != null) {
        running.cancel();
      }
      if (first) {
        handler.failed(AttemptFailure.closed(delivery));
      }
    }

    private AttemptFailure classify(Throwable e, boolean sent) {
      if (e instanceof HandshakeException && e.getCause() != null) {
        return ConnectFailures.silentAfterHandshake(e.getCause(), progress);
      }
      if (!sent) {
        return ConnectFailures.of(e, progress);
      }
      String text = ConnectFailures.message(e);
      boolean malformed = ConnectFailures.has(e, ProtocolException.class);
      if (text.equals(REFUSED) && !malformed) {
        return new AttemptFailure(
            Failure.CONNECTION_LOST,
            Delivery.NOT_SENT,
            false,
            "APNs did not process the push: " + text,
            e);
      }
      // OkHttp resets what is open with CANCEL when the connection ends
      boolean lost = !malformed && (!text.contains("stream was reset") || text.contains("CANCEL"));
      Failure failure = lost ? Failure.CONNECTION_LOST : Failure.PROTOCOL;
      return new AttemptFailure(failure, Delivery.UNKNOWN, false, text, e);
    }
  }

  private static PushResponse read(Response answer) {
    byte[] bytes = new byte[0];
    ResponseBody body = answer.body();
    try {
      BufferedSource source = body.source();
      source.request(answer.code() == 200 ? 0 : PushResponse.MAX_BODY);
      bytes =
          source
              .getBuffer()
              .readByteArray(Math.min(source.getBuffer().size(), PushResponse.MAX_BODY));
    } catch (IOException e) {
      log.debug("the body of an answer with status {} broke off", answer.code(), e);
    }
    return toPushResponse(answer, bytes);
  }

  private static PushResponse toPushResponse(Response answer, byte[] body) {
    Headers headers = answer.headers();
    return new PushResponse(
        answer.code(), headers.get("apns-unique-id"), headers.get(HIDDEN_RETRY_AFTER), body);
  }

  /** Written once and never again by OkHttp itself: whether to retry is decided elsewhere. */
  private static final class OneShotBody extends RequestBody {
    private final byte[] json;

    OneShotBody(byte[] json) {
      this.json = json;
    }

    @Override
    public MediaType contentType() {
      return JSON;
    }

    @Override
    public long contentLength() {
      return json.length;
    }

    @Override
    public boolean isOneShot() {
      return true;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      sink.write(json);
    }
  }

  /** What goes to the connection, be it our body or one that an interceptor put in its place. */
  private static final class GuardedBody extends RequestBody {
    private final CallAttempt attempt;
    private final RequestBody body;

    GuardedBody(CallAttempt attempt, RequestBody body) {
      this.attempt = attempt;
      this.body = body;
    }

    @Override
    public @Nullable MediaType contentType() {
      return body.contentType();
    }

    @Override
    public long contentLength() throws IOException {
      return body.contentLength();
    }

    @Override
    public boolean isOneShot() {
      return true;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      attempt.aboutToWrite();
      body.writeTo(sink);
    }
  }

  /** An attempt that only opens a connection. */
  private static final class Connecting implements Handler {
    private final CompletableFuture<Void> connected;

    Connecting(CompletableFuture<Void> connected) {
      this.connected = connected;
    }

    @Override
    public PushRequest begin(ApnsCredentials credentials) {
      return new PushRequest( // never written
          PushType.VOIP, "", AttemptFailure.NO_ID, 0, null, null, new byte[0]);
    }

    @Override
    public boolean mayWrite() {
      return false;
    }

    void succeeded() {
      connected.complete(null);
    }

    @Override
    public void answered(PushResponse response) {
      throw new IllegalStateException("an answer to no request");
    }

    /** Is nothing new if it has succeeded. */
    @Override
    public void failed(AttemptFailure failure) {
      connected.completeExceptionally(failure.ofNoPush());
    }
  }

  /** Tells a dialling call's leave to the gate, on the thread that dials, and how far it is. */
  private static final class DialWatch extends EventListener {
    private final DialGate dialGate;

    DialWatch(DialGate dialGate) {
      this.dialGate = dialGate;
    }

    @Override
    public void dnsStart(Call call, String name) {
      CallAttempt attempt = dialling(call);
      dialGate.nextLookup(attempt != null);
      if (attempt == null) {
        return;
      }
      if (name.equals(call.request().url().host())) {
        attempt.progress.at(DialProgress.Step.LOOKUP);
      } else {
        attempt.progress.atProxy(name);
      }
    }

    @Override
    public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
      CallAttempt attempt = dialling(call);
      dialGate.nextDial(attempt != null);
      if (attempt == null) {
        return;
      }
      if (proxy.type() == Proxy.Type.DIRECT) {
        attempt.progress.at(DialProgress.Step.TCP);
      } else {
        attempt.progress.atProxy(String.valueOf(proxy.address()));
      }
    }

    @Override
    public void secureConnectStart(Call call) {
      dialGate.nextHandshake(call.isCanceled());
      CallAttempt attempt = dialling(call);
      if (attempt != null) {
        attempt.progress.at(DialProgress.Step.TLS);
      }
    }

    @Override
    public void secureConnectEnd(Call call, @Nullable Handshake handshake) {
      CallAttempt attempt = dialling(call);
      if (attempt != null) {
        attempt.progress.at(DialProgress.Step.SETTINGS);
      }
    }

    private static @Nullable CallAttempt dialling(Call call) {
      CallAttempt attempt = call.request().tag(CallAttempt.class);
      return attempt != null && attempt.mayDial ? attempt : null;
    }
  }

  private static final class HandshakeException extends IOException {
    private static final long serialVersionUID = 1;

    HandshakeException(@Nullable Throwable cause) {
      super(cause);
    }
  }
}
