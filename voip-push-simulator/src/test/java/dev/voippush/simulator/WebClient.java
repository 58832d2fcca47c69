// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A client of the web server: by the JDK's HTTP client, or by bytes of a test's own. */
final class WebClient {
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI page;

  WebClient(ApnsSimulator simulator) {
    page = simulator.web().orElseThrow();
  }

  /** What came back. */
  record Answer(int status, Map<String, List<String>> headers, String body) {
    String header(String name) {
      return headers.getOrDefault(name, List.of("")).get(0);
    }

    /** The members of the JSON object in the body. */
    Map<String, Object> json() {
      Map<String, Object> json = Json.object(body.getBytes(StandardCharsets.UTF_8));
      if (json == null) {
        throw new AssertionError("no JSON object: " + body);
      }
      return json;
    }

    String error() {
      return (String) json().get("error");
    }
  }

  Answer get(String path) throws Exception {
    return send("GET", path, "");
  }

  Answer post(String path, String json) throws Exception {
    return send("POST", path, json, "content-type", "application/json");
  }

  Answer put(String path, String json) throws Exception {
    return send("PUT", path, json, "content-type", "application/json");
  }

  Answer send(String method, String path, String body, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(page.resolve(path))
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    HttpResponse<String> answer = http.send(request.build(), BodyHandlers.ofString());
    return new Answer(answer.statusCode(), answer.headers().map(), answer.body());
  }

  /** All that comes back for these lines and an empty one, until the server closes. */
  String raw(String... lines) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), page.getPort())) {
      socket.setSoTimeout((int) Pushes.PATIENCE.toMillis());
      String request = String.join("\r\n", lines) + "\r\nconnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  Events events() throws Exception {
    HttpResponse<InputStream> answer =
        http.send(
            HttpRequest.newBuilder(page.resolve("/api/events")).build(),
            BodyHandlers.ofInputStream());
    return new Events(answer);
  }

  /** One thing that the server told. */
  record Event(String name, Map<String, Object> data) {}

  /** The stream of server-sent events; reading it waits, for 20 s in all at most. */
  static final class Events implements AutoCloseable {
    final HttpResponse<InputStream> answer;
    private final Iterator<String> lines;
    private volatile boolean timedOut;

    private Events(HttpResponse<InputStream> answer) {
      this.answer = answer;
      lines =
          new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))
              .lines()
              .iterator();
      // An interrupt, as by JUnit's timeout, does not end the wait of the JDK's HTTP client.
      CompletableFuture.delayedExecutor(20, TimeUnit.SECONDS)
          .execute(
              () -> {
                timedOut = true;
                close();
              });
    }

    Event next() {
      String name = lines.next();
      String data = lines.next();
      if (!name.startsWith("event: ") || !data.startsWith("data: ") || !lines.next().isEmpty()) {
        throw new AssertionError("no event: " + name + " / " + data);
      }
      byte[] json = data.substring("data: ".length()).getBytes(StandardCharsets.UTF_8);
      return new Event(name.substring("event: ".length()), Json.object(json));
    }

    /** The next event of this name that is like this; others are passed over. */
    Map<String, Object> await(String name, Predicate<Map<String, Object>> like) {
      while (true) {
        Event event = next();
        if (event.name.equals(name) && like.test(event.data)) {
          return event.data;
        }
      }
    }

    /** Reads until the server ends the stream, be it in the middle of an event. */
    void awaitEnd() {
      try {
        while (lines.hasNext()) {
          lines.next();
        }
      } catch (UncheckedIOException e) {
        assertFalse(timedOut, "the server did not end the stream");
      }
    }

    @Override
    public void close() {
      try {
        answer.body().close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @SuppressWarnings("unchecked")
  static List<Map<String, Object>> list(Object json) {
    return (List<Map<String, Object>>) json;
  }
}
