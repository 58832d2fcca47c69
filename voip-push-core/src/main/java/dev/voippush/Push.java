// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.SigningKey;
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
 * One push to one device, from acceptance to its end: the attempts, the waits between them, and the
 * deadline over all.
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
  private final Message message;
  private final @Nullable PushOwner owner;
  private final boolean callerWaits;
  private boolean fits = true; // set before it is started
  private final UUID apnsId;
  private final DeadlineTimer time;
  private final DeadlineTimer.Deadline timer;
  private final long accepted;
  private final long deadline;
  private final Verdict verdict =
      new Verdict(() -> end(Failure.CANCELLED, "the future was cancelled"));

  private volatile Optional<Duration> retryAfter = Optional.empty();

  // Guarded by this:
  private int attempts;
  private int throttled;
  private boolean tokenRenewed;
  private boolean lost; // an attempt of which nothing will be heard any more, and APNs may have it
  private @Nullable Try current;
  private @Nullable Try timedOut; // APNs may have it, and its late verdict counts
  private PushResult.@Nullable Rejected lastRejection;
  private boolean lastWasRejection;
  private @Nullable AttemptFailure lastFailure;
  private Wait waitingFor = Wait.TURN;
  private long waitUntil;
  private boolean timerSet;
  private long timerAt;
  private boolean ended;

  /** What is to come before the deadline. */
  private enum Wait {
    NOTHING,
    /** For the time of the next attempt. */
    TURN,
    WRITING,
    ANSWER
  }

  /**
   * @param owner of which this push is a part, if it is
   * @param callerWaits true if the caller's thread does nothing but wait for the verdict
   */
  Push(
      VoipPushClient client,
      DeviceToken device,
      Message message,
      @Nullable PushOwner owner,
      boolean callerWaits) {
    this.client = client;
    this.settings = client.settings;
    this.transport = client.transport;
    this.time = client.timer;
    this.timer = time.deadline(this::timeHasCome);
    this.retryPolicy = client.retryPolicy;
    this.budget = client.budget;
    this.device = device;
    this.message = message;
    this.owner = owner;
    this.callerWaits = callerWaits;
    this.apnsId = client.apnsIds.next();
    Instant now = settings.clock.instant();
    Instant over = message.expiresAt();
    this.accepted = time.nanoTime();
    this.waitUntil = accepted;
    this.deadline =
        accepted
            + (over.getEpochSecond() - now.getEpochSecond()) * NANOS_PER_SECOND
            + (over.getNano() - now.getNano());
  }

  /**
   * Completes with the verdict or a {@link VoipPushException}: on the executor, or at once if a
   * caller's thread waits for it.
   */
  CompletableFuture<PushResult> verdict() {
    return verdict;
  }

  private void complete(PushResult result) {
    client.ended(this, result);
    if (owner != null) {
      owner.ended(result);
    }
    if (callerWaits) {
      verdict.complete(result);
      return;
    }
    client.onExecutor(
        () -> {
          verdict.complete(result);
          if (owner != null) {
            owner.told(device, result);
          }
        });
  }

  private void complete(VoipPushException failure) {
    client.ended(this, failure);
    if (owner != null) {
      owner.ended(failure);
    }
    if (callerWaits) {
      verdict.completeExceptionally(failure);
      return;
    }
    client.onExecutor(
        () -> {
          verdict.completeExceptionally(failure);
          if (owner != null) {
            owner.told(device, failure);
          }
        });
  }

  /** What a listener is told of it. */
  PushEvent event() {
    int begun;
    synchronized (this) {
      begun = attempts;
    }
    Duration elapsed = Duration.ofNanos(time.nanoTime() - accepted);
    return new PushEvent(message.type(), message.callId(), device, apnsId, begun, elapsed);
  }

  /** How long APNs asked to wait when it last refused it, if it did. */
  Optional<Duration> retryAfter() {
    return retryAfter;
  }

  /** The time left for the call, never negative. */
  Duration remaining() {
    return Duration.ofNanos(Math.max(0, deadline - time.nanoTime()));
  }

  private boolean isOver() {
    return deadline - time.nanoTime() <= 0;
  }

  /** False if the client holds too many already: it then ends as soon as it is started. */
  void fits(boolean fits) {
    this.fits = fits;
  }

  void start() {
    if (!fits) {
      end(Failure.QUEUE_FULL, "more than " + client.capacity() + " pushes wait or are in flight");
      return;
    }
    if (client.isClosed()) {
      end(Failure.CLOSED, "the client is closed");
      return;
    }
    if (isOver()) {
      end(Failure.DEADLINE, "the call was over at " + message.expiresAt() + ", before it was sent");
      return;
    }
    budget.push(time.nanoTime());
    attempt(callerWaits);
  }

  /**
   * Waits for what is to come now, or for the deadline if that is earlier. The timer is left as it
   * is if it comes no later: a push has several waits, and most end soon.
   */
  private void waitFor(Wait what, long nanos) {
    long now = time.nanoTime();
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
      long left = waitUntil - time.nanoTime();
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
      giveUp(Failure.DEADLINE, "the call was over at " + message.expiresAt());
    } else if (what == Wait.TURN) {
      attempt(false);
    } else if (attempt != null && what != Wait.NOTHING) {
      timeout(attempt, what == Wait.ANSWER);
    }
  }

  /** Begins the next attempt, if its time has come: a verdict may have come meanwhile. */
  private void attempt(boolean mayWriteHere) {
    Try next = new Try();
    synchronized (this) {
      if (ended || waitingFor != Wait.TURN || waitUntil - time.nanoTime() > 0) {
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
    private @Nullable String suspicion; // of its connection
    private boolean written;
    private @Nullable ApnsCredentials credentials;
    private @Nullable String authorization;
    private boolean keyRefused; // and it was replaced meanwhile: only a new connection helps

    void enqueued(Transport.Attempt attempt) {
      boolean cancel;
      String suspect;
      synchronized (Push.this) {
        handle = attempt;
        cancel = cancelled;
        suspect = suspicion;
      }
      if (suspect != null) {
        attempt.suspectConnection(suspect);
      }
      if (cancel) {
        attempt.cancel();
      }
    }

    void suspectConnection(String why) {
      Transport.Attempt attempt;
      synchronized (Push.this) {
        suspicion = why;
        attempt = handle;
      }
      if (attempt != null) {
        attempt.suspectConnection(why);
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
    public @Nullable PushRequest begin(ApnsCredentials credentials) {
      if (isOver()) {
        return null; // the deadline's timer ends the push
      }
      String bearer;
      long expiration;
      try {
        bearer = credentials instanceof SigningKey key ? key.bearerToken(settings.clock) : null;
        expiration = message.expiration(settings.clock.instant());
      } catch (RuntimeException e) { // the key's provider, or the user's clock
        end(Failure.CONNECT, "the request cannot be made: " + e);
        return null;
      }
      synchronized (Push.this) {
        if (ended || isStopped() || this != current) {
          return null;
        }
        attempts++;
        lastWasRejection = false;
        this.credentials = credentials;
        authorization = bearer;
        waitFor(Wait.WRITING, settings.writeTimeoutNanos);
      }
      client.tell(Push.this, PushListener::attemptStarted);
      return new PushRequest(
          message.type(),
          device.hex(),
          apnsId,
          expiration,
          message.collapseId(),
          bearer,
          message.body());
    }

    /** Where it went, for an explanation. */
    Target target() {
      ApnsCredentials sentWith = credentials == null ? client.credentials() : credentials;
      return Target.of(settings.endpoint, settings.bundleId, message.type(), sentWith);
    }

    @Override
    public boolean mayWrite() {
      Try older;
      synchronized (Push.this) {
        if (ended || isStopped() || this != current) {
          return false;
        }
        written = true;
        older = timedOut;
        timedOut = null;
        lost |= older != null;
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

  private void answered(Try attempt, PushResponse response) {
    Try other;
    PushResult result;
    Optional<Duration> delay = Optional.empty();
    boolean leave = false;
    synchronized (this) {
      if (ended) {
        return;
      }
      other = attempt == current ? timedOut : current;
      if (attempt != current && attempt != timedOut) {
        return;
      }
      lost |= attempt == current && timedOut != null;
      current = null;
      timedOut = null; // if this is it, it was late, not lost
      Sent sent = new Sent(apnsId, attempts, isUnknown());
      result = ResponseReader.read(response, sent, attempt::target);
      if (result instanceof PushResult.Rejected rejected) {
        try {
          delay = afterRejection(attempt, rejected, response);
        } catch (RuntimeException e) { // the key's provider, or the user's clock
          log.warn("call {}: {} is not retried", message.callId(), rejected, e);
        }
        leave = rejected.reason() == RejectionReason.SHUTDOWN || attempt.keyRefused;
        lastRejection = rejected;
        lastWasRejection = true;
      }
      if (delay.isEmpty()) {
        finish();
      } else {
        waitFor(Wait.NOTHING, Long.MAX_VALUE); // but for what is to be said before
      }
    }
    client.answered(result, attempt.credentials);
    if (leave) { // before the retry, which must not go there again
      attempt.suspectConnection("APNs said " + ((PushResult.Rejected) result).rawReason());
    }
    if (other != null) {
      other.cancel();
    }
    if (delay.isEmpty()) {
      complete(result);
      return;
    }
    synchronized (this) {
      if (ended) {
        return;
      }
      retryIn(delay.get());
    }
    retryScheduled(delay.get(), result.toString());
  }

  private Optional<Duration> afterRejection(
      Try attempt, PushResult.Rejected rejected, PushResponse response) {
    if (isStopped() || client.isClosed()) {
      return Optional.empty();
    }
    if (rejected.reason() == RejectionReason.EXPIRED_PROVIDER_TOKEN
        && attempt.authorization != null
        && !tokenRenewed
        && attempts < RetryPolicy.MAX_ATTEMPTS) {
      tokenRenewed = true;
      boolean renewed =
          attempt.credentials instanceof SigningKey key
              && key.replaceRefused(attempt.authorization, settings.clock).isPresent();
      attempt.keyRefused = !renewed && attempt.credentials != client.credentials();
      return renewed || attempt.keyRefused ? Optional.of(Duration.ZERO) : Optional.empty();
    }
    retryAfter = ResponseReader.retryAfter(response, settings.clock.instant());
    if (rejected.status() == 429 && message.repeated()) {
      return Optional.empty(); // another follows anyway, and later
    }
    Optional<Duration> delay = retryPolicy.afterRejection(rejected, retryAfter, history());
    if (delay.isPresent()) {
      if (!budget.tryRetry(time.nanoTime())) {
        log.debug("call {}: {} is not retried, too many pushes are", message.callId(), rejected);
        return Optional.empty();
      }
      if (rejected.status() == 429) {
        throttled++;
      }
    }
    return delay;
  }

  private void failed(Try attempt, AttemptFailure failure) {
    Optional<Duration> delay;
    Failure how = failure.failure();
    synchronized (this) {
      if (attempt == timedOut && failure.delivery() == Delivery.NOT_SENT) {
        timedOut = null; // APNs says so, and the retry is not written yet
      }
      if (ended || attempt != current) {
        return; // a timed out attempt counts as unknown already
      }
      lastFailure = failure;
      current = null;
      delay = isStopped() ? Optional.empty() : retryPolicy.afterFailure(failure, history());
      if (failure.delivery() == Delivery.UNKNOWN) {
        lost = true;
      } else if (isStopped()) {
        how = Failure.STOPPED; // which is why it is not tried again
      }
      if (delay.isPresent()) {
        retryIn(delay.get());
      }
    }
    if (delay.isPresent()) {
      retryScheduled(delay.get(), failure.message());
    } else {
      end(how, failure.message());
    }
  }

  private void timeout(Try attempt, boolean written) {
    boolean again;
    synchronized (this) {
      if (ended || attempt != current || attempt.written != written) {
        return;
      }
      again =
          !isStopped()
              && (written
                      ? retryPolicy.afterUnknown(history())
                      : retryPolicy.afterFailure(stalled(), history()))
                  .isPresent();
      if (written) {
        timedOut = attempt;
      }
      current = null;
      if (again) {
        retryIn(Duration.ZERO); // on this thread, so when its connection is known to be suspect
      }
    }
    attempt.suspectConnection("APNs did not answer in time");
    if (!written) {
      attempt.cancel();
    }
    if (again) {
      retryScheduled(Duration.ZERO, "no answer in time");
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
    return new RetryPolicy.History(attempts, throttled, isUnknown(), remaining());
  }

  private void retryIn(Duration delay) {
    waitFor(Wait.TURN, delay.toNanos());
  }

  private void retryScheduled(Duration delay, String why) {
    log.debug("call {}, device {}: retry in {} after {}", message.callId(), device, delay, why);
    client.tell(this, (listener, push) -> listener.retryScheduled(push, delay, why));
  }

  /** True if APNs may have an attempt that has no verdict. */
  private boolean isUnknown() {
    return lost || timedOut != null;
  }

  private boolean isStopped() {
    return owner != null && owner.isStopped();
  }

  /**
   * The {@link PushOwner#isStopped owner is stopped}. What has been handed over keeps its verdict.
   */
  void stop() {
    synchronized (this) {
      if (current != null && current.written) {
        return;
      }
    }
    giveUp(Failure.STOPPED, "the ring was stopped");
  }

  /** Ends it: by the last verdict, if the last attempt has got one. */
  private void giveUp(Failure failure, String why) {
    PushResult.Rejected rejected = null;
    Try queued = null;
    synchronized (this) {
      if (lastWasRejection && !ended) { // so none was begun since
        rejected = lastRejection;
        queued = current;
        finish();
      }
    }
    if (rejected == null) {
      end(failure, why);
      return;
    }
    if (queued != null) {
      queued.cancel();
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
      lost |= first != null && first.written;
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
    boolean unknown;
    synchronized (this) {
      unknown = isUnknown();
    }
    Delivery delivery = unknown ? Delivery.UNKNOWN : Delivery.NOT_SENT;
    StringBuilder words =
        new StringBuilder(why.startsWith(settings.host) ? "" : settings.host + ": ");
    words.append(why);
    Throwable cause = null;
    AttemptFailure last = obstacle == null ? lastFailure : obstacle;
    if (last != null) {
      cause = last.cause();
      if (!last.message().equals(why)) {
        words.append("; last failure: ").append(last.message());
      }
    }
    words.append(" (call ").append(message.callId()).append(", device ").append(device);
    words.append(", ").append(delivery).append(", attempts: ").append(attempts).append(')');
    Sent sent = new Sent(apnsId, attempts, unknown);
    return new VoipPushException(failure, delivery, sent, lastRejection, words.toString(), cause);
  }

  private void finish() {
    ended = true;
    timer.clear();
  }
}
