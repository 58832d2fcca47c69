// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;
import java.time.Instant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One request while it arrives and until it is answered. Confined to the connection's event loop.
 */
final class ApnsStream {
  /** One byte more than any push may have, to tell that it has too many. */
  private static final int KEPT_BYTES = RequestRules.MAX_VOIP_PAYLOAD + 1;

  private final int id;
  private final String method;
  private final String path;
  private final String[] headers;
  private final Instant receivedAt;
  private byte[] body = {};
  private boolean finished;

  ApnsStream(int id, Http2Headers headers, String[] previousHeaders, Instant receivedAt) {
    this.id = id;
    this.method = text(headers.method());
    this.path = text(headers.path());
    this.headers = ApnsRequest.flatten(headers, previousHeaders);
    this.receivedAt = receivedAt;
  }

  void append(ByteBuf data) {
    int length = Math.min(data.readableBytes(), KEPT_BYTES - body.length);
    int at = body.length;
    body = Arrays.copyOf(body, at + length);
    data.getBytes(data.readerIndex(), body, at, length);
  }

  ApnsRequest request() {
    return new ApnsRequest(method, path, headers, body);
  }

  int id() {
    return id;
  }

  String[] headers() {
    return headers;
  }

  Instant receivedAt() {
    return receivedAt;
  }

  /** Returns true the first time: the stream counts no more against the limit. */
  boolean finish() {
    boolean first = !finished;
    finished = true;
    return first;
  }

  boolean finished() {
    return finished;
  }

  private static String text(@Nullable CharSequence value) {
    return value == null ? "" : value.toString();
  }
}
