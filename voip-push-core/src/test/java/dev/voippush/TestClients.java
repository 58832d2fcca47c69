// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CredentialsException;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.credentials.SigningKey;
import dev.voippush.simulator.ApnsSimulator;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** What tests against the simulator have in common. */
final class TestClients {
  private TestClients() {}

  static CallPayload call() {
    return CallPayload.incoming(UUID.randomUUID()).callerName("Li Lei").build();
  }

  static PushCertificate certificate(ApnsSimulator apns) throws CredentialsException {
    return PushCertificate.of(apns.credentials().privateKey(), apns.credentials().chain());
  }

  static SigningKey signingKey(ApnsSimulator apns) throws CredentialsException {
    byte[] pem = apns.credentials().signingKeyPem().getBytes(StandardCharsets.US_ASCII);
    return SigningKey.fromPem(
        new ByteArrayInputStream(pem), apns.credentials().keyId(), apns.credentials().teamId());
  }

  /** A client of this simulator that closes fast. */
  static VoipPushClient.Builder builder(ApnsSimulator apns, ApnsCredentials credentials) {
    return VoipPushClient.builder()
        .credentials(credentials)
        .endpoint(apns.endpoint())
        .trustedCertificates(apns.credentials().caCertificate())
        .closeTimeout(Duration.ofSeconds(1));
  }

  static VoipPushException failureOf(CompletableFuture<?> future) {
    ExecutionException e =
        assertThrows(ExecutionException.class, () -> future.get(30, TimeUnit.SECONDS));
    return assertInstanceOf(VoipPushException.class, e.getCause());
  }
}
