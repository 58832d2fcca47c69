// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CredentialsException;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.credentials.SigningKey;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.SimulatorCredentials;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;

/** What tests against the simulator have in common. */
final class TestClients {
  /** Does not care about connections. */
  static final Transport.Observer NOBODY =
      new Transport.Observer() {
        @Override
        public void connected(Duration took) {}

        @Override
        public void connectFailed(AttemptFailure failure, Duration took) {}

        @Override
        public void disconnected(String why, Duration lifetime) {}
      };

  private TestClients() {}

  static CallPayload call() {
    return CallPayload.incoming(UUID.randomUUID()).callerName("Li Lei").build();
  }

  static PushCertificate certificate(ApnsSimulator apns) throws CredentialsException {
    return certificate(apns.credentials());
  }

  static PushCertificate certificate(SimulatorCredentials credentials) throws CredentialsException {
    return PushCertificate.of(credentials.privateKey(), credentials.chain());
  }

  static SigningKey signingKey(ApnsSimulator apns) throws CredentialsException {
    return signingKey(apns, apns.credentials().signingKeyPem(), apns.credentials().keyId());
  }

  /** Another key of the same team. */
  static SigningKey newSigningKey(ApnsSimulator apns, String keyId) throws CredentialsException {
    return signingKey(apns, apns.addSigningKey(keyId, apns.credentials().teamId()), keyId);
  }

  private static SigningKey signingKey(ApnsSimulator apns, String pem, String keyId)
      throws CredentialsException {
    return SigningKey.fromPem(
        new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)),
        keyId,
        apns.credentials().teamId());
  }

  /** A client of this simulator that closes fast. */
  static VoipPushClient.Builder builder(ApnsSimulator apns, ApnsCredentials credentials) {
    return VoipPushClient.builder()
        .credentials(credentials)
        .endpoint(apns.endpoint())
        .trustedCertificates(apns.credentials().caCertificate())
        .closeTimeout(Duration.ofSeconds(1));
  }

  /** Waits for what the other side does in a moment. */
  static void await(BooleanSupplier condition) {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < until, "not within 20 s");
      LockSupport.parkNanos(100_000); // leaves the processor to the other side
    }
  }

  /** What an interceptor may answer in place of the server. */
  static Response unavailable(Request request) {
    return new Response.Builder()
        .request(request)
        .protocol(Protocol.HTTP_2)
        .code(503)
        .message("")
        .body(ResponseBody.create("", null))
        .build();
  }

  static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(20, TimeUnit.SECONDS), "not within 20 s");
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Streams to a server whose every frame the test writes; all of them over one connection. */
  static StreamTransport streams(
      RawApns apns, Identity identity, Callbacks callbacks, DeadlineTimer timer) {
    Dialer dialer =
        new Dialer(
            "localhost",
            apns.port(),
            new ProxySettings(Proxy.NO_PROXY, null),
            InetAddress::getAllByName);
    return new StreamTransport(
        new StreamTransport.Config(
            dialer,
            "localhost:" + apns.port(),
            "com.example.app",
            Duration.ofSeconds(10),
            Duration.ofSeconds(60),
            1000,
            1,
            callbacks,
            timer,
            TestClients.NOBODY),
        identity);
  }

  static VoipPushException failureOf(CompletableFuture<?> future) {
    ExecutionException e =
        assertThrows(ExecutionException.class, () -> future.get(30, TimeUnit.SECONDS));
    return assertInstanceOf(VoipPushException.class, e.getCause());
  }
}
