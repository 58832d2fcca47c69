// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamTableTest {
  private final StreamTable table = new StreamTable();

  private static StreamAttempt attempt(int streamId) {
    StreamAttempt attempt = new StreamAttempt(null, null);
    attempt.streamId = streamId;
    return attempt;
  }

  /** Against a map of the JDK: new streams, ended ones, and stragglers that stay for long. */
  @ParameterizedTest
  @ValueSource(ints = {1, 10, 100, 1_000})
  void holdsWhatIsOpen(int open) {
    Random random = new Random(open);
    Map<Integer, StreamAttempt> expected = new LinkedHashMap<>();
    int next = 1;
    for (int step = 0; step < 100_000; step++) {
      if (expected.size() < open && random.nextInt(4) > 0) {
        StreamAttempt added = attempt(next);
        next += random.nextInt(10) == 0 ? 4 : 2; // an id may be left out
        table.add(added);
        expected.put(added.streamId, added);
      } else {
        int id = random.nextInt(20) == 0 ? random.nextInt(next) : randomOf(expected, random);
        assertSame(expected.get(id), table.get(id));
        assertSame(expected.remove(id), table.remove(id));
        assertNull(table.get(id));
      }
      assertEquals(expected.size(), table.size());
      StreamAttempt first = expected.isEmpty() ? null : expected.values().iterator().next();
      assertSame(first, table.oldest());
    }
    assertEquals(List.copyOf(expected.values()), table.all());
    expected.forEach((id, attempt) -> assertSame(attempt, table.get(id)));
  }

  /** Mostly one of the newest. */
  private static int randomOf(Map<Integer, StreamAttempt> open, Random random) {
    int skip = open.isEmpty() ? 0 : Math.max(0, open.size() - 1 - random.nextInt(8));
    return open.keySet().stream().skip(skip).findFirst().orElse(0);
  }
}
