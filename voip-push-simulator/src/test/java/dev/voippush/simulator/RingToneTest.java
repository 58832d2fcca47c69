// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.SimulatedCall.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The ring tone to the millisecond, in a time of its own. */
final class RingToneTest {
  private final VirtualPhones virtual = new VirtualPhones();
  private final SimulatedPhone phone = virtual.newPhone().register();
  private final UUID id = UUID.randomUUID();

  private SimulatedCall ring(Duration ringTime) {
    Instant expiresAt = virtual.clock.instant().plus(ringTime);
    virtual.push(phone, Pushes.call(id, expiresAt), Instant.MAX);
    return phone.calls().get(0);
  }

  /** Start and end of each cycle in milliseconds since the first began. */
  private static List<List<Long>> cycles(SimulatedCall call) {
    List<List<Long>> cycles = new ArrayList<>();
    for (RingCycle ring : call.rings()) {
      Instant first = call.rings().get(0).start();
      cycles.add(
          List.of(
              Duration.between(first, ring.start()).toMillis(),
              Duration.between(first, ring.end()).toMillis()));
    }
    return cycles;
  }

  /** One cycle takes over where the other ends, every 100 ms until this moment. */
  private static List<List<Long>> unbroken(long until) {
    List<List<Long>> cycles = new ArrayList<>();
    for (long start = 0; start < until; start += 100) {
      cycles.add(List.of(start, Math.min(start + 100, until)));
    }
    return cycles;
  }

  @Test
  void ringsWithoutAGapUntilAnswered() {
    SimulatedCall call = ring(Duration.ofSeconds(30));
    virtual.advance(Duration.ofMillis(2030));
    assertEquals(unbroken(2030), cycles(call));
    assertEquals(State.RINGING, call.state());
    phone.answer();
    virtual.advance(Duration.ofSeconds(40));
    assertEquals(unbroken(2030), cycles(call));
    assertEquals(State.ANSWERED, call.state());
  }

  @Test
  void ringsWithoutAGapUntilItExpires() {
    SimulatedCall call = ring(Duration.ofMillis(45_230));
    virtual.advance(Duration.ofMillis(45_229));
    assertEquals(State.RINGING, call.state());
    virtual.advance(Duration.ofMillis(1));
    assertEquals(State.EXPIRED, call.state());
    virtual.advance(Duration.ofSeconds(1));
    assertEquals(unbroken(45_230), cycles(call));
  }

  @Test
  void ringsWithoutAGapUntilDeclinedOrEnded() {
    SimulatedCall call = ring(Duration.ofSeconds(30));
    virtual.advance(Duration.ofMillis(1));
    phone.decline();
    assertEquals(unbroken(1), cycles(call));

    UUID second = UUID.randomUUID();
    virtual.push(phone, second);
    virtual.advance(Duration.ofMillis(99));
    UUID third = UUID.randomUUID();
    virtual.push(phone, third);
    virtual.advance(Duration.ofMillis(250));
    phone.callEnded(second);
    phone.killApp();
    virtual.advance(Duration.ofSeconds(1));
    // The one timer was running already when the second call came: its first cycle is cut short.
    assertEquals(
        List.of(List.of(0L, 99L), List.of(99L, 199L), List.of(199L, 299L), List.of(299L, 349L)),
        cycles(phone.calls().get(1)));
    assertEquals(unbroken(250), cycles(phone.calls().get(2)));
  }

  @Test
  void lateTimerLeavesAGap() {
    SimulatedCall call = ring(Duration.ofSeconds(30));
    virtual.stall(Duration.ofMillis(150));
    assertEquals(List.of(List.of(0L, 150L), List.of(150L, 150L)), cycles(call));
    virtual.stall(Duration.ofMillis(800));
    virtual.advance(Duration.ofMillis(50));
    phone.answer();
    assertEquals(
        List.of(List.of(0L, 150L), List.of(150L, 300L), List.of(950L, 1000L)), cycles(call));
  }

  @Test
  void callThatExpiresBeforeTheNextTickEndsInTime() {
    ring(Duration.ofSeconds(30));
    virtual.advance(Duration.ofMillis(10));
    UUID shorter = UUID.randomUUID();
    virtual.push(phone, Pushes.call(shorter, virtual.clock.instant().plusMillis(5)), Instant.MAX);
    virtual.advance(Duration.ofMillis(4));
    assertEquals(State.RINGING, phone.calls().get(1).state());
    virtual.advance(Duration.ofMillis(1));
    assertEquals(State.EXPIRED, phone.calls().get(1).state());
    virtual.advance(Duration.ofMillis(500));
    List<List<Long>> all = cycles(phone.calls().get(0));
    for (int i = 1; i < all.size(); i++) {
      assertEquals(all.get(i - 1).get(1), all.get(i).get(0), all::toString);
    }
    assertEquals(List.of(0L, 15L), all.get(0));
    assertEquals(515L, all.get(all.size() - 1).get(1));
  }

  @Test
  void callWhoseTimeIsOverCannotBeAnsweredBeforeTheTick() {
    SimulatedCall call = ring(Duration.ofSeconds(30));
    virtual.clock.advance(Duration.ofSeconds(30));
    assertThrows(IllegalStateException.class, phone::answer);
    assertEquals(State.EXPIRED, call.state());
    assertTrue(call.missed());
  }

  /** What runs the ticks of a real simulator is asked for one each 100 ms. */
  @Test
  void ticksEach100MillisecondsOnTheExecutor() {
    List<Long> delays = new ArrayList<>();
    List<Runnable> ticks = new ArrayList<>();
    ScheduledThreadPoolExecutor executor =
        new ScheduledThreadPoolExecutor(0) {
          @Override
          public ScheduledFuture<?> schedule(Runnable tick, long delay, TimeUnit unit) {
            delays.add(unit.toNanos(delay));
            ticks.add(tick);
            return null;
          }
        };
    VirtualPhones real = new VirtualPhones(executor);
    SimulatedPhone ringing = real.newPhone().register();
    real.push(ringing, UUID.randomUUID());
    for (int i = 0; i < 3; i++) {
      ticks.get(i).run();
    }
    assertEquals(List.of(100_000_000L, 100_000_000L, 100_000_000L, 100_000_000L), delays);
    assertEquals(4, ringing.calls().get(0).rings().size());
    ringing.answer();
    ticks.get(3).run();
    assertEquals(4, delays.size());
    executor.shutdownNow();
  }
}
