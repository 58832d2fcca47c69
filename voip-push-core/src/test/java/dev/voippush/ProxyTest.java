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
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pushes through HTTP and SOCKS proxies, judged by what proxy and server have seen. */
@ParameterizedClass
@EnumSource(names = {"HTTP", "SOCKS"})
@Timeout(60)
class ProxyTest {
  private static final String PASSWORD = "s3cret:päss";

  private static final Duration TIMEOUT = Duration.ofMillis(500);

  @Parameter Proxy.Type type;

  private static ApnsSimulator apns;

  private ProxyServer proxy;
  private int connectionsBefore;

  @BeforeAll
  static void startApns() {
    apns = ApnsSimulator.start();
  }

  @AfterAll
  static void closeApns() {
    apns.close();
  }

  @BeforeEach
  void startProxy() throws Exception {
    proxy = ProxyServer.of(type);
    connectionsBefore = apns.connectionsAccepted();
  }

  @AfterEach
  void closeProxy() throws Exception {
    proxy.close();
  }

  private int connections() {
    return apns.connectionsAccepted() - connectionsBefore;
  }

  /** A client that names the server by its name, not by its address. */
  private VoipPushClient.Builder direct() throws Exception {
    return TestClients.builder(apns, TestClients.certificate(apns))
        .endpoint(URI.create("https://localhost:" + apns.port()));
  }

  private VoipPushClient.Builder proxied() throws Exception {
    return direct().proxy(proxy.proxy());
  }

  private static CallPayload shortCall() {
    return CallPayload.incoming(UUID.randomUUID()).ringFor(Duration.ofSeconds(1)).build();
  }

  private PushResult push(VoipPushClient client) throws VoipPushException {
    return client.send(DeviceToken.of(apns.registerPhone().token()), call());
  }

  /** There are as many connections to APNs as the proxy has made. */
  private void assertPushedThroughTheProxy(VoipPushClient client) throws Exception {
    int before = proxy.targets().size();
    assertTrue(push(client).accepted());
    assertTrue(push(client).accepted());
    assertEquals(before + 1, proxy.targets().size());
    assertEquals("localhost:" + apns.port(), proxy.targets().get(before), "looked up by the proxy");
    assertEquals(1, connections());
  }

  /** Neither connecting nor pushing works; returns what is said of the reason. */
  private String assertNoWay(VoipPushClient client) throws Exception {
    DeviceToken phone = DeviceToken.of(apns.registerPhone().token());
    CompletableFuture<PushResult> push = client.sendAsync(phone, shortCall());
    long start = System.nanoTime();
    VoipPushException connecting = failureOf(client.connect());
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    assertTrue(took.compareTo(TIMEOUT.plusSeconds(3)) < 0, "took " + took);
    assertEquals(Failure.CONNECT, connecting.failure(), connecting.toString());
    assertEquals(Delivery.NOT_SENT, connecting.delivery());
    VoipPushException pushing = failureOf(push);
    assertEquals(Delivery.NOT_SENT, pushing.delivery());
    assertTrue(pushing.getMessage().contains(connecting.getMessage()), pushing.getMessage());
    assertEquals(0, connections());
    return connecting.getMessage();
  }

  private void assertNamesTheProxy(String message) {
    assertNamesTheProxy(message, proxy.port());
  }

  private static void assertNamesTheProxy(String message, int port) {
    assertTrue(message.contains("proxy"), message);
    assertTrue(message.contains("127.0.0.1:" + port), message);
    assertTrue(message.endsWith(" (docs/troubleshooting.md#proxy)"), message);
  }

  @Test
  void withoutCredentials() throws Exception {
    try (VoipPushClient client = proxied().build()) {
      assertPushedThroughTheProxy(client);
    }
  }

  @Test
  void withCredentials() throws Exception {
    proxy.requireCredentials("alice", PASSWORD);
    char[] password = PASSWORD.toCharArray();
    VoipPushClient.Builder builder = proxied().proxyCredentials("alice", password);
    Arrays.fill(password, '\0');
    try (VoipPushClient client = builder.build()) {
      assertPushedThroughTheProxy(client);
    }
  }

  @Test
  void credentialsThatAreNotAskedFor() throws Exception {
    try (VoipPushClient client =
        proxied().proxyCredentials("alice", PASSWORD.toCharArray()).build()) {
      assertPushedThroughTheProxy(client);
    }
  }

