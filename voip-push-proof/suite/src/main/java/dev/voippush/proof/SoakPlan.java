// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import dev.voippush.simulator.Script;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * What a soak does and what happens to it, a pure function of seed and duration: who is rung when,
 * which rings are stopped, which request meets which fault, and what befalls the server when.
 */
final class SoakPlan {
  static final int PHONES = 300;
  static final int DEVICES = 3;
  static final int SLOT_MILLIS = 13; // 2.6 pushes each: 200 a second
  static final int CREDENTIALS = 3;

  private static final long QUIET_MILLIS = 5_000; // at first; then each event has its 5 s
  private static final long EVENT_MILLIS = 5_000;
  private static final int ONE_FAULT_IN = 12;

  /** What happens to the server, or to the client as a whole. */
  enum Kind {
    GOAWAY("GOAWAY on all connections"),
    DROPPED("all connections dropped"),
    FROZEN("server frozen"),
    RESTARTED("server restarted on its port"),
    REPLACED("credentials replaced");

    final String title;

    Kind(String title) {
      this.title = title;
    }
  }

  /**
   * Something that happens once.
   *
   * @param atMillis since the load began
   * @param detail how many milliseconds it lasts; of {@link Kind#REPLACED}, which credentials
   */
  record Event(long atMillis, Kind kind, int detail) {}

  /** How a slot's pushes are sent. */
  enum Way {
    RING,
    SEND,
    SEND_ASYNC
  }

  /**
   * What the client is told to do at one moment.
   *
   * @param firstPhone the first of {@link #DEVICES} of a ring, or the only one
   * @param stopAfterMillis when a ring is stopped, or negative
   */
  record Slot(Way way, int firstPhone, int stopAfterMillis) {
    int devices() {
      return way == Way.RING ? DEVICES : 1;
    }
  }

  /** What one request meets, so many of a thousand that meet something. */
  enum RequestFault {
    SILENCE(6, "no answer"),
    DROPPED_BEFORE(3, "connection dropped instead of processing"),
    DROPPED_AFTER(3, "connection dropped instead of the answer"),
    GONE_AWAY(3, "GOAWAY that leaves it out"),
    GONE_AWAY_ANSWERED(3, "GOAWAY, then the answer"),
    GONE_AWAY_UNANSWERED(3, "GOAWAY that covers it, no answer"),
    SHUTDOWN(3, "503 Shutdown"),
    UNREGISTERED(100, "410 Unregistered"),
    THROTTLED(120, "429 TooManyRequests"),
    UNAVAILABLE(200, "503 ServiceUnavailable"),
    RESET(120, "RST_STREAM of any code"),
    REFUSED(150, "REFUSED_STREAM"),
    SLOW(200, "answer delayed"),
    REJECTED(86, "400 BadDeviceToken");

    final int ofAThousand;
    final String title;

    RequestFault(int ofAThousand, String title) {
      this.ofAThousand = ofAThousand;
      this.title = title;
    }
  }

  /** What a request meets. */
  private record Meeting(RequestFault fault, int detail) {
    Script script() {
      String reason = "{\"reason\":\"Shutdown\"}";
      return switch (fault) {
        case SILENCE -> Script.silence();
        case DROPPED_BEFORE -> Script.dropBefore();
        case DROPPED_AFTER -> Script.dropAfter();
        case GONE_AWAY -> Script.goAway(reason);
        case GONE_AWAY_ANSWERED -> Script.goAwayCovering(reason);
        case GONE_AWAY_UNANSWERED -> Script.goAwayUnanswered(reason);
        case SHUTDOWN -> Script.reject(503, "Shutdown");
        case UNREGISTERED -> Script.unregistered(Instant.parse("2026-11-01T08:30:00Z"));
        case THROTTLED -> Script.reject(429, "TooManyRequests").retryAfter("1");
        case UNAVAILABLE -> Script.reject(503, "ServiceUnavailable").retryAfter("1");
        case RESET -> Script.reset(detail % 7); // NO_ERROR to FRAME_SIZE_ERROR
        case REFUSED -> Script.refuseStream();
        case SLOW -> Script.normal().delay(Duration.ofMillis(20 + detail % 400));
        case REJECTED -> Script.reject(400, "BadDeviceToken");
      };
    }
  }

  final long seed;
  final Duration duration;
  final int slots;
  final List<Event> events;

