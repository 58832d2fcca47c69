// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Phones in a time that stands until it is moved, without a network: each tick of their timer comes
 * at its very moment, and listeners are told at once. Only {@link #advance} is not thread-safe.
 */
final class VirtualPhones implements RingTimer.Scheduler {
  private record Task(long at, Runnable run) {}

  final TestClock clock = new TestClock();
  private final List<Task> tasks = new ArrayList<>();
  private final AtomicLong nanos = new AtomicLong();
  final Phones phones;

  VirtualPhones() {
    this(Integer.MAX_VALUE);
  }

  /** Phones that keep so many pushes, and calls that are over. */
  VirtualPhones(int kept) {
    RingTimer timer = new RingTimer(this, clock, nanos::get);
    phones = new Phones(new Devices(), timer, clock, Runnable::run, kept);
  }

  /** Phones whose ticks this executor runs, as in a real simulator. */
  VirtualPhones(ScheduledExecutorService executor) {
    RingTimer timer = RingTimer.of(executor, clock);
    phones = new Phones(new Devices(), timer, clock, Runnable::run, Integer.MAX_VALUE);
  }

  @Override
  public void schedule(Runnable task, long delayMillis) {
    synchronized (tasks) {
      tasks.add(new Task(nanos.get() + delayMillis * 1_000_000, task));
    }
  }

  /** Moves on, stopping for each tick. */
  void advance(Duration time) {
    long end = nanos.get() + time.toNanos();
    for (Optional<Task> next = takeNext(end); next.isPresent(); next = takeNext(end)) {
      pass(Math.max(0, next.get().at() - nanos.get()));
      next.get().run().run();
    }
    pass(end - nanos.get());
  }

  /** Moves on while the machine does nothing else: ticks that are due come late. */
  void stall(Duration time) {
    pass(time.toNanos());
    advance(Duration.ZERO);
  }

  private Optional<Task> takeNext(long end) {
    synchronized (tasks) {
      Optional<Task> next =
          tasks.stream().min(Comparator.comparing(Task::at)).filter(task -> task.at() <= end);
      next.ifPresent(tasks::remove);
      return next;
    }
  }

  private void pass(long time) {
    nanos.addAndGet(time);
    clock.advance(Duration.ofNanos(time));
  }

  SimulatedPhone.Builder newPhone() {
    return new SimulatedPhone.Builder(phones, "com.example.app");
  }

  /** Delivers a call that rings for 30 s. */
  void push(SimulatedPhone phone, UUID callId) {
    push(phone, Pushes.call(callId, clock.instant().plusSeconds(30)), Instant.MAX);
  }

  void push(SimulatedPhone phone, String payload, Instant storeUntil) {
    push(phone.token(), "com.example.app.voip", payload, storeUntil);
  }

  /** Delivers an alert that replaces others of its call. */
  void alert(SimulatedPhone phone, UUID callId, String payload) {
    push(
        phone.alertToken(),
        "com.example.app",
        payload,
        Instant.MAX,
        "apns-collapse-id",
        callId.toString());
  }

  void push(String token, String topic, String payload, Instant storeUntil, String... headers) {
    byte[] body = payload.getBytes(StandardCharsets.UTF_8);
    Devices.Device device = phones.devices().find(token);
    device
        .phone()
        .deliver(
            new RecordedRequest(
                new ApnsRequest("POST", "/3/device/" + token, headers, body),
                false,
                Optional.empty(),
                token,
                UUID.randomUUID().toString(),
                "",
                200,
                "",
                1,
                1,
                clock.instant()),
            new RequestRules.Delivery(device, topic, Json.object(body), storeUntil));
  }
}
