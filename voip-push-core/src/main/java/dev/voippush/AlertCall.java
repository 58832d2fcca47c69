// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The alerts of one call on one device: one after the other while the call rings, never two at
 * once, then a last one that says what became of the call.
 *
 * <p>What ends it early is a verdict that the next alert would get, too: the token is dead, or
 * something is set wrong. Everything is decided under its own lock, in short steps; pushes are
 * begun and stopped outside of it, and futures complete on the client's executor.
 */
final class AlertCall {
  private static final Logger log = LoggerFactory.getLogger(AlertCall.class);

  /** How long the last alert is tried, the call's own time being over. */
  private static final Duration TRY_LAST_FOR = Duration.ofSeconds(10);

  /** When the last alert is tried again that found no place in the client. */
  private static final Duration TRY_LAST_AGAIN = Duration.ofSeconds(1);

  private enum Phase {
    RINGING,
    /** No more of those that ring; the last one waits for the one that is under way. */
    STOPPED,
    LAST,
    OVER
  }

  private final VoipPushClient client;
  private final Ring ring;
  private final DeviceToken device;
  private final AlertRing.Messages messages;
  private final DeadlineTimer time;
  private final DeadlineTimer.Deadline timer;
  private final long deadline;
  private final boolean late; // the call was over before it began
  private final Verdict verdict = new Verdict(this::drop);

  // Guarded by this:
  private Phase phase = Phase.RINGING;
  private CallEnd end = CallEnd.MISSED;
  private boolean dropped;
  private long interval;
  private long lastBegan;
  private long lastUntil;
  private boolean busy; // a push is being begun, or is under way
  private @Nullable Push current;
  private boolean shown; // an alert may be on the screen
  private @Nullable PushResult accepted;
  private @Nullable Object newest; // end of one that rings

  AlertCall(
      VoipPushClient client,
      Ring ring,
      DeviceToken device,
      AlertRing.Messages messages,
      Duration interval) {
    this.client = client;
    this.ring = ring;
    this.device = device;
    this.messages = messages;
    this.interval = interval.toNanos();
    this.time = client.timer;
    this.timer = time.deadline(this::timeHasCome);
    Duration left =
        Duration.between(client.settings.clock.instant(), messages.ringing().expiresAt());
    this.deadline = time.nanoTime() + left.toNanos();
    this.late = isDeadline();
  }

  /** What the alerts that ring belong to. */
  private final PushOwner ringing =
      new PushOwner() {
        @Override
        public boolean isStopped() {
          synchronized (AlertCall.this) {
            return phase != Phase.RINGING || ring.isStopped();
          }
        }

        @Override
        public void ended(Object end) {
          rang(end);
        }
      };

  /** What the last alert belongs to. */
  private final PushOwner last =
      new PushOwner() {
        @Override
        public boolean isStopped() {
          synchronized (AlertCall.this) {
            return dropped;
          }
        }

        @Override
        public void ended(Object end) {
          said(end);
        }
      };

  /** Completes with the first acceptance, or if there is none, with what the last one ended as. */
  CompletableFuture<PushResult> verdict() {
    return verdict;
  }

  /** Begins the first alert. */
  void start() {
    synchronized (this) {
      busy = true;
    }
    client.begun(this);
    try {
      begin(ringing);
    } catch (RuntimeException e) { // the user's clock
      client.ended(this);
      throw e;
    }
  }

  private boolean isDeadline() {
    return deadline - time.nanoTime() <= 0;
  }

  /** Begins a push; that one is being begun stands already in {@link #busy}. */
  private void begin(PushOwner owner) {
    Push push = client.accept(device, message(owner), owner, false);
    boolean ringsNoMore;
    boolean cancelled;
    synchronized (this) {
      lastBegan = time.nanoTime();
      current = push;
      cancelled = dropped;
      ringsNoMore = owner == ringing && phase != Phase.RINGING;
    }
    if (cancelled) {
      push.end(Failure.CANCELLED, "the future was cancelled");
    } else if (ringsNoMore) {
      push.stop();
    } else {
      push.start();
    }
  }

  /** Its time is measured as that of the call was: not by a wall clock that may step. */
  private Message message(PushOwner owner) {
    long until;
    Message message;
    synchronized (this) {
      boolean rings = owner == ringing;
      until = rings ? deadline : lastUntil;
      message = rings ? messages.ringing() : Objects.requireNonNull(messages.last().get(end));
    }
    return message.until(client.settings.clock.instant().plusNanos(until - time.nanoTime()));
  }

  /** Begins a push on a thread that has nobody to tell that it cannot be made. */
  private void beginOrFinish(PushOwner owner) {
    try {
      begin(owner);
    } catch (RuntimeException e) { // the user's clock
      log.warn("call {}: no further alert to {}", messages.ringing().callId(), device, e);
      finish();
    }
  }

