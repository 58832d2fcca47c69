// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.SimulatedCall.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What phones of one user tell each other, as over the app's own connection. */
final class PhonesOfOneUserTest {
  private final VirtualPhones virtual = new VirtualPhones();
  private final SimulatedPhone first = virtual.newPhone().user("ada").register();
  private final SimulatedPhone second = virtual.newPhone().user("ada").name("tablet").register();
  private final List<PhoneEvent.Type> heard = new ArrayList<>();
  private final UUID id = UUID.randomUUID();

  @BeforeEach
  void listen() {
    second.onEvent(event -> heard.add(event.type()));
  }

  private void ring(SimulatedPhone... phones) {
    for (SimulatedPhone phone : phones) {
      virtual.push(phone, id);
      assertEquals(State.RINGING, state(phone));
    }
  }

  private State state(SimulatedPhone phone) {
    return call(phone).state();
  }

  private SimulatedCall call(SimulatedPhone phone) {
    return phone.calls().stream()
        .filter(call -> call.callId().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private static ReceivedPush lastPush(SimulatedPhone phone) {
    return phone.pushes().get(phone.pushes().size() - 1);
  }

  @Test
  void answeringEndsTheCallOnTheUsersOtherPhones() {
    SimulatedPhone third = virtual.newPhone().user("ada").register();
    ring(first, second, third);
    virtual.advance(Duration.ofMillis(100));
    assertEquals(State.ANSWERED, first.answer().state());
    assertEquals(State.ANSWERED_ELSEWHERE, state(second));
    assertEquals(State.ANSWERED_ELSEWHERE, state(third));
    assertEquals(PhoneEvent.Type.ANSWERED_ELSEWHERE, heard.get(heard.size() - 1));
    assertFalse(call(second).missed());
    List<RingCycle> rings = call(second).rings();
    virtual.advance(Duration.ofMinutes(1));
    assertEquals(rings, call(second).rings());
    assertEquals(State.ANSWERED_ELSEWHERE, state(second));
    assertThrows(IllegalStateException.class, () -> second.answer(id));
  }

  @Test
  void decliningEndsTheCallOnTheUsersOtherPhones() {
    ring(first, second);
    assertEquals(State.DECLINED, first.decline().state());
    assertEquals(State.DECLINED_ELSEWHERE, state(second));
    assertEquals(PhoneEvent.Type.DECLINED_ELSEWHERE, heard.get(heard.size() - 1));
    assertFalse(call(second).missed());
  }

  @Test
  void whatWasAnsweredAndEndedOfflineIsSaidAllTheSame() {
    ring(first, second);
    first.online(false);
    first.answer();
    first.hangUp(id);
    assertEquals(State.RINGING, state(second));
    first.online(true);
    assertEquals(State.ANSWERED_ELSEWHERE, state(second));
    assertFalse(call(second).missed());
  }

  @Test
  void whatWasDeclinedOfflineIsSaidWhenTheAppRunsAgain() {
    ring(first, second);
    first.online(false);
    first.decline();
    first.killApp();
    first.online(true);
    assertEquals(State.RINGING, state(second), "no app that could say it");
    first.openApp();
    assertEquals(State.DECLINED_ELSEWHERE, state(second));
  }

  @Test
  void pushThatWakesTheAppHasItSayWhatHappenedBefore() {
    ring(first, second);
    first.online(false);
    first.decline();
    first.killApp();
    first.online(true);
    virtual.push(first, UUID.randomUUID());
    assertEquals(State.DECLINED_ELSEWHERE, state(second));
  }

  @Test
  void whatWasSaidOnceIsNotSaidAgain() {
    ring(first, second);
    second.online(false);
    second.decline();
    first.answer();
    first.hangUp(id);
    second.online(true);
    assertEquals(State.DECLINED, state(second), "it was what the user did here");
    first.forgetHistory();
    ring(first);
    second.online(false);
    second.online(true);
    assertEquals(State.RINGING, state(first));
  }

  @Test
  void otherUsersOtherCallsAndPhonesOfNobodyRingOn() {
    SimulatedPhone bob = virtual.newPhone().user("bob").register();
    SimulatedPhone nobody = virtual.newPhone().register();
    SimulatedPhone nobodyElse = virtual.newPhone().register();
    UUID other = UUID.randomUUID();
    virtual.push(second, other);
    ring(first, second, bob, nobody, nobodyElse);
    first.answer();
    nobody.decline();
    assertEquals(State.RINGING, state(bob));
    assertEquals(State.RINGING, state(nobodyElse));
    assertEquals(other, second.answer().callId());
    assertEquals(State.ANSWERED, second.calls().get(0).state());
  }

  @Test
  void appThatIsWokenLaterAsksAndEndsTheCallAtOnce() {
    ring(first);
    first.answer();
    virtual.push(second, id);
    assertEquals(PushVerdict.ENDED_AT_ONCE, lastPush(second).verdict());
    assertEquals(
        "the user had answered the call on another phone, phone 1", lastPush(second).explanation());
    assertEquals(State.ANSWERED_ELSEWHERE, state(second));
    assertEquals(List.of(), call(second).rings());
    assertFalse(call(second).missed());
    assertEquals(List.of(PhoneEvent.Type.PUSH_RECEIVED, PhoneEvent.Type.ANSWERED_ELSEWHERE), heard);
    assertThrows(TimeoutException.class, () -> second.awaitCall(Duration.ZERO));
  }

  @Test
  void pushThatWasStoredForAnOfflinePhoneEndsAtOnce() {
    second.online(false);
    virtual.push(second, id);
    ring(first);
    first.decline();
    assertEquals(List.of(), second.calls());
    second.online(true);
    assertEquals(PushVerdict.ENDED_AT_ONCE, lastPush(second).verdict());
    assertEquals(
        "the user had declined the call on another phone, phone 1", lastPush(second).explanation());
    assertEquals(State.DECLINED_ELSEWHERE, state(second));
  }

  @Test
  void phoneThatRangWhenItWentOfflineHearsOfItWhenItIsBack() {
    ring(first, second);
    second.online(false);
    first.answer();
    assertEquals(State.RINGING, state(second));
    second.online(true);
    assertEquals(State.ANSWERED_ELSEWHERE, state(second));
  }

  @Test
  void whatTheUserDidOfflineIsSaidWhenThePhoneIsBack() {
    ring(first, second);
    first.online(false);
    assertEquals(State.ANSWERED, first.answer().state());
    assertEquals(State.RINGING, state(second));
    first.online(true);
    assertEquals(State.ANSWERED, state(first));
    assertEquals(State.ANSWERED_ELSEWHERE, state(second));
  }

  @Test
  void declinedOfflineIsSaidWhenThePhoneIsBack() {
    ring(first, second);
    first.online(false);
    first.decline();
    assertEquals(State.RINGING, state(second));
    first.online(true);
    assertEquals(State.DECLINED_ELSEWHERE, state(second));
  }

  @Test
  void whoAnsweredOfflineLosesToWhoSaidItFirst() {
    ring(first, second);
    second.online(false);
    second.answer();
    first.answer();
    assertEquals(State.ANSWERED, state(second));
    second.online(true);
    assertEquals(State.ANSWERED_ELSEWHERE, state(second));
    assertEquals(State.ANSWERED, state(first));
  }

  @Test
  void closedAppHearsNothing() {
    ring(first, second);
    second.killApp();
    first.answer();
    assertEquals(State.ENDED, state(second));
  }

  @Test
  void answeredCallThatIsOverStaysAnsweredElsewhere() {
    ring(first);
    first.answer();
    assertEquals(State.ENDED, first.hangUp(id).state());
    assertFalse(call(first).missed());
    second.openApp();
    second.callEnded(id);
    virtual.push(second, id);
    assertEquals(State.ANSWERED_ELSEWHERE, state(second));
    assertFalse(call(second).missed());
  }

  @Test
  void whatThePhoneForgotNobodyElseHearsOf() {
    ring(first);
    first.answer();
    first.forgetHistory();
    virtual.push(second, id);
    assertEquals(State.ANSWERED_ELSEWHERE, state(second));
    first.hangUp(id);
    first.forgetHistory();
    second.forgetHistory();
    ring(first, second);
  }

  @Test
  void secondAnswerIsToldWhoWasFirst() {
    ring(first, second);
    List<SimulatedCall> late = new ArrayList<>();
    first.onEvent(
        event -> {
          if (event.type() == PhoneEvent.Type.ANSWERED) {
            late.add(second.answer()); // before the news of the first answer is on its way
          }
        });
    first.answer();
    assertEquals(State.ANSWERED, state(first));
    assertEquals(State.ANSWERED_ELSEWHERE, state(second));
    assertEquals(List.of(call(second)), late);
    assertEquals(1, heard.stream().filter(PhoneEvent.Type.ANSWERED_ELSEWHERE::equals).count());
  }

  /**
   * The app's server decides who was first. The others' calls end, whether they hear of it as the
   * answer to their own or before they could give one, which then throws.
   */
  @Test
  void ofPhonesThatActAtTheSameMomentOneIsFirst() throws Exception {
    List<SimulatedPhone> phones = List.of(first, second, virtual.newPhone().user("ada").register());
    ExecutorService threads = Executors.newFixedThreadPool(phones.size());
    try {
      for (int round = 0; round < 300; round++) {
        UUID call = UUID.randomUUID();
        phones.forEach(phone -> virtual.push(phone, call));
        CyclicBarrier start = new CyclicBarrier(phones.size());
        List<Future<SimulatedCall>> said = new ArrayList<>();
        for (SimulatedPhone phone : phones) {
          boolean declines = round % 2 == 1 && phone == second;
          Callable<SimulatedCall> act =
              () -> {
                start.await(10, TimeUnit.SECONDS);
                return declines ? phone.decline(call) : phone.answer(call);
              };
          said.add(threads.submit(act));
        }
        for (Future<SimulatedCall> future : said) {
          try {
            future.get(10, TimeUnit.SECONDS);
          } catch (ExecutionException e) {
            assertEquals(IllegalStateException.class, e.getCause().getClass());
          }
        }
        List<State> states =
            phones.stream()
                .map(phone -> phone.calls().get(phone.calls().size() - 1).state())
                .sorted()
                .toList();
        assertTrue(
            states.equals(
                    List.of(State.ANSWERED, State.ANSWERED_ELSEWHERE, State.ANSWERED_ELSEWHERE))
                || states.equals(
                    List.of(State.DECLINED, State.DECLINED_ELSEWHERE, State.DECLINED_ELSEWHERE)),
            states.toString());
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
