// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.web.socket.CloseStatus;
import org.springframework.web.socket.TextMessage;
import org.springframework.web.socket.WebSocketSession;
import org.springframework.web.socket.config.annotation.WebSocketConfigurer;
import org.springframework.web.socket.config.annotation.WebSocketHandlerRegistry;
import org.springframework.web.socket.handler.ConcurrentWebSocketSessionDecorator;
import org.springframework.web.socket.handler.SessionLimitExceededException;
import org.springframework.web.socket.handler.TextWebSocketHandler;
import org.springframework.web.util.UriComponentsBuilder;
import org.springframework.web.util.UriUtils;

/**
 * The apps' connections, {@code /signalling?user=…&device=…}, over which they hear how a call goes
 * on. A device that has none hears nothing, and asks for the call's state when it wakes.
 */
@Component
class Signalling extends TextWebSocketHandler implements WebSocketConfigurer {
  private static final Logger log = LoggerFactory.getLogger(Signalling.class);
  private static final int SEND_MILLIS = 5_000;
  private static final int BUFFER_BYTES = 64 * 1024;

  /** What the app hears. */
  enum Event {
    @JsonProperty("answered")
    ANSWERED,
    @JsonProperty("answered-elsewhere")
    ANSWERED_ELSEWHERE,
    @JsonProperty("declined")
    DECLINED,
    @JsonProperty("declined-elsewhere")
    DECLINED_ELSEWHERE,
    @JsonProperty("ended")
    ENDED,
    @JsonProperty("missed")
    MISSED,
    @JsonProperty("unreachable")
    UNREACHABLE
  }

  private record Message(UUID callId, Event event) {}

  private record Connection(String device, WebSocketSession session) {}

  private final ObjectMapper json;

  /** By user, then by the session's id. */
  private final Map<String, Map<String, Connection>> connections = new ConcurrentHashMap<>();

  Signalling(ObjectMapper json) {
    this.json = json;
  }

  @Override
  public void registerWebSocketHandlers(WebSocketHandlerRegistry registry) {
    registry.addHandler(this, "/signalling");
  }

  @Override
  public void afterConnectionEstablished(WebSocketSession session) throws IOException {
    String device = query(session, "device");
    if (device.isEmpty() || query(session, "user").isEmpty()) {
      session.close(CloseStatus.POLICY_VIOLATION.withReason("user and device are required"));
      return;
    }
    // Several threads send, and one that is slow must not hold them up.
    Connection connection =
        new Connection(
            device, new ConcurrentWebSocketSessionDecorator(session, SEND_MILLIS, BUFFER_BYTES));
    connections.compute(
        query(session, "user"),
        (user, all) -> {
          Map<String, Connection> open = all == null ? new ConcurrentHashMap<>() : all;
          open.put(session.getId(), connection);
          return open;
        });
  }

  @Override
  public void afterConnectionClosed(WebSocketSession session, CloseStatus status) {
    connections.computeIfPresent(
        query(session, "user"),
        (user, open) -> {
          open.remove(session.getId());
          return open.isEmpty() ? null : open;
        });
  }

  private static String query(WebSocketSession session, String name) {
    String value =
        UriComponentsBuilder.fromUri(session.getUri()).build().getQueryParams().getFirst(name);
    return value == null ? "" : UriUtils.decode(value, StandardCharsets.UTF_8);
  }

  /**
   * Tells the user's devices that are connected.
   *
   * @param except the device that knows already, if any
   */
  void send(String user, UUID callId, Event event, @Nullable String except) {
    TextMessage message = new TextMessage(text(new Message(callId, event)));
    for (Connection connection : connections.getOrDefault(user, Map.of()).values()) {
      if (!connection.device().equals(except)) {
        send(connection.session(), message);
      }
    }
  }

  private String text(Message message) {
    try {
      return json.writeValueAsString(message);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void send(WebSocketSession session, TextMessage message) {
    try {
      session.sendMessage(message);
    } catch (IOException | IllegalStateException | SessionLimitExceededException e) {
      log.debug("an app has lost its connection: it asks for the call's state later", e);
    }
  }
}
