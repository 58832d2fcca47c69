// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The executable jar: a simulator for programs in any language, which runs until Ctrl-C.
 *
 * <p>Prints where everything is, a line each, and then what happens on the phones. Exits with 2 if
 * an option is wrong, with 1 if it cannot start.
 */
final class Standalone {
  private static final int KEPT_REQUESTS = 10_000;
  private static final int KEPT_PER_PHONE = 200;

  private final PrintStream out;

  private Standalone(PrintStream out) {
    this.out = out;
  }

  public static void main(String[] args) throws InterruptedException {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    List<String> arguments = List.of(args);
    if (arguments.contains("--help")) {
      out.print(StandaloneOptions.HELP);
      return;
    }
    try {
      new Standalone(out).start(StandaloneOptions.parse(arguments));
    } catch (IllegalArgumentException e) {
      fail(e.getMessage(), 2);
    } catch (UncheckedIOException e) {
      fail(e.getMessage() + ": " + e.getCause() + "; give another port, or 0 for any free one", 1);
    } catch (IOException e) {
      fail("--credentials must be a directory that may be written to, but was not: " + e, 1);
    }
    Thread.currentThread().join(); // until the JVM is told to end
  }

  private static void fail(@Nullable String message, int status) {
    System.err.println(message);
    System.exit(status);
  }

  private void start(StandaloneOptions options) throws IOException {
    ApnsSimulator.Builder builder =
        ApnsSimulator.builder()
            .port(options.port())
            .sandboxPort(options.sandboxPort())
            .withoutAlpn(options.withoutAlpn())
            .bundleId(options.bundleId())
            .teamId(options.teamId())
            .keyId(options.keyId())
            .keep(KEPT_REQUESTS, KEPT_PER_PHONE);
    options.web().ifPresent(builder::web);
    ApnsSimulator simulator = builder.start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(simulator), "end"));
    SimulatorFiles files = simulator.credentials().writeTo(options.credentials());
    String password = simulator.credentials().password();

    out.println("A local APNs, on this machine only; its credentials are worth nothing elsewhere.");
    say("production", simulator.endpoint());
    say("sandbox", simulator.sandboxEndpoint());
    simulator.web().ifPresent(page -> say("page", page));
    say("app", options.bundleId() + ", topic " + options.bundleId() + ".voip");
    say("trust", files.caPem());
    say("certificate", files.voipCer());
    say("with key", files.voipP12() + ", password " + password);
    say("with key", files.ckPem() + ", password " + password);
    say("signing key", files.signingKey());
    say("key id", options.keyId());
    say("team id", options.teamId());
    for (int i = 0; i < options.phones(); i++) {
      SimulatedPhone phone = simulator.registerPhone();
      say(phone.name(), "token " + phone.token());
    }
    simulator.onPhoneEvent(event -> say(printable(event.phone().name()), describe(event)));
    out.println("Ctrl-C ends it.");
  }

  private static String describe(PhoneEvent event) {
    String what = event.type().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    return event
        .call()
        .map(
            call ->
                what + ": " + printable(call.callerName()) + (call.video() ? ", video" : ", voice"))
        .orElse(what);
  }

  /** Without what could move a terminal's cursor. */
  private static String printable(String text) {
    return text.replaceAll("\\p{C}", "\uFFFD");
  }

  private void end(ApnsSimulator simulator) {
    simulator.close();
    out.println("ended");
  }

  private void say(String what, Object value) {
    out.printf(Locale.ROOT, "%-12s %s%n", what, value);
  }
}
