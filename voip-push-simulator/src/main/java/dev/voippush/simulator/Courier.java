// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Brings accepted pushes to their phones: at once and in order, or as a {@link
 * Script.DeliveryFault} says. Thread-safe; what waits is lost when the executor ends.
 */
final class Courier {
  private final ScheduledExecutorService executor;
  private final Map<Devices.Device, List<Parcel>> kept = new ConcurrentHashMap<>();

  private record Parcel(RecordedRequest request, RequestRules.Delivery delivery) {
    void handOver() {
      delivery.device().phone().deliver(request, delivery);
    }
  }

  /** Late deliveries run on this executor. */
  Courier(ScheduledExecutorService executor) {
    this.executor = executor;
  }

  @SuppressWarnings("FutureReturnValueIgnored") // nothing waits for what is late
  void deliver(
      RecordedRequest request, RequestRules.Delivery delivery, Script.DeliveryFault fault) {
    List<Parcel> due = due(new Parcel(request, delivery), fault.newestFirst());
    Runnable delivering = () -> due.forEach(parcel -> handOver(parcel, fault.twice()));
    if (fault.after().isZero()) {
      delivering.run();
    } else if (!due.isEmpty()) {
      executor.schedule(delivering, fault.after().toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private static void handOver(Parcel parcel, boolean twice) {
    parcel.handOver();
    if (twice) {
      parcel.handOver();
    }
  }

  /** What is to be delivered now that this has come, first to last. */
  private List<Parcel> due(Parcel parcel, int newestFirst) {
    if (newestFirst == 1) {
      return List.of(parcel);
    }
    kept.keySet().removeIf(device -> device.unregisteredAt() != null);
    List<Parcel> due = new ArrayList<>();
    kept.compute(
        parcel.delivery.device(), (device, before) -> keep(parcel, before, newestFirst, due));
    return due;
  }

  /** What is kept from now on; what is not is added to those due. */
  private static @Nullable List<Parcel> keep(
      Parcel parcel, @Nullable List<Parcel> before, int newestFirst, List<Parcel> due) {
    List<Parcel> now = before == null ? new ArrayList<>() : before;
    now.add(parcel);
    if (now.size() < newestFirst) {
      return now;
    }
    due.addAll(now);
    Collections.reverse(due);
    return null;
  }
}
