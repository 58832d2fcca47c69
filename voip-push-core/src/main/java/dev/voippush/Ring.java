// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One call ringing on several devices, from {@link VoipPushClient#ring}. Thread-safe.
 *
 * <p>A {@link DeviceToken} gets one push, an {@link AlertDevice} one alert after the other. A ring
 * holds no thread and needs no closing: pushes and alerts end by themselves, at the call's deadline
 * at the latest; the last alert is tried for 10 s from then.
 */
public final class Ring {
  private final CallPayload call;
  private final Set<DeviceToken> devices;
  private final Transport transport;
  private final List<Push> pushes = new ArrayList<>();
  private final List<AlertCall> alertCalls = new ArrayList<>();
  private final Map<DeviceToken, CompletableFuture<PushResult>> results = new LinkedHashMap<>();
  private final Tally verdicts;
  private final Tally ends;
  private final AtomicReference<@Nullable CallEnd> end = new AtomicReference<>();

  Ring(CallPayload call, Set<DeviceToken> devices, Instant startedAt, Transport transport) {
    this.call = call;
    this.devices = devices;
    this.transport = transport;
    this.verdicts = new Tally(startedAt);
    this.ends = new Tally(startedAt);
  }

  /** What became of each device. */
  private final class Tally {
    private final Instant startedAt;
    private final CompletableFuture<RingOutcome> outcome = new CompletableFuture<>();
    private final Map<DeviceToken, Object> byDevice = new LinkedHashMap<>(); // guarded by itself

    Tally(Instant startedAt) {
      this.startedAt = startedAt;
      completeIfAll();
    }

    /** Counts what the device became first. */
    void add(DeviceToken device, Object end) {
      synchronized (byDevice) {
        if (byDevice.putIfAbsent(device, end) != null) {
          return;
        }
      }
      completeIfAll();
    }

    private void completeIfAll() {
      Map<DeviceToken, PushResult> verdicts;
      Map<DeviceToken, VoipPushException> failures;
      synchronized (byDevice) {
        if (byDevice.size() < devices.size()) {
          return;
        }
        verdicts = new LinkedHashMap<>();
        failures = new LinkedHashMap<>();
        for (DeviceToken device : devices) {
          if (byDevice.get(device) instanceof PushResult result) {
            verdicts.put(device, result);
          } else if (byDevice.get(device) instanceof VoipPushException failure) {
            failures.put(device, failure);
          }
        }
      }
      outcome.complete(new RingOutcome(call.callId(), startedAt, verdicts, failures));
    }
  }

  /** What the VoIP pushes of this ring belong to: each has one end, which is the device's. */
  private final PushOwner ofVoipPushes =
      new PushOwner() {
        @Override
        public boolean isStopped() {
          return Ring.this.isStopped();
        }

        @Override
        public void told(DeviceToken device, Object end) {
          verdict(device, end);
          over(device, end);
        }
      };

  /** Begins the VoIP push to a device. */
  void begin(VoipPushClient client, DeviceToken device, Message message) {
    Push push = client.accept(device, message, ofVoipPushes, false);
    pushes.add(push);
    results.put(device, push.verdict());
    push.start();
  }

  /** Begins the alerts to a device. */
  void begin(DeviceToken device, AlertCall alertCall) {
    alertCalls.add(alertCall);
    results.put(device, alertCall.verdict());
    alertCall.start();
  }

  /** The first verdict on a device, or its end without one. */
  void verdict(DeviceToken device, Object end) {
    verdicts.add(device, end);
  }

  /** Nothing more is sent to a device. */
  void over(DeviceToken device, Object end) {
    ends.add(device, end);
  }

  /**
   * Returns the result of each distinct device by its token, in the order given; unmodifiable. Of
   * an {@link AlertDevice} it is the first acceptance, or if there is none, what its last alert
   * that rings ended as. The futures are as those of {@link VoipPushClient#sendAsync}: to cancel
   * one before it has completed drops that device's push, or its alerts.
   */
  public Map<DeviceToken, CompletableFuture<PushResult>> results() {
    return Collections.unmodifiableMap(results);
  }

  /**
   * Completes when every device has its {@linkplain #results() result}, on the client's executor
   * and never with an exception; at once if there are no devices. {@link AlertDevice}s may ring on
   * then.
   */
  public CompletableFuture<RingOutcome> outcome() {
    return verdicts.outcome.copy();
  }

  /**
   * Completes when nothing more of this ring will be sent, on the client's executor and never with
   * an exception: together with {@link #outcome()} if there is no {@link AlertDevice}. Of those
   * that have ended by a rejection, such as of a token that died while it rang, it has that; the
   * others are reached if one alert was accepted. It waits for the verdict on the last alert, but
   * what that is makes no difference.
   */
  public CompletableFuture<RingOutcome> ended() {
    return ends.outcome.copy();
  }

  /**
   * Ends the ringing because the callee answered; see {@link #stop(CallEnd)}. Without an {@link
   * AlertDevice} it is for all ends alike.
   */
  public void stop() {
    stop(CallEnd.ANSWERED);
  }

  /**
   * Ends the ringing as far as it is still on the way. What has not been sent never will be, and
   * ends with {@link VoipPushException.Failure#STOPPED}; what has been handed to the connection
   * keeps its verdict, but is not tried again; if it had timed out already, it ends {@code STOPPED}
   * with delivery {@code UNKNOWN}. Phones that ring by a VoIP push hear of the end from your own
   * signalling: Apple forbids a second push for it. An {@link AlertDevice} gets one last alert,
   * which replaces the one that rings and says how the call ended; only if it was missed also where
   * none was shown.
   *
   * <p>When this returns, no request that rings is handed to TLS any more, but for what the writer
   * has just gathered for the very write that it begins, and that keeps its verdict. With {@link
   * VoipPushClient.Builder#httpClient}, of those that are being written in this instant the headers
   * may still follow, and the body of one that OkHttp has already been given, as soon as the server
   * takes it; that keeps its verdict, too. Idempotent: the first end counts. Waits for no I/O.
   */
  public void stop(CallEnd end) {
    Objects.requireNonNull(end, "end");
    this.end.compareAndSet(null, end); // for all at once: what follows takes a while if many
    CallEnd first = Objects.requireNonNullElse(this.end.get(), end);
    pushes.forEach(Push::stop);
    alertCalls.forEach(alertCall -> alertCall.stop(first));
    transport.awaitHandOver();
  }

  /** True from the begin of {@link #stop}: nothing that rings is sent any more. */
  boolean isStopped() {
    return end.get() != null;
  }

  /** Returns the call's id and how many devices there are. */
  @Override
  public String toString() {
    return "Ring[callId=" + call.callId() + ", devices=" + devices.size() + "]";
  }
}
