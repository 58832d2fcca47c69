// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.await;
import static dev.voippush.TestClients.call;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.ApnsSimulator;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.util.List;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The fixtures do what other tests count on. */
@Timeout(60)
class FixturesTest {
  @Test
  void nobodyConnectsToADeadAddress() throws Exception {
    try (DeadAddress dead =
            new DeadAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 2}), 0);
        Socket socket = new Socket()) {
      assertThrows(SocketTimeoutException.class, () -> socket.connect(dead.address(), 1_000));
    }
  }

  @Test
  void foreignClientGetsThroughTheHttpProxy() throws Exception {
    try (ApnsSimulator apns = ApnsSimulator.start();
        ProxyServer proxy = ProxyServer.of(Proxy.Type.HTTP);
        VoipPushClient client =
            TestClients.builder(apns, TestClients.certificate(apns))
                .httpClient(new OkHttpClient.Builder().proxy(proxy.proxy()).build())
                .build()) {
      DeviceToken phone = DeviceToken.of(apns.registerPhone().token());
      assertTrue(client.send(phone, call()).accepted());
      assertEquals(List.of("127.0.0.1:" + apns.port()), proxy.targets());
    }
  }

  @Test
  void javasOwnClientGetsThroughTheSocksProxy() throws Exception {
    try (ApnsSimulator apns = ApnsSimulator.start();
        ProxyServer proxy = ProxyServer.of(Proxy.Type.SOCKS);
        Socket socket = new Socket(proxy.proxy())) {
      socket.connect(java.net.InetSocketAddress.createUnresolved("localhost", apns.port()), 10_000);
      assertEquals(List.of("localhost:" + apns.port()), proxy.targets());
    }
  }

  @Test
  void relaySilencesPresentConnectionsOnly() throws Exception {
    try (ApnsSimulator apns = ApnsSimulator.start();
        TcpRelay relay = new TcpRelay(0, apns.port());
        VoipPushClient first = client(apns, relay);
        VoipPushClient second = client(apns, relay)) {
      DeviceToken phone = DeviceToken.of(apns.registerPhone().token());
      first.connect().get();
      await(() -> apns.connectionsOpen() == 1); // its own first frames have got through
      relay.silenceConnections();
      assertTrue(second.send(phone, call()).accepted());
      assertEquals(2, relay.connections());
      assertEquals(2, apns.connectionsOpen());
    }
  }

  private static VoipPushClient client(ApnsSimulator apns, TcpRelay relay) throws Exception {
    return TestClients.builder(apns, TestClients.certificate(apns))
        .endpoint(URI.create("https://127.0.0.1:" + relay.port()))
        .build();
  }
}
