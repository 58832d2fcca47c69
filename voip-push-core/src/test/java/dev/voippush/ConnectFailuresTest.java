// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.call;
import static dev.voippush.TestClients.failureOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is said when there is no connection, on either transport: the fault, the likely reason and a
 * link. {@link ProxyTest} has the proxies of the default transport.
 */
@ParameterizedClass
@EnumSource
@Timeout(60)
class ConnectFailuresTest {
  private static final Duration SHORT = Duration.ofSeconds(1);

  private static ApnsSimulator apns;

  private final VoipPushClientTest.Kind kind;

  ConnectFailuresTest(VoipPushClientTest.Kind kind) {
    this.kind = kind;
  }

  @BeforeAll
  static void startApns() {
    apns = ApnsSimulator.start();
  }

  @AfterAll
  static void closeApns() {
    apns.close();
  }

  private VoipPushClient.Builder builder(ApnsCredentials credentials, URI endpoint) {
    return kind.choose(VoipPushClient.builder())
        .credentials(credentials)
        .bundleId("com.example.app")
        .endpoint(endpoint)
        .closeTimeout(Duration.ofSeconds(1));
  }

  private VoipPushClient.Builder builder(URI endpoint, X509Certificate... trusted)
      throws Exception {
    return builder(TestClients.certificate(apns), endpoint).trustedCertificates(trusted);
  }

  private static URI localhost(int port) {
    return URI.create("https://localhost:" + port);
  }

  /** Why connecting fails; with the link, a line, and nothing that was sent. */
  private static String fault(VoipPushClient.Builder builder, Failure failure, String anchor) {
    try (VoipPushClient client = builder.build()) {
      return fault(client.connect(), failure, anchor);
    }
  }

  private static String fault(CompletableFuture<Void> connect, Failure failure, String anchor) {
    VoipPushException e = failureOf(connect);
    assertEquals(failure, e.failure(), e.toString());
    assertEquals(Delivery.NOT_SENT, e.delivery());
    String message = e.getMessage();
    assertFalse(message.contains("\n"), message);
    assertTrue(message.endsWith(" (docs/troubleshooting.md#" + anchor + ")"), message);
    assertEquals(message.indexOf("(docs/"), message.lastIndexOf("(docs/"), "one link");
    return message;
  }

  /** The same is said of a push, which is not tried again as that cannot help. */
  private static void assertEndsAPush(VoipPushClient.Builder builder, String message)
      throws Exception {
    DeviceToken phone = DeviceToken.of(apns.registerPhone().token());
    try (VoipPushClient client = builder.build()) {
      VoipPushException e = assertThrows(VoipPushException.class, () -> client.send(phone, call()));
      assertEquals(Failure.TLS, e.failure());
      assertEquals(1, e.attempts());
      assertTrue(e.getMessage().startsWith(message + " (call "), e.getMessage());
    }
  }

  /** Answers the ClientHello with these bytes, then closes. */
  private static RelayServer answering(byte... bytes) throws IOException {
    return new RelayServer(0) {
      @Override
      Socket open(Socket client) throws IOException {
        DataInputStream in = new DataInputStream(client.getInputStream());
        in.readNBytes(3);
        in.readNBytes(in.readUnsignedShort()); // all of it, or TCP would reset
        client.getOutputStream().write(bytes);
        return null;
      }
    };
  }

  /** Answers the ClientHello with a fatal alert. */
  private static RelayServer alerting(byte code) throws IOException {
    return answering((byte) 0x15, (byte) 3, (byte) 3, (byte) 0, (byte) 2, (byte) 2, code);
  }

  @ParameterizedTest
  @CsvSource({
    "45,certificate_expired,client-certificate-expired",
    "44,certificate_revoked,client-certificate-revoked",
    "48,unknown_ca,client-certificate-of-an-unknown-issuer",
    "42,bad_certificate,client-certificate-refused",
    "43,unsupported_certificate,client-certificate-refused",
    "46,certificate_unknown,client-certificate-refused",
    "49,access_denied,client-certificate-refused",
    "40,handshake_failure,client-certificate-refused",
  })
  void alertAboutCertificates(byte code, String name, String anchor) throws Exception {
    try (RelayServer server = alerting(code)) {
      URI endpoint = localhost(server.port());
      String message = fault(builder(endpoint), Failure.TLS, anchor);
      assertTrue(message.startsWith("localhost:" + server.port() + ": the server "), message);
      assertTrue(message.contains("(TLS alert " + name + ")"), message);
      assertEndsAPush(builder(endpoint), message);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "70,protocol_version,refused-during-the-tls-handshake",
    "120,no_application_protocol,no-http2",
  })
  void otherAlert(byte code, String name, String anchor) throws Exception {
    try (RelayServer server = alerting(code)) {
      String message = fault(builder(localhost(server.port())), Failure.TLS, anchor);
      assertTrue(message.contains("(TLS alert " + name + ")"), message);
    }
  }

