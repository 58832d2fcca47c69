// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Thousands of calls that ring at the same time, on three devices with CallKit and two without. */
class AlertLoadTest {
  private static final int CALLS = 10_000;

  private static List<Device> devices(int call) {
    String begin = String.format("%063x", call);
    return List.of(
        DeviceToken.of(begin + "1"),
        DeviceToken.of(begin + "2"),
        DeviceToken.of(begin + "3"),
        AlertDevice.of(begin + "a", Locale.US),
        AlertDevice.of(begin + "b", Locale.CHINA));
  }

  @Test
  void tenThousandCallsOnOneTimer() {
    Map<String, Integer> alerts = new HashMap<>();
    try (VirtualClient virtual =
        new VirtualClient(
            builder ->
                builder.alertRing(AlertRing.builder().build()).maxInFlight(1).maxQueued(9))) {
      virtual.transport.onEnqueue =
          attempt -> {
            alerts.merge(attempt.write().request().token(), 1, Integer::sum);
            attempt.answer(200);
          };
      List<Ring> rings = new ArrayList<>();
      for (int i = 0; i < CALLS; i++) {
        CallPayload call = virtual.call().ringFor(Duration.ofSeconds(6)).build();
        rings.add(virtual.client.ring(call, devices(i)));
        if (i % 10 == 0) {
          virtual.pass(1);
        }
      }
      // The one timer is the test's: who had another would not ring on by it
      virtual.pass(3_000);
      assertEquals(CALLS * 5, alerts.size());
      alerts.forEach(
          (token, count) ->
              assertEquals(token.endsWith("a") || token.endsWith("b") ? 2 : 1, count, token));
      rings.subList(0, CALLS / 2).forEach(Ring::stop);
      virtual.pass(60_000);
      assertTrue(rings.stream().allMatch(ring -> ring.ended().isDone()), "all are over");
      assertEquals(0, virtual.client.alertCalls.size(), "none is kept");
      int all = virtual.handedOver();
      virtual.pass(60_000);
      assertEquals(all, virtual.handedOver());
    }
  }
}
