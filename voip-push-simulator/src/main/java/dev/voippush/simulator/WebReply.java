// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.util.Map;

/** A whole answer of the web server. */
final class WebReply {
  static final String JSON = "application/json";

  private final int status;
  private final String contentType;
  private final byte[] body;
  private final Map<String, String> headers;

  WebReply(int status, String contentType, byte[] body, Map<String, String> headers) {
    this.status = status;
    this.contentType = contentType;
    this.body = body;
    this.headers = headers;
  }

  static WebReply json(int status, Object value) {
    return new WebReply(status, JSON, Json.write(value), Map.of());
  }

  static WebReply error(int status, String message) {
    return json(status, Map.of("error", message));
  }

  static WebReply methodNotAllowed(String method, String path, String allowed) {
    String message = "the method of %s must be %s, but was %s".formatted(path, allowed, method);
    return new WebReply(405, JSON, Json.write(Map.of("error", message)), Map.of("allow", allowed));
  }

  int status() {
    return status;
  }

  String contentType() {
    return contentType;
  }

  /** Not a copy; nobody changes it. */
  byte[] body() {
    return body;
  }

  /** Those that are special to this answer, names in lower case. */
  Map<String, String> headers() {
    return headers;
  }
}
