// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.List;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** OkHttp is served as the behaviour says, and the record holds what it sent. */
@Timeout(60)
class RawApnsTest {
  private RawApns apns;
  private OkHttpClient client;

  @BeforeEach
  void start() throws Exception {
    apns = new RawApns();
    TlsSettings tls = TlsSettings.of(null, List.of(apns.root()));
    client =
        new OkHttpClient.Builder()
            .sslSocketFactory(tls.context().getSocketFactory(), tls.trustManager())
            .retryOnConnectionFailure(false)
            .build();
  }

  @AfterEach
  void close() throws Exception {
    client.connectionPool().evictAll();
    apns.close();
  }

  private Response post(String apnsId, byte[] body) throws IOException {
    return client
        .newCall(
            new Request.Builder()
                .url(apns.endpoint().resolve("/3/device/abcd").toURL())
                .header("apns-id", apnsId)
                .post(RequestBody.create(body))
                .build())
        .execute();
  }

  @Test
  void answersAndRecords() throws Exception {
    byte[] large = new byte[200_000]; // more than the windows hold
    Response response = post("first", large);
    assertEquals(Protocol.HTTP_2, response.protocol());
    assertEquals(200, response.code());
    assertEquals("first", response.header("apns-id"));
    RawApns.Request request = apns.requests().get(0);
    assertEquals("abcd", request.deviceToken());
    assertEquals("first", request.apnsId());
    assertArrayEquals(large, request.body());
    assertEquals(1, request.connection());
    assertEquals(200, request.status());
    assertEquals(true, request.isProcessed());
    assertEquals(List.of(), apns.faults());
  }

  @Test
  void behaviourWritesTheFrames() throws Exception {
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            switch (request.apnsId()) {
              case "reject" -> {
                connection.chunks(1);
                connection.reject(request, 410, "Unregistered");
              }
              case "lose" -> connection.reset();
              default -> {
                connection.rst(request.streamId(), 7);
                request.notProcessed();
              }
            }
          }
        });
    Response response = post("reject", new byte[10]);
    assertEquals(410, response.code());
    assertEquals("{\"reason\":\"Unregistered\"}", response.body().string());
    assertThrows(IOException.class, () -> post("refuse", new byte[10]));
    assertThrows(IOException.class, () -> post("lose", new byte[10]));
    List<RawApns.Request> requests = apns.requests();
    assertEquals(410, requests.get(0).status());
    assertEquals(
        List.of(false, false, true),
        requests.stream().map(RawApns.Request::isProcessed).limit(3).toList());
    assertEquals(List.of(), apns.faults());
  }
}
