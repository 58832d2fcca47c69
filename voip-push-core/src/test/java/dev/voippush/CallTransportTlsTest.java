// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.call;
import static dev.voippush.TestClients.failureOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.simulator.ApnsSimulator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import okhttp3.Call;
import okhttp3.CertificatePinner;
import okhttp3.CipherSuite;
import okhttp3.ConnectionSpec;
import okhttp3.EventListener;
import okhttp3.Handshake;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.TlsVersion;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** With a user's own OkHttpClient, TLS is as strong as without, whatever that client is set to. */
@Timeout(30)
class CallTransportTlsTest {
  private static final X509TrustManager TRUSTING_ALL =
      new X509TrustManager() {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
          return new X509Certificate[0];
        }
      };

  private static ApnsSimulator apns;
  private static ApnsSimulator untrusted;
  private static DeviceToken device;

  @BeforeAll
  static void start() {
    apns = ApnsSimulator.start();
    untrusted = ApnsSimulator.start();
    device = DeviceToken.of(apns.registerPhone().token());
  }

  @AfterAll
  static void close() {
    apns.close();
    untrusted.close();
  }

  private static SSLSocketFactory socketsTrustingAll() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {TRUSTING_ALL}, new SecureRandom());
    return context.getSocketFactory();
  }

  /** Ways in which a user can try to have no certificate and no host name checked. */
  enum Lax {
    BY_SETTINGS {
      @Override
      OkHttpClient.Builder client() throws Exception {
        return new OkHttpClient.Builder()
            .sslSocketFactory(socketsTrustingAll(), TRUSTING_ALL)
            .hostnameVerifier((host, session) -> true);
      }
    },
    BY_INTERCEPTOR {
      @Override
      OkHttpClient.Builder client() throws Exception {
        SSLSocketFactory sockets = socketsTrustingAll();
        return new OkHttpClient.Builder()
            .addInterceptor(
                chain ->
                    chain
                        .withSslSocketFactory(sockets, TRUSTING_ALL)
                        .withHostnameVerifier((host, session) -> true)
                        .proceed(chain.request()));
      }
    },
    BY_INTERCEPTOR_OF_NAMES {
      @Override
      OkHttpClient.Builder client() {
        return new OkHttpClient.Builder()
            .addInterceptor(
                chain ->
                    chain.withHostnameVerifier((host, session) -> true).proceed(chain.request()));
      }
    };

    abstract OkHttpClient.Builder client() throws Exception;
  }

  private static VoipPushClient.Builder builder(OkHttpClient users) throws Exception {
    return TestClients.builder(apns, TestClients.signingKey(apns))
        .bundleId(apns.credentials().bundleId())
        .httpClient(users);
  }

  /** Neither connecting nor pushing works, and neither server has seen a request. */
  private static VoipPushException assertNothingSent(VoipPushClient.Builder builder)
      throws Exception {
    int before = apns.streamsOpened();
    try (VoipPushClient client = builder.build()) {
      CallPayload brief =
          CallPayload.incoming(UUID.randomUUID()).ringFor(Duration.ofSeconds(1)).build();
      var push = client.sendAsync(device, brief);
      VoipPushException connecting = failureOf(client.connect());
      VoipPushException failure = failureOf(push);
      assertEquals(Delivery.NOT_SENT, failure.delivery(), failure.toString());
      assertEquals(before, apns.streamsOpened());
      assertEquals(0, untrusted.streamsOpened());
      return connecting;
    }
  }

  @ParameterizedTest
  @EnumSource
  void untrustedServerGetsNothing(Lax lax) throws Exception {
    VoipPushException failure =
        assertNothingSent(builder(lax.client().build()).endpoint(untrusted.endpoint()));
    assertEquals(Failure.TLS, failure.failure(), failure.toString());
  }

  @ParameterizedTest
  @EnumSource
  void serverOfAnotherNameGetsNothing(Lax lax) throws Exception {
    OkHttpClient users =
        lax.client().dns(name -> List.of(InetAddress.getLoopbackAddress())).build();
    VoipPushException failure =
        assertNothingSent(
            builder(users).endpoint(URI.create("https://apns.example:" + apns.port())));
    assertEquals(Failure.TLS, failure.failure(), failure.toString());
  }

  @Test
  void interceptorCannotSendToAnUntrustedServer() throws Exception {
    VoipPushException failure = assertNothingSent(builder(rewriting("https", untrusted.port())));
    assertEquals(Failure.TLS, failure.failure(), failure.toString());
  }

  @Test
  void interceptorCannotSendInCleartext() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      assertNothingSent(builder(rewriting("http", listener.getLocalPort())));
      listener.setSoTimeout(1);
      assertFalse(isConnected(listener), "it has connected without TLS");
    }
  }

  private static boolean isConnected(ServerSocket listener) throws IOException {
    try (Socket client = listener.accept()) {
      return client.isConnected();
    } catch (SocketTimeoutException e) {
      return false;
    }
  }

  private static OkHttpClient rewriting(String scheme, int port) {
    Interceptor interceptor =
        chain -> {
          HttpUrl url = chain.request().url().newBuilder().scheme(scheme).port(port).build();
          return chain.proceed(chain.request().newBuilder().url(url).build());
        };
    return new OkHttpClient.Builder().addInterceptor(interceptor).build();
  }

  @Test
  void protocolsVersionsAndCipherSuitesAreNotTheUsers() throws Exception {
    Set<TlsVersion> versions = ConcurrentHashMap.newKeySet();
    ConnectionSpec old =
        new ConnectionSpec.Builder(ConnectionSpec.COMPATIBLE_TLS)
            .tlsVersions(TlsVersion.TLS_1_1, TlsVersion.TLS_1_0)
            .cipherSuites(CipherSuite.TLS_RSA_WITH_AES_128_CBC_SHA)
            .build();
    OkHttpClient users =
        new OkHttpClient.Builder()
            .protocols(List.of(Protocol.HTTP_1_1))
            .connectionSpecs(List.of(old, ConnectionSpec.CLEARTEXT))
            .eventListener(
                new EventListener() {
                  @Override
                  public void secureConnectEnd(Call call, Handshake handshake) {
                    versions.add(handshake.tlsVersion());
                  }
                })
            .build();
    try (VoipPushClient client = builder(users).build()) {
      assertTrue(client.send(device, call()).accepted());
    }
    assertEquals(Set.of(TlsVersion.TLS_1_3), versions);
  }

  @Test
  void certificatePinsAreKept() throws Exception {
    OkHttpClient users =
        new OkHttpClient.Builder()
            .certificatePinner(
                new CertificatePinner.Builder()
                    .add("127.0.0.1", "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
                    .build())
            .build();
    VoipPushException failure = assertNothingSent(builder(users));
    assertEquals(Failure.TLS, failure.failure(), failure.toString());
  }
}
