// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Discards the device tokens that APNs says are dead, and only those. Make one for each
 * registration store and give it every result, accepted ones too:
 *
 * <pre>{@code
 * DeadTokens deadTokens =
 *     DeadTokens.of(
 *         (device, deadSince) ->
 *             jdbc.update(
 *                     "DELETE FROM registration WHERE token = ? AND registered_at < ?",
 *                     device.hex(),
 *                     Timestamp.from(deadSince))
 *                 > 0);
 *
 * Instant pushedAt = Instant.now();
 * PushResult result = client.send(device, call);
 * deadTokens.discardIfDead(device, result, pushedAt);
 * }</pre>
 *
 * <p>A token is dead if APNs answered 410, and if the app has not registered it again since. No
 * other rejection discards a token: {@code BadDeviceToken} and the like come of a wrong setting,
 * which would wipe out the store.
 *
 * <p>As a fault can also bring 410, a discard is refused if more than 10 % of the tokens of the
 * last minute would go, of at least 100; of fewer tokens all may go. A warning with the counts is
 * then logged, at most once a minute. A refused token is not lost, for the next push to it is
 * answered 410 again; it counts like those discarded, so that a store does not dwindle by 10 % a
 * minute. {@link #forced()} refuses nothing.
 *
 * <p>Each token counts once, however often it was pushed. If a minute has more than {@value
 * #MAX_TOKENS}, the last {@value #MAX_TOKENS} count; they take about 2 MB. Each process counts its
 * own.
 *
 * <p>Thread-safe. The store is called on the caller's thread, without a lock. No wall clock is
 * used.
 */
public final class DeadTokens {
  /** Where the registered tokens are. Must be thread-safe. */
  @FunctionalInterface
  public interface Store {
    /**
     * Discards the token if it was last registered before {@code deadSince}, in one atomic step,
     * such as {@code DELETE … WHERE token = ? AND registered_at < ?}.
     *
     * <p>{@code registered_at} is when the app last uploaded the token, also if it was stored
     * already, with milliseconds or finer, by a clock that is kept right (NTP): {@code deadSince}
     * is Apple's.
     *
     * @return true if the token was discarded, false if it was registered since or is not there
     */
    boolean discard(DeviceToken device, Instant deadSince);
  }

  private static final Logger log = LoggerFactory.getLogger(DeadTokens.class);

  /** So many tokens are counted at most, to bound the memory. */
  static final int MAX_TOKENS = 10_000;

  private final Store store;
  private final LastMinute lastMinute;
  private final boolean forced;

  private DeadTokens(Store store, LastMinute lastMinute, boolean forced) {
    this.store = store;
    this.lastMinute = lastMinute;
    this.forced = forced;
  }

  /** Returns one that discards from this store. */
  public static DeadTokens of(Store store) {
    return of(store, System::nanoTime); // not a wall clock, which may step back
  }

  static DeadTokens of(Store store, LongSupplier nanos) {
    return new DeadTokens(Objects.requireNonNull(store, "store"), new LastMinute(nanos), false);
  }

  /**
   * Returns one that discards dead tokens however many they are, from the same store and with the
   * same counts: for a clean-up, when you have found out why they are that many.
   */
  public DeadTokens forced() {
    return new DeadTokens(store, lastMinute, true);
  }

  /**
   * Counts a result, and discards the token if it is dead. What the store throws goes to the
   * caller; the token then does not count as dead.
   *
   * @param pushedAt an instant before the push was sent, by the clock of {@code registered_at}. If
   *     APNs does not say since when the token is dead, only a token registered before this is
   *     discarded
   * @return true if the store discarded it; false if it is not dead, or was registered since, or
   *     was refused
   */
  public boolean discardIfDead(DeviceToken device, PushResult result, Instant pushedAt) {
    Objects.requireNonNull(device, "device");
    Objects.requireNonNull(result, "result");
    Objects.requireNonNull(pushedAt, "pushedAt");
    Optional<Instant> deadSince = deadSince(result, pushedAt);
    if (deadSince.isPresent()) {
      return discard(device, deadSince.get());
    }
    lastMinute.notDead(device, result.accepted());
    return false;
  }

  /**
   * Counts the results of a ring, and discards the tokens that are dead, each as {@link
   * #discardIfDead(DeviceToken, PushResult, Instant)} does.
   *
   * @return the tokens that the store discarded, in the order of the devices
   */
  public Set<DeviceToken> discardIfDead(RingOutcome outcome) {
    outcome.reached().forEach(device -> lastMinute.notDead(device, true));
    Set<DeviceToken> discarded = new LinkedHashSet<>();
    outcome
        .rejected()
        .forEach(
            (device, rejected) -> {
              Instant deadSince = outcome.deadTokens().get(device);
              if (deadSince == null) {
                lastMinute.notDead(device, false);
              } else if (discard(device, deadSince)) {
                discarded.add(device);
              }
            });
    return discarded;
  }

  /** Returns since when the token is dead by the answer to this push; empty if it is not. */
  static Optional<Instant> deadSince(PushResult result, Instant pushedAt) {
    return result instanceof PushResult.Rejected rejected
            && rejected.status() == 410
            && rejected.remedy() == Remedy.DISCARD_TOKEN
        ? Optional.of(rejected.tokenInvalidSince().orElse(pushedAt))
        : Optional.empty();
  }

  private boolean discard(DeviceToken device, Instant deadSince) {
    if (lastMinute.tooManyWith(device) && !forced) {
      lastMinute.refused();
      return false;
    }
    boolean discarded = false;
    try {
      discarded = store.discard(device, deadSince);
    } finally {
      lastMinute.tried(device, discarded);
    }
    return discarded;
  }

  /** The tokens of the last minute, by when a result last named them. */
  private static final class LastMinute {
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);
    private static final int MIN_TOKENS = 100;
    private static final int MAX_PERCENT = 10;

    private enum State {
      ALIVE,
      /** Dead, and either refused or just being discarded. */
      DEAD,
      DISCARDED
    }

    private static final class Token {
      private long nanos;
      private State state = State.ALIVE;
    }

    private final LongSupplier clock;

    // Guarded by this
    private final LinkedHashMap<DeviceToken, Token> tokens = new LinkedHashMap<>(16, 0.75f, true);
    private int dead;
    private long refused; // since the last warning
    private boolean warned;
    private long warnedAt;

    LastMinute(LongSupplier clock) {
      this.clock = clock;
    }

    /** Only an accepted push proves that the token is alive; other results change nothing. */
    synchronized void notDead(DeviceToken device, boolean accepted) {
      Token token = token(device);
      if (accepted) {
        become(token, State.ALIVE);
      }
    }

    /** Counts the token as dead at once, so that pushes side by side see each other. */
    synchronized boolean tooManyWith(DeviceToken device) {
      Token token = token(device);
      if (token.state == State.ALIVE) {
        become(token, State.DEAD);
      }
      return tokens.size() >= MIN_TOKENS && dead * 100 > tokens.size() * MAX_PERCENT;
    }

    synchronized void refused() {
      refused++;
      long now = clock.getAsLong();
      if (warned && now - warnedAt < MINUTE) {
        return;
      }
      log.warn(
          "dead device tokens must be at most {} % of the last minute's, but were {} of {}:"
              + " refused to discard {} (docs/troubleshooting.md#too-many-dead-tokens)",
          MAX_PERCENT, dead, tokens.size(), refused);
      warned = true;
      warnedAt = now;
      refused = 0;
    }

    /** The store was asked; a token that another push discarded is not there, but counts on. */
    synchronized void tried(DeviceToken device, boolean discarded) {
      Token token = token(device);
      if (discarded) {
        become(token, State.DISCARDED);
      } else if (token.state == State.DEAD) {
        become(token, State.ALIVE);
      }
    }

    private Token token(DeviceToken device) {
      long now = clock.getAsLong();
      Token token = tokens.computeIfAbsent(device, d -> new Token()); // moves it to the end
      token.nanos = now;
      Iterator<Token> oldestFirst = tokens.values().iterator();
      Token oldest = oldestFirst.next();
      while (now - oldest.nanos >= MINUTE || tokens.size() > MAX_TOKENS) {
        become(oldest, State.ALIVE);
        oldestFirst.remove();
        oldest = oldestFirst.next(); // there is one: the token itself
      }
      return token;
    }

    private void become(Token token, State state) {
      dead += (state == State.ALIVE ? 0 : 1) - (token.state == State.ALIVE ? 0 : 1);
      token.state = state;
    }
  }
}
