// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.partitioningBy;
import static java.util.stream.Collectors.toList;

import dev.voippush.AlertDevice;
import dev.voippush.AlertRing;
import dev.voippush.CallEnd;
import dev.voippush.CallPayload;
import dev.voippush.Device;
import dev.voippush.DeviceToken;
import dev.voippush.Ring;
import dev.voippush.RingOutcome;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.CredentialsException;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.PhoneEvent;
import dev.voippush.simulator.PlacedCall;
import dev.voippush.simulator.SimulatedCall;
import dev.voippush.simulator.SimulatedPhone;
import dev.voippush.simulator.SimulatorCredentials;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;

/**
 * Phones in the browser, rung by this library: the page of a local APNs asks for a call, a {@link
 * VoipPushClient} pushes it to all phones of the callee, those without CallKit included, and when
 * one of them answers, the ring is stopped.
 *
 * <p>Run by {@code mvn -q -Pring -Dstay}. Prints the page's address and stays until Ctrl-C.
 */
public final class RingInBrowser implements AutoCloseable {
  private static final String CALLEE = "Han Meimei";

  private final PrintStream out;
  private final ApnsSimulator apns;
  private final VoipPushClient production;
  private final VoipPushClient sandbox;

  // Guarded by this: a phone may answer before its ring is noted
  private final Map<UUID, List<Ring>> rings = new HashMap<>();
  private final Set<SimulatedPhone> heard = new HashSet<>();

  /**
   * Starts everything.
   *
   * @param port of the page; 0 for any free one
   */
  RingInBrowser(PrintStream out, int port) throws CredentialsException {
    this.out = out;
    apns = ApnsSimulator.builder().web(port).start();
    apns.newPhone().name("iPhone").user(CALLEE).register();
    apns.newPhone().name("iPad").user(CALLEE).register();
    production = client(apns.endpoint());
    sandbox = client(apns.sandboxEndpoint());
  }

  public static void main(String[] args) throws CredentialsException, InterruptedException {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    int port = args.length == 0 ? 0 : Integer.parseInt(args[0]);
    try (RingInBrowser program = new RingInBrowser(out, port)) {
      program.start();
      new CountDownLatch(1).await(); // until Ctrl-C
    }
  }

  private VoipPushClient client(URI endpoint) throws CredentialsException {
    SimulatorCredentials credentials = apns.credentials();
    return VoipPushClient.builder()
        .credentials(PushCertificate.of(credentials.privateKey(), credentials.chain()))
        .endpoint(endpoint)
        .trustedCertificates(credentials.caCertificate())
        .alertRing(AlertRing.builder().build()) // for phones without CallKit
        .build();
  }

  void start() {
    apns.placeCallsWith(this::ring, this::hangUp);
    out.println("Open " + page() + " in a browser and place a call. Ctrl-C ends it.");
  }

  URI page() {
    return apns.web().orElseThrow();
  }

  /** Called for each call that is placed in the page, which shows what this throws. */
  private synchronized void ring(PlacedCall placed) {
    CallPayload call =
        CallPayload.incoming(placed.callId())
            .callerName(placed.callerName())
            .handle(placed.handle())
            .video(placed.video())
            .ringFor(placed.ringFor())
            .build();
    for (SimulatedPhone phone : placed.phones()) {
      if (heard.add(phone)) {
        phone.onEvent(this::hear);
      }
    }
    Map<Boolean, List<Device>> devices =
        placed.phones().stream()
            .collect(
                partitioningBy(SimulatedPhone::sandbox, mapping(RingInBrowser::device, toList())));
    out.println(call.callId() + "  " + placed.callerName() + " calls");
    List<Ring> both =
        List.of(production.ring(call, devices.get(false)), sandbox.ring(call, devices.get(true)));
    rings.put(call.callId(), both);
    for (Ring ring : both) {
      var unused = ring.outcome().thenAccept(this::tell);
    }
  }

  private static Device device(SimulatedPhone phone) {
    return phone.callKit()
        ? DeviceToken.of(phone.token())
        : AlertDevice.of(phone.alertToken(), Locale.ENGLISH);
  }

  private void tell(RingOutcome outcome) {
    outcome.reached().forEach(device -> out.println(outcome.callId() + "  reached " + device));
    outcome
        .rejected()
        .forEach(
            (device, rejected) ->
                out.println(outcome.callId() + "  " + device + ": " + rejected.explanation()));
    outcome
        .failed()
        .forEach(
            (device, failure) ->
                out.println(outcome.callId() + "  " + device + ": " + failure.getMessage()));
  }

  /** What the app tells the server over its own connection. */
  private void hear(PhoneEvent event) {
    switch (event.type()) {
      case ANSWERED -> end(event, CallEnd.ANSWERED);
      case DECLINED -> end(event, CallEnd.DECLINED);
      case ENDED, EXPIRED -> {
        if (event.call().orElseThrow().missed()) { // and not just this phone's app closed
          end(event, CallEnd.MISSED);
        }
      }
      default -> {} // does not end a call
    }
  }

  private void end(PhoneEvent event, CallEnd how) {
    SimulatedCall call = event.call().orElseThrow();
    end(call.callId(), how, call + " on the " + event.phone().name());
  }

  /** The caller gives up, in the page. */
  private void hangUp(UUID callId) {
    end(callId, CallEnd.MISSED, "call " + callId + " ENDED by the caller");
  }

  private synchronized void end(UUID callId, CallEnd how, String words) {
    List<Ring> ended = rings.remove(callId);
    if (ended != null) {
      ended.forEach(ring -> ring.stop(how));
      out.println(words);
    }
  }

  /** Ends everything. */
  @Override
  public void close() {
    production.close();
    sandbox.close();
    apns.close();
  }
}
