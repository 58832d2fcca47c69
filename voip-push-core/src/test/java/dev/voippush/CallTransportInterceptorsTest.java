// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.await;
import static dev.voippush.TestClients.call;
import static dev.voippush.TestClients.failureOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import okhttp3.Call;
import okhttp3.Dns;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Interceptors of a user's OkHttpClient that fail, hide and hold up: nothing stays behind. */
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
    return builder(new OkHttpClient.Builder().addInterceptor(interceptor)).build();
  }

  private VoipPushClient.Builder builder(OkHttpClient.Builder users) throws Exception {
    return VoipPushClient.builder()
        .credentials(VirtualClient.signingKey())
        .bundleId("com.example.app")
        .endpoint(apns.endpoint())
        .trustedCertificates(apns.root())
        .httpClient(users.build())
        .attemptTimeout(Duration.ofSeconds(40)) // longer than is waited here
        .closeTimeout(Duration.ofSeconds(1));
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

  /** Hides what failed in an exception of its own, and lets it be seen. */
  private static Interceptor wrapping(Consumer<IOException> seen) {
    return chain -> {
      try {
        return chain.proceed(chain.request());
      } catch (IOException e) {
        seen.accept(e);
        throw new IOException("wrapped", e);
      }
    };
  }

  @Test
  void connectionsUnderAnInterceptorThatWrapsExceptions() throws Exception {
    try (VoipPushClient client = client(wrapping(e -> {}))) {
      client.connect().get(20, TimeUnit.SECONDS);
      client.replaceCredentials(VirtualClient.signingKey());
      client.connect().get(20, TimeUnit.SECONDS);
      assertAccepted(client);
    }
    assertEquals(2, apns.connections().size());
    assertEquals(2, apns.requests().get(0).connection());
  }

  /** A server of one stream at a time, which answers the second request when this is over. */
  private void oneAtATime(CountDownLatch noRoom) {
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void opened(RawApns.Connection connection) throws IOException {
            connection.settings(RawApns.MAX_CONCURRENT_STREAMS, 1);
          }

          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            if (apns.requests().size() == 2) {
              TestClients.await(noRoom);
            }
            connection.answer(request);
          }
        });
  }

  /** The second finds no room, which is no failure. */
  private static void assertTwoAreAccepted(VoipPushClient client) throws Exception {
    var first = client.sendAsync(PHONE, call());
    var second = client.sendAsync(PHONE, call());
    assertEquals(1, first.get(20, TimeUnit.SECONDS).attempts());
    assertEquals(1, second.get(20, TimeUnit.SECONDS).attempts());
  }

  private static Interceptor watching(CountDownLatch noRoom) {
    return wrapping(
        e -> {
          if (ConnectFailures.has(e, DialGate.NoRoomException.class)) {
            noRoom.countDown();
          }
        });
  }

  @Test
  void fullConnectionUnderAnInterceptorThatWrapsExceptions() throws Exception {
    CountDownLatch noRoom = new CountDownLatch(1);
    oneAtATime(noRoom);
    try (VoipPushClient client = client(watching(noRoom))) {
      assertAccepted(client); // now there may be two at once
      assertTwoAreAccepted(client);
    }
    assertEquals(1, apns.connections().size());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void fullConnectionWhenNamesAreNotLookedUpAnyMore(boolean hangs) throws Exception {
    CountDownLatch noRoom = new CountDownLatch(1);
    CountDownLatch outage = new CountDownLatch(1);
    CountDownLatch outageIsOver = new CountDownLatch(1);
    oneAtATime(noRoom);
    Dns dns =
        name -> {
          if (outage.getCount() == 0) {
            if (hangs) {
              TestClients.await(outageIsOver);
            }
            throw new UnknownHostException(name);
          }
          return Dns.SYSTEM.lookup(name);
        };
    try (VoipPushClient client =
        builder(new OkHttpClient.Builder().addInterceptor(watching(noRoom)).dns(dns)).build()) {
      assertAccepted(client);
      outage.countDown();
      assertTwoAreAccepted(client);
    } finally {
      outageIsOver.countDown();
    }
    assertEquals(1, apns.connections().size());
  }

  @Test
  void connectionUnderAnInterceptorThatAnswersByItself() throws Exception {
    Interceptor answering =
        chain -> {
          try {
            return chain.proceed(chain.request());
          } catch (IOException e) {
            return TestClients.unavailable(chain.request());
          }
        };
    try (VoipPushClient client = client(answering)) {
      client.connect().get(20, TimeUnit.SECONDS);
      assertAccepted(client);
    }
  }

  @Test
  void serverOutOfReachUnderAnInterceptorThatAnswersByItself() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Interceptor answering =
        chain -> {
          calls.incrementAndGet();
          return TestClients.unavailable(chain.request());
        };
    try (VoipPushClient client = client(answering)) {
      VoipPushException e = failureOf(client.connect());
      assertEquals(Delivery.NOT_SENT, e.delivery());
      assertTrue(e.getMessage().contains("an interceptor"), e.getMessage());
    }
    assertEquals(1, calls.get());
  }

  /** Holds up the first call when there is a connection, but the transport has not heard of it. */
  private static final class Hold implements Interceptor {
    private final CountDownLatch holding = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    @Override
    public Response intercept(Chain chain) throws IOException {
      if (holding.getCount() > 0) {
        holding.countDown();
        TestClients.await(released);
      }
      return chain.proceed(chain.request());
    }
  }

  @Test
  void connectionThatComesAboutWhenAllIsClosed() throws Exception {
    Hold hold = new Hold();
    VoipPushClient client =
        builder(new OkHttpClient.Builder().addNetworkInterceptor(hold))
            .closeTimeout(Duration.ZERO)
            .build();
    var unused = client.sendAsync(PHONE, call());
    TestClients.await(hold.holding);
    client.close();
    hold.released.countDown();
    await(() -> !apns.connections().get(0).isOpen());
    assertEquals(List.of(), apns.requests());
  }

  @Test
  void connectionThatComesAboutWhenItsCredentialsWereReplaced() throws Exception {
    Hold hold = new Hold();
    try (VoipPushClient client =
        builder(new OkHttpClient.Builder().addNetworkInterceptor(hold))
            .connectTimeout(Duration.ofSeconds(5))
            .build()) {
      CompletableFuture<Void> connected = client.connect();
      TestClients.await(hold.holding);
      assertEquals(Failure.CONNECT, failureOf(connected).failure());
      client.replaceCredentials(VirtualClient.signingKey());
      client.connect().get(20, TimeUnit.SECONDS);
      hold.released.countDown();
      await(() -> !apns.connections().get(0).isOpen());
    }
  }

  /** OkHttp tries the next address by itself if the connection ends before the request begins. */
  @Test
  void secondConnectionOfACall() throws Exception {
    CountDownLatch goneAway = new CountDownLatch(1);
    CountDownLatch asked = new CountDownLatch(1);
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void request(RawApns.Connection connection, RawApns.Request request) {
            asked.countDown();
          }

          @Override
          public void frame(RawApns.Connection connection, RawApns.Frame frame) {
            if (frame.type() == RawApns.PING) {
              goneAway.countDown();
            }
          }
        });
    EventListener ending =
        new EventListener() {
          @Override
          public void requestHeadersStart(Call call) {
            if (goneAway.getCount() > 0) {
              try {
                RawApns.Connection connection = apns.connections().get(0);
                connection.goAway(0, 0);
                connection.ping(1);
                connection.flush();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
              TestClients.await(goneAway);
            }
          }
        };
    AtomicInteger connections = new AtomicInteger();
    VoipPushClient client =
        builder(
                new OkHttpClient.Builder()
                    .eventListener(ending)
                    .dns(name -> Collections.nCopies(2, InetAddress.getLoopbackAddress())))
            .closeTimeout(Duration.ZERO)
            .listener(
                new PushListener() {
                  @Override
                  public void connected(Duration took) {
                    connections.incrementAndGet();
                  }
                })
            .build();
    var unused = client.sendAsync(PHONE, call());
    TestClients.await(asked);
    assertEquals(2, apns.connections().size());
    await(() -> connections.get() == 2);
    client.close();
    await(() -> !apns.connections().get(1).isOpen());
  }
}
