// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Attempts as streams of one HTTP/2 connection, without a thread for each.
 *
 * <p>Here is the queue of what is not written yet; a {@link StreamConnection} takes from it as much
 * as the server allows. A connection is dialled when something waits and none has room: one for all
 * that waits, again and again with growing pauses, while each push waits until its own deadline. A
 * second one only if {@code connections} allows it, or in place of one that drains.
 */
final class StreamTransport implements Transport {
  private static final Logger log = LoggerFactory.getLogger(StreamTransport.class);

  private static final long FIRST_DIAL_PAUSE_MILLIS = 100;
  private static final long MAX_DIAL_PAUSE_MILLIS = 5_000;
  private static final long LEAST_FAREWELL_MILLIS = 100;

  final Config config;

  /** Guards the state of this and of all its connections; held for short steps only. */
  final Object lock = new Object();

  // Guarded by lock:
  final StreamQueue queue = new StreamQueue();
  int openStreams;
  private final List<StreamConnection> connections = new ArrayList<>(); // until they have ended
  private final List<CompletableFuture<Void>> connecting = new ArrayList<>();
  private final DeadlineTimer.Deadline dialAgain;
  private @Nullable AttemptFailure lastDialFailure;
  private int fruitlessConnections;
  private int hopelessDials;
  private long noDialBefore = System.nanoTime();
  private volatile boolean closed;

  /** What connections need to know. */
  record Config(
      Dialer dialer,
      String authority,
      String topic,
      Duration connectTimeout,
      Duration pingInterval,
      int maxInFlight,
      int maxConnections,
      Callbacks callbacks,
      DeadlineTimer timer) {}

  StreamTransport(Config config) {
    this.config = config;
    this.dialAgain = config.timer().deadline(this::dispatch);
  }

  @Override
  public Attempt enqueue(Handler handler, boolean mayWriteHere) {
    StreamAttempt attempt = new StreamAttempt(this, handler);
    StreamConnection direct = null;
    boolean refused;
    synchronized (lock) {
      refused = closed;
      if (!refused) {
        if (mayWriteHere && queue.isEmpty()) {
          direct = quietConnection();
        }
        queue.add(attempt);
      }
    }
    if (refused) {
      handler.failed(closedFailure(Delivery.NOT_SENT));
      return attempt;
    }
    if (direct != null) {
      direct.writeHere();
    }
    dispatch();
    return attempt;
  }

  private @Nullable StreamConnection quietConnection() {
    for (StreamConnection connection : connections) {
      if (connection.isQuiet()) {
        return connection;
      }
    }
    return null;
  }

  @Override
  public CompletableFuture<Void> connect() {
    CompletableFuture<Void> connected = new CompletableFuture<>();
    boolean refused;
    synchronized (lock) {
      refused = closed;
      if (connections.stream().anyMatch(StreamConnection::isOpen)) {
        connected.complete(null);
      } else if (!refused) {
        connecting.add(connected);
      }
    }
    if (refused) {
      connected.completeExceptionally(closedFailure(Delivery.NOT_SENT).ofNoPush());
    } else if (!connected.isDone()) {
      dispatch();
    }
    return connected;
  }

  /** Has a connection take from the queue, or dials one. */
  void dispatch() {
    StreamConnection wake = null;
    StreamConnection start = null;
    synchronized (lock) {
      if (closed || (queue.isEmpty() && connecting.isEmpty())) {
        return;
      }
      int usable = 0;
      boolean dialling = false;
      boolean oneIsAwake = false;
      for (StreamConnection connection : connections) {
        dialling |= connection.isDialling();
        usable += connection.isDialling() || connection.isOpen() ? 1 : 0;
        if (!connection.hasRoom()) {
          continue;
        }
        if (!connection.isParked()) {
          oneIsAwake = true; // and will look into the queue
        } else if (wake == null || connection.streamCount() < wake.streamCount()) {
          wake = connection;
        }
      }
      if (wake != null) {
        wake.claimWakeUp();
      } else if (oneIsAwake) {
        return;
      } else if (!dialling && usable < config.maxConnections() && mayOpenStream()) {
        long pause = noDialBefore - System.nanoTime();
        if (pause > 0) {
          dialAgain.setIn(pause);
        } else {
          start = new StreamConnection(this);
          connections.add(start);
        }
      }
    }
    if (wake != null) {
      wake.wakeUp();
    }
    if (start != null) {
      start.start();
    }
  }

  /** True if one more stream stays within {@code maxInFlight}. */
  boolean mayOpenStream() {
    return openStreams < config.maxInFlight();
  }

