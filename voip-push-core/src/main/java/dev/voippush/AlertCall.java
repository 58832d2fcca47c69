// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The alerts of one call on one device: one after the other while the call rings, never two at
 * once, then a last one that says what became of the call.
 *
 * <p>What ends it early is a verdict that the next alert would get, too: the token is dead, or
 * something is set wrong. Everything happens under its own lock, in short steps; pushes are begun
 * and stopped, and others told, outside of it.
 */
final class AlertCall implements PushOwner {
  /** How long the last alert is tried, the call's own time being over. */
  private static final Duration TRY_LAST_FOR = Duration.ofSeconds(10);

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
  private final Verdict verdict = new Verdict(this::drop);

  // Guarded by this:
  private Phase phase = Phase.RINGING;
  private CallEnd end = CallEnd.MISSED;
  private boolean dropped;
  private long interval;
  private long lastBegan;
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
  }

  /** Completes with the first acceptance, or if there is none, with what the last one ended as. */
  CompletableFuture<PushResult> verdict() {
    return verdict;
  }

  /** Begins the first alert. */
  void start() {
    begin(messages.ringing());
  }

  private void begin(Message message) {
    Push push = client.accept(device, message, this, false);
    synchronized (this) {
      lastBegan = time.nanoTime();
      current = push;
    }
    push.start();
  }

  /** The next alert is due or the deadline has come; or the client is closed, which ends it. */
  void timeHasCome() {
    boolean last;
    synchronized (this) {
      if (phase != Phase.RINGING || current != null) {
        return;
      }
      last = isDeadline();
      if (last) {
        phase = Phase.STOPPED;
      }
    }
    if (last) {
      beginLast();
    } else {
      begin(messages.ringing());
    }
  }

  private boolean isDeadline() {
    return deadline - time.nanoTime() <= 0;
  }

  /** The call does not ring any more; the first to say so counts. */
  void stop(CallEnd how) {
    Push running;
    synchronized (this) {
      if (phase != Phase.RINGING) {
        return;
      }
      phase = Phase.STOPPED;
      end = how;
      timer.clear();
      running = current;
    }
    if (running == null) {
      beginLast();
    } else {
      running.stop(); // its end begins the last one, which must not overtake it
    }
  }

  /** The future was cancelled: nothing more to this device. */
  private void drop() {
    Push running;
    synchronized (this) {
      if (phase == Phase.OVER) {
        return;
      }
      phase = Phase.STOPPED;
      dropped = true;
      timer.clear();
      running = current;
    }
    if (running == null) {
      finish();
    } else {
      running.end(Failure.CANCELLED, "the future was cancelled");
    }
  }

  /** The alert that takes the banner away, or says that the call was missed. */
  private void beginLast() {
    CallEnd how;
    synchronized (this) {
      how = dropped || (end != CallEnd.MISSED && !shown) ? null : end;
      phase = how == null ? phase : Phase.LAST;
    }
    if (how == null) {
      finish();
      return;
    }
    Message last = Objects.requireNonNull(messages.last().get(how));
    begin(last.until(client.settings.clock.instant().plus(TRY_LAST_FOR)));
  }

  /** True for those that ring as soon as they must not any more, never for the last one. */
  @Override
  public synchronized boolean isStopped() {
    return phase == Phase.STOPPED || (phase == Phase.RINGING && ring.isStopped());
  }

  @Override
  public void ended(DeviceToken token, Object result) {
    boolean first = false;
    Phase next;
    synchronized (this) {
      current = null;
      if (phase != Phase.LAST) {
        first = accepted == null;
        newest = result;
        read(result);
        first &= accepted != null;
      }
      if (phase == Phase.LAST || isFinal(result)) {
        next = Phase.OVER;
      } else if (phase == Phase.STOPPED || isDeadline()) {
        next = Phase.LAST;
        phase = Phase.STOPPED;
      } else {
        next = Phase.RINGING;
        timer.setIn(Math.min(lastBegan + interval, deadline) - time.nanoTime());
      }
    }
    if (first && result instanceof PushResult rings) {
      verdict.complete(rings);
      ring.verdict(device, rings);
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
        interval = Math.min(2 * interval, AlertRing.LONGEST.toNanos());
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
        : result instanceof VoipPushException failure && failure.failure() == Failure.CLOSED;
  }

  private void finish() {
    Object of;
    synchronized (this) {
      phase = Phase.OVER;
      of = Objects.requireNonNull(newest);
      boolean died = of instanceof PushResult && isFinal(of);
      if (accepted != null && !died) {
        of = accepted;
      }
    }
    client.ended(this);
    if (of instanceof PushResult result) {
      verdict.complete(result);
    } else {
      verdict.completeExceptionally((VoipPushException) of);
    }
    ring.verdict(device, of); // of those that had none yet
    ring.over(device, of);
  }
}
