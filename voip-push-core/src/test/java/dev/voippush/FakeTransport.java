// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.ApnsCredentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the attempts, and leaves it to the test what becomes of them. An attempt that was cancelled
 * may still be played, as news may cross with a cancellation.
 */
final class FakeTransport implements Transport {
  final List<FakeAttempt> attempts = new ArrayList<>();
  final List<Duration> closeTimeouts = new ArrayList<>();
  int handOversAwaited;

  /** What happens before {@link #enqueue} returns. */
  Consumer<FakeAttempt> onEnqueue = attempt -> {};

  /** What happens to those in flight while {@link #close} waits for them. */
  Runnable whileClosing = () -> {};

  private final DeadlineTimer time;
  private ApnsCredentials credentials;

  FakeTransport(DeadlineTimer time, ApnsCredentials credentials) {
    this.time = time;
    this.credentials = credentials;
  }

  /** Returns the attempt that was queued last. */
  FakeAttempt last() {
    return attempts.get(attempts.size() - 1);
  }

  @Override
  public FakeAttempt enqueue(Handler handler, boolean mayWriteHere) {
    FakeAttempt attempt = new FakeAttempt(handler, mayWriteHere);
    attempts.add(attempt);
    if (closeTimeouts.isEmpty()) {
      onEnqueue.accept(attempt);
    } else {
      attempt.end(() -> handler.failed(AttemptFailure.closed(Delivery.NOT_SENT)));
    }
    return attempt;
  }

  @Override
  public CompletableFuture<Void> connect() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public void replaceIdentity(Identity identity) {
    credentials = identity.credentials();
  }

  @Override
  public void awaitHandOver() {
    handOversAwaited++;
  }

  @Override
  public int connections() {
    return 1;
  }

  @Override
  public int inFlight() {
    return (int) attempts.stream().filter(attempt -> attempt.begun && !attempt.ended).count();
  }

  @Override
  public void close(Duration timeout) {
    closeTimeouts.add(timeout);
    for (FakeAttempt attempt : List.copyOf(attempts)) {
      if (!attempt.begun && !attempt.ended) {
        attempt.end(() -> attempt.handler.failed(AttemptFailure.closed(Delivery.NOT_SENT)));
      }
    }
    whileClosing.run();
  }

  /** An attempt in the hands of the test. */
  final class FakeAttempt implements Attempt {
    final boolean mayWriteHere;
    final Duration at;
    boolean cancelled;
    final List<String> suspicions = new ArrayList<>();

    /** What happens while its connection is being suspected. */
    Runnable whenSuspected = () -> {};

    @Nullable AttemptFailure obstacle;

    private final Handler handler;
    private @Nullable PushRequest request;
    private boolean begun;
    private boolean ended;

    private FakeAttempt(Handler handler, boolean mayWriteHere) {
      this.handler = handler;
      this.mayWriteHere = mayWriteHere;
      this.at = Duration.ofNanos(time.nanoTime());
    }

    private void end(Runnable news) {
      ended = true;
      news.run();
    }

    /** The connection has room for it. */
    @Nullable PushRequest begin() {
      return begin(credentials);
    }

    /** The same, on a connection of other credentials than the present ones. */
    @Nullable PushRequest begin(ApnsCredentials ofConnection) {
      PushRequest request = handler.begin(ofConnection);
      if (request != null) {
        begun = true;
        this.request = request;
      }
      return request;
    }

    /** What it wrote, or was about to. */
    PushRequest request() {
      if (request == null) {
        throw new AssertionError("it has not begun");
      }
      return request;
    }

    boolean mayWrite() {
      return handler.mayWrite();
    }

    /** It is written, to its end. */
    FakeAttempt write() {
      if (begin() == null || !mayWrite()) {
        throw new AssertionError("the push lets it not be written");
      }
      return this;
    }

    void answer(int status) {
      answer(status, null, null);
    }

    void answer(int status, @Nullable String reason) {
      answer(status, reason, null);
    }

    void answer(int status, @Nullable String reason, @Nullable String retryAfter) {
      String body = reason == null ? "" : "{\"reason\":\"" + reason + "\"}";
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      end(() -> handler.answered(new PushResponse(status, null, retryAfter, bytes)));
    }

    /** It ended without an answer; another attempt may help. */
    void fail(Failure failure, Delivery delivery) {
      fail(new AttemptFailure(failure, delivery, false, "played", new IOException("played")));
    }

    void fail(AttemptFailure failure) {
      end(() -> handler.failed(failure));
    }

    @Override
    public void cancel() {
      cancelled = true;
      ended = true;
    }

    @Override
    public void suspectConnection(String why) {
      suspicions.add(why);
      whenSuspected.run();
    }

    @Override
    public @Nullable AttemptFailure obstacle() {
      return obstacle;
    }
  }
}
