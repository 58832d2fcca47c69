// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The apps of the simulator's team, which are those that its signing keys serve. Thread-safe. */
final class Apps {
  private final String teamId;
  private final Set<String> bundleIds = ConcurrentHashMap.newKeySet();

  Apps(String teamId) {
    this.teamId = teamId;
  }

  void add(String bundleId) {
    RequestRules.checkBundleId(bundleId);
    if (!bundleIds.add(bundleId)) {
      throw new IllegalArgumentException("bundleId must be new, but there is an app " + bundleId);
    }
  }

  /** True if a signing key of this team serves the topic. */
  boolean serves(String teamId, String topic) {
    return teamId.equals(this.teamId) && bundleIds.contains(RequestRules.bundleId(topic));
  }
}
