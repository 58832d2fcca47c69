// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import dev.voippush.ApnsEnvironment;
import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.Remedy;
import dev.voippush.Ring;
import dev.voippush.VoipPushClient;
import dev.voippush.VoipPushException;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.examples.pushworkers.CallStates.Claimant;
import dev.voippush.examples.pushworkers.CallStates.Claimed;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One record of the topic on its way: claimed, rung, noted, said.
 *
 * <p>Each step runs on a thread of the worker's pool, one after the other. What a step cannot do
 * because the store is out of reach is done again.
 */
final class CallJob {
  private static final Logger log = LoggerFactory.getLogger(CallJob.class);
  private static final long AGAIN_MILLIS = 200;

  /** What the jobs of a worker share. */
  record Shared(
      String worker,
      Map<ApnsEnvironment, VoipPushClient> clients,
      CallStates states,
      Results results,
      ScheduledExecutorService pool) {}

  private final Shared shared;
  private final QueuedCall call;
  private final Claimant claimant;
  private final CompletableFuture<Void> end = new CompletableFuture<>();
  private final Map<DeviceToken, CallOutcome.Device> outcomes = new LinkedHashMap<>();
  private final List<DeadToken> dead = new ArrayList<>();
  private Set<DeviceToken> claimed = Set.of();
  private boolean warned;

  // Guarded by this:
  private final List<Ring> rings = new ArrayList<>();
  private boolean left;

  CallJob(Shared shared, QueuedCall call, int generation) {
    this.shared = shared;
    this.call = call;
    this.claimant = new Claimant(UUID.randomUUID(), generation);
  }

  /**
   * Completes when the call has its end and the brokers have its outcome and dead tokens: its
   * offset may be committed. Is cancelled if it is left to the next owner of the partition; fails
   * if they cannot be said.
   */
  CompletableFuture<Void> end() {
    return end;
  }

  UUID callId() {
    return call.callId();
  }

  int devices() {
    return call.devices().size();
  }

  void start() {
    step(this::claim);
  }

  /** The partition goes to another worker: nothing more is sent, what is under way gets its end. */
  void leave() {
    List<Ring> begun;
    synchronized (this) {
      left = true;
      begun = List.copyOf(rings);
    }
    begun.forEach(Ring::stop);
  }

  /** The call is over: what has not been sent never will be. */
  void stop() {
    List<Ring> begun;
    synchronized (this) {
      begun = List.copyOf(rings);
    }
    begun.forEach(Ring::stop);
  }

  /** Whether there may be something to stop. */
  synchronized boolean isRinging() {
    return !rings.isEmpty() && !end.isDone();
  }

  private synchronized boolean isLeft() {
    return left;
  }

  private void step(Runnable step) {
    shared.pool().execute(() -> tryTo(step));
  }

