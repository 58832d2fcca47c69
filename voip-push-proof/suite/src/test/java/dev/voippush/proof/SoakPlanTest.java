// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.proof.SoakPlan.Kind;
import dev.voippush.proof.SoakPlan.RequestFault;
import dev.voippush.proof.SoakPlan.Slot;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SoakPlanTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private final SoakPlan plan = new SoakPlan(7, MINUTE);

  private static List<Slot> slots(SoakPlan plan) {
    return IntStream.range(0, plan.slots).mapToObj(plan::slot).toList();
  }

  @Test
  void seedRepeatsAll() {
    SoakPlan again = new SoakPlan(7, MINUTE);
    assertEquals(plan.events, again.events);
    assertEquals(slots(plan), slots(again));
    assertEquals(plan.script().toString(), again.script().toString());
    assertEquals(plan.digest(), again.digest());
  }

  @Test
  void anotherSeedIsAnotherPlan() {
    SoakPlan other = new SoakPlan(8, MINUTE);
    assertNotEquals(plan.events, other.events);
    assertNotEquals(slots(plan), slots(other));
    assertNotEquals(plan.script().toString(), other.script().toString());
    assertNotEquals(plan.digest(), other.digest());
  }

  @Test
  void anotherDurationIsAnotherPlan() {
    assertNotEquals(plan.digest(), new SoakPlan(7, MINUTE.plusSeconds(1)).digest());
  }

  @Test
  void minuteHasEachEventTwiceOneAfterTheOther() {
    for (Kind kind : Kind.values()) {
      assertTrue(
          plan.events.stream().filter(event -> event.kind() == kind).count() >= 2, kind.title);
    }
    long free = 0;
    for (SoakPlan.Event event : plan.events) {
      assertTrue(event.atMillis() >= free, plan.events.toString());
      free = event.atMillis() + (event.kind() == Kind.REPLACED ? 0 : event.detail());
    }
    assertTrue(free < MINUTE.toMillis());
  }

  @Test
  void minuteOfRequestsMeetsEachFault() {
    assertEquals(EnumSet.allOf(RequestFault.class), plan.metBy(12_000).keySet());
  }

  @Test
  void sendsTwoHundredPushesASecondInAllWaysAndStopsSome() {
    assertEquals(200, plan.pushes() / 60.0, 10);
    Set<SoakPlan.Way> ways = slots(plan).stream().map(Slot::way).collect(Collectors.toSet());
    assertEquals(EnumSet.allOf(SoakPlan.Way.class), ways);
    long stopped = slots(plan).stream().filter(slot -> slot.stopAfterMillis() >= 0).count();
    assertEquals(0.04, stopped / (double) plan.slots, 0.02);
  }
}
