// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The device tokens that this environment has given out. Thread-safe. */
final class Devices {
  private final Map<String, Device> byToken = new ConcurrentHashMap<>();

  /** What one token stands for: one phone, for VoIP pushes or for all others. */
  static final class Device {
    private final SimulatedPhone phone;
    private final boolean voip;
    private volatile @Nullable Instant unregisteredAt;

    Device(SimulatedPhone phone, boolean voip) {
      this.phone = phone;
      this.voip = voip;
    }

    SimulatedPhone phone() {
      return phone;
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