  /** In TLS 1.3 the alert comes after the client's handshake. */
  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void certificateThatTheServerRefuses(String protocol) throws Exception {
    try (TlsServer server = new TlsServer().protocol(protocol).refusesCertificates().start()) {
      VoipPushClient.Builder builder = builder(server.endpoint(), server.root());
      String message = fault(builder, Failure.TLS, "client-certificate-refused");
      assertTrue(message.contains("(TLS alert certificate_unknown)"), message);
      assertEndsAPush(builder, message);
    }
  }

  @Test
  void signingKeyWhereACertificateIsWanted() throws Exception {
    try (TlsServer server = new TlsServer().refusesCertificates().start()) {
      fault(
          builder(TestClients.signingKey(apns), server.endpoint())
              .trustedCertificates(server.root()),
          Failure.TLS,
          "client-certificate-refused");
    }
  }

  @Test
  void serverOfAnAuthorityThatIsNotTrusted() throws Exception {
    String message = fault(builder(apns.endpoint()), Failure.TLS, "server-not-trusted");
    assertTrue(message.startsWith("127.0.0.1:" + apns.port() + ": the issuer of"), message);
    assertTrue(message.contains("PKIX path building failed"), message);
    assertTrue(message.contains("issued by C=US,O=Example"), message);
    assertTrue(message.contains("CN=Voip-push Simulator Root CA"), message);
    assertTrue(message.contains("trustedCertificates(...)"), message);
  }

  @Test
  void serverWhoseCertificateHasExpired() throws Exception {
    Instant yesterday = Instant.now().minus(Duration.ofDays(1));
    try (TlsServer server = new TlsServer().notAfter(yesterday).start()) {
      VoipPushClient.Builder builder = builder(server.endpoint(), server.root());
      String message = fault(builder, Failure.TLS, "server-certificate-expired");
      assertTrue(message.contains("CN=Server of the test, issued by CN=Root of"), message);
      assertTrue(message.contains("clock"), message);
      assertEndsAPush(builder, message);
    }
  }

  @Test
  void serverOfAnotherName() throws Exception {
    try (TlsServer server = new TlsServer().hostName("relay.example").start()) {
      VoipPushClient.Builder builder = builder(server.endpoint(), server.root());
      String message = fault(builder, Failure.TLS, "server-certificate-of-another-name");
      assertTrue(message.contains("localhost"), message);
      assertEndsAPush(builder, message);
    }
  }

  @Test
  void serverWithoutHttp2() throws Exception {
    try (TlsServer server = new TlsServer().withoutHttp2().start();
        TlsServer closing = new TlsServer().withoutHttp2().closesAfterHandshake().start()) {
      fault(builder(server.endpoint(), server.root()), Failure.PROTOCOL, "no-http2");
      fault(builder(closing.endpoint(), closing.root()), Failure.PROTOCOL, "no-http2");
    }
  }

