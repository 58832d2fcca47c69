// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.handler.codec.http2.Http2Headers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One request as it came off the wire: pseudo-headers, headers in order, and the body. */
final class ApnsRequest {
  private static final String DEVICE_PATH = "/3/device/";

  private final String method;
  private final String path;

  /** Name, value, name, value, …: requests are kept by the hundred thousand. */
  private final String[] headers;

  private final byte[] body;

  ApnsRequest(String method, String path, String[] headers, byte[] body) {
    this.method = method;
    this.path = path;
    this.headers = headers;
    this.body = body;
  }

  /**
   * Copies the ordinary headers. A value equal to the one at the same place in {@code previous}
   * reuses its string, so that a run of similar requests keeps one copy of topic, token and so on.
   */
  static String[] flatten(Http2Headers headers, String[] previous) {
    List<String> flat = new ArrayList<>(2 * headers.size());
    for (Map.Entry<CharSequence, CharSequence> header : headers) {
      CharSequence name = header.getKey();
      if (name.length() > 0 && name.charAt(0) == ':') {
        continue;
      }
      int at = flat.size();
      flat.add(name.toString());
      CharSequence value = header.getValue();
      boolean same = at + 1 < previous.length && previous[at + 1].contentEquals(value);
      flat.add(same ? previous[at + 1] : value.toString());
    }
    return flat.toArray(new String[0]);
  }

  String method() {
    return method;
  }

  String path() {
    return path;
  }

  String[] headers() {
    return headers;
  }

  byte[] body() {
    return body;
  }

  /** The first value of a header, or null. */
  @Nullable String header(String name) {
    for (int i = 0; i < headers.length; i += 2) {
      if (headers[i].equals(name)) {
        return headers[i + 1];
      }
    }
    return null;
  }

  /** True if a header that APNs reads appears twice. */
  boolean repeatsHeader() {
    for (int i = 0; i < headers.length; i += 2) {
      String name = headers[i];
      if (name.startsWith("apns-") || name.equals("authorization")) {
        for (int j = i + 2; j < headers.length; j += 2) {
          if (headers[j].equals(name)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  boolean hasDevicePath() {
    return path.equals("/3/device")
        || (path.startsWith(DEVICE_PATH) && path.indexOf('/', DEVICE_PATH.length()) < 0);
  }

  /** The token in the path, in lower case; {@code ""} if there is none. */
  String deviceToken() {
    return path.startsWith(DEVICE_PATH)
        ? path.substring(DEVICE_PATH.length()).toLowerCase(Locale.ROOT)
        : "";
  }
}
