// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What the simulator does to the next requests instead of treating them normally: an answer of your
 * choice, or a fault on the wire. Immutable; one script can be given to many simulators and
 * devices, each counts its own requests.
 *
 * <p>A script acts when a request has arrived whole. A plain script acts on every request until it
 * is replaced; {@link #times} and {@link #sequence} make it end or change:
 *
 * <pre>{@code
 * simulator.script(Script.reject(503, "ServiceUnavailable").retryAfter("1").times(2));
 * simulator.script(token, Script.sequence(Script.dropAfter(), Script.normal()));
 * }</pre>
 *
 * <p>{@link #deliveredAfter}, {@link #deliveredTwice} and {@link #deliveredNewestFirst} leave the
 * answer as it is and change how an accepted push gets to its phone; they do nothing to a script
 * that processes no push.
 *
 * <p>Requests answered by {@link #reject} and its relatives count as processed but ring no phone.
 * Those met by {@link #silence}, {@link #dropBefore}, {@link #reset}, {@link #refuseStream} or
 * {@link #goAway} are not processed: they are listed by {@link
 * ApnsSimulator#unprocessedRequests()}.
 */
public final class Script {
  private static final Duration LONGEST_DELAY = Duration.ofDays(365);

  private static final Script NORMAL = of(new Action.Normal());

  private final List<Entry> entries;

  private Script(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  private static Script of(Action action) {
    Step step = new Step(action, Duration.ZERO, null, DeliveryFault.NONE);
    return new Script(List.of(new Entry(step, Entry.FOREVER)));
  }

  /** Validates and delivers, as without a script. */
  public static Script normal() {
    return NORMAL;
  }

  /**
   * Answers with this status and {@code {"reason":"…"}}, without validation.
   *
   * @param status 400 to 599
   */
  public static Script reject(int status, String reason) {
    checkStatus(status);
    return of(new Action.Answer(status, reason, Json.error(reason, null)));
  }

  /**
   * Answers with this status and exactly these bytes, which need not be JSON and may be none.
   *
   * @param status 400 to 599
   */
  public static Script rejectWithBody(int status, byte[] body) {
    checkStatus(status);
    return of(new Action.Answer(status, "", body.clone()));
  }

  /** Answers 410 Unregistered; the answer's timestamp is {@code since} in milliseconds. */
  public static Script unregistered(Instant since) {
    return of(new Action.Answer(410, "Unregistered", Json.error("Unregistered", since)));
  }

  /** Answers 410 ExpiredToken; the answer's timestamp is {@code since} in milliseconds. */
  public static Script expiredToken(Instant since) {
    return of(new Action.Answer(410, "ExpiredToken", Json.error("ExpiredToken", since)));
  }

  /** Never answers and does not process; the connection stays open and PING is answered. */
  public static Script silence() {
    return of(new Action.Silence());
  }

  /** Drops the TCP connection, without TLS or HTTP/2 goodbye, before the request is processed. */
  public static Script dropBefore() {
    return of(new Action.Drop(false));
  }

  /**
   * Processes the request (the phone rings if it is valid), then drops the TCP connection instead
   * of answering.
   */
  public static Script dropAfter() {
    return of(new Action.Drop(true));
  }

  /**
   * Resets the stream with this HTTP/2 error code, without processing the request.
   *
   * @param errorCode 0 to 2^32-1, for example 2 for INTERNAL_ERROR
   */
  public static Script reset(long errorCode) {
    if (errorCode < 0 || errorCode > 0xffff_ffffL) {
      throw new IllegalArgumentException(
          "errorCode must be an unsigned 32-bit number, but was " + errorCode);
    }
    return of(new Action.Reset(errorCode));
  }

  /** Resets the stream with REFUSED_STREAM, which promises that it was not processed. */
  public static Script refuseStream() {
    return reset(7);
  }

  /**
   * Sends GOAWAY whose last stream id is below this request, which is therefore not processed and
   * safe to send again. Requests before it are still answered, then the connection is closed. If a
   * later stream was processed before this script acted (possible with {@link #delay}), the last
   * stream id is that one, and this request stays unanswered.
   *
   * @param debugData as APNs sends it, {@code {"reason":"…"}}, or any other text; may be empty
   */
  public static Script goAway(String debugData) {
    return of(new Action.GoAway(debugData, Action.GoAway.Covers.NOTHING));
  }

  /**
   * Sends GOAWAY whose last stream id is this request's, processes and answers it, then closes the
   * connection.
   *
   * @param debugData see {@link #goAway}
   */
  public static Script goAwayCovering(String debugData) {
    return of(new Action.GoAway(debugData, Action.GoAway.Covers.ANSWERED));
  }

  /**
   * Sends GOAWAY whose last stream id is this request's, but neither processes nor answers it, and
   * closes the connection: the client cannot know.
   *
   * @param debugData see {@link #goAway}
   */
  public static Script goAwayUnanswered(String debugData) {
    return of(new Action.GoAway(debugData, Action.GoAway.Covers.UNANSWERED));
  }

  /**
   * Request n gets script n; the last one also gets all further requests, unless it ends itself by
   * {@link #times}, after which everything is normal.
   */
  public static Script sequence(Script... scripts) {
    if (scripts.length == 0) {
      throw new IllegalArgumentException("a sequence needs at least one script");
    }
    List<Entry> all = new ArrayList<>();
    for (int i = 0; i < scripts.length; i++) {
      boolean last = i == scripts.length - 1;
      all.addAll(last ? scripts[i].entries : scripts[i].finite());
    }
    return new Script(all);
  }

  /**
   * This script for n requests (a sequence: n rounds), then everything is normal.
   *
   * @param n at least 1; together with what it was given before, at most 2^31-1 requests
   */
  public Script times(int n) {
    if (n < 1) {
      throw new IllegalArgumentException("times must be at least 1, but was " + n);
    }
    if (entries.size() == 1) {
      Entry only = entries.get(0);
      long count = (long) Math.max(1, only.count) * n;
      if (count > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "times must be for at most 2147483647 requests in all, but was for " + count);
      }
      return new Script(List.of(new Entry(only.step, (int) count)));
    }
    List<Entry> rounds = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      rounds.addAll(finite());
    }
    return new Script(rounds);
  }

  /**
   * Acts this much later. What is processed is processed on arrival, only its answer is held back:
   * the phone already rings while the client still waits.
   *
   * @param delay 0 to 365 days
   */
  public Script delay(Duration delay) {
    checkDelay("delay", delay);
    return map(s -> new Step(s.action, delay, s.retryAfter, s.delivery));
  }

  private static void checkDelay(String name, Duration delay) {
    if (delay.isNegative() || delay.compareTo(LONGEST_DELAY) > 0) {
      throw new IllegalArgumentException(
          name + " must be 0 to " + LONGEST_DELAY.toDays() + " days, but was " + delay);
    }
  }

  /** Adds a {@code retry-after} header to rejections: seconds, or an HTTP date. */
  public Script retryAfter(String value) {
    return map(s -> new Step(s.action, s.delay, value, s.delivery));
  }

  /**
   * Delivers accepted pushes so much later than they were accepted, in real time, whatever their
   * {@code apns-expiration}; the client's 200 does not wait for it. A push whose token is
   * unregistered by then is lost, as are those still on their way when the simulator is closed.
   *
   * @param time 0 to 365 days
   */
  public Script deliveredAfter(Duration time) {
    checkDelay("deliveredAfter", time);
    return mapDelivery(d -> new DeliveryFault(time, d.twice, d.newestFirst));
  }

  /** Delivers each accepted push twice, the second time right after the first. */
  public Script deliveredTwice() {
    return mapDelivery(d -> new DeliveryFault(d.after, true, d.newestFirst));
  }

  /**
   * Keeps the accepted pushes to a device until there are n, then delivers them in reverse order,
   * the newest first, and begins anew; with {@link #deliveredAfter}, so much later. Each device
   * token counts for itself. Fewer than n stay where they are until further pushes of such a script
   * make them n, if need be until the simulator is closed, and are then lost; pushes to the device
   * for which no script says this overtake them.
   *
   * @param n at least 2
   */
  public Script deliveredNewestFirst(int n) {
    if (n < 2) {
      throw new IllegalArgumentException("deliveredNewestFirst must be at least 2, but was " + n);
    }
    return mapDelivery(d -> new DeliveryFault(d.after, d.twice, n));
  }

  @Override
  public String toString() {
    return "Script" + entries;
  }

  private Script mapDelivery(UnaryOperator<DeliveryFault> change) {
    return map(s -> new Step(s.action, s.delay, s.retryAfter, change.apply(s.delivery)));
  }

  private Script map(UnaryOperator<Step> change) {
    return new Script(entries.stream().map(e -> new Entry(change.apply(e.step), e.count)).toList());
  }

  private List<Entry> finite() {
    return entries.stream().map(e -> new Entry(e.step, Math.max(1, e.count))).toList();
  }

  private static void checkStatus(int status) {
    if (status < 400 || status > 599) {
      throw new IllegalArgumentException("status must be 400 to 599, but was " + status);
    }
  }

  /** One step, and for how many requests. */
  private record Entry(Step step, int count) {
    static final int FOREVER = 0;
  }

  /** What to do with one request. */
  record Step(Action action, Duration delay, @Nullable String retryAfter, DeliveryFault delivery) {}

  /**
   * How an accepted push gets to its phone.
   *
   * @param after how much later than the acceptance
   * @param newestFirst how many are kept to be delivered in reverse; 1 means that none is
   */
  record DeliveryFault(Duration after, boolean twice, int newestFirst) {
    static final DeliveryFault NONE = new DeliveryFault(Duration.ZERO, false, 1);
  }

  /** The kinds of things a step does. */
  sealed interface Action {
    record Normal() implements Action {}

    final class Answer implements Action {
      final int status;
      final String reason;
      final byte[] body;

      Answer(int status, String reason, byte[] body) {
        this.status = status;
        this.reason = reason;
        this.body = body;
      }

      @Override
      public String toString() {
        return "Answer[" + status + " " + new String(body, StandardCharsets.UTF_8) + "]";
      }
    }

    record Silence() implements Action {}

    record Drop(boolean processed) implements Action {}

    record Reset(long errorCode) implements Action {}

    record GoAway(String debugData, Covers covers) implements Action {
      enum Covers {
        NOTHING,
        ANSWERED,
        UNANSWERED
      }
    }
  }

  /** One use of a script: remembers how far it has come. Thread-safe. */
  static final class Run {
    private static final Step NORMAL_STEP = NORMAL.entries.get(0).step;

    private final List<Entry> entries;
    private int entry;
    private int used;

    Run(Script script) {
      this.entries = script.entries;
    }

    synchronized Step next() {
      if (entry == entries.size()) {
        return NORMAL_STEP;
      }
      Entry current = entries.get(entry);
      if (current.count != Entry.FOREVER && ++used == current.count) {
        entry++;
        used = 0;
      }
      return current.step;
    }
  }
}
