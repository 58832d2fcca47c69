// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.UUID;
import org.junit.jupiter.api.Test;

/** SETTINGS_INITIAL_WINDOW_SIZE and SETTINGS_HEADER_TABLE_SIZE on the wire. */
final class SettingsTest {
  private static Pushes.Push large(ApnsSimulator simulator) {
    return sized(simulator, 5000);
  }

  private static Pushes.Push sized(ApnsSimulator simulator, int characters) {
    Pushes.Push push = Pushes.voip(simulator, simulator.registerPhone().token());
    return push.body(
        "{\"callId\":\"" + UUID.randomUUID() + "\",\"x\":\"" + "x".repeat(characters) + "\"}");
  }

  @Test
  void smallWindowLetsLargeBodiesThroughInPieces() throws Exception {
    for (int window : new int[] {1, 100}) {
      try (ApnsSimulator simulator = ApnsSimulator.builder().initialWindowSize(window).start()) {
        Pushes.Push push =
            sized(simulator, Math.min(5000, 100 * window)); // a WINDOW_UPDATE a piece
        Pushes client = Pushes.withCertificate(simulator);
        assertEquals(200, client.send(push).status());
        assertEquals(200, client.send(push).status(), "when the client has seen SETTINGS");
        assertArrayEquals(push.body, simulator.requests().get(1).payload());
      }
    }
  }

  @Test
  void windowIsEnforcedOnceAcknowledged() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.builder().initialWindowSize(100).start();
        RawClient client = RawClient.withCertificate(simulator)) {
      client.expect("SETTINGS streams=1000 window=100", "SETTINGS ack");
      client.push(large(simulator));
      client.expect("HEADERS 1 200 end");
      client.acknowledge();
      client.push(large(simulator));
      String end = client.next();
      assertTrue(end.startsWith("GOAWAY "), end);
      assertEquals(1, simulator.requests().size());
    }
  }

  @Test
  void headerTableMayBeForbidden() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.builder().headerTableSize(0).start();
        RawClient client = RawClient.withCertificate(simulator)) {
      String token = simulator.registerPhone().token();
      client.expect("SETTINGS streams=1000 table=0", "SETTINGS ack");
      client.push(token);
      client.expect("HEADERS 1 200 end");
      client.acknowledge();
      client.headerTableSize(0);
      client.push(token);
      client.push(token);
      client.expect("HEADERS 3 200 end", "HEADERS 5 200 end");
    }
  }

  @Test
  void forbiddenHeaderTableIsEnforcedOnceAcknowledged() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.builder().headerTableSize(0).start();
        RawClient client = RawClient.withCertificate(simulator)) {
      client.expect("SETTINGS streams=1000 table=0", "SETTINGS ack");
      client.acknowledge();
      client.push(simulator.registerPhone().token());
      String end = client.next();
      assertTrue(end.matches("(?s)GOAWAY \\d+ 9 .*"), end);
      assertEquals(0, simulator.requests().size());
    }
  }

  @Test
  void headerTableSizeChangesOnLiveConnections() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.start();
        RawClient client = RawClient.withCertificate(simulator)) {
      String token = simulator.registerPhone().token();
      client.expect("SETTINGS streams=1000", "SETTINGS ack");
      client.acknowledge();
      int stream = 1;
      for (int size : new int[] {0, 4096, 64, 10_000}) {
        simulator.headerTableSize(size);
        client.expect("SETTINGS table=" + size);
        client.push(token); // still the old one
        client.acknowledge();
        client.headerTableSize(size);
        client.push(token);
        client.expect("HEADERS " + stream + " 200 end", "HEADERS " + (stream + 2) + " 200 end");
        stream += 4;
      }
      try (RawClient second = RawClient.withCertificate(simulator)) {
        second.expect("SETTINGS streams=1000 table=10000", "SETTINGS ack");
      }
    }
  }

  @Test
  void otherSettingsDoNotDisturbTheStreamLimit() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.builder().maxConcurrentStreams(1).start();
        RawClient client = RawClient.withCertificate(simulator)) {
      SimulatedPhone phone = simulator.registerPhone();
      simulator.script(Script.silence());
      client.expect("SETTINGS streams=1", "SETTINGS ack");
      simulator.headerTableSize(4096);
      simulator.maxConcurrentStreams(2);
      simulator.maxConcurrentStreams(1);
      client.expect("SETTINGS table=4096", "SETTINGS streams=2", "SETTINGS streams=1");
      client.acknowledge();
      client.acknowledge();
      client.acknowledge();
      client.push(phone.token());
      client.push(phone.token()); // 2 are allowed until the last one is acknowledged
      simulator.awaitRequests(2, Pushes.PATIENCE);
      client.acknowledge();
      client.push(phone.token());
      client.expect("RST 5 7");
      assertEquals(1, simulator.streamLimitViolations());
    }
  }

  @Test
  void refusesWhatMakesNoSense() {
    ApnsSimulator.Builder builder = ApnsSimulator.builder();
    assertThrows(IllegalArgumentException.class, () -> builder.initialWindowSize(0));
    assertThrows(IllegalArgumentException.class, () -> builder.headerTableSize(-1));
    try (ApnsSimulator simulator = ApnsSimulator.start()) {
      assertThrows(IllegalArgumentException.class, () -> simulator.headerTableSize(-1));
    }
  }
}
