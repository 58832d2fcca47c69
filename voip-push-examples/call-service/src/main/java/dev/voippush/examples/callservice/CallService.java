// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import dev.voippush.CallPayload;
import dev.voippush.DeadTokens;
import dev.voippush.DeviceToken;
import dev.voippush.Ring;
import dev.voippush.RingOutcome;
import dev.voippush.VoipPushClient;
import dev.voippush.examples.callservice.Signalling.Event;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Service;

/**
 * The life of a call: one VoIP push per device begins it, all that follows goes over the apps' own
 * connections. Its state is in the database, where the first who changes it wins.
 */
@Service
class CallService {
  private static final Logger log = LoggerFactory.getLogger(CallService.class);

  private final VoipPushClient client;
  private final VoipPushProperties properties;
  private final Registrations registrations;
  private final DeadTokens deadTokens;
  private final Calls calls;
  private final Signalling signalling;

  /** What has not been sent yet of the calls that were placed here. */
  private final Map<UUID, Ring> rings = new ConcurrentHashMap<>();

  CallService(
      VoipPushClient client,
      VoipPushProperties properties,
      Registrations registrations,
      DeadTokens deadTokens,
      Calls calls,
      Signalling signalling) {
    this.client = client;
    this.properties = properties;
    this.registrations = registrations;
    this.deadTokens = deadTokens;
    this.calls = calls;
    this.signalling = signalling;
  }

  /**
   * Rings all devices of the callee.
   *
   * @return the call; empty if the callee has no device
   * @throws org.springframework.dao.DuplicateKeyException if there is a call with this id
   */
  Optional<Call> place(UUID id, String caller, String callee, boolean video, Duration ringFor) {
    List<DeviceToken> devices = registrations.tokens(callee, properties.environment());
    if (devices.isEmpty()) {
      return Optional.empty();
    }
    CallPayload payload =
        CallPayload.incoming(id)
            .callerName(caller)
            .handle(caller)
            .video(video)
            .sentAt(Instant.now().truncatedTo(ChronoUnit.MILLIS)) // as the app reads it
            .ringFor(ringFor)
            .build();
    Call call =
        new Call(
            id,
            caller,
            callee,
            video,
            payload.sentAt(),
            payload.expiresAt(),
            CallState.RINGING,
            null);
    calls.add(call); // before the first push: an app that wakes asks for it
    // Who answers before the ring is noted waits here, and then stops it.
    Ring ring = rings.computeIfAbsent(id, unused -> client.ring(payload, devices));
    var unused =
        ring.outcome()
            .thenAccept(this::pushed)
            .exceptionally(
                failure -> {
                  log.error("call {}: what became of its pushes cannot be noted", id, failure);
                  return null;
                });
    return Optional.of(call);
  }

  /** Every device has its end: nothing more will be sent. */
  private void pushed(RingOutcome outcome) {
    rings.remove(outcome.callId());
    deadTokens.discardIfDead(outcome);
    if (!outcome.mayRing()) {
      change(
          outcome.callId(),
          CallState.RINGING,
          CallState.UNREACHABLE,
          null,
          null,
          Event.UNREACHABLE);
    }
  }

  /** The call as it is now; empty if there is none with this id. */
  Optional<Call> find(UUID id) {
    Optional<Call> call = calls.find(id);
    if (call.isPresent() && call.get().overdue(Instant.now())) {
      miss(id);
      return calls.find(id);
    }
    return call;
  }

  /** The callee answers on this device: if it was the first, the call returned names it. */
  Optional<Call> answer(UUID id, String device) {
    return decide(id, CallState.ANSWERED, device, Event.ANSWERED_ELSEWHERE, Event.ANSWERED);
  }

  /** The callee declines on this device, for all: if it was the first, the call names it. */
  Optional<Call> decline(UUID id, String device) {
    return decide(id, CallState.DECLINED, device, Event.DECLINED_ELSEWHERE, Event.DECLINED);
  }

  private Optional<Call> decide(
      UUID id, CallState decision, String device, Event calleeHears, Event callerHears) {
    if (find(id).filter(call -> call.state() == CallState.RINGING).isPresent()) {
      change(id, CallState.RINGING, decision, device, calleeHears, callerHears);
    }
    return find(id);
  }

  /** The caller gives up, or one of the two hangs up. Changes nothing if it is over already. */
  Optional<Call> end(UUID id) {
    Event ended = Event.ENDED;
    if (!change(id, CallState.RINGING, CallState.CANCELLED, null, ended, ended)) {
      change(id, CallState.ANSWERED, CallState.ENDED, null, ended, ended);
    }
    return find(id);
  }

  /**
   * Finds the calls that nobody answered in time, those of an instance that is gone as well. The
   * phones need no word of it: they end by the deadline in the push.
   */
  @Scheduled(fixedDelay = 1_000)
  void missOverdue() {
    calls.overdue(Instant.now()).forEach(this::miss);
  }

  private void miss(UUID id) {
    change(id, CallState.RINGING, CallState.MISSED, null, Event.MISSED, Event.MISSED);
  }

  /**
   * Changes a call, and if this was the first to do so, stops the ring and tells both sides, except
   * for the device that did it.
   */
  private boolean change(
      UUID id,
      CallState from,
      CallState to,
      @Nullable String device,
      @Nullable Event calleeHears,
      Event callerHears) {
    if (!calls.change(id, from, to, device)) {
      return false;
    }
    Ring ring = rings.remove(id);
    if (ring != null) {
      ring.stop(); // what has not been sent never will be
    }
    Call call = calls.find(id).orElseThrow();
    if (calleeHears != null) {
      signalling.send(call.callee(), id, calleeHears, device);
    }
    signalling.send(call.caller(), id, callerHears, null);
    return true;
  }
}
