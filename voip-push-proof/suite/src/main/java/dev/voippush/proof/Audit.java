// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import dev.voippush.PushResult;
import dev.voippush.VoipPushException;
import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.simulator.RecordedRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Holds what the client said of each push against what the server did. A push is settled, and
 * forgotten, some time after its end: what the server does with it later is a fault.
 */
final class Audit {
  static final Duration SETTLED_AFTER = Duration.ofSeconds(60);
  private static final int FAULTS_KEPT = 20;

  /**
   * How a push ended.
   *
   * @param end "accepted", "rejected", or the failure
   * @param delivery of a failure; "-" otherwise
   */
  record End(String apnsId, String end, String delivery, int attempts, boolean duplicated) {
    static End of(PushResult result) {
      return new End(
          result.apnsId().toString(),
          result.accepted() ? "accepted" : "rejected",
          "-",
          result.attempts(),
          result.possiblyDuplicated());
    }

    static End of(VoipPushException e) {
      return new End(
          e.apnsId().toString(),
          e.failure().name(),
          e.delivery().name(),
          e.attempts(),
          e.delivery() == Delivery.UNKNOWN);
    }

    static End parse(String line) {
      String[] parts = line.split(" ", -1);
      return new End(
          parts[0], parts[1], parts[2], Integer.parseInt(parts[3]), Boolean.parseBoolean(parts[4]));
    }

    String line() {
      return apnsId + " " + end + " " + delivery + " " + attempts + " " + duplicated;
    }

    boolean isFailure() {
      return !delivery.equals("-");
    }
  }

  /** What is known of one push. */
  private static final class Push {
    final int slot;
    final int phone;
    @Nullable String apnsId;
    int accepted;
    int rejected;
    int unprocessed;
    Instant lastAccepted = Instant.MIN;
    @Nullable End end;
    long endedNanos;

    Push(int slot, int phone) {
      this.slot = slot;
      this.phone = phone;
    }
  }

  private final SoakPlan plan;
  private final Map<String, Integer> phones = new HashMap<>(); // by token
  private final Map<Long, Push> open = new HashMap<>();
  private final Map<String, Push> byApnsId = new HashMap<>();
  private final Deque<Push> ended = new ArrayDeque<>();
  private final Map<Integer, Instant> stopped = new HashMap<>();
  private final BitSet haveEnd = new BitSet();
  private final List<String> faults = new ArrayList<>();
  private final Map<String, Integer> ends = new TreeMap<>();
  private int faultCount;
  private int requests;
  private int processedTwice;
  private int toldDuplicates;

  Audit(SoakPlan plan, List<String> tokens) {
    this.plan = plan;
    for (String token : tokens) {
      phones.put(token, phones.size());
    }
  }

  private void fault(String what) {
    faultCount++;
    if (faults.size() < FAULTS_KEPT) {
      faults.add(what);
    }
  }

  private Push push(int slot, int phone) {
    return open.computeIfAbsent(
        (long) slot * SoakPlan.PHONES + phone, key -> new Push(slot, phone));
  }

  /** The server's record goes on with this. */
  void requested(RecordedRequest request) {
    requested(
        callId(request.payload()),
        request.deviceToken(),
        request.apnsId(),
        request.status(),
        request.receivedAt());
  }

  private static UUID callId(byte[] payload) {
    String json = new String(payload, StandardCharsets.UTF_8);
    int at = json.indexOf("\"callId\":\"") + 10;
    return UUID.fromString(json.substring(at, at + 36));
  }

  /**
   * A request came.
   *
   * @param status 0 if it was not processed
   */
  void requested(UUID callId, String token, String apnsId, int status, Instant at) {
    requests++;
    int slot = SoakClient.slotOf(callId);
    Integer phone = phones.get(token);
    if (slot < 0 || slot >= plan.slots || phone == null) {
      fault("a request that nobody sent, apns-id " + apnsId);
      return;
    }
    Push push = push(slot, phone);
    if (push.apnsId != null && !push.apnsId.equals(apnsId)) {
      fault("one push with two apns-ids, " + push.apnsId + " and " + apnsId);
    }
    push.apnsId = apnsId;
    if (byApnsId.computeIfAbsent(apnsId, id -> push) != push) {
      fault("two pushes with one apns-id, " + apnsId);
    }
    if (status == 200) {
      push.accepted++;
      push.lastAccepted = at;
    } else if (status > 0) {
      push.rejected++;
    } else {
      push.unprocessed++;
    }
  }

