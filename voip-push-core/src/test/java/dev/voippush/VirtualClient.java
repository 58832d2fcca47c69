// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.FakeTransport.FakeAttempt;
import dev.voippush.credentials.SigningKey;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import okhttp3.HttpUrl;

/** A client in virtual time, whose transport the test plays. Everything is on the test's thread. */
final class VirtualClient implements AutoCloseable {
  /** Not on a whole second, so that rounding shows. */
  static final Instant START = Instant.parse("2026-11-24T12:00:00.250Z");

  static final DeviceToken DEVICE = DeviceToken.of("ab".repeat(32));

  final MutableClock clock = new MutableClock(START);
  final VirtualTimer timer = new VirtualTimer(clock);
  final FakeTransport transport;
  final VoipPushClient client;

  VirtualClient() {
    this(builder -> builder);
  }

  VirtualClient(UnaryOperator<VoipPushClient.Builder> options) {
    this(signingKey(), options);
  }

  VirtualClient(SigningKey key, UnaryOperator<VoipPushClient.Builder> options) {
    VoipPushClient.Builder builder =
        options.apply(VoipPushClient.builder().executor(Runnable::run).clock(clock));
    VoipPushClient.Settings settings =
        new VoipPushClient.Settings(builder, "com.example.app", HttpUrl.get("https://apns.test/"));
    transport = new FakeTransport(timer, key);
    client =
        new VoipPushClient(
            builder, key, settings, timer, (timer, callbacks, observer) -> transport);
  }

  /** Makes another key at each call. */
  static SigningKey signingKey() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      byte[] der = generator.generateKeyPair().getPrivate().getEncoded();
      String pem =
          "-----BEGIN PRIVATE KEY-----\n"
              + Base64.getMimeEncoder().encodeToString(der)
              + "\n-----END PRIVATE KEY-----\n";
      return SigningKey.fromPem(
          new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)),
          "ABCDE12345",
          "A1B2C3D4E5");
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** A call that begins now, by the wall clock. */
  CallPayload.Builder call() {
    return CallPayload.incoming(UUID.randomUUID()).sentAt(clock.instant());
  }

  CompletableFuture<PushResult> send(CallPayload.Builder call) {
    return client.sendAsync(DEVICE, call.build());
  }

  /** Sends a call of 45 s. */
  CompletableFuture<PushResult> send() {
    return send(call());
  }

  /** Sends a call and writes its first attempt. */
  CompletableFuture<PushResult> sendAndWrite() {
    CompletableFuture<PushResult> result = send();
    last().write();
    return result;
  }

  FakeAttempt last() {
    return transport.last();
  }

  /** Returns how often a push was handed to the transport. */
  int handedOver() {
    return transport.attempts.size();
  }

  void pass(Duration duration) {
    timer.advance(duration);
  }

  void pass(long millis) {
    pass(Duration.ofMillis(millis));
  }

  static PushResult.Accepted accepted(CompletableFuture<PushResult> result) {
    assertTrue(result.isDone(), "it should have ended");
    return assertInstanceOf(PushResult.Accepted.class, result.join());
  }

  static PushResult.Rejected rejected(CompletableFuture<PushResult> result) {
    assertTrue(result.isDone(), "it should have ended");
    return assertInstanceOf(PushResult.Rejected.class, result.join());
  }

  static VoipPushException failure(CompletableFuture<?> result) {
    assertTrue(result.isDone(), "it should have ended");
    return TestClients.failureOf(result);
  }

  @Override
  public void close() {
    client.close();
  }
}
