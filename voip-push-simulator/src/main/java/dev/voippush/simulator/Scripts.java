// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The scripts in force: a device's own, otherwise its app's, otherwise all's. Thread-safe. */
final class Scripts {
  private final Map<String, Script.Run> byDevice = new ConcurrentHashMap<>();
  private final Map<String, Script.Run> byApp = new ConcurrentHashMap<>();
  private volatile Script.Run global = new Script.Run(Script.normal());

  void set(Script script) {
    global = new Script.Run(script);
  }

  void set(String deviceToken, Script script) {
    byDevice.put(deviceToken.toLowerCase(Locale.ROOT), new Script.Run(script));
  }

  void setForApp(String bundleId, Script script) {
    byApp.put(bundleId, new Script.Run(script));
  }

  /** Ends the device's own script: its app's is in force again, or that of all. */
  void remove(String deviceToken) {
    byDevice.remove(deviceToken.toLowerCase(Locale.ROOT));
  }

  void removeForApp(String bundleId) {
    byApp.remove(bundleId);
  }

  Script.Step next(String deviceToken, String bundleId) {
    return byDevice.getOrDefault(deviceToken, byApp.getOrDefault(bundleId, global)).next();
  }
}
