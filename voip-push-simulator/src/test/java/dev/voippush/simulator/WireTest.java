// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The scripts and server-wide verbs, frame by frame. */
final class WireTest {
  /** Long enough to see that nothing comes. */
  private static final Duration MOMENT = Duration.ofMillis(200);

  /** Long enough for a busy machine to do something else first. */
  private static final Duration LATER = Duration.ofMillis(600);

  private ApnsSimulator simulator;
  private SimulatedPhone phone;
  private RawClient client;

  @BeforeEach
  void connect() throws Exception {
    simulator = ApnsSimulator.start();
    phone = simulator.registerPhone();
    client = RawClient.withCertificate(simulator);
    client.expect("SETTINGS streams=1000", "SETTINGS ack");
    client.acknowledge();
  }

  @AfterEach
  void close() throws Exception {
    client.close();
    simulator.close();
  }

  private String push() throws Exception {
    client.push(phone.token());
    return client.next();
  }

  @Test
  void acceptedPushIsOneHeadersFrame() throws Exception {
    assertEquals("HEADERS 1 200 end", push());
  }

  @Test
  void errorAndEndOfStreamTravelInOneDataFrame() throws Exception {
    client.push("00ff");
    client.expect("HEADERS 1 400", "DATA 1 {\"reason\":\"BadDeviceToken\"} end");
  }

  @Test
  void reject() throws Exception {
    simulator.script(Script.reject(503, "ServiceUnavailable").retryAfter("7"));
    client.push(phone.token());
    client.expect("HEADERS 1 503 retry-after=7", "DATA 1 {\"reason\":\"ServiceUnavailable\"} end");
    assertEquals(503, simulator.requests().get(0).status());
    assertEquals(List.of(), phone.pushes());
  }

  @Test
  void rejectWithBody() throws Exception {
    byte[] html = "<html>".getBytes(StandardCharsets.UTF_8);
    simulator.script(
        Script.sequence(Script.rejectWithBody(500, html), Script.rejectWithBody(502, new byte[0])));
    client.push(phone.token());
    client.expect("HEADERS 1 500", "DATA 1 <html> end");
    assertEquals("HEADERS 3 502 end", push());
  }

  @Test
  void deadTokensSaySinceWhenInMilliseconds() throws Exception {
    Instant since = Instant.ofEpochMilli(1_700_000_000_123L);
    simulator.script(Script.sequence(Script.unregistered(since), Script.expiredToken(since)));
    client.push(phone.token());
    client.expect(
        "HEADERS 1 410", "DATA 1 {\"reason\":\"Unregistered\",\"timestamp\":1700000000123} end");
    client.push(phone.token());
    client.expect(
        "HEADERS 3 410", "DATA 3 {\"reason\":\"ExpiredToken\",\"timestamp\":1700000000123} end");
  }

  @Test
  void silenceAnswersPingOnly() throws Exception {
    simulator.script(phone.token(), Script.silence());
    client.push(phone.token());
    simulator.awaitRequests(1, Pushes.PATIENCE);
    client.ping(42);
    client.expect("PING ack 42");
    assertEquals(List.of(), simulator.requests());
    assertEquals("silence", simulator.unprocessedRequests().get(0).reason());
    assertEquals(0, simulator.unprocessedRequests().get(0).status());
    assertEquals(List.of(), phone.pushes());
  }

  @Test
  void delayProcessesAtOnceAndAnswersLater() throws Exception {
    simulator.script(Script.normal().delay(LATER).times(1));
    long start = System.nanoTime();
    client.push(phone.token());
    phone.awaitCall(Pushes.PATIENCE);
    client.push(phone.token());
    client.expect("HEADERS 3 200 end", "HEADERS 1 200 end");
    assertTrue(System.nanoTime() - start >= LATER.toNanos());
  }

  @Test
  void answerToAStreamThatTheClientResetIsNotSent() throws Exception {
    simulator.script(Script.normal().delay(LATER).times(1));
    int stream = client.push(phone.token());
    client.reset(stream, 8);
    client.push(phone.token());
    client.expect("HEADERS 3 200 end");
    assertTrue(client.silentFor(LATER.plus(MOMENT)));
  }

  @Test
  void dropBefore() throws Exception {
    simulator.script(Script.dropBefore());
    assertEquals("CLOSED", push());
    assertEquals(List.of(), phone.pushes());
    assertEquals("connection dropped", simulator.unprocessedRequests().get(0).reason());
  }

  @Test
  void dropAfter() throws Exception {
    simulator.script(Script.dropAfter());
    assertEquals("CLOSED", push());
    assertEquals(1, phone.pushes().size());
    assertEquals(200, simulator.requests().get(0).status());
  }

  @Test
  void reset() throws Exception {
    simulator.script(Script.sequence(Script.reset(2), Script.refuseStream(), Script.normal()));
    assertEquals("RST 1 2", push());
    assertEquals("RST 3 7", push());
    assertEquals("HEADERS 5 200 end", push());
    assertEquals(1, phone.pushes().size());
    assertEquals(2, simulator.unprocessedRequests().size());
  }

