// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
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
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * A first ring: certificate files become {@code ck.pem}, a push goes over HTTP/2 and mutual TLS to
 * a local APNs, and a phone with a killed app and a black screen rings until it is answered.
 *
 * <p>Run by {@code mvn -q -Pring}. Exits with 0 only if the phone rang without a gap.
 */
public final class FirstRing {
  private static final Duration RING = Duration.ofSeconds(3);
  private static final Duration LONGEST_GAP = Duration.ofMillis(250);

  private final PrintStream out;
  private final long start = System.nanoTime();

  private FirstRing(PrintStream out) {
    this.out = out;
  }

  public static void main(String[] args) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.exit(run(out, (apns, phone) -> {}) ? 0 : 1);
  }

  /**
   * Rings once; true if all went well.
   *
   * @param trouble is given the simulator and the phone before anything is sent
   */
  static boolean run(PrintStream out, BiConsumer<ApnsSimulator, SimulatedPhone> trouble) {
    FirstRing ring = new FirstRing(out);
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
    SimulatedPhone phone = apns.registerPhone();
    phone.onEvent(event -> say("phone", describe(event)));
    say("phone", "registered for VoIP pushes; app killed, screen black");
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
            .build()) {
      CallPayload call =
          CallPayload.incoming(UUID.randomUUID())
              .callerName("Li Lei")
              .handle("lilei@example.com")
              .video(true)
              .ringFor(Duration.ofSeconds(20))
              .build();
      say("client", "sends the call " + call.callId());
      PushResult result = client.send(DeviceToken.of(phone.token()), call);
      if (result instanceof PushResult.Rejected rejected) {
        say("client", rejected.explanation() + ", remedy " + rejected.remedy());
        return false;
      }
      say("client", "accepted by APNs, apns-id " + result.apnsId());
    }

    SimulatedCall call;
    try {
      call = phone.awaitCall(Duration.ofSeconds(5));
    } catch (TimeoutException e) {
      say("phone", "did not ring: " + e.getMessage());
      return false;
    }
    Thread.sleep(RING.toMillis()); // someone looks for their phone
    phone.answer();

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
    return rangWithoutGap(call);
  }

  private static String describe(PhoneEvent event) {
    return switch (event.type()) {
      case PUSH_RECEIVED -> "a VoIP push wakes the app";
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

  private boolean rangWithoutGap(SimulatedCall call) {
    List<RingCycle> rings = call.rings();
    if (rings.isEmpty()) {
      say("phone", "did not ring");
      return false;
    }
    Instant rungUntil = rings.get(0).start();
    Duration longest = Duration.ZERO;
    for (RingCycle cycle : rings) {
      Duration gap = Duration.between(rungUntil, cycle.start());
      longest = gap.compareTo(longest) > 0 ? gap : longest;
      rungUntil = cycle.end();
    }
    Duration rang = Duration.between(rings.get(0).start(), rungUntil);
    say(
        "phone",
        String.format(
            Locale.ROOT,
            "rang for %.1f s in %d cycles, longest gap %d ms",
            rang.toMillis() / 1000.0,
            rings.size(),
            longest.toMillis()));
    return longest.compareTo(LONGEST_GAP) <= 0
        && rang.compareTo(RING.minus(LONGEST_GAP)) >= 0
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
