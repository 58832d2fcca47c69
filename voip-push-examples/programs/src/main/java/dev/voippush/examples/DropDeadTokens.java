// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import dev.voippush.ApnsEnvironment;
import dev.voippush.CallPayload;
import dev.voippush.DeadTokens;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.Script;
import dev.voippush.simulator.SimulatedPhone;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A registration store that forgets the tokens that APNs says are dead, and no others: of four
 * users one has removed the app, one has registered again since, and the token of one is stored
 * with the wrong environment.
 *
 * <p>Run by {@code mvn -q -Pring -Dexample=DropDeadTokens}. Exits with 0 only if exactly the token
 * of the removed app was discarded.
 */
public final class DropDeadTokens {
  private static final Duration DAY = Duration.ofDays(1);

  private final PrintStream out;
  private final Registrations registrations = new Registrations();

  private DropDeadTokens(PrintStream out) {
    this.out = out;
  }

  public static void main(String[] args) throws IOException {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.exit(run(out) ? 0 : 1);
  }

  /** Rings all users once; true if exactly the token of the removed app was discarded. */
  static boolean run(PrintStream out) throws IOException {
    DropDeadTokens program = new DropDeadTokens(out);
    try (ApnsSimulator apns = ApnsSimulator.start()) {
      program.register(apns);
      program.ringAll(apns);
    }
    List<String> left = program.registrations.all().stream().map(Registration::user).toList();
    out.println("registered now: " + left);
    return left.equals(List.of("Jim", "Li Lei", "Lily"));
  }

  /** What a database has in a table. */
  private record Registration(
      DeviceToken device, String user, ApnsEnvironment environment, Instant registeredAt) {}

  /** The registration store. In SQL, {@code discard} is one DELETE. */
  private static final class Registrations implements DeadTokens.Store {
    private final Map<DeviceToken, Registration> byToken = new ConcurrentHashMap<>();

    /** Called whenever an app starts and uploads its token, be it new or not. */
    void register(Registration registration) {
      byToken.put(registration.device(), registration);
    }

    @Override
    public boolean discard(DeviceToken device, Instant deadSince) {
      Registration found = byToken.get(device);
      return found != null
          && found.registeredAt().isBefore(deadSince)
          && byToken.remove(device, found); // not if it was registered again just now
    }

    List<Registration> all() {
      return byToken.values().stream().sorted(Comparator.comparing(Registration::user)).toList();
    }
  }

  private void register(ApnsSimulator apns) {
    Instant now = Instant.now();
    register("Li Lei", apns.registerPhone(), now.minus(DAY));

    SimulatedPhone removed = apns.registerPhone();
    register("Han Meimei", removed, now.minus(DAY));
    removed.unregister(); // the user removes the app: 410 with this moment as timestamp

    SimulatedPhone back = apns.registerPhone();
    apns.script(back.token(), Script.unregistered(now.minus(DAY))); // though she is back
    register("Lily", back, now);

    // A build from Xcode, whose token the app uploaded as one of production.
    register("Jim", apns.newPhone().sandbox(true).register(), now.minus(DAY));
  }

  private void register(String user, SimulatedPhone phone, Instant at) {
    DeviceToken device = DeviceToken.of(phone.token());
    registrations.register(new Registration(device, user, ApnsEnvironment.PRODUCTION, at));
  }

  private void ringAll(ApnsSimulator apns) throws IOException {
    DeadTokens deadTokens = DeadTokens.of(registrations);
    try (VoipPushClient client =
        VoipPushClient.builder()
            .credentials(
                PushCertificate.of(apns.credentials().privateKey(), apns.credentials().chain()))
            .endpoint(apns.endpoint()) // in place of environment(ApnsEnvironment.PRODUCTION)
            .trustedCertificates(apns.credentials().caCertificate())
            .build()) {
      for (Registration registration : registrations.all()) {
        DeviceToken device = registration.device();
        CallPayload call = CallPayload.incoming(UUID.randomUUID()).callerName("Lucy").build();
        Instant pushedAt = Instant.now();
        PushResult result = client.send(device, call);
        boolean discarded = deadTokens.discardIfDead(device, result, pushedAt);
        String end = describe(registration, result, discarded);
        out.printf("%-10s  %s  %s%n", registration.user(), device, end);
      }
    }
  }

  private static String describe(Registration registration, PushResult result, boolean discarded) {
    if (!(result instanceof PushResult.Rejected rejected)) {
      return "kept: rings";
    }
    String since = rejected.tokenInvalidSince().map(instant -> " since " + instant).orElse("");
    return switch (rejected.remedy()) {
      case DISCARD_TOKEN ->
          (discarded ? "discarded: " : "kept: ")
              + rejected.rawReason()
              + since
              + (discarded ? ", " : ", but ")
              + "registered at "
              + registration.registeredAt();
      case CHECK_CONFIGURATION ->
          "kept: "
              + rejected.rawReason()
              + ", although stored as of "
              + registration.environment()
              + "; a wrong configuration, report it";
      default -> "kept: " + rejected.explanation();
    };
  }
}
