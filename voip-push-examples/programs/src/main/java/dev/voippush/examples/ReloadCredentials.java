// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CertificateLoader;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.SimulatorCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A service whose certificate is renewed on disk while it sends calls: it takes the new {@code
 * ck.pem} without a restart and without losing a push. The file is first replaced by a rename, then
 * rewritten in place, of which the service sees a half.
 *
 * <p>Run by {@code mvn -q -Pring -Dexample=ReloadCredentials}. Exits with 0 only if every call was
 * accepted and all three certificates were in use.
 */
public final class ReloadCredentials {
  /** Half a minute is often enough in production: the certificate before is valid for weeks. */
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);

  private static final Duration CALL_EVERY = Duration.ofMillis(5);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final PrintStream out;
  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

  private ReloadCredentials(PrintStream out) {
    this.out = out;
  }

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.exit(run(out) ? 0 : 1);
  }

  /** Renews the certificate twice; true if no call was lost. */
  static boolean run(PrintStream out) throws Exception {
    Path directory = Files.createTempDirectory("voip-push-");
    try (ApnsSimulator apns = ApnsSimulator.start()) {
      return new ReloadCredentials(out).run(apns, directory);
    } finally {
      delete(directory);
    }
  }

  private boolean run(ApnsSimulator apns, Path directory) throws Exception {
    SimulatorCredentials first = apns.credentials();
    SimulatorCredentials second = first.renewed();
    SimulatorCredentials third = second.renewed();
    char[] password = first.password().toCharArray();
    Path ckPem = first.writeTo(directory).ckPem();
    byte[] content = Files.readAllBytes(ckPem);
    CredentialsFile.Format format =
        (file, bytes) -> CertificateLoader.fromPem(new ByteArrayInputStream(bytes), password);

    List<CompletableFuture<PushResult>> calls = new ArrayList<>();
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    try (VoipPushClient client =
        VoipPushClient.builder()
            .credentials(format.read(ckPem, content))
            .endpoint(apns.endpoint())
            .trustedCertificates(first.caCertificate())
            .build()) {
      client.connect().get();
      say("service", "sends calls with " + name(first.certificate()));
      CredentialsFile watched =
          new CredentialsFile(
              ckPem, content, format, c -> use(client, c), what -> say("service", what));
      every(LOOK_EVERY, timer, watched::look);
      DeviceToken device = DeviceToken.of(apns.registerPhone().token());
      every(CALL_EVERY, timer, () -> calls.add(client.sendAsync(device, call())));

      say("operator", "replaces ck.pem by a rename");
      Path next = second.writeTo(directory.resolve("next")).ckPem();
      Files.move(next, ckPem, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      await("APNs takes " + name(second.certificate()));

      byte[] last = Files.readAllBytes(third.writeTo(directory.resolve("last")).ckPem());
      say("operator", "writes half of the next ck.pem over the old one");
      Files.write(ckPem, Arrays.copyOf(last, last.length / 2));
      await("cannot be used");
      say("operator", "writes the whole of it");
      Files.write(ckPem, last);
      await("APNs takes " + name(third.certificate()));

      timer.shutdown();
      if (!timer.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException("the timer does not end");
      }
      calls.add(client.sendAsync(device, call())); // so that the last certificate has one too
      return summary(apns, calls, List.of(first, second, third));
    } finally {
      timer.shutdownNow();
    }
  }

  private static void every(Duration period, ScheduledExecutorService timer, Runnable task) {
    var unused = timer.scheduleWithFixedDelay(task, 0, period.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static CallPayload call() {
    return CallPayload.incoming(UUID.randomUUID()).callerName("Li Lei").build();
  }

  /** The heart of it: two lines, of which the second only reports. */
  private void use(VoipPushClient client, ApnsCredentials credentials) {
    client.replaceCredentials(credentials);
    var unused =
        client
            .connect()
            .whenComplete(
                (ok, failure) ->
                    say(
                        "service",
                        failure == null
                            ? "APNs takes " + name(((PushCertificate) credentials).certificate())
                            : "the connection before goes on: " + failure.getMessage()));
  }

  private boolean summary(
      ApnsSimulator apns,
      List<CompletableFuture<PushResult>> calls,
      List<SimulatorCredentials> certificates)
      throws InterruptedException {
    long accepted = 0;
    for (CompletableFuture<PushResult> call : calls) {
      try {
        accepted += call.get().accepted() ? 1 : 0;
      } catch (ExecutionException e) {
        say("service", String.valueOf(e.getCause()));
      }
    }
    List<RecordedRequest> requests = apns.requests();
    boolean allInUse = true;
    for (SimulatorCredentials each : certificates) {
      X509Certificate certificate = each.certificate();
      long count =
          requests.stream()
              .filter(request -> request.clientCertificate().orElseThrow().equals(certificate))
              .count();
      say("simulator", "record: " + count + " calls with " + name(certificate));
      allInUse &= count > 0;
    }
    say("service", accepted + " of " + calls.size() + " calls accepted");
    return allInUse && accepted == calls.size() && requests.size() == calls.size();
  }

  /** Certificates of one app differ in little else. */
  private static String name(X509Certificate certificate) {
    return "certificate " + certificate.getSerialNumber().toString(16).substring(0, 8) + "…";
  }

  private synchronized void say(String who, String what) {
    out.printf("%-9s  %s%n", who, what);
    events.add(what);
  }

  private void await(String what) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      String event = events.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (event == null) {
        throw new IllegalStateException("the service did not say: " + what);
      }
      if (event.contains(what)) {
        return;
      }
    }
  }

  private static void delete(Path directory) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(directory)) {
      all = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) {
      Files.delete(file);
    }
  }
}
