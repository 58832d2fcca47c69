// SPDX-License-Identifier: Apache-2.0
package dev.voippush.foreign;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.foreign.ForeignClient.Answer;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.SimulatedCall;
import dev.voippush.simulator.SimulatedPhone;
import dev.voippush.simulator.TlsFault;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each client, with certificate and with signing key, rings a phone and hears why it may not. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ForeignClientsTest {
  /** As it is set up for Pushy, which offers no ALPN unless it is told to. */
  private final ApnsSimulator apns = ApnsSimulator.builder().withoutAlpn(true).start();

  private Path credentials;

  @BeforeAll
  void writeCredentials(@TempDir Path directory) throws Exception {
    credentials = apns.credentials().writeTo(directory).directory();
  }

  @AfterAll
  void close() {
    apns.close();
  }

  @BeforeEach
  void forget() {
    apns.forgetRequests();
  }

  private Answer send(ForeignClient client, String token) throws Exception {
    return client.send(credentials, apns.port(), token);
  }

  private RecordedRequest onlyRequest() {
    List<RecordedRequest> requests = apns.requests();
    assertEquals(1, requests.size(), requests::toString);
    return requests.get(0);
  }

  @ParameterizedTest
  @EnumSource
  void ringsThePhone(ForeignClient client) throws Exception {
    SimulatedPhone phone = apns.registerPhone();

    assertEquals(new Answer(200, "", Optional.empty()), send(client, phone.token()));

    SimulatedCall call = phone.awaitCall(Duration.ofSeconds(5));
    assertEquals("Ada", call.callerName());
    assertTrue(call.video());
    phone.answer();
    assertEquals(
        client.name().endsWith("P8"), onlyRequest().clientCertificate().isEmpty(), "credentials");
  }

  @ParameterizedTest
  @EnumSource
  void hearsTheReasonOfARejection(ForeignClient client) throws Exception {
    SimulatedPhone phone = apns.registerPhone();

    Answer answer = send(client, "0".repeat(64));

    assertEquals(new Answer(400, "BadDeviceToken", Optional.empty()), answer);
    assertEquals("BadDeviceToken", onlyRequest().reason());
    assertTrue(phone.pushes().isEmpty());
  }

  @ParameterizedTest
  @EnumSource
  void hearsSinceWhenATokenIsDead(ForeignClient client) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    Instant before = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    phone.unregister();
    Instant after = Instant.now();

    Answer answer = send(client, phone.token());

    assertEquals(410, answer.status());
    assertEquals("Unregistered", answer.reason());
    Instant since = answer.since().orElseThrow();
    assertFalse(since.isBefore(before) || since.isAfter(after), () -> before + " " + since);
  }

  /** Pushy has the JDK choose the certificate by the authorities that the server names. */
  @Test
  void pushyShowsNoCertificateWhoseIssuerTheServerDoesNotName() throws Exception {
    String token = apns.registerPhone().token();
    apns.tls(TlsFault.ISSUER_NOT_NAMED);
    try {
      Answer answer = send(ForeignClient.PUSHY, token);
      assertEquals(new Answer(403, "MissingProviderToken", Optional.empty()), answer);
    } finally {
      apns.tls(TlsFault.NONE);
    }
  }
}
