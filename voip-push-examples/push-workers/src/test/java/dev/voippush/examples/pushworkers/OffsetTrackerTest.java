// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class OffsetTrackerTest {
  private final OffsetTracker offsets = new OffsetTracker();

  private void begin(long... begun) {
    for (long offset : begun) {
      offsets.begin(offset);
    }
  }

  @Test
  void nothingIsCommittedBeforeTheFirstEnds() {
    assertEquals(-1, offsets.position());
    begin(5, 6, 7);
    offsets.end(6);
    offsets.end(7);
    assertEquals(-1, offsets.position());
    offsets.end(5);
    assertEquals(8, offsets.position());
  }

  @Test
  void waitsForTheFirstThatHasNoEnd() {
    begin(0, 1, 2, 3);
    offsets.end(0);
    offsets.end(2);
    assertEquals(1, offsets.position());
    offsets.end(1);
    assertEquals(3, offsets.position());
    begin(4);
    assertEquals(3, offsets.position());
  }

  @Test
  void offsetsMayHaveGaps() {
    begin(10, 14, 90);
    offsets.end(10);
    assertEquals(11, offsets.position());
    offsets.end(90);
    offsets.end(14);
    assertEquals(91, offsets.position());
  }

  @Test
  void offsetsRise() {
    begin(3);
    assertThrows(IllegalArgumentException.class, () -> offsets.begin(3));
  }

  @Test
  void inWhicheverOrderTheyEndNoneIsSkipped() {
    List<Long> order = new ArrayList<>();
    for (long offset = 0; offset < 200; offset++) {
      begin(offset);
      order.add(offset);
    }
    Collections.shuffle(order, new Random(1));
    for (int n = 1; n <= order.size(); n++) {
      offsets.end(order.get(n - 1));
      List<Long> ended = order.subList(0, n);
      long first = 0;
      while (ended.contains(first)) {
        first++;
      }
      assertEquals(first == 0 ? -1 : first, offsets.position());
    }
  }
}
