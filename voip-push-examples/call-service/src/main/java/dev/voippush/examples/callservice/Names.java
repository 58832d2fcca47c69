// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.server.ResponseStatusException;

/** The names of users and devices in requests: what a column holds. */
final class Names {
  private static final int LONGEST = 100;

  private Names() {}

  /** Returns the name, or refuses the request. */
  static String require(String what, @Nullable String name) {
    if (name == null || name.isBlank() || name.length() > LONGEST) {
      throw new ResponseStatusException(
          HttpStatus.BAD_REQUEST,
          what
              + " must be 1 to "
              + LONGEST
              + " characters, but "
              + (name == null ? "is missing" : "has " + name.strip().length()));
    }
    return name;
  }
}
