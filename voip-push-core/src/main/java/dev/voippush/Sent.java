// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.Objects;
import java.util.UUID;

/** What every result tells of how its push was sent. */
record Sent(UUID apnsId, int attempts, boolean possiblyDuplicated) {
  Sent {
    Objects.requireNonNull(apnsId, "apnsId");
  }

  @Override
  public String toString() {
    return "apnsId="
        + apnsId
        + ", attempts="
        + attempts
        + (possiblyDuplicated ? ", possiblyDuplicated" : "");
  }
}