  /** The client has stopped this ring. */
  void stopped(int slot, Instant at) {
    stopped.put(slot, at);
  }

  /** The client has told the end of a push. */
  void ended(int slot, int phone, End end, long nanos) {
    SoakPlan.Slot planned = plan.slot(slot);
    int device = phone - planned.firstPhone();
    if (device < 0 || device >= planned.devices()) {
      fault("an end of no push, " + end.line());
      return;
    }
    int number = slot * SoakPlan.DEVICES + device;
    if (haveEnd.get(number)) {
      fault("a second end, " + end.line());
      return;
    }
    haveEnd.set(number);
    Push push = push(slot, phone);
    push.end = end;
    push.endedNanos = nanos;
    ended.add(push);
  }

  /** Checks what ended long enough before, and forgets it. */
  void settle(long nanos) {
    for (Push push = ended.peek();
        push != null && nanos - push.endedNanos > SETTLED_AFTER.toNanos();
        push = ended.peek()) {
      ended.remove();
      settle(push);
    }
  }

  private void settle(Push push) {
    open.remove((long) push.slot * SoakPlan.PHONES + push.phone);
    if (push.apnsId != null) {
      byApnsId.remove(push.apnsId);
    }
    End end = push.end;
    if (end != null) {
      check(push, end);
    }
  }

  private void check(Push push, End end) {
    String told =
        end.line()
            + ", but the server accepted it "
            + push.accepted
            + ", rejected it "
            + push.rejected
            + " and did not process it "
            + push.unprocessed
            + " times";
    ends.merge(end.isFailure() ? end.end + " " + end.delivery : end.end, 1, Integer::sum);
    if (push.apnsId != null && !push.apnsId.equals(end.apnsId)) {
      fault("another apns-id was told: " + told);
    }
    if (push.accepted + push.rejected + push.unprocessed > end.attempts) {
      fault("more requests than attempts: " + told);
    }
    if (push.accepted > 1) {
      processedTwice++;
    }
    if (end.duplicated) {
      toldDuplicates++;
    }
    if (end.isFailure()) {
      checkFailure(push, end, told);
    } else {
      checkResult(push, end, told);
    }
  }

  private void checkResult(Push push, End end, String told) {
    boolean accepted = end.end.equals("accepted");
    if ((accepted ? push.accepted : push.rejected) == 0) {
      fault("a verdict that the server did not give: " + told);
    }
    if (push.accepted != (accepted ? 1 : 0) && !end.duplicated) {
      fault("not told that it can have rung otherwise: " + told);
    }
  }

  private void checkFailure(Push push, End end, String told) {
    if (end.delivery.equals(Delivery.NOT_SENT.name()) && push.accepted > 0) {
      fault("processed, but told as not sent: " + told);
    }
    Instant stop = stopped.get(push.slot);
    if (stop == null && end.end.equals(Failure.STOPPED.name())) {
      fault("stopped by nobody: " + told);
    }
    if (stop != null
        && push.lastAccepted.isAfter(stop)
        && !end.delivery.equals(Delivery.UNKNOWN.name())) {
      fault("rang after it was stopped: " + told);
    }
  }

  /** Both sides have ended: settles all. */
  void finish() {
    ended.forEach(this::settle);
    ended.clear();
    for (Push push : open.values()) {
      fault("the server has a push without an end, apns-id " + push.apnsId);
    }
    int pushes = plan.pushes();
    if (haveEnd.cardinality() != pushes) {
      fault(pushes + " pushes began, but " + haveEnd.cardinality() + " have an end");
    }
  }

  int faultCount() {
    return faultCount;
  }

  /** The first of them. */
  List<String> faults() {
    return List.copyOf(faults);
  }

  /** How the pushes ended, and how often. */
  Map<String, Integer> ends() {
    return ends;
  }

  int requests() {
    return requests;
  }

  /** Pushes that the server accepted more than once. */
  int processedTwice() {
    return processedTwice;
  }

  /** Pushes of which the client said that they can have been processed otherwise than told. */
  int toldDuplicates() {
    return toldDuplicates;
  }
}
