// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which request gets which step. */
final class ScriptTest {
  private static final Script A = Script.reset(1);
  private static final Script B = Script.reset(2);

  /** The steps of the first requests: an error code, or 0 for normal. */
  private static List<Long> codes(Script script, int requests) {
    Script.Run run = new Script.Run(script);
    List<Long> codes = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      codes.add(run.next().action() instanceof Script.Action.Reset reset ? reset.errorCode() : 0L);
    }
    return codes;
  }

  @Test
  void plainScriptActsForEver() {
    assertEquals(List.of(1L, 1L, 1L), codes(A, 3));
  }

  @Test
  void timesEnds() {
    assertEquals(List.of(1L, 1L, 0L, 0L), codes(A.times(2), 4));
    assertEquals(List.of(1L, 1L, 1L, 1L, 0L), codes(A.times(2).times(2), 5));
  }

  @Test
  void sequenceStaysWithItsLast() {
    assertEquals(List.of(1L, 2L, 2L), codes(Script.sequence(A, B), 3));
    assertEquals(List.of(1L, 1L, 2L, 0L), codes(Script.sequence(A.times(2), B.times(1)), 4));
    assertEquals(List.of(1L, 0L, 0L), codes(Script.sequence(A, Script.normal()), 3));
    assertEquals(List.of(1L, 2L, 1L, 1L), codes(Script.sequence(Script.sequence(A, B), A), 4));
  }

  @Test
  void repeatedSequenceIsPlayedInRounds() {
    assertEquals(List.of(1L, 2L, 1L, 2L, 0L), codes(Script.sequence(A, B).times(2), 5));
  }

  @Test
  void eachUseCountsForItself() {
    Script once = A.times(1);
    assertEquals(List.of(1L, 0L), codes(once, 2));
    assertEquals(List.of(1L, 0L), codes(once, 2));
  }

  @Test
  void delayAndRetryAfterApplyToAllSteps() {
    Script.Run run =
        new Script.Run(Script.sequence(A, B).delay(Duration.ofMillis(5)).retryAfter("1"));
    for (int i = 0; i < 2; i++) {
      Script.Step step = run.next();
      assertEquals(Duration.ofMillis(5), step.delay());
      assertEquals("1", step.retryAfter());
    }
  }

  @Test
  void deliveryFaultsApplyToAllStepsAndAddUp() {
    Script.Run run =
        new Script.Run(
            Script.sequence(A, B)
                .deliveredTwice()
                .deliveredNewestFirst(3)
                .deliveredAfter(Duration.ofMillis(5))
                .delay(Duration.ofMillis(6)));
    for (int i = 0; i < 2; i++) {
      assertEquals(new Script.DeliveryFault(Duration.ofMillis(5), true, 3), run.next().delivery());
    }
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThrows(IllegalArgumentException.class, () -> Script.reject(200, ""));
    assertThrows(IllegalArgumentException.class, () -> Script.rejectWithBody(600, new byte[0]));
    assertThrows(IllegalArgumentException.class, () -> Script.reset(-1));
    assertThrows(IllegalArgumentException.class, () -> Script.reset(1L << 32));
    assertThrows(IllegalArgumentException.class, Script::sequence);
    assertThrows(IllegalArgumentException.class, () -> A.times(0));
    assertThrows(IllegalArgumentException.class, () -> A.delay(Duration.ofMillis(-1)));
    assertThrows(IllegalArgumentException.class, () -> A.deliveredAfter(Duration.ofMillis(-1)));
    assertThrows(IllegalArgumentException.class, () -> A.deliveredNewestFirst(1));
  }

  @Test
  void limits() {
    Script many = Script.silence().times(100_000);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> many.times(100_000));
    assertTrue(e.getMessage().endsWith("but was for 10000000000"), e.getMessage());
    Duration year = Duration.ofDays(365);
    assertNotNull(Script.normal().delay(year).deliveredAfter(year));
    for (Duration wrong : List.of(year.plusNanos(1), Duration.ofNanos(-1))) {
      assertThrows(IllegalArgumentException.class, () -> Script.normal().delay(wrong));
      assertThrows(IllegalArgumentException.class, () -> Script.normal().deliveredAfter(wrong));
    }
  }
}
