// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RingOutcomeTest {
  private static final UUID ID = UUID.randomUUID();
  private static final Instant BEGIN = Instant.parse("2026-11-01T08:30:00.123456Z");

  private static DeviceToken device(int number) {
    return DeviceToken.of(String.format("%064x", number));
  }

  private static VoipPushException failure(Delivery delivery) {
    return VoipPushException.of(UUID.randomUUID(), Failure.TIMEOUT, delivery);
  }

  private static boolean mayRing(
      Map<DeviceToken, PushResult> verdicts, Map<DeviceToken, VoipPushException> failures) {
    return RingOutcome.of(ID, BEGIN, verdicts, failures).mayRing();
  }

  @Test
  void mayRingIfOneIsReachedOrNobodyKnows() {
    PushResult accepted = PushResult.Accepted.of(ID);
    PushResult rejected = PushResult.Rejected.of(ID, 400, "BadDeviceToken");
    VoipPushException notSent = failure(Delivery.NOT_SENT);
    assertEquals(
        List.of(false, true, true, true, false),
        List.of(
            mayRing(Map.of(), Map.of()),
            mayRing(Map.of(device(1), accepted, device(2), rejected), Map.of()),
            mayRing(Map.of(device(1), accepted), Map.of(device(2), notSent)),
            mayRing(
                Map.of(device(1), rejected),
                Map.of(device(2), notSent, device(3), failure(Delivery.UNKNOWN))),
            mayRing(Map.of(device(1), rejected), Map.of(device(2), notSent))));
  }

  @Test
  void refusalAfterAnAttemptWithoutVerdictMayRing() {
    Sent twice = new Sent(ID, 2, true);
    PushResult refused = new PushResult.Rejected(twice, 503, "ServiceUnavailable", null, null);
    assertTrue(mayRing(Map.of(device(1), refused), Map.of()));
  }

  @Test
  void onlyA410IsDeadAndWithoutATimeSinceTheRingBegan() {
    Instant since = Instant.parse("2026-10-01T00:00:00Z");
    Map<DeviceToken, PushResult> verdicts = new LinkedHashMap<>();
    verdicts.put(device(3), PushResult.Rejected.of(ID, 410, "Unregistered"));
    verdicts.put(device(1), PushResult.Rejected.unregistered(ID, since));
    verdicts.put(device(2), PushResult.Rejected.of(ID, 400, "BadDeviceToken"));
    RingOutcome outcome = RingOutcome.of(ID, BEGIN, verdicts, Map.of());
    assertEquals(Map.of(device(3), BEGIN, device(1), since), outcome.deadTokens());
    assertEquals(List.of(device(3), device(1)), List.copyOf(outcome.deadTokens().keySet()));
    assertEquals(
        List.of(device(3), device(1), device(2)), List.copyOf(outcome.rejected().keySet()));
  }

  @Test
  void noDeviceHasTwoEnds() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            RingOutcome.of(
                ID,
                BEGIN,
                Map.of(device(1), PushResult.Accepted.of(ID)),
                Map.of(device(1), failure(Delivery.UNKNOWN))));
  }

  @Test
  void nobodyChangesIt() {
    Map<DeviceToken, VoipPushException> failures = new LinkedHashMap<>();
    failures.put(device(1), failure(Delivery.UNKNOWN));
    RingOutcome outcome =
        RingOutcome.of(ID, BEGIN, Map.of(device(2), PushResult.Accepted.of(ID)), failures);
    failures.clear();
    assertEquals(1, outcome.failed().size());
    assertThrows(UnsupportedOperationException.class, () -> outcome.failed().clear());
    assertThrows(UnsupportedOperationException.class, () -> outcome.reached().clear());
    assertThrows(UnsupportedOperationException.class, () -> outcome.rejected().clear());
    assertThrows(UnsupportedOperationException.class, () -> outcome.deadTokens().clear());
  }

  @Test
  void textTellsTheCallButNoToken() {
    String token = "ab".repeat(32);
    RingOutcome outcome =
        RingOutcome.of(
            ID, BEGIN, Map.of(DeviceToken.of(token), PushResult.Accepted.of(ID)), Map.of());
    assertEquals(
        "RingOutcome[callId=" + ID + ", reached=1, rejected=0, failed=0]", outcome.toString());
    assertFalse(outcome.toString().contains(token));
  }
}