  SoakPlan(long seed, Duration duration) {
    this.seed = seed;
    this.duration = duration;
    this.slots = Math.toIntExact(duration.toMillis() / SLOT_MILLIS);
    this.events = events(new Random(seed), duration.toMillis());
  }

  /** Each kind comes once before one comes again. */
  private static List<Event> events(Random random, long millis) {
    List<Event> events = new ArrayList<>();
    List<Kind> bag = new ArrayList<>();
    for (long at = QUIET_MILLIS; at + EVENT_MILLIS <= millis; at += EVENT_MILLIS) {
      if (bag.isEmpty()) {
        bag.addAll(List.of(Kind.values()));
        Collections.shuffle(bag, random);
      }
      Kind kind = bag.remove(bag.size() - 1);
      int detail =
          switch (kind) {
            case GOAWAY, DROPPED -> 0;
            case FROZEN -> 1_000 + random.nextInt(2_000);
            case RESTARTED -> 200 + random.nextInt(1_800);
            case REPLACED -> random.nextInt(CREDENTIALS);
          };
      events.add(new Event(at + random.nextInt(1_500), kind, detail));
    }
    return List.copyOf(events);
  }

  private SplittableRandom random(int stream, int number) {
    return new SplittableRandom(seed * 0x9E3779B97F4A7C15L + stream * 0x632BE59BD9B4E019L + number);
  }

  Slot slot(int number) {
    SplittableRandom random = random(1, number);
    int way = random.nextInt(10);
    int phone = random.nextInt(PHONES - DEVICES);
    if (way < 8) {
      return new Slot(Way.RING, phone, random.nextInt(20) == 0 ? random.nextInt(400) : -1);
    }
    return new Slot(way == 8 ? Way.SEND : Way.SEND_ASYNC, phone, -1);
  }

  /** Counts the pushes of all slots. */
  int pushes() {
    int pushes = 0;
    for (int i = 0; i < slots; i++) {
      pushes += slot(i).devices();
    }
    return pushes;
  }

  private @Nullable Meeting meeting(int request) {
    SplittableRandom random = random(2, request);
    if (random.nextInt(ONE_FAULT_IN) != 0) {
      return null;
    }
    int one = random.nextInt(1_000);
    for (RequestFault fault : RequestFault.values()) {
      one -= fault.ofAThousand;
      if (one < 0) {
        return new Meeting(fault, random.nextInt(10_000));
      }
    }
    throw new IllegalStateException("the chances must add up to a thousand");
  }

  /** More than arrive: retries are under a fifth of the pushes. */
  private int requests() {
    return slots * DEVICES * 2;
  }

  /** What the requests meet in the order of their arrival, as the simulator takes it. */
  Script script() {
    List<Script> all = new ArrayList<>();
    int normal = 0;
    for (int i = 0; i < requests(); i++) {
      Meeting meeting = meeting(i);
      if (meeting == null) {
        normal++;
        continue;
      }
      if (normal > 0) {
        all.add(Script.normal().times(normal));
      }
      all.add(meeting.script().times(1));
      normal = 0;
    }
    all.add(Script.normal());
    return Script.sequence(all.toArray(new Script[0]));
  }

  /** How often each fault was met by so many requests. */
  Map<RequestFault, Integer> metBy(int arrived) {
    Map<RequestFault, Integer> counts = new EnumMap<>(RequestFault.class);
    for (int i = 0; i < arrived; i++) {
      Meeting meeting = meeting(i);
      if (meeting != null) {
        counts.merge(meeting.fault, 1, Integer::sum);
      }
    }
    return counts;
  }

  /** Returns 16 hex digits that stand for all of it. */
  String digest() {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // each Java has it
    }
    digest.update(events.toString().getBytes(StandardCharsets.UTF_8));
    List<Way> ways = List.of(Way.values());
    List<RequestFault> faults = List.of(RequestFault.values());
    ByteBuffer bytes = ByteBuffer.allocate(16);
    for (int i = 0; i < slots; i++) {
      Slot slot = slot(i);
      bytes.clear();
      bytes.putInt(ways.indexOf(slot.way)).putInt(slot.firstPhone).putInt(slot.stopAfterMillis);
      digest.update(bytes.array(), 0, bytes.position());
    }
    for (int i = 0; i < requests(); i++) {
      Meeting meeting = meeting(i);
      if (meeting != null) {
        bytes.clear();
        bytes.putInt(i).putInt(faults.indexOf(meeting.fault)).putInt(meeting.detail);
        digest.update(bytes.array(), 0, bytes.position());
      }
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 8);
  }
}