  @Test
  void serverWithoutTls() throws Exception {
    byte[] plain = "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    try (RelayServer server = answering(plain)) {
      String message = fault(builder(localhost(server.port())), Failure.TLS, "no-http2");
      assertTrue(message.contains("does not speak TLS"), message);
    }
  }

  @Test
  void serverThatClosesInOrAfterTheHandshake() throws Exception {
    String anchor = "refused-during-the-tls-handshake";
    try (RelayServer during = answering();
        TlsServer after = new TlsServer().closesAfterHandshake().start()) {
      String message = fault(builder(localhost(during.port())), Failure.TLS, anchor);
      assertTrue(message.contains(": the server ended the connection during the TLS"), message);
      message = fault(builder(after.endpoint(), after.root()), Failure.TLS, anchor);
      assertTrue(message.contains(": the server ended the connection after the TLS"), message);
    }
  }

  @Test
  void nothingListening() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    String message =
        fault(
            builder(URI.create("https://127.0.0.1:" + port)),
            Failure.CONNECT,
            "connection-refused");
    assertTrue(message.startsWith("127.0.0.1:" + port + ": Connection refused; "), message);
    assertTrue(message.contains("2197"), message);
  }

  /** All at once, as each takes the whole timeout. */
  @Test
  void whoeverDoesNotAnswerIsNamed() throws Exception {
    Duration timeout = Duration.ofSeconds(3);
    InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    try (DeadAddress noTcp =
            new DeadAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 2}), 0);
        ServerSocket noTls = new ServerSocket(0, 50, loopback);
        TlsServer noHttp2 = new TlsServer().start();
        ProxyServer noProxy = ProxyServer.of(Proxy.Type.HTTP).mood(ProxyServer.Mood.HANG)) {
      String dead = "127.0.0.2:" + noTcp.address().getPort();
      String silent = "127.0.0.1:" + noTls.getLocalPort();
      try (VoipPushClient first =
              builder(URI.create("https://" + dead)).connectTimeout(timeout).build();
          VoipPushClient second =
              builder(URI.create("https://" + silent)).connectTimeout(timeout).build();
          VoipPushClient third =
              builder(noHttp2.endpoint(), noHttp2.root()).connectTimeout(timeout).build();
          VoipPushClient fourth = proxied(noProxy).connectTimeout(timeout).build()) {
        CompletableFuture<Void> toDead = first.connect();
        CompletableFuture<Void> toSilent = second.connect();
        CompletableFuture<Void> toHttp2 = third.connect();
        CompletableFuture<Void> toProxy = fourth.connect();

        String message = fault(toDead, Failure.CONNECT, "unreachable");
        assertTrue(message.startsWith(dead + ": "), message);
        assertTrue(message.contains("TCP is neither accepted nor refused"), message);
        assertTrue(message.contains("port 443, then allow it, or 2197"), message);

        message = fault(toSilent, Failure.CONNECT, "silent-server");
        assertTrue(message.startsWith(silent + ": no connection within PT3S"), message);
        assertTrue(message.contains("does not answer in TLS"), message);

        message = fault(toHttp2, Failure.CONNECT, "silent-server");
        assertTrue(message.contains("says nothing in HTTP/2"), message);

        message = fault(toProxy, Failure.CONNECT, "proxy");
        assertTrue(message.startsWith("proxy "), message);
        assertTrue(message.contains("127.0.0.1:" + noProxy.port()), message);
        assertTrue(message.contains(" has not connected: no connection within PT3S"), message);
      }
    }
  }

  /** Why connecting to {@code apns.example} fails with this lookup of names. */
  private String faultOf(Dialer.Resolver resolver) throws Exception {
    if (kind == VoipPushClientTest.Kind.CALL) {
      OkHttpClient users =
          new OkHttpClient.Builder().dns(name -> List.of(resolver.resolve(name))).build();
      return fault(
          builder(URI.create("https://apns.example")).httpClient(users).connectTimeout(SHORT),
          Failure.CONNECT,
          "host-name-not-resolved");
    }
    PushCertificate certificate = TestClients.certificate(apns);
    Identity identity = new Identity(certificate, TlsSettings.of(certificate, List.of()));
    Dialer dialer =
        new Dialer("apns.example", 443, new ProxySettings(Proxy.NO_PROXY, null), resolver);
    DeadlineTimer timer = new DeadlineTimer();
    Callbacks callbacks = new Callbacks(timer);
    StreamTransport transport =
        new StreamTransport(
            new StreamTransport.Config(
                dialer,
                "apns.example",
                "t",
                SHORT,
                SHORT,
                1,
                1,
                callbacks,
                timer,
                TestClients.NOBODY),
            identity);
    try {
      VoipPushException e = failureOf(transport.connect());
      assertEquals(Failure.CONNECT, e.failure());
      String message = e.getMessage();
      assertTrue(message.endsWith(" (docs/troubleshooting.md#host-name-not-resolved)"), message);
      return message;
    } finally {
      transport.close(Duration.ZERO);
      timer.close();
      callbacks.close();
    }
  }

  @Test
  void hostNameUnknown() throws Exception {
    String message =
        faultOf(
            name -> {
              throw new UnknownHostException(name + ": Name or service not known");
            });
    assertTrue(
        message.startsWith(
            "apns.example:443: the host name cannot be resolved: apns.example: Name or service"),
        message);
  }

  @Test
  void nameServerThatDoesNotAnswer() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    try {
      String message =
          faultOf(
              name -> {
                try {
                  never.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                throw new UnknownHostException(name);
              });
      assertTrue(message.startsWith("apns.example:443: no connection within PT1S"), message);
      assertTrue(message.contains("name is not looked up"), message);
    } finally {
      never.countDown();
    }
  }

  /** Through an HTTP proxy: ours by default, OkHttp's with a client of the user's. */
  private VoipPushClient.Builder proxied(ProxyServer proxy) throws Exception {
    VoipPushClient.Builder builder =
        builder(localhost(apns.port()), apns.credentials().caCertificate());
    return kind == VoipPushClientTest.Kind.CALL
        ? builder.httpClient(new OkHttpClient.Builder().proxy(proxy.proxy()).build())
        : builder.proxy(proxy.proxy());
  }

  private String faultOfProxy(ProxyServer proxy) throws Exception {
    String message = fault(proxied(proxy), Failure.CONNECT, "proxy");
    assertTrue(message.startsWith("proxy "), message);
    assertTrue(message.contains("127.0.0.1:" + proxy.port()), message);
    return message;
  }

  @Test
  void proxyThatDoesNotLetThrough() throws Exception {
    try (ProxyServer proxy = ProxyServer.of(Proxy.Type.HTTP)) {
      proxy.mood(ProxyServer.Mood.REFUSE);
      String message = faultOfProxy(proxy);
      assertTrue(message.contains("connect to localhost:" + apns.port() + ": "), message);
      assertTrue(message.contains("502"), message);

      proxy.mood(ProxyServer.Mood.CONNECT).requireCredentials("alice", "secret");
      message = faultOfProxy(proxy);
      assertTrue(message.contains("wants authentication (407): set "), message);
    }
  }

  @Test
  void proxyThatIsNotThere() throws Exception {
    ProxyServer gone;
    try (ProxyServer proxy = ProxyServer.of(Proxy.Type.HTTP)) {
      gone = proxy;
    }
    String message = faultOfProxy(gone);
    assertTrue(message.contains(" cannot be reached: Connection refused"), message);
  }
}
