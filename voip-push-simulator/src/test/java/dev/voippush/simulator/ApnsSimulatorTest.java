// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.UUID;
import org.junit.jupiter.api.Test;

final class ApnsSimulatorTest {
  @Test
  void pushRingsThePhoneAndIsRecorded() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.start()) {
      SimulatedPhone phone = simulator.registerPhone();
      String id = UUID.randomUUID().toString();
      Pushes.Answer answer =
          Pushes.withCertificate(simulator)
              .send(Pushes.voip(simulator, phone.token()).header("apns-id", id));
      assertEquals(200, answer.status(), answer.body());
      assertEquals("", answer.body());
      assertEquals(id, answer.header("apns-id"));

      SimulatedCall call = phone.awaitCall(Pushes.PATIENCE);
      assertEquals("Ada Lovelace", call.callerName());
      phone.answer();
      assertEquals(SimulatedCall.State.ANSWERED, call.state());
      assertFalse(call.rings().isEmpty());

      assertEquals(1, simulator.requests().size());
      RecordedRequest request = simulator.requests().get(0);
      assertEquals(200, request.status());
      assertEquals(phone.token(), request.deviceToken());
      assertEquals("com.example.app.voip", request.headers().get("apns-topic"));
      assertEquals(1, simulator.connectionsAccepted());
      assertEquals(1, simulator.connectionsOpen());
    }
  }
}
