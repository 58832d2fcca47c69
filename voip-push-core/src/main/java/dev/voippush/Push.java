// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One push of one call to one device, from acceptance to its end: the attempts, the waits between
 * them, and the deadline over all.
 *
 * <p>Everything happens under its own lock, in short steps; the transport is called outside of it.
 */
final class Push {
  private static final Logger log = LoggerFactory.getLogger(Push.class);
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final VoipPushClient client;
  private final VoipPushClient.Settings settings;
  private final Transport transport;
  private final RetryPolicy retryPolicy;
  private final RetryBudget budget;
  private final DeviceToken device;
  private final CallPayload call;
  private final boolean callerWaits;
  private final UUID apnsId;
  private final long deadline;
  private final DeadlineTimer.Deadline timer;
  private final Verdict verdict = new Verdict();

  // Guarded by this:
  private int attempts;
  private int throttled;
  private boolean tokenRenewed;
  private boolean unknown;
  private @Nullable Try current;
  private @Nullable Try timedOut;
  private PushResult.@Nullable Rejected lastRejection;
  private boolean lastWasRejection;
  private @Nullable AttemptFailure lastFailure;
  private Wait waitingFor = Wait.NOTHING;
  private long waitUntil;
  private boolean timerSet;
  private long timerAt;
  private boolean ended;

  /** What is to come before the deadline. */
  private enum Wait {
    NOTHING,
    RETRY,
    WRITING,
    ANSWER
  }

  /**
   * @param callerWaits true if the caller's thread does nothing but wait for the verdict
   */
  Push(VoipPushClient client, DeviceToken device, CallPayload call, boolean callerWaits) {
    this.client = client;
    this.settings = client.settings;
    this.transport = client.transport;
    this.timer = client.timer.deadline(this::timeHasCome);
    this.retryPolicy = client.retryPolicy;
    this.budget = client.budget;
    this.device = device;
    this.call = call;
    this.callerWaits = callerWaits;
    this.apnsId = client.apnsIds.next();
    Instant now = settings.clock.instant();
    Instant over = call.expiresAt();
    this.deadline =
        System.nanoTime()
            + (over.getEpochSecond() - now.getEpochSecond()) * NANOS_PER_SECOND
            + (over.getNano() - now.getNano());
  }

