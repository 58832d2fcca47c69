// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.UUID;
import org.junit.jupiter.api.Test;

class PushRequestTest {
  private static final UUID ID = new UUID(1, 2);

  @Test
  void sizeIsThatOfTokenJwtAndBody() {
    assertEquals(
        64 + 5,
        new PushRequest(PushType.VOIP, "a".repeat(64), ID, 0, null, null, new byte[5]).size());
    assertEquals(
        64 + 5 + 4 + 7,
        new PushRequest(PushType.ALERT, "a".repeat(64), ID, 0, "c-id", "x.y.zzz", new byte[5])
            .size());
  }

  @Test
  void toStringTellsTheIdAlone() {
    assertEquals(
        "PushRequest[apnsId=" + ID + "]",
        new PushRequest(PushType.ALERT, "aabb", ID, 0, "c-id", "x.y.z", new byte[5]).toString());
  }
}
