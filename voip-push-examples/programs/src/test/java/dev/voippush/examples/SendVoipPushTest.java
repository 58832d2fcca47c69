// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.SimulatedCall;
import dev.voippush.simulator.SimulatedPhone;
import dev.voippush.simulator.SimulatorFiles;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SendVoipPushTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @TempDir static Path directory;
  private static ApnsSimulator apns;
  private static SimulatorFiles files;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private SimulatedPhone phone;

  @BeforeAll
  static void start() throws Exception {
    apns = ApnsSimulator.start();
    files = apns.credentials().writeTo(directory);
  }

  @AfterAll
  static void close() {
    apns.close();
  }

  @BeforeEach
  void register() {
    phone = apns.registerPhone();
  }

  private int send(int port, String... arguments) {
    List<String> all = new ArrayList<>(List.of("--host", "127.0.0.1:" + port));
    all.addAll(List.of("--ca", files.caPem().toString()));
    all.addAll(List.of(arguments));
    return run(all.toArray(String[]::new));
  }

  private int run(String... arguments) {
    return SendVoipPush.run(
        arguments,
        Map.of("CERTIFICATE_PASSWORD", apns.credentials().password()),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private String complained() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void ckPemRings() throws Exception {
    int code =
        send(
            apns.port(),
            "--caller",
            "Li Lei",
            "--video",
            "--ring",
            "20",
            files.ckPem().toString(),
            phone.token());
    assertEquals(0, code, complained());
    SimulatedCall call = phone.awaitCall(PATIENCE);
    assertEquals("Li Lei", call.callerName());
    assertTrue(call.video());
    assertEquals(
        "accepted by APNs, apns-id "
            + phone.pushes().get(0).request().apnsId()
            + ": the phone rings\n",
        out.toString(StandardCharsets.UTF_8));
  }

  @Test
  void p12Rings() throws Exception {
    assertEquals(0, send(apns.port(), files.voipP12().toString(), phone.token()), complained());
    phone.awaitCall(PATIENCE);
    assertEquals(
        0,
        send(
            apns.port(),
            "--cer",
            files.voipCer().toString(),
            files.voipP12().toString(),
            phone.token()),
        complained());
  }

  @Test
  void p8RingsInTheSandbox() throws Exception {
    SimulatedPhone developer = apns.newPhone().sandbox(true).register();
    int code =
        send(
            apns.sandboxPort(),
            "--sandbox",
            "--team",
            apns.credentials().teamId(),
            "--bundle",
            apns.credentials().bundleId(),
            files.signingKey().toString(),
            developer.token());
    assertEquals(0, code, complained());
    developer.awaitCall(PATIENCE);
    RecordedRequest request = developer.pushes().get(0).request();
    assertTrue(request.clientCertificate().isEmpty());
  }

  @Test
  void verdictIsExplained() {
    SimulatedPhone developer = apns.newPhone().sandbox(true).register();
    assertEquals(1, send(apns.port(), files.ckPem().toString(), developer.token()));
    assertTrue(complained().startsWith("APNs said 400 BadDeviceToken: "), complained());
    assertTrue(complained().endsWith(", remedy CHECK_CONFIGURATION\n"), complained());
    assertFalse(complained().contains(developer.token()), complained());
  }

  @Test
  void noVerdictIsExplained() {
    String[] arguments = {
      "--host", "127.0.0.1:" + apns.port(), "--ring", "1", files.ckPem().toString(), phone.token()
    };
    assertEquals(1, run(arguments)); // the simulator's authority is unknown
    assertTrue(complained().startsWith("no verdict from APNs, TLS, NOT_SENT: "), complained());
  }

  @Test
  void wrongFilesAndValuesAreNamed() {
    assertEquals(1, send(apns.port(), "nothing.pem", phone.token()));
    assertEquals(1, send(apns.port(), files.ckPem().toString(), "xyz"));
    assertEquals(1, send(apns.port(), "--ring", "soon", files.ckPem().toString(), phone.token()));
    List<String> lines = complained().lines().toList();
    assertEquals(3, lines.size(), complained());
    assertTrue(lines.get(0).startsWith("nothing.pem: no such file"), lines.get(0));
    assertTrue(lines.get(1).startsWith("device token must be hexadecimal"), lines.get(1));
    assertEquals("--ring must be seconds, but was soon", lines.get(2));
  }

  @Test
  void wrongArgumentsShowTheUsage() {
    assertEquals(2, run("ck.pem"));
    assertEquals(2, run("--loud", "ck.pem", "ab"));
    assertEquals(2, run("ck.pem", "ab", "--caller"));
    List<String> wrong =
        complained()
            .lines()
            .filter(line -> !line.startsWith(" ") && !line.startsWith("usage"))
            .toList();
    assertEquals(
        List.of(
            "CREDENTIALS and TOKEN are needed, but there were 1 of the two",
            "--loud is no option",
            "--caller needs a value"),
        wrong);
  }
}
