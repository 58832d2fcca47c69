// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One request that reached the simulator whole, and what became of it. Immutable.
 *
 * <p>Its {@code toString} shows neither the whole device token nor the payload.
 */
public final class RecordedRequest {
  private final ApnsRequest request;
  private final boolean sandbox;
  private final Optional<X509Certificate> clientCertificate;
  private final String deviceToken;
  private final String apnsId;
  private final String apnsUniqueId;
  private final int status;
  private final String reason;
  private final int connection;
  private final int streamId;
  private final Instant receivedAt;

  RecordedRequest(
      ApnsRequest request,
      boolean sandbox,
      Optional<X509Certificate> clientCertificate,
      String deviceToken,
      String apnsId,
      String apnsUniqueId,
      int status,
      String reason,
      int connection,
      int streamId,
      Instant receivedAt) {
    this.request = request;
    this.sandbox = sandbox;
    this.clientCertificate = clientCertificate;
    this.deviceToken = deviceToken;
    this.apnsId = apnsId;
    this.apnsUniqueId = apnsUniqueId;
    this.status = status;
    this.reason = reason;
    this.connection = connection;
    this.streamId = streamId;
    this.receivedAt = receivedAt;
  }

  /** True if it came to the sandbox, false if it came to production. */
  public boolean sandbox() {
    return sandbox;
  }

  /** The HTTP method, {@code POST} if the client is right. */
  public String method() {
    return request.method();
  }

  /** The path as it was sent. */
  public String path() {
    return request.path();
  }

  /** The device token in the path, in lower case; {@code ""} if the path has none. */
  public String deviceToken() {
    return deviceToken;
  }

  /**
   * The headers in the order they were sent, without pseudo-headers; values of a repeated header
   * are joined with {@code ", "}. Names are lower-case.
   */
  public Map<String, String> headers() {
    Map<String, String> map = new LinkedHashMap<>();
    String[] headers = request.headers();
    for (int i = 0; i < headers.length; i += 2) {
      map.merge(headers[i], headers[i + 1], (first, next) -> first + ", " + next);
    }
    return Collections.unmodifiableMap(map);
  }

  /** One header's value, if it was sent; the name in lower case. */
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers().get(name));
  }

  /** A copy of the body. Of a body that is too large, only the first 5121 bytes. */
  public byte[] payload() {
    return request.body().clone();
  }

  /**
   * The {@code apns-id} of the answer: the client's if it sent a valid one, otherwise a new one.
   */
  public String apnsId() {
    return apnsId;
  }

  /** The {@code apns-unique-id} of the answer; only the sandbox gives one, to accepted pushes. */
  public Optional<String> apnsUniqueId() {
    return apnsUniqueId.isEmpty() ? Optional.empty() : Optional.of(apnsUniqueId);
  }

  /** The HTTP status of the answer; 0 if the request was not processed. */
  public int status() {
    return status;
  }

  /**
   * APNs's reason; {@code ""} if the push was accepted or the answer names none. Of an unprocessed
   * request, what happened to it, for example {@code "silence"} or {@code "RST_STREAM 7"}.
   */
  public String reason() {
    return reason;
  }

  /** The number of the connection, from 1 in the order they were made. */
  public int connection() {
    return connection;
  }

  /**
   * The certificate that the client showed in its TLS handshake, or in the one whose session it
   * resumed; empty if it authenticates by provider tokens.
   */
  public Optional<X509Certificate> clientCertificate() {
    return clientCertificate;
  }

  /** The HTTP/2 stream id. */
  public int streamId() {
    return streamId;
  }

  /** When the request's headers arrived, by the simulator's clock. */
  public Instant receivedAt() {
    return receivedAt;
  }

  byte[] sharedPayload() {
    return request.body();
  }

  @Override
  public String toString() {
    return method()
        + " "
        + shorten(deviceToken)
        + " ("
        + request.body().length
        + " bytes, "
        + (sandbox ? "sandbox, " : "")
        + "connection "
        + connection
        + ", stream "
        + streamId
        + ", apns-id "
        + apnsId
        + ") -> "
        + (status == 0 ? "not processed" : status)
        + (reason.isEmpty() ? "" : " " + reason);
  }

  /** Enough of a token to tell devices apart in a log. */
  static String shorten(String token) {
    return token.length() <= 8 ? token : token.substring(0, 8) + "…";
  }
}
