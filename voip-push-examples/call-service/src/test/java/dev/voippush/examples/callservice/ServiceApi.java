// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The service as apps use it: REST, and a WebSocket to listen to. */
final class ServiceApi {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private final Supplier<URI> service;

  /**
   * Talks to a service.
   *
   * @param service where it is, each time it is asked
   */
  ServiceApi(Supplier<URI> service) {
    this.service = service;
  }

  record Reply(int status, JsonNode body) {
    String state() {
      return body.path("state").asText();
    }
  }

  Reply get(String path) {
    return send(request(path).GET());
  }

  Reply post(String path, Map<String, ?> body) {
    return send(request(path).POST(json(body)));
  }

  Reply put(String path, Map<String, ?> body) {
    return send(request(path).PUT(json(body)));
  }

  Reply delete(String path) {
    return send(request(path).DELETE());
  }

  static String device(String user, String device) {
    return "/users/" + encode(user) + "/devices/" + encode(device);
  }

  /** Connects, and tells the listener each message, in order. */
  WebSocket connect(String user, String device, Consumer<JsonNode> listener) {
    URI uri =
        URI.create(
            "ws"
                + service.get().toString().substring("http".length())
                + "/signalling?user="
                + encode(user)
                + "&device="
                + encode(device));
    return http.newWebSocketBuilder().buildAsync(uri, new Messages(listener)).join();
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(service.get() + path))
        .timeout(Duration.ofSeconds(20))
        .header("Content-Type", "application/json");
  }

  private static HttpRequest.BodyPublisher json(Map<String, ?> body) {
    try {
      return HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private Reply send(HttpRequest.Builder request) {
    return http.sendAsync(request.build(), BodyHandlers.ofString())
        .thenApply(
            response ->
                new Reply(
                    response.statusCode(),
                    response.body().startsWith("{")
                        ? parse(response.body())
                        : JSON.getNodeFactory().textNode(response.body())))
        .join();
  }

  private static JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Puts the parts of messages together. */
  private static final class Messages implements WebSocket.Listener {
    private final Consumer<JsonNode> listener;
    private final StringBuilder parts = new StringBuilder();

    Messages(Consumer<JsonNode> listener) {
      this.listener = listener;
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
      parts.append(part);
      if (last) {
        JsonNode message = parse(parts.toString());
        parts.setLength(0);
        listener.accept(message);
      }
      socket.request(1);
      return CompletableFuture.completedStage(null);
    }
  }
}
