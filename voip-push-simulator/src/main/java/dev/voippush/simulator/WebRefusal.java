// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

/** A request to the HTTP API that is refused: the status, and what to tell the caller. */
final class WebRefusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  WebRefusal(int status, String message) {
    super(message, null, false, false); // it is an answer, not a failure to be traced
    this.status = status;
  }

  static WebRefusal badRequest(String message) {
    return new WebRefusal(400, message);
  }

  int status() {
    return status;
  }
}
