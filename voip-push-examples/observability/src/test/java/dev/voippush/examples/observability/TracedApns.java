// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.observability;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CredentialsException;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.Script;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A local APNs, phones whose fate is known beforehand, and what must stay between them. */
final class TracedApns implements AutoCloseable {
  private static final String CALLER = "Zhuge Liang";
  private static final String HANDLE = "+8613800138000";
  private static final String EXTRA = "room-of-nobody-else";

  final ApnsSimulator simulator = ApnsSimulator.start();
  private final List<DeviceToken> devices = new ArrayList<>();

  /** A client that fails fast, with the simulator's certificate. */
  VoipPushClient.Builder client() throws CredentialsException {
    return client(
        PushCertificate.of(simulator.credentials().privateKey(), simulator.credentials().chain()));
  }

  VoipPushClient.Builder client(ApnsCredentials credentials) {
    return VoipPushClient.builder()
        .credentials(credentials)
        .endpoint(simulator.endpoint())
        .trustedCertificates(simulator.credentials().caCertificate())
        .retryUnknown(false)
        .closeTimeout(Duration.ofSeconds(1));
  }

  /** A call of which nothing but its id may be told. */
  CallPayload call() {
    return CallPayload.incoming(UUID.randomUUID())
        .callerName(CALLER)
        .handle(HANDLE)
        .put("room", EXTRA)
        .build();
  }

  DeviceToken phone() {
    DeviceToken device = DeviceToken.of(simulator.registerPhone().token());
    devices.add(device);
    return device;
  }

  private DeviceToken phone(Script script) {
    DeviceToken device = phone();
    simulator.script(device.hex(), script);
    return device;
  }

  DeviceToken removed() {
    return phone(Script.reject(410, "Unregistered"));
  }

  DeviceToken acceptedAtTheSecondAttempt() {
    return phone(Script.reject(503, "ServiceUnavailable").times(1));
  }

  /** The answer of this one gets lost; nobody else's does. */
  DeviceToken unanswered() {
    return phone(Script.reset(2));
  }

  /** Fails if this shows a token, even the begin of one, or what the push says of the call. */
  void assertDiscreet(String shown) {
    List<String> secrets = new ArrayList<>(List.of(CALLER, HANDLE, HANDLE.substring(1), EXTRA));
    secrets.add("room");
    for (DeviceToken device : devices) {
      secrets.add(device.hex().substring(0, 8));
    }
    String text = shown.toLowerCase(Locale.ROOT);
    for (String secret : secrets) {
      assertFalse(text.contains(secret.toLowerCase(Locale.ROOT)), () -> secret + " in " + shown);
    }
  }

  /** Waits until this holds; the client tells its listeners a moment after its callers. */
  static void await(BooleanSupplier condition, Supplier<String> state) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean() && System.nanoTime() < end) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
    }
    assertTrue(condition.getAsBoolean(), state);
  }

  @Override
  public void close() {
    simulator.close();
  }
}
