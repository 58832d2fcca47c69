// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pushes that APNs accepts but delivers late, twice or newest first. */
final class DeliveryFaultsTest {
  private static final Duration LATER = Duration.ofMillis(300);

  /** Longer than any test. */
  private static final Duration MUCH_LATER = Duration.ofMinutes(5);

  private static ApnsSimulator simulator;
  private static Pushes client;
  private SimulatedPhone phone;

  @BeforeAll
  static void start() {
    simulator = ApnsSimulator.start();
    client = Pushes.withCertificate(simulator);
  }

  @AfterAll
  static void close() {
    simulator.close();
  }

  @BeforeEach
  void register() {
    phone = simulator.registerPhone();
    simulator.script(Script.normal());
    simulator.forgetRequests();
  }

  /** Pushes a new call, which must be accepted, and returns the push's id. */
  private static String push(String token) throws Exception {
    String id = UUID.randomUUID().toString();
    Pushes.Answer answer = client.send(Pushes.voip(simulator, token).header("apns-id", id));
    assertEquals(200, answer.status(), answer.body());
    return id;
  }

  private static List<String> received(SimulatedPhone phone) {
    return phone.pushes().stream().map(push -> push.request().apnsId()).toList();
  }

  @Test
  void lateToThePhoneIsNotLateToTheClient() throws Exception {
    simulator.script(Script.normal().deliveredAfter(MUCH_LATER));
    push(phone.token());
    assertEquals(200, simulator.requests().get(0).status());
    assertEquals(List.of(), phone.pushes());
  }

  @Test
  void closeDoesNotWaitForWhatIsLate() throws Exception {
    SimulatedPhone last;
    try (ApnsSimulator closing = ApnsSimulator.start()) {
      last = closing.registerPhone();
      closing.script(Script.normal().deliveredAfter(MUCH_LATER));
      Pushes.Answer answer =
          Pushes.withCertificate(closing).send(Pushes.voip(closing, last.token()));
      assertEquals(200, answer.status());
    }
    assertEquals(List.of(), last.pushes());
  }

  @Test
  void latePushRings() throws Exception {
    simulator.script(Script.normal().deliveredAfter(LATER));
    long start = System.nanoTime();
    String first = push(phone.token());
    String second = push(phone.token());
    phone.awaitCall(Pushes.PATIENCE);
    assertTrue(System.nanoTime() - start >= LATER.toNanos());
    phone.awaitCall(Pushes.PATIENCE);
    assertEquals(List.of(first, second), received(phone));
  }

  @Test
  void latePushForATokenThatIsNoMoreIsLost() throws Exception {
    SimulatedPhone ringing = simulator.registerPhone();
    push(ringing.token());
    simulator.script(phone.token(), Script.normal().deliveredAfter(LATER));
    synchronized (ringing) { // stops the timer at its next tick, which is before the delivery
      push(phone.token());
      phone.rotateToken();
    }
    simulator.script(phone.token(), Script.normal().deliveredAfter(LATER));
    String id = push(phone.token());
    phone.awaitCall(Pushes.PATIENCE); // which comes after the lost one
    assertEquals(List.of(id), received(phone));
  }

  @Test
  void twiceIsReportedTwiceAndRingsOnce() throws Exception {
    simulator.script(Script.normal().deliveredTwice().times(1));
    String twice = push(phone.token());
    String once = push(phone.token());
    assertEquals(List.of(twice, twice, once), received(phone));
    assertEquals(
        List.of(PushVerdict.RANG, PushVerdict.REPEATED, PushVerdict.RANG),
        phone.pushes().stream().map(ReceivedPush::verdict).toList());
    assertEquals(2, simulator.requests().size());
  }

  @Test
  void newestFirstReversesEachBatch() throws Exception {
    simulator.script(Script.normal().deliveredNewestFirst(3));
    String first = push(phone.token());
    String second = push(phone.token());
    assertEquals(List.of(), phone.pushes());
    String third = push(phone.token());
    assertEquals(List.of(third, second, first), received(phone));
    push(phone.token());
    push(phone.token());
    assertEquals(3, phone.pushes().size());
  }

  @Test
  void eachDeviceKeepsItsOwn() throws Exception {
    SimulatedPhone other = simulator.registerPhone();
    simulator.script(Script.normal().deliveredNewestFirst(2));
    String first = push(phone.token());
    String othersFirst = push(other.token());
    assertEquals(List.of(), phone.pushes());
    String second = push(phone.token());
    assertEquals(List.of(second, first), received(phone));
    assertEquals(List.of(), other.pushes());
    String othersSecond = push(other.token());
    assertEquals(List.of(othersSecond, othersFirst), received(other));
  }

  @Test
  void onlyAcceptedPushesCount() throws Exception {
    simulator.script(Script.normal().deliveredNewestFirst(2));
    String first = push(phone.token());
    assertEquals(400, client.send(Pushes.voip(simulator, phone.token()).body("")).status());
    assertEquals(List.of(), phone.pushes());
    String second = push(phone.token());
    assertEquals(List.of(second, first), received(phone));
  }

  @Test
  void ordinaryPushesOvertakeThoseThatAreKept() throws Exception {
    Script pairs = Script.normal().deliveredNewestFirst(2);
    simulator.script(Script.sequence(pairs, Script.normal(), pairs));
    String kept = push(phone.token());
    String ordinary = push(phone.token());
    assertEquals(List.of(ordinary), received(phone));
    String second = push(phone.token());
    assertEquals(List.of(ordinary, second, kept), received(phone));
  }

  @Test
  void allAtOnce() throws Exception {
    simulator.script(
        Script.normal().deliveredNewestFirst(2).deliveredTwice().deliveredAfter(LATER));
    long start = System.nanoTime();
    String first = push(phone.token());
    String second = push(phone.token());
    phone.awaitCall(Pushes.PATIENCE);
    phone.awaitCall(Pushes.PATIENCE);
    assertTrue(System.nanoTime() - start >= LATER.toNanos());
    simulator.script(Script.normal().deliveredAfter(Duration.ofNanos(1)));
    String last = push(phone.token()); // comes when the others are all there
    phone.awaitCall(Pushes.PATIENCE);
    assertEquals(List.of(second, second, first, first, last), received(phone));
  }

  @Test
  void alsoWhenTheClientGetsNoAnswer() throws Exception {
    simulator.script(Script.dropAfter().deliveredTwice());
    assertThrows(
        ExecutionException.class, () -> client.send(Pushes.voip(simulator, phone.token())));
    assertEquals(2, phone.pushes().size());
  }
}
