// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.ApnsSimulator;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several addresses of one name. Needs all of 127.0.0.0/8 to be this machine, as on Linux. */
@Timeout(60)
class DialerTest {
  private static final InetAddress ALIVE = local(1);
  private static final InetAddress DEAD = local(2);
  private static final InetAddress REFUSING = local(3);

  private static ApnsSimulator apns;
  private static TlsSettings tls;

  @BeforeAll
  static void startApns() throws Exception {
    apns = ApnsSimulator.start();
    tls =
        TlsSettings.of(TestClients.certificate(apns), List.of(apns.credentials().caCertificate()));
  }

  @AfterAll
  static void closeApns() {
    apns.close();
  }

  private static InetAddress local(int last) {
    return address(127, 0, 0, last);
  }

  private static InetAddress address(int... bytes) {
    byte[] address = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      address[i] = (byte) bytes[i];
    }
    try {
      return InetAddress.getByAddress(address);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private Dialer dialer(int port, InetAddress... addresses) throws Exception {
    return dialer(port, host -> addresses);
  }

  private Dialer dialer(int port, Dialer.Resolver resolver) throws Exception {
    return new Dialer("localhost", port, new ProxySettings(Proxy.NO_PROXY, null), resolver);
  }

  private void assertConnects(Dialer dialer) throws IOException {
    long start = System.nanoTime();
    try (SSLSocket socket = dialer.new Dial(tls).open()) {
      assertEquals("h2", socket.getApplicationProtocol());
      assertEquals(ALIVE, ((InetSocketAddress) socket.getRemoteSocketAddress()).getAddress());
    }
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    assertTrue(took.compareTo(Duration.ofSeconds(5)) < 0, "took " + took);
  }

  @Test
  void deadAddressIsNotWaitedFor() throws Exception {
    try (DeadAddress dead = new DeadAddress(DEAD, apns.port())) {
      assertEquals(apns.port(), dead.address().getPort());
      assertConnects(dialer(apns.port(), DEAD, DEAD, ALIVE));
    }
  }

  @Test
  void refusingAddressIsPassedOver() throws Exception {
    assertConnects(dialer(apns.port(), REFUSING, ALIVE));
    assertConnects(dialer(apns.port(), ALIVE, REFUSING));
  }

  @Test
  void allRefuse() throws Exception {
    ConnectException e =
        assertThrows(
            ConnectException.class, dialer(apns.port(), REFUSING, local(4)).new Dial(tls)::open);
    assertTrue(e.getMessage().contains("Connection refused"), e.getMessage());
  }

  @Test
  void noAddress() throws Exception {
    assertThrows(UnknownHostException.class, dialer(apns.port()).new Dial(tls)::open);
  }

  @Test
  void abortEndsAConnectThatHangs() throws Exception {
    try (DeadAddress dead = new DeadAddress(DEAD, 0)) {
      CountDownLatch resolving = new CountDownLatch(1);
      Dialer dialer =
          new Dialer(
              "localhost",
              dead.address().getPort(),
              new ProxySettings(Proxy.NO_PROXY, null),
              host -> {
                resolving.countDown();
                return new InetAddress[] {DEAD};
              });
      Dialer.Dial dial = dialer.new Dial(tls);
      CompletableFuture<SSLSocket> opened =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return dial.open();
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      resolving.await();
      dial.abort();
      assertThrows(ExecutionException.class, () -> opened.get(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void familiesTakeTurns() {
    InetAddress six = address(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    InetAddress otherSix = address(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
    assertEquals(
        List.of(six, ALIVE, otherSix, DEAD),
        Dialer.alternating(List.of(six, otherSix, ALIVE, DEAD)));
    assertEquals(
        List.of(ALIVE, six, DEAD, REFUSING),
        Dialer.alternating(List.of(ALIVE, DEAD, REFUSING, six)));
    assertEquals(List.of(), Dialer.alternating(List.of()));
  }

  @Test
  void addressesOfVersionSixStandInBrackets() {
    assertEquals("api.push.apple.com:443", Dialer.hostAndPort("api.push.apple.com", 443));
    assertEquals("[::1]:2197", Dialer.hostAndPort("::1", 2197));
  }

  @Test
  void abortLeavesALookupThatHangsBehind() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    Dialer dialer =
        dialer(
            apns.port(),
            host -> {
              asked.countDown();
              try {
                never.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return new InetAddress[] {ALIVE};
            });
    Dialer.Dial dial = dialer.new Dial(tls);
    CompletableFuture<IOException> failed =
        CompletableFuture.supplyAsync(() -> assertThrows(IOException.class, dial::open));
    asked.await();
    dial.abort();
    assertEquals("closed", failed.get(10, TimeUnit.SECONDS).getMessage());
    never.countDown();
    assertEquals(0, apns.connectionsAccepted());
  }

  @Test
  void resolverThatFailsInAnyWayIsHeardOf() throws Exception {
    Dialer dialer =
        dialer(
            apns.port(),
            host -> {
              throw new SecurityException("no lookups here");
            });
    IOException e = assertThrows(IOException.class, dialer.new Dial(tls)::open);
    assertEquals("no lookups here", ConnectFailures.message(e));
  }
}
