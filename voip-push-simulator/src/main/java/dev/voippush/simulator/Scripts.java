// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The scripts in force: a device's own, otherwise the global one. Thread-safe. */
final class Scripts {
  private final Map<String, Script.Run> byDevice = new ConcurrentHashMap<>();
  private volatile Script.Run global = new Script.Run(Script.normal());

  void set(Script script) {
    global = new Script.Run(script);
  }

  void set(String deviceToken, Script script) {
    byDevice.put(deviceToken.toLowerCase(Locale.ROOT), new Script.Run(script));
  }

  Script.Step next(String deviceToken) {
    return byDevice.getOrDefault(deviceToken, global).next();
  }
}