  /** What the caller holds; when he cancels it, the push ends. */
  private final class Verdict extends CompletableFuture<PushResult> {
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      boolean cancelled = super.cancel(mayInterruptIfRunning);
      if (cancelled) {
        end(Failure.CANCELLED, "the future was cancelled");
      }
      return cancelled;
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
      return new CompletableFuture<>();
    }
  }

  /**
   * Completes with the verdict or a {@link VoipPushException}: on the executor, or at once if a
   * caller's thread waits for it.
   */
  CompletableFuture<PushResult> verdict() {
    return verdict;
  }

  private void complete(PushResult result) {
    client.ended(this);
    if (callerWaits) {
      verdict.complete(result);
    } else {
      client.onExecutor(() -> verdict.complete(result));
    }
  }

  private void complete(VoipPushException failure) {
    client.ended(this);
    if (callerWaits) {
      verdict.completeExceptionally(failure);
    } else {
      client.onExecutor(() -> verdict.completeExceptionally(failure));
    }
  }

  /** The time left for the call, never negative. */
  Duration remaining() {
    return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
  }

  private boolean isOver() {
    return deadline - System.nanoTime() <= 0;
  }

  void start() {
    if (isOver()) {
      end(Failure.DEADLINE, "the call was over at " + call.expiresAt() + ", before it was sent");
      return;
    }
    budget.push(System.nanoTime());
    attempt(callerWaits);
  }

  /**
   * Waits for what is to come now, or for the deadline if that is earlier. The timer is left as it
   * is if it comes no later: a push has several waits, and most end soon.
   */
  private void waitFor(Wait what, long nanos) {
    long now = System.nanoTime();
    long wait = Math.min(nanos, deadline - now);
    waitingFor = what;
    waitUntil = now + wait;
    long first = what == Wait.WRITING ? Math.min(wait, settings.attemptTimeoutNanos) : wait;
    if (!timerSet || now + first - timerAt < 0) {
      timerSet = true;
      timerAt = now + first;
      timer.setIn(first);
    }
  }

  private void timeHasCome() {
    Wait what;
    Try attempt;
    synchronized (this) {
      if (ended) {
        return;
      }
      long left = waitUntil - System.nanoTime();
      timerSet = left > 0;
      if (left > 0) { // the wait that the timer was set for is over
        timerAt = waitUntil;
        timer.setIn(left);
        return;
      }
      what = waitingFor;
      attempt = current;
    }
    if (isOver()) {
      deadlineReached();
    } else if (what == Wait.RETRY) {
      attempt(false);
    } else if (attempt != null && what != Wait.NOTHING) {
      timeout(attempt, what == Wait.ANSWER);
    }
  }

  private void attempt(boolean mayWriteHere) {
    Try next = new Try();
    synchronized (this) {
      if (ended || current != null) {
        return;
      }
      waitFor(Wait.NOTHING, Long.MAX_VALUE);
      current = next;
    }
    next.enqueued(transport.enqueue(next, mayWriteHere));
  }

  /** One attempt, as the transport sees it. */
  private final class Try implements Transport.Handler {
    private Transport.@Nullable Attempt handle;
    private boolean cancelled;
    private boolean written;
    private @Nullable String authorization;

    void enqueued(Transport.Attempt attempt) {
      boolean late;
      synchronized (Push.this) {
        handle = attempt;
        late = cancelled;
      }
      if (late) {
        attempt.cancel();
      }
    }

    void cancel() {
      Transport.Attempt attempt;
      synchronized (Push.this) {
        cancelled = true;
        attempt = handle;
      }
      if (attempt != null) {
        attempt.cancel();
      }
    }

    @Override
    public @Nullable PushRequest begin() {
      if (isOver()) {
        return null; // the deadline's timer ends the push
      }
      String bearer;
      long expiration;
      try {
        bearer = settings.bearerToken();
        expiration = expiration(call, settings.clock.instant());
      } catch (RuntimeException e) { // the key's provider, or the user's clock
        end(Failure.CONNECT, "the request cannot be made: " + e);
        return null;
      }
      synchronized (Push.this) {
        if (ended || this != current) {
          return null;
        }
        attempts++;
        lastWasRejection = false;
        authorization = bearer;
        waitFor(Wait.WRITING, settings.writeTimeoutNanos);
      }
      return new PushRequest(device.hex(), apnsId, expiration, bearer, call.json());
    }

    @Override
    public boolean mayWrite() {
      Try older;
      synchronized (Push.this) {
        if (ended || this != current) {
          return false;
        }
        written = true;
        older = timedOut;
        timedOut = null;
        waitFor(Wait.ANSWER, settings.attemptTimeoutNanos);
      }
      if (older != null) {
        older.cancel(); // from here on the newer attempt's verdict counts
      }
      return true;
    }

    @Override
    public void answered(PushResponse response) {
      Push.this.answered(this, response);
    }

    @Override
    public void failed(AttemptFailure failure) {
      Push.this.failed(this, failure);
    }
  }

  /** {@code apns-expiration}: never beyond the call, 0 if it should not be stored. */
  static long expiration(CallPayload call, Instant now) {
    if (call.storeFor().isZero()) {
      return 0;
    }
    Instant stored = now.plus(call.storeFor());
    long seconds = (stored.isBefore(call.expiresAt()) ? stored : call.expiresAt()).getEpochSecond();
    return seconds > now.getEpochSecond() ? seconds : 0;
  }

  private void answered(Try attempt, PushResponse response) {
    Try other;
    PushResult result;
    Optional<Duration> delay = Optional.empty();
    Transport.Attempt suspect = null;
    synchronized (this) {
      if (ended) {
        return;
      }
      other = attempt == current ? timedOut : current;
      if (attempt != current && attempt != timedOut) {
        return;
      }
      if (attempt == timedOut) {
        unknown = false; // it was late, not lost; the retry was not written yet
      }
      current = null;
      timedOut = null;
      Sent sent = new Sent(apnsId, attempts, unknown);
      result = ResponseReader.read(response, sent);
      if (result instanceof PushResult.Rejected rejected) {
        try {
          delay = afterRejection(attempt, rejected, response);
        } catch (RuntimeException e) { // the key's provider, or the user's clock
          log.warn("call {}: {} is not retried", call.callId(), rejected, e);
        }
        suspect = rejected.reason() == RejectionReason.SHUTDOWN ? attempt.handle : null;
        lastRejection = rejected;
        lastWasRejection = true;
      }
      if (delay.isEmpty()) {
        finish();
      } else {
        retryIn(delay.get());
      }
    }
    if (other != null) {
      other.cancel();
    }
    if (suspect != null) {
      suspect.suspectConnection("APNs said Shutdown"); // not there again
    }
    if (delay.isEmpty()) {
      complete(result);
    }
  }

  private Optional<Duration> afterRejection(
      Try attempt, PushResult.Rejected rejected, PushResponse response) {
    if (rejected.reason() == RejectionReason.EXPIRED_PROVIDER_TOKEN
        && attempt.authorization != null
        && !tokenRenewed
        && attempts < RetryPolicy.MAX_ATTEMPTS) {
      tokenRenewed = true;
      return settings.renewBearerToken(attempt.authorization)
          ? Optional.of(Duration.ZERO)
          : Optional.empty();
    }
    Optional<Duration> delay =
        retryPolicy.afterRejection(
            rejected, ResponseReader.retryAfter(response, settings.clock.instant()), history());
    if (delay.isPresent()) {
      if (!budget.tryRetry(System.nanoTime())) {
        log.debug("call {}: {} is not retried, too many pushes are", call.callId(), rejected);
        return Optional.empty();
      }
      if (rejected.status() == 429) {
        throttled++;
      }
      log.debug("call {}: retry in {} after {}", call.callId(), delay.get(), rejected);
    }
    return delay;
  }

  private void failed(Try attempt, AttemptFailure failure) {
    synchronized (this) {
      if (attempt == timedOut && failure.delivery() == Delivery.NOT_SENT) {
        timedOut = null;
        unknown = false; // APNs says so, and the retry is not written yet
      }
      if (ended || attempt != current) {
        return; // a timed out attempt was counted as unknown already
      }
      lastFailure = failure;
      current = null;
      Optional<Duration> delay = retryPolicy.afterFailure(failure, history());
      if (failure.delivery() == Delivery.UNKNOWN) {
        unknown = true;
      }
      if (delay.isPresent()) {
        log.debug("call {}: retry in {} after {}", call.callId(), delay.get(), failure.message());
        retryIn(delay.get());
        return;
      }
    }
    end(failure.failure(), failure.message());
  }

  private void timeout(Try attempt, boolean written) {
    Transport.Attempt handle;
    boolean again;
    synchronized (this) {
      if (ended || attempt != current || attempt.written != written) {
        return;
      }
      handle = attempt.handle;
      again =
          (written
                  ? retryPolicy.afterUnknown(history())
                  : retryPolicy.afterFailure(stalled(), history()))
              .isPresent();
      if (written) {
        unknown = true;
        timedOut = attempt;
      }
      current = null;
    }
    if (handle != null) {
      handle.suspectConnection("APNs did not answer in time");
    }
    if (!written) {
      attempt.cancel();
    }
    if (again) {
      log.debug("call {}: no answer in time, trying another connection", call.callId());
      attempt(false);
    } else {
      end(
          Failure.TIMEOUT,
          written ? "APNs did not answer within " + settings.attemptTimeout : stalled().message());
    }
  }

  private static AttemptFailure stalled() {
    IOException cause = new IOException("the connection takes no data");
    return new AttemptFailure(
        Failure.TIMEOUT, Delivery.NOT_SENT, false, "the connection takes no data", cause);
  }

  private RetryPolicy.History history() {
    return new RetryPolicy.History(attempts, throttled, unknown, remaining());
  }

  private void retryIn(Duration delay) {
    waitFor(Wait.RETRY, delay.toNanos());
  }

  private void deadlineReached() {
    PushResult.Rejected rejected = null;
    Try first = null;
    Try second = null;
    synchronized (this) {
      if (lastWasRejection && !ended) {
        rejected = lastRejection;
        first = current;
        second = timedOut;
        finish();
      }
    }
    if (rejected == null) {
      end(Failure.DEADLINE, "the call was over at " + call.expiresAt());
      return;
    }
    if (first != null) {
      first.cancel();
    }
    if (second != null) {
      second.cancel();
    }
    complete(rejected);
  }

  /** Ends it now; whatever is under way is dropped. Does nothing if it has ended already. */
  void end(Failure failure, String why) {
    Try first;
    Try second;
    Transport.Attempt handle;
    synchronized (this) {
      if (ended) {
        return;
      }
      finish();
      first = current;
      second = timedOut;
      if (first != null && first.written) {
        unknown = true;
      }
      handle = first == null || first.written ? null : first.handle;
    }
    // outside of the lock: this asks the transport
    VoipPushException end = exception(failure, why, handle == null ? null : handle.obstacle());
    if (first != null) {
      first.cancel();
    }
    if (second != null) {
      second.cancel();
    }
    complete(end);
  }

  /** Ends it if nothing of it is at the transport: it waits to be tried again. */
  void endIfWaiting(Failure failure, String why) {
    boolean waiting;
    synchronized (this) {
      waiting = current == null && timedOut == null;
    }
    if (waiting) {
      end(failure, why);
    }
  }

  private VoipPushException exception(
      Failure failure, String why, @Nullable AttemptFailure obstacle) {
    Delivery delivery = unknown ? Delivery.UNKNOWN : Delivery.NOT_SENT;
    StringBuilder message = new StringBuilder(settings.host).append(": ").append(why);
    Throwable cause = null;
    AttemptFailure last = obstacle == null ? lastFailure : obstacle;
    if (last != null) {
      cause = last.cause();
      if (!last.message().equals(why)) {
        message.append("; last failure: ").append(last.message());
      }
    }
    message.append(" (call ").append(call.callId()).append(", device ").append(device);
    message.append(", ").append(delivery).append(", attempts: ").append(attempts).append(')');
    Sent sent = new Sent(apnsId, attempts, unknown);
    return new VoipPushException(failure, delivery, sent, lastRejection, message.toString(), cause);
  }

  private void finish() {
    ended = true;
    timer.clear();
  }
}
