// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the HTTP API shows, as maps and lists to be written as JSON. Times are in epoch ms. */
final class WebState {
  /** So many of the last pushes are shown of each phone. */
  static final int PUSHES = 50;

  /** So many of the last calls are shown of each phone. */
  static final int CALLS = 200;

  /** So many of the last requests are part of the state. */
  static final int REQUESTS = 50;

  private final ApnsSimulator simulator;

  WebState(ApnsSimulator simulator) {
    this.simulator = simulator;
  }

  /** All that a page needs at first. */
  Map<String, @Nullable Object> all() {
    SimulatorCredentials credentials = simulator.credentials();
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("endpoint", simulator.endpoint().toString());
    map.put("sandboxEndpoint", simulator.sandboxEndpoint().toString());
    map.put("bundleId", credentials.bundleId());
    map.put("teamId", credentials.teamId());
    map.put("keyId", credentials.keyId());
    map.put("phones", simulator.phones().stream().map(this::phone).toList());
    map.put("requests", simulator.log().last(REQUESTS).stream().map(this::request).toList());
    return map;
  }

  /** A phone now. */
  Map<String, @Nullable Object> phone(SimulatedPhone phone) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    synchronized (phone) { // one moment of it
      map.put("number", phone.number());
      map.put("name", phone.name());
      map.put("user", phone.user().orElse(null));
      map.put("bundleId", phone.bundleId());
      map.put("sandbox", phone.sandbox());
      map.put("callKit", phone.callKit());
      map.put("token", phone.callKit() ? phone.token() : null);
      map.put("alertToken", phone.alertToken());
      map.put("online", phone.online());
      map.put("appState", lowerCase(phone.appState()));
      map.put("reportsCalls", phone.reportsCalls());
      map.put("calls", last(CALLS, phone.calls()).stream().map(WebState::call).toList());
      map.put("pushes", last(PUSHES, phone.pushes()).stream().map(WebState::push).toList());
    }
    return map;
  }

  private static Map<String, @Nullable Object> call(SimulatedCall call) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("callId", call.callId().toString());
    map.put("callerName", call.callerName());
    map.put("handle", call.handle());
    map.put("video", call.video());
    map.put("state", call.state().name());
    map.put("missed", call.missed());
    map.put("startedAt", call.startedAt().toEpochMilli());
    map.put("expiresAt", call.expiresAt().toEpochMilli());
    map.put("soundsUntil", call.soundsUntil().map(Instant::toEpochMilli).orElse(null));
    boolean rings = call.state() == SimulatedCall.State.RINGING; // then it changes all the time
    map.put("rangMillis", rings ? null : call.rang().toMillis());
    map.put("gapMillis", rings ? null : call.longestGap().toMillis());
    return map;
  }

  private static Map<String, @Nullable Object> push(ReceivedPush push) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("receivedAt", push.receivedAt().toEpochMilli());
    map.put("latencyMillis", push.latency().toMillis());
    map.put("verdict", push.verdict().name());
    map.put("explanation", push.explanation());
    map.put("headers", headers(push.request()));
    map.put("payload", payload(push.request()));
    return map;
  }

  /** A request that arrived at APNs, and what became of it. */
  Map<String, @Nullable Object> request(RecordedRequest request) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("time", request.receivedAt().toEpochMilli());
    map.put("environment", request.sandbox() ? "sandbox" : "production");
    map.put("token", request.deviceToken());
    map.put("topic", request.header("apns-topic").orElse(""));
    map.put("headers", headers(request));
    map.put("payload", payload(request));
    map.put("status", request.status());
    map.put("reason", request.reason());
    map.put("processed", request.status() != 0);
    return map;
  }

  /** As they came, but not what authenticates: somebody may take a real key to the simulator. */
  private static Map<String, String> headers(RecordedRequest request) {
    Map<String, String> headers = new LinkedHashMap<>(request.headers());
    headers.computeIfPresent(
        "authorization", (name, value) -> "(" + value.length() + " characters, not shown)");
    return headers;
  }

  private static String payload(RecordedRequest request) {
    return new String(request.sharedPayload(), StandardCharsets.UTF_8);
  }

  static String lowerCase(Enum<?> constant) {
    return constant.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }

  private static <T> List<T> last(int count, List<T> all) {
    return all.subList(Math.max(0, all.size() - count), all.size());
  }
}
