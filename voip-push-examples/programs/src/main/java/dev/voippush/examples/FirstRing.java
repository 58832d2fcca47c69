// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import dev.voippush.AlertDevice;
import dev.voippush.AlertRing;
import dev.voippush.CallEnd;
import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.Ring;
import dev.voippush.RingOutcome;
import dev.voippush.VoipPushClient;
import dev.voippush.VoipPushException;
import dev.voippush.credentials.CertificateConverter;
import dev.voippush.credentials.CertificateLoader;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.PhoneEvent;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.RingCycle;
import dev.voippush.simulator.SimulatedCall;
import dev.voippush.simulator.SimulatedPhone;
import dev.voippush.simulator.SimulatorFiles;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * A first ring: certificate files become {@code ck.pem}, a push goes over HTTP/2 and mutual TLS to
 * a local APNs, and a phone with a killed app and a black screen rings until it is answered.
 *
 * <p>Run by {@code mvn -q -Pring}; with {@code -Dargs=--alert} the phone has no CallKit, and rings
 * by alerts. Exits with 0 only if the phone rang without a gap.
 */
public final class FirstRing {
  private static final Duration RING = Duration.ofSeconds(3);
  private static final Duration ALERT_RING = Duration.ofSeconds(7); // three alerts
  private static final Duration LONGEST_GAP = Duration.ofMillis(250);

  private final PrintStream out;
  private final boolean callKit;
  private final long start = System.nanoTime();

  private FirstRing(PrintStream out, boolean callKit) {
    this.out = out;
    this.callKit = callKit;
  }

