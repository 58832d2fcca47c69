// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.call;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.SimulatedPhone;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What there is with a user's own OkHttpClient only. */
@Timeout(60)
class CallTransportTest {
  private final ApnsSimulator apns = ApnsSimulator.start();

  @AfterEach
  void closeApns() {
    apns.close();
  }

  private VoipPushClient client(OkHttpClient users) throws Exception {
    return TestClients.builder(apns, TestClients.certificate(apns)).httpClient(users).build();
  }

  @Test
  void usersHttpClientBringsInterceptorsButNotItsTls() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    Set<String> seen = new HashSet<>();
    OkHttpClient users =
        new OkHttpClient.Builder()
            .addInterceptor(
                chain -> {
                  seen.add(chain.request().url().encodedPath());
                  return chain.proceed(chain.request());
                })
            .hostnameVerifier((host, session) -> false)
            .build();
    try (VoipPushClient client = client(users)) {
      assertTrue(client.send(DeviceToken.of(phone.token()), call()).accepted());
    }
    assertEquals(Set.of("/3/device/" + phone.token()), seen);
  }

  @Test
  void endedPushIsNeverWrittenAfterwards() throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    CompletableFuture<CompletableFuture<PushResult>> push = new CompletableFuture<>();
    OkHttpClient cancelling =
        new OkHttpClient.Builder()
            .addNetworkInterceptor(
                chain -> {
                  push.join().cancel(true); // between the connection and the request
                  return chain.proceed(chain.request());
                })
            .build();
    try (VoipPushClient client = client(cancelling)) {
      push.complete(client.sendAsync(DeviceToken.of(phone.token()), call()));
      assertThrows(CancellationException.class, () -> push.join().get(10, TimeUnit.SECONDS));
    }
    assertEquals(List.of(), apns.requests());
    assertEquals(List.of(), apns.unprocessedRequests());
  }
}
