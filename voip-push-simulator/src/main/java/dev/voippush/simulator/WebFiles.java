// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files of the page, read once. It is a fixed table: what is not in it does not exist, however
 * a path is spelt.
 */
final class WebFiles {
  private static final Map<String, String> TYPES =
      Map.of(
          "index.html", "text/html; charset=utf-8",
          "page.css", "text/css; charset=utf-8",
          "entries.js", "text/javascript; charset=utf-8",
          "page.js", "text/javascript; charset=utf-8",
          "phone.js", "text/javascript; charset=utf-8",
          "ringer.js", "text/javascript; charset=utf-8",
          "texts.js", "text/javascript; charset=utf-8",
          "icon.svg", "image/svg+xml");

  private final Map<String, WebReply> byPath = new HashMap<>();

  WebFiles() {
    TYPES.forEach(
        (name, type) -> byPath.put("/" + name, new WebReply(200, type, read(name), Map.of())));
    WebReply index = byPath.remove("/index.html");
    if (index != null) {
      byPath.put("/", index);
    }
  }

  /** The file at this path, or null. */
  @Nullable WebReply find(String path) {
    return byPath.get(path);
  }

  private static byte[] read(String name) {
    try (InputStream in = WebFiles.class.getResourceAsStream("web/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the jar must hold web/" + name + ", but does not");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("the page's " + name + " cannot be read", e);
    }
  }
}
