// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
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
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import okhttp3.Authenticator;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.ConnectionPool;
import okhttp3.CookieJar;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
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

  /** A connection that has taken no stream for so long, while one was wanted, is draining. */
  private static final long DRAINING_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final long NO_ROOM_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long FIRST_DIAL_PAUSE_MILLIS = 100;
  private static final long MAX_DIAL_PAUSE_MILLIS = 5_000;

  private final HttpUrl endpoint;
  private final String topic;
  private final OkHttpClient template;
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
  private boolean closed;
  private int failedDials;
  private long noDialBefore = System.nanoTime();

  CallTransport(
      HttpUrl endpoint,
      String topic,
      OkHttpClient base,
      TlsSettings tls,
      Duration connectTimeout,
      Duration pingInterval,
      int maxInFlight,
      DeadlineTimer timer) {
    this.endpoint = endpoint;
    this.topic = topic;
    this.maxInFlight = Math.min(maxInFlight, MAX_IN_FLIGHT);
    this.connectTimeout = connectTimeout;
    this.timer = timer;
    this.threads = Threads.perTask("voip-push-call");
    this.template =
        base.newBuilder()
            .protocols(List.of(Protocol.HTTP_2, Protocol.HTTP_1_1))
            .sslSocketFactory(
                new ObservedSslSocket.Factory(tls.context().getSocketFactory()), tls.trustManager())
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
    this.current = new Line();
    lines.add(current);
  }

  /** A connection and its successors, apart from those that were replaced as suspect. */
  private final class Line {
    final DialGate dialGate = new DialGate(template.socketFactory());
    final ConnectionPool pool = new ConnectionPool(1, 3650, TimeUnit.DAYS);
    final OkHttpClient client =
        template
            .newBuilder()
            .connectionPool(pool)
            .socketFactory(dialGate)
            .eventListenerFactory(
                call -> template.eventListenerFactory().create(call).plus(new Observer(dialGate)))
            .build();

    /** Connections that take new streams, as far as we know. */
    final Set<ObservedSslSocket> open = new HashSet<>();

    boolean dialling;
    int admitted;
    int limit = 1;
    long lastStream = System.nanoTime();
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
      attempt.fail(closedFailure());
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
        attempt.fail(closedFailure());
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
        if (dial) {
          long wait = noDialBefore - System.nanoTime();
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
        line.admitted++;
        inFlight.add(next);
      }
      try {
        threads.execute(next);
      } catch (RejectedExecutionException | OutOfMemoryError e) { // closing, or no thread to be had
        next.failed(new IOException("no thread for the push: " + e.getMessage(), e));
        return;
      }
    }
  }

  /**
   * Does what may block on a thread of its own; nothing if this is closed, which ends all anyway.
   */
  private void later(Runnable task) {
    try {
      threads.execute(task);
    } catch (RejectedExecutionException e) {
      log.trace("closed", e);
    }
  }

  private void admitIn(long nanos) {
    var unused = timer.in(nanos, this::admit);
  }

  /** The attempt has left its connection; {@code verdict} if the server answered it. */
  private void leave(CallAttempt attempt, boolean verdict) {
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
    admit();
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
    if (line != current && line.admitted == 0) {
      lines.remove(line);
      later(line.pool::evictAll);
    }
  }

  private void dialFailed() {
    synchronized (lock) {
      long most =
          Math.min(FIRST_DIAL_PAUSE_MILLIS << Math.min(failedDials++, 16), MAX_DIAL_PAUSE_MILLIS);
      long pause = most / 2 + ThreadLocalRandom.current().nextLong(most / 2);
      noDialBefore = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pause);
    }
  }

  private void opened(Line line, ObservedSslSocket socket) {
    synchronized (lock) {
      failedDials = 0;
      line.open.add(socket);
      sockets.put(socket, line);
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
                    if (closed) {
                      return;
                    }
                  }
                  later(this::admit);
                });
  }

  @Override
  public void close(Duration timeout) {
    List<CallAttempt> queued;
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      queued = new ArrayList<>(queue);
      queue.clear();
    }
    queued.forEach(attempt -> attempt.fail(closedFailure()));
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

  private static AttemptFailure closedFailure() {
    IOException cause = new IOException("the client is closed");
    return new AttemptFailure(
        Failure.CLOSED, Delivery.NOT_SENT, true, "the client is closed", cause);
  }

  /** Between connection and request: only HTTP/2, and only when the server has spoken. */
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
    ObservedSslSocket socket = (ObservedSslSocket) connection.socket();
    int wait = chain.connectTimeoutMillis();
    try {
      socket.firstBytes().get(wait, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new HandshakeException(e.getCause());
    } catch (TimeoutException e) {
      socket.abort();
      throw new InterruptedIOException("the server sent no HTTP/2 SETTINGS in " + wait + " ms");
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
    attempt.onConnection(socket);
    Response response = chain.proceed(chain.request());
    String retryAfter = response.header(RETRY_AFTER);
    if (retryAfter == null) {
      return response;
    }
    return response
        .newBuilder()
        .removeHeader(RETRY_AFTER)
        .header(HIDDEN_RETRY_AFTER, retryAfter)
        .build();
  }

  /** One attempt: queued, admitted, run on a thread of its own, perhaps sent back to the queue. */
  private final class CallAttempt implements Attempt, Runnable {
    private final Handler handler;
    private @Nullable PushRequest request;

    // Guarded by lock:
    private boolean ended; // if queued: to be dropped when its turn comes
    private @Nullable Line line;
    private @Nullable Call call;
    private boolean mayDial;

    private @Nullable ObservedSslSocket socket;
    private boolean connected;

    private volatile boolean written;

    CallAttempt(Handler handler) {
      this.handler = handler;
    }

    @Override
    public void run() {
      DeadlineTimer.Deadline watchdog = null;
      if (mayDial) {
        watchdog = timer.in(connectTimeout.toNanos(), this::dialTimedOut);
      }
      try {
        PushRequest push = request;
        if (push == null) {
          push = handler.begin();
          request = push;
        }
        Call started = push == null ? null : newCall(push);
        if (started == null) {
          leave(this, false);
          return;
        }
        PushResponse response;
        try (Response answer = started.execute()) {
          response = read(answer);
        }
        if (end()) {
          handler.answered(response);
        }
        leave(this, true);
      } catch (DialGate.NoRoomException e) {
        comeBack(this);
      } catch (IOException | RuntimeException | Error e) { // an Error of a user's interceptor too
        failed(e);
      } finally {
        if (watchdog != null) {
          watchdog.clear();
        }
      }
    }

    /** DNS, TCP, TLS or SETTINGS take too long; what hangs is left to hang. */
    private void dialTimedOut() {
      Call hanging;
      synchronized (lock) {
        if (connected || ended) {
          return;
        }
        hanging = call;
      }
      failed(new SocketTimeoutException("no connection within " + connectTimeout));
      if (hanging != null) {
        later(hanging::cancel);
      }
    }

    private @Nullable Call newCall(PushRequest push) {
      Line mine = line;
      if (mine == null) {
        return null;
      }
      Call fresh = mine.client.newCall(httpRequest(push));
      synchronized (lock) {
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
              .header("apns-topic", topic)
              .header("apns-push-type", "voip")
              .header("apns-priority", "10")
              .header("apns-expiration", Long.toString(push.expiration()))
              .header("apns-id", push.apnsId().toString())
              .header("user-agent", "voip-push")
              .header("accept-encoding", "identity")
              .post(new OneShotBody(this, push.body()));
      if (push.bearerToken() != null) {
        builder.header("authorization", "bearer " + push.bearerToken());
      }
      return builder.build();
    }

    /** The connection carries HTTP/2 and the server has spoken. */
    void onConnection(ObservedSslSocket socket) throws IOException {
      Line mine;
      boolean first;
      synchronized (lock) {
        mine = line;
        first = mayDial && !connected;
        connected = true;
        this.socket = socket;
        if (mine != null) {
          mine.lastStream = System.nanoTime();
        }
      }
      if (first && mine != null) {
        opened(mine, socket);
      }
      if (handler instanceof Connecting) {
        throw new ConnectedException();
      }
    }

    void aboutToWrite() throws IOException {
      if (!handler.mayWrite()) {
        throw new IOException("not wanted any more"); // OkHttp resets the stream, never ended
      }
      written = true;
    }

    private void failed(Throwable e) {
      boolean dialFailed;
      synchronized (lock) {
        dialFailed = mayDial && !connected && !ended;
      }
      if (dialFailed) {
        dialFailed();
      }
      fail(classify(e));
      leave(this, false);
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
          current = new Line();
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
      synchronized (lock) {
        running = call;
      }
      if (running != null) {
        running.cancel();
      }
      Delivery delivery = written ? Delivery.UNKNOWN : Delivery.NOT_SENT;
      String message = "the client was closed before APNs answered";
      fail(new AttemptFailure(Failure.CLOSED, delivery, true, message, new IOException(message)));
    }

    private AttemptFailure classify(Throwable e) {
      if (e instanceof HandshakeException && e.getCause() != null) {
        return ConnectFailures.silentAfterHandshake(e.getCause());
      }
      if (!written) {
        return ConnectFailures.of(e);
      }
      String text = ConnectFailures.message(e);
      if (text.contains("REFUSED_STREAM")) { // also what OkHttp says of streams above GOAWAY's last
        return new AttemptFailure(
            Failure.CONNECTION_LOST,
            Delivery.NOT_SENT,
            false,
            "APNs did not process the push: " + text,
            e);
      }
      // OkHttp resets what is open with CANCEL when the connection ends
      boolean lost = !text.contains("stream was reset") || text.contains("CANCEL");
      Failure failure = lost ? Failure.CONNECTION_LOST : Failure.PROTOCOL;
      return new AttemptFailure(failure, Delivery.UNKNOWN, false, text, e);
    }
  }

  private static PushResponse read(Response answer) {
    byte[] bytes = new byte[0];
    ResponseBody body = answer.body();
    try {
      BufferedSource source = body.source();
      source.timeout().timeout(MAX_BODY_SECONDS, TimeUnit.SECONDS); // the verdict is known already
      source.request(answer.code() == 200 ? 0 : PushResponse.MAX_BODY);
      bytes =
          source
              .getBuffer()
              .readByteArray(Math.min(source.getBuffer().size(), PushResponse.MAX_BODY));
    } catch (IOException e) {
      log.debug("the body of an answer with status {} broke off", answer.code(), e);
    }
    Headers headers = answer.headers();
    return new PushResponse(
        answer.code(), headers.get("apns-unique-id"), headers.get(HIDDEN_RETRY_AFTER), bytes);
  }

  /** Written once and never again by OkHttp itself: whether to retry is decided elsewhere. */
  private static final class OneShotBody extends RequestBody {
    private final CallAttempt attempt;
    private final byte[] json;

    OneShotBody(CallAttempt attempt, byte[] json) {
      this.attempt = attempt;
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
      attempt.aboutToWrite();
      sink.write(json);
    }
  }

  /** An attempt that only opens a connection. */
  private static final class Connecting implements Handler {
    private static final UUID NO_ID = new UUID(0, 0);

    private final CompletableFuture<Void> connected;

    Connecting(CompletableFuture<Void> connected) {
      this.connected = connected;
    }

    @Override
    public PushRequest begin() {
      return new PushRequest("", NO_ID, 0, null, new byte[0]); // never written
    }

    @Override
    public boolean mayWrite() {
      return false;
    }

    @Override
    public void answered(PushResponse response) {}

    @Override
    public void failed(AttemptFailure failure) {
      if (failure.cause() instanceof ConnectedException) {
        connected.complete(null);
      } else {
        connected.completeExceptionally(failure.ofNoPush());
      }
    }
  }

  /** Tells a dialling call's leave to the gate, on the thread that dials. */
  private static final class Observer extends EventListener {
    private final DialGate dialGate;

    Observer(DialGate dialGate) {
      this.dialGate = dialGate;
    }

    @Override
    public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
      CallAttempt attempt = call.request().tag(CallAttempt.class);
      dialGate.nextDial(attempt != null && attempt.mayDial);
    }
  }

  private static final class ConnectedException extends IOException {
    private static final long serialVersionUID = 1;
  }

  private static final class HandshakeException extends IOException {
    private static final long serialVersionUID = 1;

    HandshakeException(@Nullable Throwable cause) {
      super(cause);
    }
  }
}
