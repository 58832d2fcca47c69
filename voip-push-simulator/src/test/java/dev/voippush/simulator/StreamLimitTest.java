// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** SETTINGS_MAX_CONCURRENT_STREAMS on the wire. */
final class StreamLimitTest {
  @Test
  void tokenConnectionMayPushOnceUntilAPushIsAccepted() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.start();
        RawClient client = RawClient.withoutCertificate(simulator)) {
      Pushes.Push push =
          Pushes.voip(simulator, simulator.registerPhone().token())
              .header("authorization", Pushes.jwt(simulator));
      simulator.script(
          Script.sequence(
              Script.reject(500, "InternalServerError"),
              Script.normal().delay(Duration.ofSeconds(1))));
      client.expect("SETTINGS streams=1", "SETTINGS ack");
      client.acknowledge();
      client.push(push);
      client.expect("HEADERS 1 500", "DATA 1 {\"reason\":\"InternalServerError\"} end");
      client.push(push);
      client.push(push);
      client.expect("RST 5 7", "SETTINGS streams=1000", "HEADERS 3 200 end");
      assertEquals(1, simulator.streamLimitViolations());
      client.push(push); // the raise holds from when it was sent
      client.push(push);
      client.expect("HEADERS 7 200 end", "HEADERS 9 200 end");
      assertEquals(1, simulator.streamLimitViolations());
      assertEquals(5, simulator.streamsOpened());
    }
  }

  @Test
  void excessBeforeTheFirstAcknowledgementIsRefusedButNoViolation() throws Exception {
    try (ApnsSimulator simulator =
            ApnsSimulator.builder().maxConcurrentStreamsBeforeFirstPush(1).start();
        RawClient client = RawClient.withCertificate(simulator)) {
      SimulatedPhone phone = simulator.registerPhone();
      simulator.script(Script.normal().delay(Duration.ofSeconds(1)));
      client.expect("SETTINGS streams=1", "SETTINGS ack");
      client.push(phone.token());
      client.push(phone.token());
      client.expect("RST 3 7", "SETTINGS streams=1000", "HEADERS 1 200 end");
      assertEquals(0, simulator.streamLimitViolations());
    }
  }

  @Test
  void loweredLimitHoldsOnceAcknowledged() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.start();
        RawClient client = RawClient.withCertificate(simulator)) {
      SimulatedPhone phone = simulator.registerPhone();
      simulator.script(Script.silence());
      client.expect("SETTINGS streams=1000", "SETTINGS ack");
      client.acknowledge();
      simulator.maxConcurrentStreams(2);
      client.expect("SETTINGS streams=2");
      for (int i = 0; i < 3; i++) {
        client.push(phone.token());
      }
      simulator.awaitRequests(3, Pushes.PATIENCE);
      client.acknowledge();
      client.push(phone.token());
      client.expect("RST 7 7");
      assertEquals(1, simulator.streamLimitViolations());
      simulator.maxConcurrentStreams(4);
      client.expect("SETTINGS streams=4");
      simulator.script(Script.normal());
      client.push(phone.token());
      client.expect("HEADERS 9 200 end");
    }
  }

  @Test
  void newConnectionsGetTheChangedLimit() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.builder().maxConcurrentStreams(5).start()) {
      simulator.maxConcurrentStreams(6);
      try (RawClient client = RawClient.withCertificate(simulator)) {
        client.expect("SETTINGS streams=6");
      }
    }
  }

  @Test
  void thousandRequestsAtOnceAreWithinTheDefaultLimit() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.start();
        RawClient client = RawClient.withCertificate(simulator)) {
      SimulatedPhone phone = simulator.registerPhone();
      client.expect("SETTINGS streams=1000", "SETTINGS ack");
      client.acknowledge();
      simulator.script(Script.silence().times(1000));
      for (int i = 0; i < 1000; i++) {
        client.push(phone.token());
      }
      simulator.awaitRequests(1000, Pushes.PATIENCE);
      client.push(phone.token());
      client.expect("RST 2001 7");
      client.reset(1, 8);
      client.push(phone.token());
      client.expect("HEADERS 2003 200 end");
      assertEquals(1, simulator.streamLimitViolations());
    }
  }
}
