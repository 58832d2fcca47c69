// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What APNs says to one request: status, reason ({@code ""} for 200) and, for 410, since when. */
record Verdict(int status, String reason, @Nullable Instant since) {
  static final Verdict ACCEPTED = new Verdict(200, "", null);

  static Verdict badRequest(String reason) {
    return new Verdict(400, reason, null);
  }

  static Verdict forbidden(String reason) {
    return new Verdict(403, reason, null);
  }

  static Verdict unregistered(Instant since) {
    return new Verdict(410, "Unregistered", since);
  }
}