  @Test
  void goAwayLeavesTheRequestOut() throws Exception {
    simulator.script(Script.sequence(Script.normal(), Script.goAway("{\"reason\":\"Shutdown\"}")));
    assertEquals("HEADERS 1 200 end", push());
    assertEquals("GOAWAY 1 0 {\"reason\":\"Shutdown\"}", push());
    client.push(phone.token()); // too late
    client.expect("RST 5 7", "CLOSED");
    assertEquals(1, phone.pushes().size());
    assertEquals(1, simulator.unprocessedRequests().size());
  }

  @Test
  void goAwayStillAnswersEarlierRequests() throws Exception {
    simulator.script(Script.sequence(Script.normal().delay(LATER), Script.goAway("").times(1)));
    client.push(phone.token());
    client.push(phone.token());
    client.expect("GOAWAY 1 0 ", "HEADERS 1 200 end", "CLOSED");
  }

  @Test
  void requestsThatCrossGoAwayAreRefusedAndDisturbNothing() throws Exception {
    simulator.script(Script.sequence(Script.normal().delay(LATER), Script.goAway("").times(1)));
    for (int i = 0; i < 4; i++) {
      client.push(phone.token());
    }
    client.expect("GOAWAY 1 0 ", "RST 5 7", "RST 7 7", "HEADERS 1 200 end", "CLOSED");
    assertEquals(1, simulator.requests().size());
    assertEquals(1, simulator.unprocessedRequests().size());
  }

  @Test
  void requestThatWasHalfThereBeforeGoAwayIsNotProcessedAfterwards() throws Exception {
    simulator.script(Script.goAwayCovering("").times(1));
    Pushes.Push push = Pushes.voip(simulator, phone.token());
    int first = client.begin(push);
    int second = client.begin(push);
    client.finish(first, push);
    client.finish(second, push);
    client.expect("GOAWAY 1 0 ", "HEADERS 1 200 end", "RST 3 7", "CLOSED");
    assertEquals(1, simulator.requests().size());
  }

  @Test
  void goAwayCoveringAnswersTheRequest() throws Exception {
    simulator.script(Script.goAwayCovering("bye"));
    client.push(phone.token());
    client.expect("GOAWAY 1 0 bye", "HEADERS 1 200 end", "CLOSED");
    assertEquals(1, phone.pushes().size());
  }

  @Test
  void goAwayUnansweredCoversButDoesNothing() throws Exception {
    simulator.script(Script.goAwayUnanswered("bye"));
    client.push(phone.token());
    client.expect("GOAWAY 1 0 bye", "CLOSED");
    assertEquals(List.of(), phone.pushes());
    assertEquals(List.of(), simulator.requests());
  }

  @Test
  void goAwayAfterLaterRequestsCoversThemAll() throws Exception {
    simulator.script(Script.sequence(Script.goAway("").delay(LATER), Script.normal()));
    client.push(phone.token());
    client.push(phone.token());
    client.expect("HEADERS 3 200 end", "GOAWAY 3 0 ", "CLOSED");
  }

  @Test
  void serverWideGoAwayCoversWhatArrived() throws Exception {
    simulator.script(Script.normal().delay(LATER));
    client.push(phone.token());
    simulator.awaitRequests(1, Pushes.PATIENCE);
    simulator.goAway("maintenance");
    client.expect("GOAWAY 1 0 maintenance", "HEADERS 1 200 end", "CLOSED");
  }

  @Test
  void frozenServerAnswersNothingUntilUnfrozen() throws Exception {
    simulator.freeze();
    client.push(phone.token());
    client.ping(1);
    assertTrue(client.silentFor(MOMENT));
    assertEquals(List.of(), simulator.requests());
    simulator.unfreeze();
    client.expect("HEADERS 1 200 end", "PING ack 1");
  }

  @Test
  void frozenServerHoldsBackWhatItWasAboutToSay() throws Exception {
    simulator.script(Script.normal().delay(LATER));
    client.push(phone.token());
    simulator.awaitRequests(1, Pushes.PATIENCE);
    simulator.freeze();
    assertTrue(client.silentFor(LATER.plus(MOMENT)));
    simulator.unfreeze();
    client.expect("HEADERS 1 200 end");
  }

  @Test
  void frozenServerDoesNotFinishHandshakes() throws Exception {
    simulator.freeze();
    try (RawClient second = RawClient.withCertificate(simulator)) {
      assertTrue(second.silentFor(MOMENT));
      simulator.unfreeze();
      second.expect("SETTINGS streams=1000", "SETTINGS ack");
    }
  }

  @Test
  void droppedConnectionsAreGone() throws Exception {
    simulator.dropConnections();
    assertEquals("CLOSED", client.next());
    assertEquals(0, simulator.connectionsOpen());
    assertEquals(1, simulator.connectionsAccepted());
  }

  @Test
  void globalScriptYieldsToTheDevicesOwn() throws Exception {
    SimulatedPhone other = simulator.registerPhone();
    simulator.script(Script.rejectWithBody(500, new byte[0]));
    simulator.script(other.token().toUpperCase(java.util.Locale.ROOT), Script.normal());
    assertEquals("HEADERS 1 500 end", push());
    client.push(other.token());
    client.expect("HEADERS 3 200 end");
    simulator.script(Script.normal());
    assertEquals("HEADERS 5 200 end", push());
  }
}
