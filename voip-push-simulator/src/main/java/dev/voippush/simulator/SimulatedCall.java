// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A call that a push announced to a {@link SimulatedPhone}: what its screen shows, whether it
 * rings, and the ring tone that was really played. Thread-safe.
 */
public final class SimulatedCall {
  /**
   * Where a call stands on this phone. Only {@link #RINGING} and {@link #ANSWERED} can still
   * change.
   */
  public enum State {
    /** The phone rings. */
    RINGING,
    /** The user took the call. */
    ANSWERED,
    /** The user refused the call. */
    DECLINED,
    /** The user answered on another of their phones, before or after the push came to this one. */
    ANSWERED_ELSEWHERE,
    /** The user refused on another of their phones, before or after the push came to this one. */
    DECLINED_ELSEWHERE,
    /** Somebody hung up, the app was closed, or the call was over before its push came. */
    ENDED,
    /** Nobody answered until the call's {@code expiresAt}, or the push came after it. */
    EXPIRED
  }

  private final SimulatedPhone phone;
  private final PushedCall call;
  private final RingTimer timer;
  private final Instant startedAt;
  private final RingTone tone;
  private final Optional<Duration> soundsFor;
  private State state;
  private boolean callerGaveUp;
  private long silentAt;
  private @Nullable Instant soundsUntil;

  /**
   * A call in its first state; {@link State#RINGING} makes the tone sound at once.
   *
   * @param soundsFor how long the tone sounds after each alert; empty: as long as it rings
   */
  SimulatedCall(
      SimulatedPhone phone,
      PushedCall call,
      RingTimer timer,
      Instant startedAt,
      State state,
      Optional<Duration> soundsFor) {
    this.phone = phone;
    this.call = call;
    this.timer = timer;
    this.startedAt = startedAt;
    this.state = state;
    this.soundsFor = soundsFor;
    sound();
    long now = timer.nanoTime();
    tone = new RingTone(now);
    if (state == State.RINGING) {
      tone.refill(now);
    }
  }

  /** The call id of the push. */
  public UUID callId() {
    return call.id();
  }

  /** The caller's name; {@code ""} if the push has none. */
  public String callerName() {
    return call.callerName();
  }

  /** The caller's number or address; {@code ""} if the push has none. */
  public String handle() {
    return call.handle();
  }

  /** True for a video call. */
  public boolean video() {
    return call.video();
  }

  /** When its push came, by the simulator's clock: if it rang, it began to ring then. */
  public Instant startedAt() {
    return startedAt;
  }

  /** Until when it rings: the push's {@code expiresAt}, otherwise 45 s after it arrived. */
  public Instant expiresAt() {
    return call.expiresAt();
  }

  /** Where the call stands now. */
  public State state() {
    synchronized (phone) {
      return state;
    }
  }

  /**
   * True if the caller waited in vain: the call expired, or the caller hung up while it rang or
   * before its push came.
   */
  public boolean missed() {
    synchronized (phone) {
      return callerGaveUp || state == State.EXPIRED;
    }
  }

  /**
   * The ring tone as it was played, in order; empty if the call never rang. While it rings, the
   * last cycle ends now. A timer refills a tone buffer of 150 ms each 100 ms: if the timer is late,
   * the tone stops, and there is a gap between one cycle's end and the next one's start. Times are
   * real time, also when the simulator has a clock of its own.
   */
  public List<RingCycle> rings() {
    synchronized (phone) {
      return tone.cycles(timer.nanoTime());
    }
  }

  /**
   * How long the ring tone was silent at most while the call rang, from the first tone on: zero for
   * a ring without a gap. Real time, as {@link #rings()}.
   */
  public Duration longestGap() {
    synchronized (phone) {
      return tone.longestGap(timer.nanoTime());
    }
  }

  /** How long it rang so far, from the first tone to the last. */
  Duration rang() {
    synchronized (phone) {
      return tone.rang(timer.nanoTime());
    }
  }

  /** Until when the tone sounds, in real time, if no further alert comes. */
  Optional<Instant> soundsUntil() {
    synchronized (phone) {
      return Optional.ofNullable(soundsUntil);
    }
  }

  /** Another alert of the call has come. The phone's lock must be held. */
  void alerted() {
    sound();
    tone.refill(timer.nanoTime());
  }

  /** Counts anew how long the tone sounds. */
  private void sound() {
    if (soundsFor.isPresent()) {
      silentAt = timer.nanoTime() + soundsFor.get().toNanos();
      soundsUntil = Instant.now().plus(soundsFor.get());
    }
  }

  /** Leaves the state, silencing the tone. The phone's lock must be held. */
  void become(State next) {
    tone.end(timer.nanoTime());
    state = next;
  }

  /** The caller hung up before anybody answered. The phone's lock must be held. */
  void callerGaveUp() {
    callerGaveUp = true;
  }

  /** Keeps the tone sounding. Returns false if the call does not ring any more. */
  boolean tick(Instant now) {
    synchronized (phone) {
      if (state != State.RINGING) {
        return false;
      }
      if (!now.isBefore(call.expiresAt())) {
        phone.expire(this);
        return false;
      }
      long nanos = timer.nanoTime();
      if (soundsFor.isEmpty() || nanos - silentAt < 0) {
        tone.refill(nanos);
      }
      return true;
    }
  }

  @Override
  public String toString() {
    return "call " + callId() + " " + state();
  }
}
