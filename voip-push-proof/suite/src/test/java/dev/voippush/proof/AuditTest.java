// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.proof.Audit.End;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each lie of a client, and each deed of a server that was not told, is found. */
class AuditTest {
  private static final String ID = "123e4567-e89b-12d3-a456-42661417400a";
  private static final Instant NOW = Instant.parse("2026-11-25T08:00:00Z");
  private static final long LATER = Audit.SETTLED_AFTER.plusSeconds(1).toNanos();

  private final SoakPlan plan = new SoakPlan(3, Duration.ofMillis(SoakPlan.SLOT_MILLIS));
  private final int first = plan.slot(0).firstPhone();
  private final List<String> tokens =
      IntStream.range(0, SoakPlan.PHONES).mapToObj("token%d"::formatted).toList();
  private final Audit audit = new Audit(plan, tokens);

  /** The only slot's other pushes are fine, those of a ring: the first is what a test is about. */
  @BeforeEach
  void endTheOthers() {
    for (int i = 1; i < plan.pushes(); i++) {
      String id = ID.replace("400a", "400" + i);
      request(first + i, id, 200, NOW);
      audit.ended(0, first + i, new End(id, "accepted", "-", 1, false), 0);
    }
  }

  private void request(int phone, String apnsId, int status, Instant at) {
    audit.requested(SoakClient.callId(0), tokens.get(phone), apnsId, status, at);
  }

  private void request(int status) {
    request(first, ID, status, NOW);
  }

  private void end(String end, String delivery, int attempts, boolean duplicated) {
    audit.ended(0, first, new End(ID, end, delivery, attempts, duplicated), 0);
  }

  private void assertFaults(String... beginnings) {
    audit.finish();
    List<String> faults = new ArrayList<>(audit.faults());
    assertEquals(beginnings.length, faults.size(), faults.toString());
    for (int i = 0; i < beginnings.length; i++) {
      assertTrue(faults.get(i).startsWith(beginnings[i]), faults.toString());
    }
  }

  @Test
  void verdictsAndFailuresThatAreTrue() {
    request(503);
    request(0);
    request(200);
    end("accepted", "-", 3, false);
    assertFaults();
    assertEquals(plan.pushes(), audit.ends().get("accepted"));
  }

  @Test
  void twoDeliveriesThatWereTold() {
    request(200);
    request(200);
    end("accepted", "-", 2, true);
    assertFaults();
    assertEquals(1, audit.processedTwice());
    assertEquals(1, audit.toldDuplicates());
  }

  @Test
  void twoDeliveriesThatWereNotTold() {
    request(200);
    request(200);
    end("accepted", "-", 2, false);
    assertFaults("not told that it can have rung otherwise");
  }

  @Test
  void verdictThatNobodyGave() {
    request(0);
    end("accepted", "-", 1, true);
    assertFaults("a verdict that the server did not give");
  }

  @Test
  void sentButToldAsNotSent() {
    request(200);
    end("CONNECTION_LOST", "NOT_SENT", 1, false);
    assertFaults("processed, but told as not sent");
  }

  @Test
  void moreRequestsThanAttempts() {
    request(503);
    request(200);
    end("accepted", "-", 1, false);
    assertFaults("more requests than attempts");
  }

  @Test
  void ringAfterStop() {
    audit.stopped(0, NOW);
    request(first, ID, 200, NOW.plusMillis(1));
    end("STOPPED", "NOT_SENT", 1, false);
    assertFaults("processed, but told as not sent", "rang after it was stopped");
  }

  @Test
  void stopThatNobodyAskedFor() {
    end("STOPPED", "NOT_SENT", 0, false);
    assertFaults("stopped by nobody");
  }

  @Test
  void pushWithoutEnd() {
    request(200);
    assertFaults("the server has a push without an end", plan.pushes() + " pushes began, but");
  }

  @Test
  void pushWithTwoEnds() {
    request(200);
    end("accepted", "-", 1, false);
    end("accepted", "-", 1, false);
    assertFaults("a second end");
  }

  @Test
  void secondEndAndRequestOfPushThatIsForgotten() {
    request(200);
    end("accepted", "-", 1, false);
    audit.settle(LATER);
    assertEquals(plan.pushes(), audit.ends().get("accepted"));
    end("accepted", "-", 1, false);
    request(200);
    assertFaults("a second end", "the server has a push without an end");
  }

  @Test
  void twoApnsIdsForOnePush() {
    request(503);
    request(first, ID.replace("400a", "400b"), 200, NOW);
    end("accepted", "-", 2, false);
    assertFaults("one push with two apns-ids", "another apns-id was told");
  }

  @Test
  void requestOfNobody() {
    request(200);
    end("accepted", "-", 1, false);
    audit.requested(UUID.randomUUID(), tokens.get(0), ID, 200, NOW);
    assertFaults("a request that nobody sent");
  }

  @Test
  void recordIsReadOnceAndNothingIsLostUnseen() {
    List<Integer> record = new ArrayList<>(List.of(1001, 1002));
    Drain<Integer> drain = new Drain<>(() -> List.copyOf(record));
    assertEquals(List.of(1001, 1002), drain.next());
    assertEquals(List.of(), drain.next());
    record.add(1003);
    record.remove(0);
    assertEquals(List.of(1003), drain.next());
    record.clear();
    assertThrows(IllegalStateException.class, drain::next);
  }
}