  /** The server has spoken HTTP/2 on a new connection. */
  void opened() {
    List<CompletableFuture<Void>> connected;
    synchronized (lock) {
      lastDialFailure = null;
      hopelessDials = 0;
      connected = new ArrayList<>(connecting);
      connecting.clear();
    }
    connected.forEach(future -> future.complete(null));
  }

  /** The server has answered on a connection for the first time. */
  void proven() {
    synchronized (lock) {
      fruitlessConnections = 0;
    }
  }

  /** A connection has ended without an answer: the next one is not dialled at once. */
  private void pauseDialling() {
    long most =
        Math.min(
            FIRST_DIAL_PAUSE_MILLIS << Math.min(fruitlessConnections++, 16), MAX_DIAL_PAUSE_MILLIS);
    long pause = most / 2 + ThreadLocalRandom.current().nextLong(most / 2);
    noDialBefore = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pause);
  }

  /** No connection came about: all wait for the next, unless that did not help either. */
  void dialFailed(StreamConnection connection, AttemptFailure failure) {
    List<StreamAttempt> hopeless = List.of();
    List<CompletableFuture<Void>> unconnected;
    synchronized (lock) {
      connections.remove(connection);
      lastDialFailure = failure;
      pauseDialling();
      unconnected = new ArrayList<>(connecting);
      connecting.clear();
      hopelessDials = failure.permanent() ? hopelessDials + 1 : 0;
      if (hopelessDials >= 2 && connections.stream().noneMatch(StreamConnection::isOpen)) {
        hopeless = queue.takeAll();
        hopeless.forEach(attempt -> attempt.ended = true);
      }
      lock.notifyAll();
    }
    log.debug("no connection to {}: {}", config.authority(), failure.message());
    VoipPushException exception = failure.ofNoPush();
    unconnected.forEach(future -> future.completeExceptionally(exception));
    for (StreamAttempt attempt : hopeless) {
      StreamConnection.tell(
          attempt,
          () -> {
            var unused = attempt.handler.begin(); // it was tried: counts as an attempt
            attempt.handler.failed(failure);
          });
    }
    dispatch();
  }

  void ended(StreamConnection connection, boolean fruitful) {
    synchronized (lock) {
      connections.remove(connection);
      if (!fruitful) {
        pauseDialling();
      }
      lock.notifyAll();
    }
    dispatch();
  }

  @Override
  public void close(Duration timeout) {
    List<StreamAttempt> queued;
    List<CompletableFuture<Void>> unconnected;
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      queued = queue.takeAll();
      queued.forEach(attempt -> attempt.ended = true);
      unconnected = new ArrayList<>(connecting);
      connecting.clear();
    }
    AttemptFailure failure = closedFailure(Delivery.NOT_SENT);
    queued.forEach(
        attempt -> StreamConnection.tell(attempt, () -> attempt.handler.failed(failure)));
    unconnected.forEach(future -> future.completeExceptionally(failure.ofNoPush()));
    dialAgain.clear();

    long until = System.nanoTime() + timeout.toNanos();
    await(until, () -> openStreams == 0);
    List<StreamConnection> open;
    synchronized (lock) {
      open = new ArrayList<>(connections);
    }
    open.forEach(StreamConnection::close);
    long farewell = TimeUnit.MILLISECONDS.toNanos(LEAST_FAREWELL_MILLIS);
    await(Math.max(until, System.nanoTime() + farewell), connections::isEmpty);
    synchronized (lock) {
      open = new ArrayList<>(connections);
    }
    IOException cause = new IOException("the client is closed");
    open.forEach(connection -> connection.broken(cause));
  }

  private void await(long until, BooleanSupplier condition) {
    synchronized (lock) {
      try {
        long left = until - System.nanoTime();
        while (!condition.getAsBoolean() && left > 0) {
          TimeUnit.NANOSECONDS.timedWait(lock, left);
          left = until - System.nanoTime();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // close now
      }
    }
  }

  boolean isClosed() {
    return closed;
  }

  static AttemptFailure closedFailure(Delivery delivery) {
    String message =
        delivery == Delivery.NOT_SENT
            ? "the client is closed"
            : "the client was closed before APNs answered";
    return new AttemptFailure(Failure.CLOSED, delivery, true, message, new IOException(message));
  }

  /** Why nothing was written yet, as far as it is known. */
  @Nullable AttemptFailure obstacle() {
    synchronized (lock) {
      return lastDialFailure;
    }
  }
}
