// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The results that a user's tests make, and what the results of a push tell. */
class PushResultTest {
  private static final UUID ID = UUID.fromString("f9c1d5a3-4d5e-4e9e-9f3c-000000000001");

  @Test
  void acceptedOfOnesOwn() {
    PushResult.Accepted accepted = PushResult.Accepted.of(ID);
    assertTrue(accepted.accepted());
    assertEquals(ID, accepted.apnsId());
    assertEquals(1, accepted.attempts());
    assertFalse(accepted.possiblyDuplicated());
    assertEquals(Optional.empty(), accepted.uniqueId());
  }

  @Test
  void rejectedOfOnesOwn() {
    PushResult.Rejected rejected = PushResult.Rejected.of(ID, 400, "BadDeviceToken");
    assertFalse(rejected.accepted());
    assertEquals(ID, rejected.apnsId());
    assertEquals(1, rejected.attempts());
    assertFalse(rejected.possiblyDuplicated());
    assertEquals(400, rejected.status());
    assertEquals(RejectionReason.BAD_DEVICE_TOKEN, rejected.reason());
    assertEquals(Optional.empty(), rejected.tokenInvalidSince());
    assertEquals(
        "APNs said 400 BadDeviceToken: the token is not one of this environment, or not a token at"
            + " all (docs/troubleshooting.md#bad-device-token)",
        rejected.explanation());
  }

  @Test
  void unregisteredOfOnesOwn() {
    Instant since = Instant.parse("2026-11-24T10:00:00Z");
    PushResult.Rejected gone = PushResult.Rejected.unregistered(ID, since);
    assertEquals(410, gone.status());
    assertEquals(RejectionReason.UNREGISTERED, gone.reason());
    assertEquals(Remedy.DISCARD_TOKEN, gone.remedy());
    assertEquals(Optional.of(since), gone.tokenInvalidSince());
    assertThrows(NullPointerException.class, () -> PushResult.Rejected.unregistered(ID, null));
  }

  @Test
  void whatWasSentIsTold() {
    Sent sent = new Sent(ID, 3, true);
    PushResult.Accepted accepted = new PushResult.Accepted(sent, "unique");
    assertEquals(3, accepted.attempts());
    assertTrue(accepted.possiblyDuplicated());
    assertEquals(Optional.of("unique"), accepted.uniqueId());
    PushResult.Rejected rejected = new PushResult.Rejected(sent, 503, "Shutdown", null, null);
    assertEquals(3, rejected.attempts());
    assertTrue(rejected.possiblyDuplicated());
    for (PushResult result : new PushResult[] {accepted, rejected}) {
      assertTrue(result.toString().contains(ID.toString()), result.toString());
    }
    assertTrue(rejected.toString().contains("503, reason=Shutdown"), rejected.toString());
  }

  @Test
  void remedyOfAnUnknownReasonGoesByTheStatus() {
    assertEquals(Remedy.RETRY_LATER, PushResult.Rejected.of(ID, 500, "New").remedy());
    assertEquals(Remedy.RETRY_LATER, PushResult.Rejected.of(ID, 429, "New").remedy());
    assertEquals(Remedy.FIX_REQUEST, PushResult.Rejected.of(ID, 499, "New").remedy());
    assertEquals(Remedy.FIX_CREDENTIALS, PushResult.Rejected.of(ID, 403, "New").remedy());
    assertEquals(Remedy.DISCARD_TOKEN, PushResult.Rejected.of(ID, 410, "New").remedy());
  }

  @Test
  void explanationWithoutReasonGoesByTheStatus() {
    assertEquals(
        "APNs said 502: APNs gave no reason that Apple documents"
            + " (docs/troubleshooting.md#retry-later)",
        PushResult.Rejected.of(ID, 502, "").explanation());
  }
}