  /** An alert is due or the deadline has come; or the client is closed, which ends it. */
  void timeHasCome() {
    PushOwner next;
    synchronized (this) {
      if (busy || phase == Phase.STOPPED || phase == Phase.OVER) {
        return;
      }
      if (phase == Phase.RINGING && isDeadline()) {
        phase = Phase.STOPPED;
        next = null;
      } else {
        busy = true;
        next = phase == Phase.RINGING ? ringing : last;
      }
    }
    if (next == null) {
      beginLast();
    } else {
      beginOrFinish(next);
    }
  }

  /** The call does not ring any more; the first to say so counts. */
  void stop(CallEnd how) {
    Push running;
    boolean idle;
    synchronized (this) {
      if (phase != Phase.RINGING) {
        return;
      }
      phase = Phase.STOPPED;
      end = how;
      timer.clear();
      idle = !busy;
      running = current;
    }
    if (idle) {
      beginLast();
    } else if (running != null) {
      running.stop(); // its end begins the last one, which must not overtake it
    }
  }

  /** The future was cancelled: nothing more to this device. */
  private void drop() {
    Push running;
    boolean idle;
    synchronized (this) {
      if (phase == Phase.OVER) {
        return;
      }
      dropped = true;
      timer.clear();
      idle = phase != Phase.STOPPED && !busy; // otherwise another thread goes on
      phase = phase == Phase.RINGING ? Phase.STOPPED : phase;
      running = current;
    }
    if (idle) {
      finish();
    } else if (running != null) {
      running.end(Failure.CANCELLED, "the future was cancelled");
    }
  }

  /** One that rings has ended. */
  private void rang(Object result) {
    boolean first;
    Phase next;
    synchronized (this) {
      first = accepted == null;
      read(result);
      first &= accepted != null;
      busy = false;
      current = null;
      newest = result;
      if (late || isFinal(result)) {
        next = Phase.OVER;
      } else if (phase == Phase.STOPPED || isDeadline()) {
        phase = Phase.STOPPED;
        next = Phase.LAST;
      } else {
        next = Phase.RINGING;
        long now = time.nanoTime();
        timer.setIn(Math.min(lastBegan + interval - now, deadline - now));
      }
    }
    if (first) {
      tell(result);
    }
    if (next == Phase.OVER) {
      finish();
    } else if (next == Phase.LAST) {
      beginLast();
    } else if (client.isClosed()) { // its timer, too
      timeHasCome();
    }
  }

  private void read(Object result) {
    if (result instanceof PushResult.Rejected rejected) {
      shown |= rejected.possiblyDuplicated();
      if (rejected.status() == 429) {
        long asked = current == null ? 0 : current.retryAfter().orElse(Duration.ZERO).toNanos();
        interval = Math.min(Math.max(2 * interval, asked), AlertRing.LONGEST.toNanos());
      }
    } else if (result instanceof PushResult accepted) {
      shown = true;
      this.accepted = accepted;
    } else if (result instanceof VoipPushException failure) {
      shown |= failure.delivery() == Delivery.UNKNOWN;
    }
  }

  /** True if the next alert would end likewise. */
  private static boolean isFinal(Object result) {
    return result instanceof PushResult.Rejected rejected
        ? rejected.remedy() != Remedy.RETRY_LATER
        : isFailure(result, Failure.CLOSED);
  }

  private static boolean isFailure(Object result, Failure failure) {
    return result instanceof VoipPushException e && e.failure() == failure;
  }

  /** The alert that takes the banner away, or says that the call was missed. */
  private void beginLast() {
    boolean needed;
    Object known;
    synchronized (this) {
      needed = !dropped && (end == CallEnd.MISSED || shown);
      if (needed) {
        phase = Phase.LAST;
        busy = true;
        lastUntil = time.nanoTime() + TRY_LAST_FOR.toNanos();
      }
      known = Objects.requireNonNull(newest);
    }
    if (needed) {
      tell(known); // no need to wait for the last one
      beginOrFinish(last);
    } else {
      finish();
    }
  }

  /** The last one has ended. */
  private void said(Object result) {
    boolean again;
    synchronized (this) {
      busy = false;
      current = null;
      again =
          isFailure(result, Failure.QUEUE_FULL)
              && lastUntil - time.nanoTime() > TRY_LAST_AGAIN.toNanos();
      if (again) {
        timer.setIn(TRY_LAST_AGAIN.toNanos());
      }
    }
    if (!again) {
      finish();
    } else if (client.isClosed()) {
      timeHasCome();
    }
  }

  private void finish() {
    Object of;
    synchronized (this) {
      if (phase == Phase.OVER) {
        return;
      }
      phase = Phase.OVER;
      timer.clear();
      of = Objects.requireNonNull(newest);
      boolean died = of instanceof PushResult && isFinal(of);
      if (accepted != null && !died) {
        of = accepted;
      }
    }
    client.ended(this);
    tell(of);
    Object all = of;
    client.onExecutor(() -> ring.over(device, all));
  }

  /** Says what the device's result is; it has one, the first that is said. */
  private void tell(Object result) {
    client.onExecutor(
        () -> {
          if (result instanceof PushResult known) {
            verdict.complete(known);
          } else {
            verdict.completeExceptionally((VoipPushException) result);
          }
          ring.verdict(device, result);
        });
  }
}