  @Test
  void numericServer() throws Exception {
    try (VoipPushClient client = proxied().endpoint(apns.endpoint()).build()) {
      assertTrue(push(client).accepted());
      assertEquals(List.of("127.0.0.1:" + apns.port()), proxy.targets());
    }
  }

  @Test
  void proxyByName() throws Exception {
    InetSocketAddress byName = InetSocketAddress.createUnresolved("localhost", proxy.port());
    try (VoipPushClient client = direct().proxy(new Proxy(type, byName)).build()) {
      assertPushedThroughTheProxy(client);
    }
  }

  @Test
  void wrongPassword() throws Exception {
    proxy.requireCredentials("alice", "another");
    try (VoipPushClient client =
        proxied().proxyCredentials("alice", PASSWORD.toCharArray()).build()) {
      String message = assertNoWay(client);
      assertNamesTheProxy(message);
      assertTrue(message.contains(type == Proxy.Type.HTTP ? "407" : "SOCKS"), message);
      assertTrue(message.contains("user or password"), message);
      VoipPushException e = failureOf(client.connect());
      StringWriter everything = new StringWriter();
      e.printStackTrace(new PrintWriter(everything, true));
      assertFalse((everything + client.toString()).contains(PASSWORD), everything.toString());
    }
  }

  @Test
  void missingCredentials() throws Exception {
    proxy.requireCredentials("alice", PASSWORD);
    try (VoipPushClient client = proxied().build()) {
      String message = assertNoWay(client);
      assertNamesTheProxy(message);
      assertTrue(message.contains(type == Proxy.Type.HTTP ? "407" : "SOCKS"), message);
      assertTrue(message.contains("proxyCredentials"), message);
    }
  }

  @ParameterizedTest
  @EnumSource(names = "CONNECT", mode = EnumSource.Mode.EXCLUDE)
  void proxyInABadMood(ProxyServer.Mood mood) throws Exception {
    proxy.mood(mood);
    try (VoipPushClient client = proxied().connectTimeout(TIMEOUT).build()) {
      String message = assertNoWay(client);
      switch (mood) {
        case REFUSE -> {
          assertNamesTheProxy(message);
          assertTrue(message.contains("localhost:" + apns.port()), message);
          assertTrue(message.contains(type == Proxy.Type.HTTP ? "502" : "reply 5"), message);
        }
        case GARBAGE, CLOSE, HANG -> assertNamesTheProxy(message);
        default -> assertTrue(message.contains(TIMEOUT.toString()), message);
      }
      proxy.mood(ProxyServer.Mood.CONNECT);
      assertPushedThroughTheProxy(client);
    }
  }

  @Test
  void noProxyThere() throws Exception {
    try (RefusingPort nobody = new RefusingPort();
        VoipPushClient client = direct().proxy(new Proxy(type, nobody.address())).build()) {
      String message = assertNoWay(client);
      assertNamesTheProxy(message, nobody.port());
      assertTrue(message.contains("Connection refused"), message);
    }
  }

  @Test
  void closingEndsADialThatHangs() throws Exception {
    proxy.mood(ProxyServer.Mood.HANG);
    VoipPushClient client = proxied().connectTimeout(Duration.ofMinutes(1)).build();
    var connected = client.connect();
    var pushed = client.sendAsync(DeviceToken.of(apns.registerPhone().token()), call());
    client.close();
    assertEquals(Failure.CLOSED, failureOf(connected).failure());
    assertEquals(Failure.CLOSED, failureOf(pushed).failure());
  }

  /** The JVM's own setting, as {@code -Dhttps.proxyHost} makes it. */
  private final class Selector extends ProxySelector {
    @Override
    public List<Proxy> select(URI uri) {
      return uri.equals(URI.create("https://localhost:" + apns.port()))
          ? List.of(proxy.proxy())
          : List.of(Proxy.NO_PROXY);
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException e) {}
  }

  @Test
  void proxyOfTheJvm() throws Exception {
    ProxySelector before = ProxySelector.getDefault();
    ProxySelector.setDefault(new Selector());
    try (VoipPushClient client = direct().build()) {
      assertPushedThroughTheProxy(client);
    } finally {
      ProxySelector.setDefault(before);
    }
  }

  @Test
  void noProxyInSpiteOfTheJvm() throws Exception {
    ProxySelector before = ProxySelector.getDefault();
    ProxySelector.setDefault(new Selector());
    try (VoipPushClient client = direct().proxy(Proxy.NO_PROXY).build()) {
      assertTrue(push(client).accepted());
      assertEquals(0, proxy.connections());
    } finally {
      ProxySelector.setDefault(before);
    }
  }
}
