// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.Ring;
import dev.voippush.RingOutcome;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.PhoneEvent;
import dev.voippush.simulator.SimulatedCall;
import dev.voippush.simulator.SimulatedPhone;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * One call rings on all devices of the callee: an iPhone, an iPad, a phone in airplane mode, and
 * one from which the app was removed. The iPhone answers; the iPad and, back online, the late phone
 * hear over the apps' own connections that the call was answered elsewhere, and never by a second
 * VoIP push.
 *
 * <p>Run by {@code mvn -q -Pring -Dexample=RingAllDevices}. Exits with 0 only if the iPhone had the
 * call, and the others rang no longer than it did.
 */
public final class RingAllDevices {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final PrintStream out;
  private final CompletableFuture<SimulatedCall> answered = new CompletableFuture<>();

  private RingAllDevices(PrintStream out) {
    this.out = out;
  }

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.exit(run(out) ? 0 : 1);
  }

  /** Rings once; true if all went well. */
  static boolean run(PrintStream out) throws Exception {
    try (ApnsSimulator apns = ApnsSimulator.start();
        VoipPushClient client =
            VoipPushClient.builder()
                .credentials(
                    PushCertificate.of(apns.credentials().privateKey(), apns.credentials().chain()))
                .endpoint(apns.endpoint())
                .trustedCertificates(apns.credentials().caCertificate())
                .build()) {
      return new RingAllDevices(out).ring(apns, client);
    }
  }

  private boolean ring(ApnsSimulator apns, VoipPushClient client) throws Exception {
    SimulatedPhone iPhone = register(apns, "iPhone");
    SimulatedPhone iPad = register(apns, "iPad");
    SimulatedPhone away = register(apns, "away");
    SimulatedPhone removed = register(apns, "removed");
    away.online(false); // airplane mode
    removed.unregister(); // the user removed the app
    List<SimulatedPhone> phones = List.of(iPhone, iPad, away, removed);

    CallPayload call =
        CallPayload.incoming(UUID.randomUUID())
            .callerName("Li Lei")
            .ringFor(Duration.ofSeconds(30))
            .build();
    List<DeviceToken> devices =
        phones.stream().map(phone -> DeviceToken.of(phone.token())).toList();
    Ring ring = client.ring(call, devices);
    RingOutcome outcome = ring.outcome().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    for (SimulatedPhone phone : phones) {
      say("server", phone.name() + ": " + end(outcome, DeviceToken.of(phone.token())));
    }
    if (!outcome.mayRing()) {
      say("server", "tells the caller: not reachable");
      return false;
    }

    iPhone.awaitCall(PATIENCE);
    SimulatedCall onIpad = iPad.awaitCall(PATIENCE);
    iPhone.answer(); // its app tells the server, and that the other apps
    answered.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    ring.stop(); // what has not been sent by now never will be
    say("server", "stops the ring");

    away.online(true); // the stored push arrives: the app reports it, asks its server, and ends it
    SimulatedCall late = away.calls().get(0);
    say("away", "online again, " + late);
    return answered.get().state() == SimulatedCall.State.ANSWERED
        && onIpad.state() == SimulatedCall.State.ANSWERED_ELSEWHERE
        && late.state() == SimulatedCall.State.ANSWERED_ELSEWHERE
        && outcome.deadTokens().keySet().equals(Set.of(DeviceToken.of(removed.token())));
  }

  private SimulatedPhone register(ApnsSimulator apns, String name) {
    SimulatedPhone phone = apns.newPhone().name(name).user("Han Meimei").register();
    phone.onEvent(this::hear);
    return phone;
  }

  private void hear(PhoneEvent event) {
    event.call().ifPresent(call -> say(event.phone().name(), event.type() + ", " + call));
    if (event.type() == PhoneEvent.Type.ANSWERED) {
      answered.complete(event.call().orElseThrow());
    }
  }

  private static String end(RingOutcome outcome, DeviceToken device) {
    if (outcome.reached().contains(device)) {
      return "accepted by APNs";
    }
    PushResult.Rejected rejected = outcome.rejected().get(device);
    return rejected == null
        ? outcome.failed().get(device).getMessage()
        : rejected.explanation() + ", remedy " + rejected.remedy();
  }

  private synchronized void say(String who, String what) {
    out.printf("%-7s  %s%n", who, what);
  }
}
