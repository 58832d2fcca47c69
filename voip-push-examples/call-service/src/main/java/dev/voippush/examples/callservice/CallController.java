// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** What the apps of caller and callee ask and tell about a call. */
@RestController
@RequestMapping("/calls")
class CallController {
  private static final int RING_SECONDS = 45;
  private static final int MOST_RING_SECONDS = 600;

  private final CallService service;

  CallController(CallService service) {
    this.service = service;
  }

  /**
   * A call to place.
   *
   * @param callId chosen by the caller's app, so that a request that it repeats rings once; or none
   */
  record NewCall(
      @Nullable UUID callId,
      @Nullable String caller,
      @Nullable String callee,
      boolean video,
      @Nullable Integer ringSeconds) {}

  /** The device of the callee on which something is done. */
  record OnDevice(@Nullable String device) {}

  @PostMapping
  ResponseEntity<Call> place(@RequestBody NewCall wanted) {
    UUID id = wanted.callId() == null ? UUID.randomUUID() : wanted.callId();
    String caller = Names.require("caller", wanted.caller());
    String callee = Names.require("callee", wanted.callee());
    int seconds = wanted.ringSeconds() == null ? RING_SECONDS : wanted.ringSeconds();
    if (seconds < 1 || seconds > MOST_RING_SECONDS) {
      throw new ResponseStatusException(
          HttpStatus.BAD_REQUEST,
          "ringSeconds must be from 1 to " + MOST_RING_SECONDS + ", but was " + seconds);
    }
    try {
      Call call =
          service
              .place(id, caller, callee, wanted.video(), Duration.ofSeconds(seconds))
              .orElseThrow(
                  () ->
                      new ResponseStatusException(
                          HttpStatus.NOT_FOUND, "callee must have a device, but has none"));
      return ResponseEntity.created(URI.create("/calls/" + id)).body(call);
    } catch (DuplicateKeyException e) { // the same request once more
      return ResponseEntity.ok(found(service.find(id)));
    }
  }

  /** Asked by an app that a push has woken: it ends the call at once if it does not ring. */
  @GetMapping("/{id}")
  Call state(@PathVariable UUID id) {
    return found(service.find(id));
  }

  @PostMapping("/{id}/answer")
  ResponseEntity<Call> answer(@PathVariable UUID id, @RequestBody OnDevice on) {
    String device = Names.require("device", on.device());
    return firstOrConflict(service.answer(id, device), CallState.ANSWERED, device);
  }

  @PostMapping("/{id}/decline")
  ResponseEntity<Call> decline(@PathVariable UUID id, @RequestBody OnDevice on) {
    String device = Names.require("device", on.device());
    return firstOrConflict(service.decline(id, device), CallState.DECLINED, device);
  }

  /** The caller gives up, or either side hangs up; asked twice, it says the same. */
  @PostMapping("/{id}/end")
  Call end(@PathVariable UUID id) {
    return found(service.end(id));
  }

  /** The first one wins, also if it asks once more; all others hear how the call stands. */
  private static ResponseEntity<Call> firstOrConflict(
      Optional<Call> call, CallState wanted, String device) {
    Call now = found(call);
    boolean first = now.state() == wanted && device.equals(now.device());
    return ResponseEntity.status(first ? HttpStatus.OK : HttpStatus.CONFLICT).body(now);
  }

  private static Call found(Optional<Call> call) {
    return call.orElseThrow(
        () -> new ResponseStatusException(HttpStatus.NOT_FOUND, "there is no such call"));
  }
}
