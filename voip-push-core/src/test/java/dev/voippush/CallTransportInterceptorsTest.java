// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.call;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Interceptors of a user's OkHttpClient that do what they should not: nothing gets stuck. */
@Timeout(60)
class CallTransportInterceptorsTest {
  private static final DeviceToken PHONE = DeviceToken.of("ab".repeat(32));

  private RawApns apns;

  @BeforeEach
  void startApns() throws Exception {
    apns = new RawApns();
  }

  @AfterEach
  void closeApns() throws Exception {
    apns.close();
  }

  private VoipPushClient client(Interceptor interceptor) throws Exception {
    return VoipPushClient.builder()
        .credentials(VirtualClient.signingKey())
        .bundleId("com.example.app")
        .endpoint(apns.endpoint())
        .trustedCertificates(apns.root())
        .httpClient(new OkHttpClient.Builder().addInterceptor(interceptor).build())
        .attemptTimeout(Duration.ofSeconds(40)) // longer than is waited here
        .closeTimeout(Duration.ofSeconds(1))
        .build();
  }

  private static void assertAccepted(VoipPushClient client) throws Exception {
    assertTrue(client.sendAsync(PHONE, call()).get(20, TimeUnit.SECONDS).accepted());
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <E extends Exception> RuntimeException sneaky(Exception e) throws E {
    throw (E) e;
  }

  @Test
  void exceptionThatWasNotDeclared() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Interceptor throwing =
        chain -> {
          if (calls.incrementAndGet() == 1) {
            throw CallTransportInterceptorsTest.<RuntimeException>sneaky(new TimeoutException());
          }
          return chain.proceed(chain.request());
        };
    try (VoipPushClient client = client(throwing)) {
      assertAccepted(client);
    }
    assertEquals(2, calls.get());
    assertEquals(1, apns.requests().size());
  }
}