  public static void main(String[] args) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    boolean callKit = !List.of(args).contains("--alert");
    System.exit(run(out, callKit, (apns, phone) -> {}) ? 0 : 1);
  }

  /**
   * Rings once; true if all went well.
   *
   * @param callKit false for a phone that rings by alerts
   * @param trouble is given the simulator and the phone before anything is sent
   */
  static boolean run(
      PrintStream out, boolean callKit, BiConsumer<ApnsSimulator, SimulatedPhone> trouble) {
    FirstRing ring = new FirstRing(out, callKit);
    try {
      Path directory = Files.createTempDirectory("voip-push-");
      try (ApnsSimulator apns = ApnsSimulator.start()) {
        return ring.ring(apns, directory, trouble);
      } finally {
        delete(directory);
      }
    } catch (VoipPushException e) {
      ring.say("client", "no verdict from APNs: " + e.failure() + ", " + e.delivery());
      ring.say("client", String.valueOf(e.getMessage()));
      return false;
    } catch (IOException e) {
      ring.say("files", String.valueOf(e.getMessage()));
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private boolean ring(
      ApnsSimulator apns, Path directory, BiConsumer<ApnsSimulator, SimulatedPhone> trouble)
      throws IOException, InterruptedException {
    say("simulator", "local APNs at " + apns.endpoint());
    SimulatedPhone phone = apns.newPhone().callKit(callKit).register();
    phone.onEvent(event -> say("phone", describe(event)));
    say(
        "phone",
        "registered for "
            + (callKit ? "VoIP pushes" : "notifications, without CallKit")
            + "; app killed, screen black");
    trouble.accept(apns, phone);

    SimulatorFiles files = apns.credentials().writeTo(directory);
    char[] password = apns.credentials().password().toCharArray();
    Path ckPem = directory.resolve("my-ck.pem");
    CertificateConverter.toPem(files.voipCer(), files.voipP12(), password, ckPem, password);
    say("converter", "voip.cer + voippush.p12 -> ck.pem, " + Files.size(ckPem) + " bytes");

    PushCertificate certificate = CertificateLoader.load(ckPem, password);
    say("loader", "ck.pem is for " + certificate.bundleId() + " until " + certificate.expiresAt());

    try (VoipPushClient client =
        VoipPushClient.builder()
            .credentials(certificate)
            .endpoint(apns.endpoint())
            .trustedCertificates(apns.credentials().caCertificate())
            .attemptTimeout(Duration.ofSeconds(2))
            .alertRing(AlertRing.builder().build())
            .build()) {
      CallPayload call =
          CallPayload.incoming(UUID.randomUUID())
              .callerName("Li Lei")
              .handle("lilei@example.com")
              .video(true)
              .ringFor(Duration.ofSeconds(20))
              .build();
      say("client", "sends the call " + call.callId());
      if (!callKit) {
        return ringByAlerts(apns, phone, client, call);
      }
      PushResult result = client.send(DeviceToken.of(phone.token()), call);
      if (result instanceof PushResult.Rejected rejected) {
        say("client", rejected.explanation() + ", remedy " + rejected.remedy());
        return false;
      }
      say("client", "accepted by APNs, apns-id " + result.apnsId());
    }

    Optional<SimulatedCall> call = answerAfter(RING, phone);
    showRecord(apns);
    return call.isPresent() && rangWithoutGap(call.get(), RING);
  }

  /** One alert after the other, until the user answers; then a last one. */
  private boolean ringByAlerts(
      ApnsSimulator apns, SimulatedPhone phone, VoipPushClient client, CallPayload call)
      throws InterruptedException {
    Ring ring = client.ring(call, List.of(AlertDevice.of(phone.alertToken(), Locale.ENGLISH)));
    Optional<SimulatedCall> rang = answerAfter(ALERT_RING, phone);
    ring.stop(CallEnd.ANSWERED); // the app has told the server
    RingOutcome outcome = ring.ended().join();
    outcome.rejected().forEach((device, why) -> say("client", device + ": " + why.explanation()));
    phone.banners().forEach(banner -> say("phone", "notification centre: " + banner.body()));
    showRecord(apns);
    return rang.isPresent() && rangWithoutGap(rang.get(), ALERT_RING);
  }

  private Optional<SimulatedCall> answerAfter(Duration time, SimulatedPhone phone)
      throws InterruptedException {
    try {
      SimulatedCall call = phone.awaitCall(Duration.ofSeconds(5));
      Thread.sleep(time.toMillis()); // someone looks for their phone
      phone.answer();
      return Optional.of(call);
    } catch (TimeoutException e) {
      say("phone", "did not ring: " + e.getMessage());
      return Optional.empty();
    }
  }

  private void showRecord(ApnsSimulator apns) {
    for (RecordedRequest request : apns.requests()) {
      say(
          "simulator",
          "record: apns-id "
              + request.apnsId()
              + ", topic "
              + request.headers().get("apns-topic")
              + ", expiration "
              + request.headers().get("apns-expiration")
              + ", "
              + request.payload().length
              + " bytes, status "
              + request.status());
    }
  }

  private String describe(PhoneEvent event) {
    return switch (event.type()) {
      case PUSH_RECEIVED -> callKit ? "a VoIP push wakes the app" : "an alert";
      case RINGING ->
          "ringing: "
              + event.call().map(call -> call.callerName() + (call.video() ? ", video" : "")).get();
      case ANSWERED -> "answered";
      case DECLINED -> "declined";
      case ENDED -> "ended by the caller";
      case EXPIRED -> "missed: the ring time is over";
      case APP_KILLED -> "iOS killed the app: it did not report the call to CallKit";
      default -> event.type().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    };
  }

  private boolean rangWithoutGap(SimulatedCall call, Duration atLeast) {
    List<RingCycle> rings = call.rings();
    if (rings.isEmpty()) {
      say("phone", "did not ring");
      return false;
    }
    Duration longest = call.longestGap();
    Duration rang = Duration.between(rings.get(0).start(), rings.get(rings.size() - 1).end());
    say(
        "phone",
        String.format(
            Locale.ROOT,
            "rang for %.1f s in %d cycles, longest gap %d ms",
            rang.toMillis() / 1000.0,
            rings.size(),
            longest.toMillis()));
    return longest.compareTo(LONGEST_GAP) <= 0
        && rang.compareTo(atLeast.minus(LONGEST_GAP)) >= 0
        && call.state() == SimulatedCall.State.ANSWERED;
  }

  private void say(String who, String what) {
    out.printf(Locale.ROOT, "%7.3f s  %-9s  %s%n", (System.nanoTime() - start) / 1e9, who, what);
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(FirstRing::deleteOne);
    }
  }

  private static void deleteOne(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
