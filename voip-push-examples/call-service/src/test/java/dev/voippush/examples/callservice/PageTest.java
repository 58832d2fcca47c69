// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.voippush.simulator.SimulatedCall;
import dev.voippush.simulator.SimulatedCall.State;
import dev.voippush.simulator.SimulatedPhone;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls that are placed, answered and ended where the simulator's page does so. */
@Timeout(120)
class PageTest {
  @Test
  void callsOfThePageGoThroughTheService() throws Exception {
    try (CallServiceWithSimulator both = new CallServiceWithSimulator(0, Map.of())) {
      both.addPhonesOfCallee();
      ServiceApi page = new ServiceApi(() -> URI.create(both.page() + "api"));
      List<SimulatedPhone> phones = both.apns().phones();

      UUID answered = place(page, phones);
      assertEquals(200, page.post("/phones/2/answer", Map.of()).status());
      await(State.ANSWERED_ELSEWHERE, phones.get(0));
      assertEquals("ANSWERED", both.api().get("/calls/" + answered).state());
      assertEquals(200, page.post("/phones/2/hang-up", Map.of()).status());
      awaitState("ENDED", both, answered);

      UUID givenUp = place(page, phones);
      assertEquals(200, page.post("/calls/" + givenUp + "/end", Map.of()).status());
      await(State.ENDED, phones.get(0));
      await(State.ENDED, phones.get(1));
      awaitState("CANCELLED", both, givenUp);
    }
  }

  private static UUID place(ServiceApi page, List<SimulatedPhone> phones) throws Exception {
    ServiceApi.Reply placed = page.post("/calls", Map.of("callerName", "Li Lei", "video", true));
    assertEquals(201, placed.status(), placed::toString);
    UUID id = UUID.fromString(placed.body().path("callId").asText());
    for (SimulatedPhone phone : phones) {
      SimulatedCall call = phone.awaitCall(Duration.ofSeconds(20));
      assertEquals(id, call.callId());
      assertEquals("Li Lei", call.callerName());
    }
    return id;
  }

  private static void await(State state, SimulatedPhone phone) {
    Waiting.until(
        () -> phone.calls().get(phone.calls().size() - 1).state() == state,
        () -> phone + " " + phone.calls());
  }

  private static void awaitState(String state, CallServiceWithSimulator both, UUID call) {
    Waiting.until(
        () -> both.api().get("/calls/" + call).state().equals(state),
        () -> both.api().get("/calls/" + call).toString());
  }
}
