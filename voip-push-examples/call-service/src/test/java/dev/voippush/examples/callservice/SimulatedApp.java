// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import com.fasterxml.jackson.databind.JsonNode;
import dev.voippush.simulator.PhoneEvent;
import dev.voippush.simulator.SimulatedCall;
import dev.voippush.simulator.SimulatedPhone;
import java.net.http.WebSocket;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What an app does towards the service, on a simulated phone: uploads its token, connects when a
 * push has woken it, asks whether the call still rings, and says what its user does.
 */
final class SimulatedApp implements AutoCloseable {
  private final ServiceApi service;
  private final String user;
  private final SimulatedPhone phone;
  private final String device;

  /** The calls whose end the service knows: it was the service that said so. */
  private final Set<UUID> over = ConcurrentHashMap.newKeySet();

  private @Nullable WebSocket connection; // guarded by this

  /** Installs the app, in which the user logs in. */
  SimulatedApp(ServiceApi service, String user, SimulatedPhone phone) {
    this.service = service;
    this.user = user;
    this.phone = phone;
    device = "phone-" + phone.number();
    register();
    phone.onEvent(this::hear);
  }

  String device() {
    return device;
  }

  /** Whether it hears of the service. */
  synchronized boolean isConnected() {
    return connection != null && !connection.isInputClosed();
  }

  /** Uploads the token, as at each start. */
  private void register() {
    service.put(
        ServiceApi.device(user, device),
        Map.of("token", phone.token(), "environment", "PRODUCTION"));
  }

  private void hear(PhoneEvent event) {
    switch (event.type()) {
      case RINGING, APP_OPENED, ONLINE -> wakeUp();
      case ANSWERED -> decide(event.call().orElseThrow(), "answer");
      case DECLINED -> decide(event.call().orElseThrow(), "decline");
      case ENDED -> ended(event.call().orElseThrow());
      case TOKEN_ROTATED -> register();
      case APP_CLOSED, APP_KILLED, OFFLINE -> close();
      default -> {} // nothing that the service need know
    }
  }

  /** First connects, then asks: so nothing is missed in between. */
  private synchronized void wakeUp() {
    if (!isConnected()) {
      connection = service.connect(user, device, this::hear);
    }
    for (SimulatedCall call : phone.calls()) {
      if (call.state() == SimulatedCall.State.RINGING) {
        becomes(call.callId(), service.get("/calls/" + call.callId()).state());
      }
    }
  }

  private void hear(JsonNode message) {
    switch (message.path("event").asText()) {
      case "answered-elsewhere" -> becomes(callId(message), "ANSWERED");
      case "declined-elsewhere" -> becomes(callId(message), "DECLINED");
      case "ended" -> becomes(callId(message), "ENDED");
      default -> {} // a missed call ends by its own clock; the others are for callers
    }
  }

  private static UUID callId(JsonNode message) {
    return UUID.fromString(message.path("callId").asText());
  }

  /** What the call is for the service, which it became without this device. */
  private void becomes(UUID callId, String state) {
    switch (state) {
      case "RINGING" -> {}
      case "ANSWERED" -> phone.answeredElsewhere(callId);
      case "DECLINED" -> phone.declinedElsewhere(callId);
      default -> {
        over.add(callId);
        phone.callEnded(callId);
      }
    }
  }

  private void decide(SimulatedCall call, String decision) {
    ServiceApi.Reply reply =
        service.post("/calls/" + call.callId() + "/" + decision, Map.of("device", device));
    if (reply.status() != 200) { // another device was first
      becomes(call.callId(), service.get("/calls/" + call.callId()).state());
    }
  }

  /** Its user hung up, or the caller did in the page; not if only the app was closed. */
  private void ended(SimulatedCall call) {
    if (phone.appState() != SimulatedPhone.AppState.KILLED && !over.contains(call.callId())) {
      service.post("/calls/" + call.callId() + "/end", Map.of());
    }
  }

  /** Ends the app's connection. */
  @Override
  public synchronized void close() {
    if (connection != null) {
      connection.abort();
      connection = null;
    }
  }
}
