// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * One call ringing on several devices, from {@link VoipPushClient#ring}. Thread-safe.
 *
 * <p>It holds no thread and needs no closing: each push ends by itself, at the call's deadline at
 * the latest.
 */
public final class Ring {
  private final CallPayload call;
  private final Set<DeviceToken> devices;
  private final Instant startedAt;
  private final Transport transport;
  private final List<Push> pushes;
  private final Map<DeviceToken, CompletableFuture<PushResult>> results;
  private final CompletableFuture<RingOutcome> outcome = new CompletableFuture<>();
  private volatile boolean stopped;

  // Guarded by itself:
  private final Map<DeviceToken, Object> ends = new LinkedHashMap<>();

  Ring(CallPayload call, Collection<DeviceToken> devices, Instant startedAt, Transport transport) {
    this.call = call;
    this.devices = new LinkedHashSet<>(devices);
    this.devices.forEach(device -> Objects.requireNonNull(device, "a device"));
    this.startedAt = startedAt;
    this.transport = transport;
    this.pushes = new ArrayList<>(this.devices.size());
    this.results = new LinkedHashMap<>();
  }

  /** Begins the push of each device. */
  void begin(Function<DeviceToken, Push> pushTo) {
    for (DeviceToken device : devices) {
      Push push = pushTo.apply(device);
      pushes.add(push);
      results.put(device, push.verdict());
    }
    if (devices.isEmpty()) {
      outcome.complete(new RingOutcome(call.callId(), startedAt, Map.of(), Map.of()));
    }
  }

  /**
   * Returns the result of each distinct device, in the order given; unmodifiable. The futures are
   * as those of {@link VoipPushClient#sendAsync}: to cancel one drops that device's push.
   */
  public Map<DeviceToken, CompletableFuture<PushResult>> results() {
    return Collections.unmodifiableMap(results);
  }

  /**
   * Completes when every device has its end, on the client's executor and never with an exception;
   * at once if there are no devices.
   */
  public CompletableFuture<RingOutcome> outcome() {
    return outcome.copy();
  }

  /**
   * Ends the ringing as far as it is still on the way: the call was answered, declined or given up.
   * What has not been sent never will be, and ends with {@link VoipPushException.Failure#STOPPED};
   * what has been handed to the connection keeps its verdict, but is not tried again; if it had
   * timed out already, it ends {@code STOPPED} with delivery {@code UNKNOWN}. Phones that ring
   * already hear of the end from your own signalling: Apple forbids a second push for it.
   *
   * <p>When this returns, no request of this ring is handed to TLS any more, but for what the
   * writer has just gathered for the very write that it begins, and that keeps its verdict. With
   * {@link VoipPushClient.Builder#httpClient} the headers of those that are being written in this
   * instant may still follow, without their bodies. Idempotent; waits for no I/O.
   */
  public void stop() {
    stopped = true; // for all at once: what follows takes a while if they are many
    pushes.forEach(Push::stop);
    transport.awaitHandOver();
  }

  /** True from the begin of {@link #stop}: nothing more is sent. */
  boolean isStopped() {
    return stopped;
  }

  void ended(DeviceToken device, Object end) {
    RingOutcome all = null;
    synchronized (ends) {
      ends.put(device, end);
      if (ends.size() == devices.size()) {
        all = outcomeOfEnds();
      }
    }
    if (all != null) {
      outcome.complete(all);
    }
  }

  private RingOutcome outcomeOfEnds() {
    Map<DeviceToken, PushResult> verdicts = new LinkedHashMap<>();
    Map<DeviceToken, VoipPushException> failures = new LinkedHashMap<>();
    for (DeviceToken device : devices) {
      if (ends.get(device) instanceof PushResult result) {
        verdicts.put(device, result);
      } else if (ends.get(device) instanceof VoipPushException failure) {
        failures.put(device, failure);
      }
    }
    return new RingOutcome(call.callId(), startedAt, verdicts, failures);
  }

  /** Returns the call's id and how many devices there are. */
  @Override
  public String toString() {
    return "Ring[callId=" + call.callId() + ", devices=" + devices.size() + "]";
  }
}
