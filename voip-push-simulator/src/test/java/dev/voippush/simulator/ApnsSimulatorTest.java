// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** The simulator as a whole: start, push, ring, close. */
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
      assertEquals("", request.reason());
      assertEquals(id, request.apnsId());
      assertEquals(phone.token(), request.deviceToken());
      assertEquals("com.example.app.voip", request.headers().get("apns-topic"));
      assertEquals(1, request.connection());
      assertEquals(1, request.streamId());
      assertEquals(1, simulator.connectionsAccepted());
      assertEquals(1, simulator.connectionsOpen());
      simulator.forgetRequests();
      assertEquals(List.of(), simulator.requests());
    }
  }

  @Test
  void isConfigurable() throws Exception {
    try (ApnsSimulator simulator =
        ApnsSimulator.builder().bundleId("org.other").teamId("TEAM").keyId("KEY").start()) {
      assertEquals(URI.create("https://127.0.0.1:" + simulator.port()), simulator.endpoint());
      assertEquals("org.other", simulator.credentials().bundleId());
      assertEquals("TEAM", simulator.credentials().teamId());
      assertEquals("KEY", simulator.credentials().keyId());
      Pushes.Push push = Pushes.voip(simulator, simulator.registerPhone().token());
      assertEquals(200, Pushes.withCertificate(simulator).send(push).status());
      push.header("authorization", Pushes.jwt(simulator));
      assertEquals(200, Pushes.withoutCertificate(simulator).send(push).status());
    }
  }

  @Test
  void refusesWrongSettings() {
    ApnsSimulator.Builder builder = ApnsSimulator.builder();
    assertThrows(IllegalArgumentException.class, () -> builder.port(65536));
    assertThrows(IllegalArgumentException.class, () -> builder.maxConcurrentStreams(-1));
  }

  @Test
  void keepsTheLastRequestsInTheirOrder() throws Exception {
    try (ApnsSimulator simulator =
        ApnsSimulator.builder().clock(new TestClock()).keep(3, 1).start()) {
      SimulatedPhone phone = simulator.registerPhone();
      Pushes client = Pushes.withCertificate(simulator);
      for (int i = 0; i < 2; i++) {
        assertEquals(200, client.send(Pushes.voip(simulator, phone.token())).status());
      }
      simulator.script(Script.reset(2).times(1));
      assertThrows(
          ExecutionException.class, () -> client.send(Pushes.voip(simulator, phone.token())));
      assertEquals(200, client.send(Pushes.voip(simulator, phone.token())).status());
      simulator.awaitRequests(4, Pushes.PATIENCE);
      assertEquals(
          List.of(200, 0, 200),
          simulator.log().last(10).stream().map(RecordedRequest::status).toList());
      assertEquals(2, simulator.requests().size());
      assertEquals(1, simulator.unprocessedRequests().size());
      assertEquals(1, phone.pushes().size());
    }
    assertThrows(IllegalArgumentException.class, () -> ApnsSimulator.builder().keep(0, 1));
  }

  @Test
  void takenPortIsAnErrorThatLeavesNothingBehind() {
    try (ApnsSimulator first = ApnsSimulator.start()) {
      ApnsSimulator.Builder builder = ApnsSimulator.builder().port(first.port());
      UncheckedIOException e = assertThrows(UncheckedIOException.class, builder::start);
      assertTrue(e.getMessage().contains("127.0.0.1:" + first.port()), e.getMessage());
    }
    assertEquals(List.of(), simulatorThreads());
  }

  @Test
  void manyRequestsAtOnceAreAllAnswered() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.start()) {
      SimulatedPhone phone = simulator.registerPhone();
      Pushes client = Pushes.withCertificate(simulator);
      Pushes.Push push = Pushes.voip(simulator, phone.token());
      client.send(push);
      List<CompletableFuture<Pushes.Answer>> answers = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        answers.add(client.sendAsync(push));
      }
      for (CompletableFuture<Pushes.Answer> answer : answers) {
        assertEquals(200, answer.get(10, TimeUnit.SECONDS).status());
      }
      assertEquals(501, simulator.requests().size());
      assertEquals(501, phone.pushes().size());
      assertEquals(1, phone.calls().size());
      assertEquals(0, simulator.streamLimitViolations());
    }
  }

  @Test
  void awaitRequestsSaysHowManyCame() throws Exception {
    try (ApnsSimulator simulator = ApnsSimulator.start()) {
      TimeoutException e =
          assertThrows(
              TimeoutException.class, () -> simulator.awaitRequests(2, Duration.ofMillis(1)));
      assertTrue(e.getMessage().startsWith("2 requests expected"), e.getMessage());
    }
  }

  @Test
  void closeLeavesNoThreadAndNoSocket() throws Exception {
    ApnsSimulator simulator = ApnsSimulator.start();
    SimulatedPhone phone = simulator.registerPhone();
    List<PhoneEvent> events = new java.util.concurrent.CopyOnWriteArrayList<>();
    phone.onEvent(events::add);
    int port = simulator.port();
    try (RawClient client = RawClient.withCertificate(simulator)) {
      client.expect("SETTINGS streams=1000", "SETTINGS ack");
      client.push(phone.token());
      client.expect("HEADERS 1 200 end");
      assertFalse(simulatorThreads().isEmpty());
      simulator.close();
      assertEquals("CLOSED", client.next());
    }
    assertEquals(List.of(), simulatorThreads());
    assertEquals(2, events.size()); // those that had happened were told
    assertThrows(
        IOException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port).close());
    phone.answer(); // quietly
    simulator.close(); // again
    // Netty's own thread, shared by all in the JVM, ends by itself after a second.
    assertTrue(GlobalEventExecutor.INSTANCE.awaitInactivity(10, TimeUnit.SECONDS));
  }

  @Test
  void frozenSimulatorCanBeClosed() throws Exception {
    ApnsSimulator simulator = ApnsSimulator.start();
    try (RawClient client = RawClient.withCertificate(simulator)) {
      client.expect("SETTINGS streams=1000", "SETTINGS ack");
      simulator.freeze();
      client.push(simulator.registerPhone().token());
      simulator.close();
      assertEquals("CLOSED", client.next());
    }
    assertEquals(List.of(), simulatorThreads());
  }

  private static List<String> simulatorThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("apns-simulator"))
        .toList();
  }
}
