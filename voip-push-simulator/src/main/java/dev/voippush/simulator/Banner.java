// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What iOS shows of an ordinary notification.
 *
 * @param title the alert's title; {@code ""} if it has none
 * @param body the alert's body, or the alert itself if it is a string; {@code ""} if it has none
 */
public record Banner(String title, String body) {
  /** The banner of {@code aps.alert}, or empty if the payload has none. */
  static Optional<Banner> read(Map<String, @Nullable Object> payload) {
    Object alert = payload.get("aps") instanceof Map<?, ?> aps ? aps.get("alert") : null;
    if (alert instanceof String text) {
      return Optional.of(new Banner("", text));
    }
    return alert instanceof Map<?, ?> parts
        ? Optional.of(new Banner(text(parts.get("title")), text(parts.get("body"))))
        : Optional.empty();
  }

  private static String text(@Nullable Object part) {
    return part instanceof String text ? text : "";
  }

  /** Does not show the texts, which are the payload's. */
  @Override
  public String toString() {
    return "banner";
  }
}
