// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Attempts as streams of one HTTP/2 connection, without a thread for each.
 *
 * <p>Here is the queue of what is not written yet; a {@link StreamConnection} takes from it as much
 * as the server allows. A connection is dialled when something waits and none has room: one for all
 * that waits, again and again with growing pauses, while each push waits until its own deadline. A
 * second one only if {@code connections} allows it, or in place of one that drains.
 */
final class StreamTransport implements Transport {
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
  private int hopelessDials;
  private int endedHandshakes;
  private Identity identity;
  private final DialPause dialPause = new DialPause();
  private volatile boolean closed;

  /** What connections need to know. */
  record Config(
      Dialer dialer,
      String authority,
      String bundleId,
      Duration connectTimeout,
      Duration pingInterval,
      int maxInFlight,
      int maxConnections,
      Callbacks callbacks,
      DeadlineTimer timer,
      Observer observer) {}

  StreamTransport(Config config, Identity identity) {
    this.config = config;
    this.identity = identity;
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
        if (mayWriteHere && queue.isEmpty() && !Threads.isCurrentVirtual()) {
          direct = quietConnection();
        }
        queue.add(attempt);
      }
    }
    if (refused) {
      handler.failed(AttemptFailure.closed(Delivery.NOT_SENT));
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
      if (connections.stream().anyMatch(c -> c.isOpen() && c.identity == identity)) {
        connected.complete(null);
      } else if (!refused) {
        connecting.add(connected);
      }
    }
    if (refused) {
      connected.completeExceptionally(AttemptFailure.closed(Delivery.NOT_SENT).ofNoPush());
    } else if (!connected.isDone()) {
      dispatch();
    }
    return connected;
  }

  @Override
  public void replaceIdentity(Identity replacement) {
    List<StreamConnection> outdated;
    synchronized (lock) {
      identity = replacement;
      lastDialFailure = null;
      hopelessDials = 0;
      endedHandshakes = 0;
      dialPause.end();
      outdated = connections.stream().filter(StreamConnection::isDialling).toList();
    }
    IOException cause = new IOException("the credentials were replaced");
    outdated.forEach(connection -> connection.stopDialling(cause));
    dispatch();
  }

  @Override
  public void awaitHandOver() {
    List<StreamConnection> all;
    synchronized (lock) {
      all = new ArrayList<>(connections);
    }
    all.forEach(StreamConnection::awaitHandOver);
  }

  @Override
  public int connections() {
    synchronized (lock) {
      return (int) connections.stream().filter(StreamConnection::isOpen).count();
    }
  }

  @Override
  public int inFlight() {
    synchronized (lock) {
      return openStreams;
    }
  }

  /** Has a connection take from the queue, or dials one. */
  void dispatch() {
    StreamConnection wake = null;
    StreamConnection start = null;
    synchronized (lock) {
      boolean renew = isOutdated();
      if (closed || (queue.isEmpty() && connecting.isEmpty() && !renew)) {
        return;
      }
      int usable = 0;
      boolean dialling = false;
      boolean oneIsAwake = false;
      for (StreamConnection connection : connections) {
        dialling |= connection.isDialling();
        usable += connection.isDialling() || connection.isOpen() ? 1 : 0;
        if (queue.isEmpty()) {
          continue;
        }
        connection.watchOver();
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
      }
      boolean more =
          wake == null && !oneIsAwake && usable < config.maxConnections() && mayOpenStream();
      if (!dialling && (renew || more)) {
        long pause = dialPause.nanosLeft();
        if (pause > 0) {
          dialAgain.setIn(pause);
        } else {
          start = new StreamConnection(this, identity);
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

  /** True if all that is open is of an identity that was replaced. */
  private boolean isOutdated() {
    boolean outdated = false;
    for (StreamConnection connection : connections) {
      if (connection.isOpen()) {
        if (connection.identity == identity) {
          return false;
        }
        outdated = true;
      }
    }
    return outdated;
  }

  /** True if one more stream stays within {@code maxInFlight}. */
  boolean mayOpenStream() {
    return openStreams < config.maxInFlight();
  }

  /** The server has spoken HTTP/2 on a new connection. */
  void opened(StreamConnection connection, long tookNanos) {
    List<CompletableFuture<Void>> connected = List.of();
    List<StreamConnection> replaced = List.of();
    synchronized (lock) {
      lastDialFailure = null;
      hopelessDials = 0;
      endedHandshakes = 0;
      if (connection.identity == identity) {
        connected = new ArrayList<>(connecting);
        connecting.clear();
        replaced = connections.stream().filter(c -> c.isOpen() && c.identity != identity).toList();
      }
    }
    config.observer().connected(Duration.ofNanos(tookNanos)); // before those that it replaces end
    replaced.forEach(old -> old.drain("the credentials were replaced"));
    connected.forEach(future -> future.complete(null));
  }

  /** The server has answered on a connection for the first time. */
  void proven() {
    synchronized (lock) {
      dialPause.succeeded();
    }
  }

  /**
   * True if it is of no use to go on: the other side has refused twice, or has ended one TLS
   * handshake after the other, which it does when its refusal is lost with a reset. Under lock.
   */
  private boolean countHopeless(AttemptFailure failure) {
    hopelessDials = failure.permanent() ? hopelessDials + 1 : 0;
    endedHandshakes = failure.failure() == Failure.TLS ? endedHandshakes + 1 : 0;
    return hopelessDials >= 2 || endedHandshakes >= RetryPolicy.MAX_ATTEMPTS;
  }

  /** No connection came about: all wait for the next, unless that did not help either. */
  void dialFailed(StreamConnection connection, AttemptFailure failure, long tookNanos) {
    List<StreamAttempt> hopeless = List.of();
    List<CompletableFuture<Void>> unconnected = List.of();
    boolean outdated;
    synchronized (lock) {
      connections.remove(connection);
      outdated = connection.identity != identity; // says nothing of the present one
      if (!outdated) {
        lastDialFailure = failure;
        dialPause.begin();
        unconnected = new ArrayList<>(connecting);
        connecting.clear();
        boolean isOpen = connections.stream().anyMatch(StreamConnection::isOpen);
        if (countHopeless(failure) && !isOpen) {
          hopeless = queue.takeAll();
          hopeless.forEach(attempt -> attempt.ended = true);
        }
      }
      lock.notifyAll();
    }
    if (outdated) {
      dispatch();
      return;
    }
    config.observer().connectFailed(failure, Duration.ofNanos(tookNanos));
    VoipPushException exception = failure.ofNoPush();
    unconnected.forEach(future -> future.completeExceptionally(exception));
    for (StreamAttempt attempt : hopeless) {
      StreamConnection.tell(
          attempt,
          () -> {
            var unused =
                attempt.handler.begin(
                    connection.identity.credentials()); // it was tried: counts as an attempt
            attempt.handler.failed(failure.asPermanent());
          });
    }
    dispatch();
  }

  void ended(StreamConnection connection, boolean fruitful, String why, long lifetimeNanos) {
    synchronized (lock) {
      connections.remove(connection);
      if (!fruitful) {
        dialPause.begin();
      }
      lock.notifyAll();
    }
    config.observer().disconnected(why, Duration.ofNanos(lifetimeNanos));
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
    AttemptFailure failure = AttemptFailure.closed(Delivery.NOT_SENT);
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

  /** Why nothing was written yet, as far as it is known. */
  @Nullable AttemptFailure obstacle() {
    synchronized (lock) {
      return lastDialFailure;
    }
  }
}
