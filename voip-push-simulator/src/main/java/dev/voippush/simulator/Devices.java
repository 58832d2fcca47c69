// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The device tokens that APNs has given out, in both environments. Thread-safe. */
final class Devices {
  private final Map<String, Device> byToken = new ConcurrentHashMap<>();

  /** What one token stands for: an app on a phone, for VoIP pushes or for all others. */
  static final class Device {
    private final SimulatedPhone phone;
    private final String bundleId;
    private final boolean sandbox;
    private final boolean voip;
    private volatile @Nullable Instant unregisteredAt;

    Device(SimulatedPhone phone, String bundleId, boolean sandbox, boolean voip) {
      this.phone = phone;
      this.bundleId = bundleId;
      this.sandbox = sandbox;
      this.voip = voip;
    }

    SimulatedPhone phone() {
      return phone;
    }

    String bundleId() {
      return bundleId;
    }

    boolean sandbox() {
      return sandbox;
    }

    boolean voip() {
      return voip;
    }

    /** Since when APNs answers 410, or null. */
    @Nullable Instant unregisteredAt() {
      return unregisteredAt;
    }

    void unregister(Instant at) {
      if (unregisteredAt == null) {
        unregisteredAt = at;
      }
    }
  }

  Device add(String token, Device device) {
    byToken.put(token, device);
    return device;
  }

  @Nullable Device find(String token) {
    return byToken.get(token);
  }
}
