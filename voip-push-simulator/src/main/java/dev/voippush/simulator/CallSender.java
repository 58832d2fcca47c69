// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Sends the calls that are placed in the page as a server would, over TLS and HTTP/2 to this
 * simulator's own endpoints, with provider tokens: a VoIP push to each phone, and to one without
 * CallKit an alert every {@value #ALERT_SECONDS} s until the call is over, and one that says so. No
 * push is tried again, so that each fault can be seen.
 */
final class CallSender implements Consumer<PlacedCall> {
  /** Provider tokens may be used for an hour. */
  private static final Duration RENEWAL = Duration.ofMinutes(50);

  private static final int ALERT_SECONDS = 3;

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration HEAD_START = Duration.ofMillis(250);
  private static final String ALL_STREAMS_IN_USE = "too many concurrent streams"; // the JDK's words
  private static final Pattern PHONE_NUMBER = Pattern.compile("\\+?[0-9 ()/.-]+");

  private final ApnsSimulator simulator;
  private final Predicate<UUID> hungUp;
  private final BiConsumer<UUID, String> failed;
  private final Executor executor;
  private final HttpClient http;

  // Guarded by this
  private @Nullable String authorization;
  private Instant issuedAt = Instant.EPOCH;
  private CompletableFuture<Void> lastAnswer = CompletableFuture.completedFuture(null);

  /**
   * @param hungUp whether the caller has given up this call
   * @param failed hears of pushes that were not answered
   */
  CallSender(
      ApnsSimulator simulator,
      Executor executor,
      Predicate<UUID> hungUp,
      BiConsumer<UUID, String> failed) {
    this.simulator = simulator;
    this.hungUp = hungUp;
    this.failed = failed;
    this.executor = executor;
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_2)
            .connectTimeout(TIMEOUT)
            .sslContext(trustOnly(simulator.credentials()))
            .executor(executor)
            .build();
  }

  private static SSLContext trustOnly(SimulatorCredentials credentials) {
    try {
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry("ca", credentials.caCertificate());
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(trusted);
      SSLContext tls = SSLContext.getInstance("TLS");
      tls.init(null, trust.getTrustManagers(), null);
      return tls;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e); // all in memory, all in every JDK
    }
  }

  @Override
  public void accept(PlacedCall call) {
    Instant now = simulator.clock().instant();
    for (SimulatedPhone phone : call.phones()) {
      if (phone.callKit()) {
        send(call, phone, now, null);
      } else {
        alert(call, phone, now);
      }
    }
  }

  /** Sends an alert, and the next one later unless this says that the call is over. */
  private void alert(PlacedCall call, SimulatedPhone phone, Instant startedAt) {
    String end = end(call, startedAt);
    send(call, phone, startedAt, end);
    if (end == null) {
      Duration left = Duration.between(simulator.clock().instant(), startedAt.plus(call.ringFor()));
      long millis = Math.max(1, Math.min(ALERT_SECONDS * 1000L, left.toMillis()));
      CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, executor)
          .execute(() -> alert(call, phone, startedAt));
    }
  }

  /** How the call ended, for the payload; null if it rings. */
  private @Nullable String end(PlacedCall call, Instant startedAt) {
    for (SimulatedPhone phone : call.phones()) {
      for (SimulatedCall on : phone.calls()) {
        if (on.callId().equals(call.callId())) {
          switch (on.state()) {
            case ANSWERED -> {
              return "answered";
            }
            case DECLINED -> {
              return "declined";
            }
            default -> {} // this phone does not decide
          }
        }
      }
    }
    boolean over = !simulator.clock().instant().isBefore(startedAt.plus(call.ringFor()));
    return over || hungUp.test(call.callId()) ? "missed" : null;
  }

  /**
   * Sends to one phone after the other, without waiting for long: a new connection with provider
   * tokens takes one push at a time.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // what comes is seen in the record
  private synchronized void send(
      PlacedCall call, SimulatedPhone phone, Instant startedAt, @Nullable String end) {
    CompletableFuture<HttpResponse<Void>> answer =
        lastAnswer.thenCompose(
            before ->
                sendWhenTaken(
                    request(call, phone, startedAt, end), System.nanoTime() + TIMEOUT.toNanos()));
    lastAnswer =
        answer
            .handle((response, failure) -> (Void) null)
            .completeOnTimeout(null, HEAD_START.toMillis(), TimeUnit.MILLISECONDS);
    answer.whenComplete(
        (response, failure) -> {
          if (failure != null) {
            failed.accept(call.callId(), phone.name() + ": no answer from APNs, " + cause(failure));
          }
        });
  }

  /**
   * Asks again while the connection has as many streams as APNs allows: the JDK's client does not
   * wait for one to end, as other clients do, but fails before it has written anything.
   */
  private CompletableFuture<HttpResponse<Void>> sendWhenTaken(HttpRequest request, long until) {
    return http.sendAsync(request, BodyHandlers.discarding())
        .exceptionallyCompose(
            failure ->
                ALL_STREAMS_IN_USE.equals(cause(failure).getMessage())
                        && System.nanoTime() - until < 0
                    ? new CompletableFuture<Void>()
                        .completeOnTimeout(null, 20, TimeUnit.MILLISECONDS)
                        .thenCompose(waited -> sendWhenTaken(request, until))
                    : CompletableFuture.failedFuture(failure));
  }

  private static Throwable cause(Throwable failure) {
    return failure.getCause() == null ? failure : failure.getCause();
  }

  private HttpRequest request(
      PlacedCall call, SimulatedPhone phone, Instant startedAt, @Nullable String end) {
    Instant now = simulator.clock().instant();
    Instant expiresAt = startedAt.plus(call.ringFor());
    Instant storeUntil = end == null ? Instant.EPOCH : now.plus(Duration.ofDays(1));
    URI endpoint = phone.sandbox() ? simulator.sandboxEndpoint() : simulator.endpoint();
    String token = phone.callKit() ? phone.token() : phone.alertToken();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(endpoint.resolve("/3/device/" + token))
            .timeout(TIMEOUT)
            .header("authorization", authorization(now))
            .header("apns-id", UUID.randomUUID().toString())
            .header("apns-push-type", phone.callKit() ? "voip" : "alert")
            .header("apns-topic", phone.bundleId() + (phone.callKit() ? ".voip" : ""))
            .header("apns-priority", "10")
            .header(
                "apns-expiration",
                String.valueOf((phone.callKit() ? expiresAt : storeUntil).getEpochSecond()));
    if (!phone.callKit()) {
      request.header("apns-collapse-id", call.callId().toString());
    }
    return request
        .POST(
            BodyPublishers.ofByteArray(Json.write(payload(call, phone, startedAt, expiresAt, end))))
        .build();
  }

  private static Map<String, Object> payload(
      PlacedCall call,
      SimulatedPhone phone,
      Instant startedAt,
      Instant expiresAt,
      @Nullable String end) {
    Map<String, Object> payload = new LinkedHashMap<>();
    payload.put("callId", call.callId().toString());
    payload.put("callerName", call.callerName());
    if (!call.handle().isEmpty()) {
      payload.put("handle", call.handle());
      payload.put("handleType", handleType(call.handle()));
    }
    payload.put("video", call.video());
    payload.put("sentAt", startedAt.toEpochMilli());
    payload.put("expiresAt", expiresAt.toEpochMilli());
    payload.put("aps", phone.callKit() ? Map.of() : aps(call, end));
    if (end != null) {
      payload.put("callEnd", end);
    }
    return payload;
  }

  private static Map<String, Object> aps(PlacedCall call, @Nullable String end) {
    Map<String, Object> aps = new LinkedHashMap<>();
    String body = call.video() ? "Incoming video call" : "Incoming call";
    if (end != null) {
      body = end.equals("missed") ? "Missed call" : "Call " + end;
    }
    aps.put("alert", Map.of("title", call.callerName(), "body", body));
    aps.put("mutable-content", 1);
    if (end == null) {
      aps.put("sound", "default");
      aps.put("interruption-level", "time-sensitive");
    } else {
      aps.put("interruption-level", end.equals("missed") ? "active" : "passive");
    }
    return aps;
  }

  private static String handleType(String handle) {
    if (PHONE_NUMBER.matcher(handle).matches()) {
      return "phone";
    }
    return handle.contains("@") ? "email" : "generic";
  }

  private synchronized String authorization(Instant now) {
    String present = authorization;
    if (present != null && !now.isBefore(issuedAt) && now.isBefore(issuedAt.plus(RENEWAL))) {
      return present;
    }
    SimulatorCredentials credentials = simulator.credentials();
    String signed =
        base64(Json.write(Map.of("alg", "ES256", "kid", credentials.keyId())))
            + "."
            + base64(Json.write(Map.of("iss", credentials.teamId(), "iat", now.getEpochSecond())));
    String next = "bearer " + signed + "." + base64(sign(signed, credentials));
    authorization = next;
    issuedAt = now;
    return next;
  }

  private static byte[] sign(String text, SimulatorCredentials credentials) {
    try {
      Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      signature.initSign(credentials.signingKey().getPrivate());
      signature.update(text.getBytes(StandardCharsets.US_ASCII));
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // the key was made for this
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