  private void tryTo(Runnable step) {
    try {
      step.run();
    } catch (CallStates.Unavailable e) {
      if (!warned) {
        log.warn("call {} waits: {}", call.callId(), e.getMessage());
        warned = true;
      }
      if (isLeft()) {
        end.cancel(false);
      } else {
        var unused = shared.pool().schedule(() -> tryTo(step), AGAIN_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (RuntimeException | Error e) { // a fault, which must not look like an end
      end.completeExceptionally(e);
    }
  }

  private void claim() {
    if (isLeft()) {
      end.cancel(false);
    } else if (call.isOver(Instant.now())) { // before any work
      endAll(call.tokens(), PushEnd.EXPIRED);
      say();
    } else {
      Claimed got = shared.states().claim(call.callId(), call.tokens(), claimant);
      got.ended()
          .forEach((device, was) -> outcomes.put(device, CallOutcome.Device.of(device, was, null)));
      claimed = got.mine();
      tryTo(this::ring);
    }
  }

  private void ring() {
    if (claimed.isEmpty()) {
      say();
    } else if (call.isOver(Instant.now())) { // the store may have been away
      endAll(claimed, PushEnd.EXPIRED);
      note();
    } else if (!shared.states().ringing(Set.of(call.callId())).contains(call.callId())) {
      endAll(claimed, PushEnd.OVER);
      note();
    } else if (begin()) { // from here on the clients look at the deadline before each attempt
      var unused =
          CompletableFuture.allOf(
                  begun().stream().map(Ring::outcome).toArray(CompletableFuture[]::new))
              .thenRun(() -> step(this::rung));
    } else {
      end.cancel(false);
    }
  }

  /** Hands the pushes to the clients; false if the job was left before. */
  private synchronized boolean begin() {
    if (left) {
      return false;
    }
    CallPayload payload = call.payload();
    claimedDevices()
        .forEach(
            (environment, devices) -> {
              VoipPushClient client = shared.clients().get(environment);
              if (client == null) {
                devices.forEach(
                    device ->
                        outcomes.put(
                            device,
                            CallOutcome.Device.of(
                                device, PushEnd.FAILED, "no client for " + environment)));
              } else {
                rings.add(client.ring(payload, devices));
              }
            });
    return true;
  }

  private synchronized List<Ring> begun() {
    return List.copyOf(rings);
  }

  private Map<ApnsEnvironment, List<DeviceToken>> claimedDevices() {
    Map<ApnsEnvironment, List<DeviceToken>> devices = new EnumMap<>(ApnsEnvironment.class);
    for (QueuedCall.Device device : call.devices()) {
      if (claimed.contains(device.token())) {
        devices
            .computeIfAbsent(device.environment(), unused -> new ArrayList<>())
            .add(device.token());
      }
    }
    return devices;
  }

  /** Every push has its end, except for those that were stopped because the job is left. */
  private void rung() {
    for (Ring ring : begun()) {
      ring.results().forEach(this::collect);
      ring.outcome()
          .join()
          .deadTokens()
          .forEach((device, since) -> dead.add(new DeadToken(device, environment(device), since)));
    }
    tryTo(this::note);
  }

  private void collect(DeviceToken device, CompletableFuture<PushResult> result) {
    try {
      PushResult verdict = result.join();
      boolean unfinished =
          isLeft()
              && verdict instanceof PushResult.Rejected rejected
              && rejected.remedy() == Remedy.RETRY_LATER;
      if (!unfinished) {
        outcomes.put(device, CallOutcome.Device.of(device, verdict));
      }
    } catch (CompletionException e) {
      if (!(e.getCause() instanceof VoipPushException failure)) {
        throw e;
      }
      // That there was no other attempt may be because the job is left, whatever ended the last.
      boolean unfinished =
          failure.failure() == Failure.CLOSED
              || (isLeft() && failure.failure() != Failure.DEADLINE);
      if (!unfinished) {
        outcomes.put(device, CallOutcome.Device.of(device, failure));
      }
    }
  }

  private ApnsEnvironment environment(DeviceToken token) {
    return call.devices().stream()
        .filter(device -> device.token().equals(token))
        .findFirst()
        .orElseThrow()
        .environment();
  }

  /**
   * From here on no other worker pushes to these devices for this call. It comes before what is
   * said, so that brokers who take nothing make nobody push again.
   */
  private void note() {
    Map<DeviceToken, PushEnd> ends = new LinkedHashMap<>();
    outcomes.forEach((device, outcome) -> ends.put(device, outcome.end()));
    shared.states().end(call.callId(), ends);
    say();
  }

  private void say() {
    boolean all = outcomes.keySet().containsAll(claimed);
    List<CompletableFuture<Void>> said = new ArrayList<>();
    dead.forEach(token -> said.add(shared.results().deadToken(token)));
    if (all && !outcomes.isEmpty()) { // if empty, another job has them all, and says it
      said.add(
          shared
              .results()
              .outcome(
                  CallOutcome.of(call.callId(), shared.worker(), List.copyOf(outcomes.values()))));
    }
    var unused =
        CompletableFuture.allOf(said.toArray(CompletableFuture[]::new))
            .whenComplete(
                (taken, failure) -> {
                  if (failure != null) {
                    end.completeExceptionally(failure);
                  } else if (all) {
                    end.complete(null);
                  } else { // the next owner does the rest, and says it all
                    end.cancel(false);
                  }
                });
  }

  private void endAll(Collection<DeviceToken> devices, PushEnd how) {
    devices.forEach(
        device -> outcomes.putIfAbsent(device, CallOutcome.Device.of(device, how, null)));
  }
}
