// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ApnsIdsTest {
  @Test
  void idsAreRandomUuidsAndDiffer() {
    ApnsIds ids = new ApnsIds();
    Set<UUID> seen = new HashSet<>();
    for (int i = 0; i < 100_000; i++) {
      UUID id = ids.next();
      assertEquals(4, id.version());
      assertEquals(2, id.variant());
      assertTrue(seen.add(id), id + " twice");
    }
  }

  @Test
  void clientsDoNotShareThem() {
    assertNotEquals(
        new ApnsIds().next().getMostSignificantBits(),
        new ApnsIds().next().getMostSignificantBits());
  }
}
