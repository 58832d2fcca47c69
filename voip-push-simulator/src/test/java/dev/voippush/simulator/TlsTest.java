// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** TLS with faults, and HTTP/2 without ALPN. */
final class TlsTest {
  private static ApnsSimulator simulator;
  private static ApnsSimulator withoutAlpn;

  @BeforeAll
  static void start() {
    simulator = ApnsSimulator.start();
    withoutAlpn = ApnsSimulator.builder().withoutAlpn(true).start();
  }

  @AfterAll
  static void close() {
    simulator.close();
    withoutAlpn.close();
  }

  @AfterEach
  void mend() {
    simulator.tls(TlsFault.NONE);
    withoutAlpn.tls(TlsFault.NONE);
  }

  /** Of every connection while this runs, none may get through. */
  private static void assertNobodyGetsIn(ApnsSimulator simulator, Executable attempt)
      throws Throwable {
    int before = simulator.connectionsAccepted();
    attempt.execute();
    assertEquals(before, simulator.connectionsAccepted());
  }

  private static void assertHandshakeFails(TlsFault fault, String why) throws Throwable {
    simulator.tls(fault);
    Pushes.Push push = Pushes.voip(simulator, simulator.registerPhone().token());
    Pushes client = Pushes.withCertificate(simulator);
    for (Pushes environment : List.of(client, client.inSandbox(simulator))) {
      assertNobodyGetsIn(
          simulator,
          () -> {
            Throwable e = assertThrows(ExecutionException.class, () -> environment.send(push));
            StringBuilder causes = new StringBuilder();
            for (; e != null; e = e.getCause()) {
              causes.append(e).append('\n');
            }
            assertTrue(causes.toString().contains(why), causes.toString());
          });
    }
  }

  @Test
  void wrongName() throws Throwable {
    assertHandshakeFails(
        TlsFault.WRONG_NAME, "No subject alternative names matching IP address 127.0.0.1");
  }

  @Test
  void expired() throws Throwable {
    assertHandshakeFails(TlsFault.EXPIRED, "CertificateExpiredException");
  }

  @Test
  void faultIsForNewConnectionsUntilItIsMended() throws Throwable {
    Pushes.Push push = Pushes.voip(simulator, simulator.registerPhone().token());
    Pushes client = Pushes.withCertificate(simulator);
    assertEquals(200, client.send(push).status());
    simulator.tls(TlsFault.EXPIRED);
    assertEquals(200, client.send(push).status());
    simulator.dropConnections(); // the client knows a session that it could resume
    assertNobodyGetsIn(
        simulator, () -> assertThrows(ExecutionException.class, () -> client.send(push)));
    simulator.tls(TlsFault.NONE);
    assertEquals(200, client.send(push).status());
  }

  /** Offers these protocols, waits for the server to hang up, and returns what was agreed on. */
  private static String agreedOn(ApnsSimulator simulator, String... protocols) throws IOException {
    try (SSLSocket socket =
        (SSLSocket)
            Pushes.tls(simulator).getSocketFactory().createSocket("127.0.0.1", simulator.port())) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(protocols);
      socket.setSSLParameters(parameters);
      socket.setSoTimeout((int) Pushes.PATIENCE.toMillis());
      socket.startHandshake();
      assertEquals(-1, socket.getInputStream().read());
      return socket.getApplicationProtocol();
    }
  }

  @Test
  void noAlpnAgreesOnNothingAndHangsUp() throws Throwable {
    simulator.tls(TlsFault.NO_ALPN);
    assertNobodyGetsIn(simulator, () -> assertEquals("", agreedOn(simulator, "h2", "http/1.1")));
  }

  @Test
  void clientThatSaysNothingOfHttp2IsTurnedAway() throws Exception {
    try (RawClient client = RawClient.offering(simulator)) {
      client.expect("CLOSED");
    }
  }

  @Test
  void withoutAlpnHttp2IsSpokenAllTheSame() throws Exception {
    try (RawClient silent = RawClient.offering(withoutAlpn);
        RawClient usual = RawClient.offering(withoutAlpn, "h2")) {
      for (RawClient client : List.of(silent, usual)) {
        client.expect("SETTINGS streams=1", "SETTINGS ack");
      }
    }
    withoutAlpn.tls(TlsFault.NO_ALPN);
    try (RawClient client = RawClient.offering(withoutAlpn, "h2")) {
      client.expect("SETTINGS streams=1", "SETTINGS ack");
    }
  }

  @Test
  void clientThatOffersOtherProtocolsOnlyIsTurnedAwayInAnyCase() throws Throwable {
    assertNobodyGetsIn(simulator, () -> assertEquals("", agreedOn(simulator, "http/1.1")));
    assertNobodyGetsIn(
        withoutAlpn,
        () -> {
          IOException e = assertThrows(IOException.class, () -> agreedOn(withoutAlpn, "http/1.1"));
          assertTrue(e.getMessage().contains("no_application_protocol"), e.toString());
        });
  }
}
