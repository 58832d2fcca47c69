// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls that somebody else than the simulator sends. */
@Timeout(30)
final class PlacedCallsTest {
  private static final BlockingQueue<PlacedCall> placed = new LinkedBlockingQueue<>();
  private static ApnsSimulator simulator;
  private static WebClient web;

  @BeforeAll
  static void start() {
    simulator = ApnsSimulator.builder().web(0).start();
    web = new WebClient(simulator);
    simulator.placeCallsWith(placed::add);
    simulator.newPhone().user("meimei").register();
    simulator.newPhone().user("meimei").register();
    simulator.newPhone().user("other").register();
  }

  @AfterAll
  static void close() {
    simulator.close();
  }

  @Test
  void callsGoToWhomTheyAreFor() throws Exception {
    List<String> recipients =
        List.of("", ",\"user\":\"meimei\"", ",\"phones\":[3,1]", ",\"phones\":[2]");
    List<List<Integer>> expected =
        List.of(List.of(1, 2, 3), List.of(1, 2), List.of(1, 3), List.of(2));
    for (int i = 0; i < recipients.size(); i++) {
      PlacedCall call = place("{\"callerName\":\"Ada\"" + recipients.get(i) + "}");
      assertEquals(expected.get(i), call.phones().stream().map(SimulatedPhone::number).toList());
      assertEquals("Ada", call.callerName());
      assertEquals("", call.handle());
      assertFalse(call.video());
      assertEquals(Duration.ofSeconds(45), call.ringFor());
      assertFalse(call.toString().contains("Ada"), call.toString());
    }
  }

  @Test
  void callEndedBeforeItsPushCameDoesNotRing() throws Exception {
    SimulatedPhone phone = simulator.registerPhone();
    phone.openApp();
    PlacedCall call = place("{\"callerName\":\"Ada\",\"phones\":[" + phone.number() + "]}");
    assertEquals(200, web.post("/api/calls/" + call.callId() + "/end", "{}").status());
    Pushes.Push late = Pushes.voip(simulator, phone.token());
    late.body(Pushes.call(call.callId(), Instant.now().plusSeconds(30)));
    Pushes.withCertificate(simulator).send(late);
    assertEquals(PushVerdict.ENDED_AT_ONCE, phone.pushes().get(0).verdict());
  }

  private static PlacedCall place(String json) throws Exception {
    WebClient.Answer answer = web.post("/api/calls", json);
    assertEquals(201, answer.status(), answer.body());
    PlacedCall call = placed.poll(10, TimeUnit.SECONDS);
    assertEquals(answer.json().get("callId"), call.callId().toString());
    return call;
  }
}
