// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** How phones are set up, and what is told of them. */
final class PhonesTest {
  private final VirtualPhones virtual = new VirtualPhones();
  private final List<PhoneEvent> events = new ArrayList<>();

  private List<PhoneEvent.Type> takeEvents() {
    List<PhoneEvent.Type> types = events.stream().map(PhoneEvent::type).toList();
    events.clear();
    return types;
  }

  @Test
  void phonesAreNumberedAndHaveDefaults() {
    try (ApnsSimulator simulator = ApnsSimulator.builder().bundleId("org.example.x").start()) {
      SimulatedPhone first = simulator.registerPhone();
      SimulatedPhone second =
          simulator
              .newPhone()
              .name("Ada's phone")
              .user("ada")
              .bundleId("org.example.y")
              .sandbox(true)
              .callKit(false)
              .register();
      assertEquals(List.of(first, second), simulator.phones());
      assertEquals(1, first.number());
      assertEquals("phone 1", first.name());
      assertEquals(Optional.empty(), first.user());
      assertEquals("org.example.x", first.bundleId());
      assertFalse(first.sandbox());
      assertTrue(first.callKit());
      assertTrue(first.reportsCalls());
      assertEquals(2, second.number());
      assertEquals("Ada's phone", second.name());
      assertEquals(Optional.of("ada"), second.user());
      assertEquals("org.example.y", second.bundleId());
      assertTrue(second.sandbox());
      assertFalse(second.callKit());
      first.unregister();
      assertEquals(List.of(first, second), simulator.phones());
    }
  }

  @Test
  void oneBuilderRegistersSeveral() {
    SimulatedPhone.Builder builder = virtual.newPhone().user("ada");
    assertEquals("phone 1", builder.register().name());
    assertEquals("phone 2", builder.register().name());
  }

  @Test
  void blankSettingsAreRefused() {
    SimulatedPhone.Builder builder = virtual.newPhone();
    assertThrows(IllegalArgumentException.class, () -> builder.name(" "));
    assertThrows(IllegalArgumentException.class, () -> builder.bundleId(""));
    assertEquals(
        "user must not be blank, but was '': leave it out for the default",
        assertThrows(IllegalArgumentException.class, () -> builder.user("")).getMessage());
  }

  @Test
  void listenerOfAllPhonesHearsOfEveryChange() {
    virtual.phones.onEvent(events::add);
    SimulatedPhone phone = virtual.newPhone().register();
    assertSame(phone, events.get(0).phone());
    assertEquals(virtual.clock.instant(), events.get(0).at());
    assertEquals(List.of(PhoneEvent.Type.REGISTERED), takeEvents());
    phone.openApp();
    phone.leaveApp();
    UUID id = UUID.randomUUID();
    virtual.push(phone, id);
    phone.killApp();
    assertEquals(
        List.of(
            PhoneEvent.Type.APP_OPENED,
            PhoneEvent.Type.APP_LEFT,
            PhoneEvent.Type.PUSH_RECEIVED,
            PhoneEvent.Type.RINGING,
            PhoneEvent.Type.ENDED,
            PhoneEvent.Type.APP_CLOSED),
        takeEvents());
    phone.online(false);
    virtual.push(phone, UUID.randomUUID());
    phone.online(true);
    assertEquals(
        List.of(
            PhoneEvent.Type.OFFLINE,
            PhoneEvent.Type.ONLINE,
            PhoneEvent.Type.PUSH_RECEIVED,
            PhoneEvent.Type.RINGING),
        takeEvents());
    UUID hungUp = phone.answer().callId();
    phone.hangUp(hungUp);
    phone.reportsCalls(false);
    virtual.push(phone, UUID.randomUUID());
    assertEquals(
        List.of(
            PhoneEvent.Type.ANSWERED,
            PhoneEvent.Type.ENDED,
            PhoneEvent.Type.REPORTING_CHANGED,
            PhoneEvent.Type.PUSH_RECEIVED,
            PhoneEvent.Type.APP_KILLED),
        takeEvents());
    phone.rotateToken();
    phone.forgetHistory();
    phone.unregister();
    assertEquals(
        List.of(
            PhoneEvent.Type.TOKEN_ROTATED,
            PhoneEvent.Type.HISTORY_FORGOTTEN,
            PhoneEvent.Type.UNREGISTERED),
        takeEvents());
  }

  @Test
  void whatChangesNothingIsNoEvent() {
    SimulatedPhone phone = virtual.newPhone().register();
    virtual.phones.onEvent(events::add);
    phone.online(true);
    phone.leaveApp();
    phone.killApp();
    phone.reportsCalls(true);
    phone.openApp();
    phone.openApp();
    phone.unregister();
    phone.unregister();
    assertEquals(List.of(PhoneEvent.Type.APP_OPENED, PhoneEvent.Type.UNREGISTERED), takeEvents());
  }

  @Test
  void callStartsWhenItsPushComes() {
    SimulatedPhone phone = virtual.newPhone().register();
    phone.online(false);
    virtual.push(phone, UUID.randomUUID());
    virtual.advance(Duration.ofSeconds(3));
    Instant back = virtual.clock.instant();
    phone.online(true);
    virtual.advance(Duration.ofSeconds(1));
    assertEquals(back, phone.calls().get(0).startedAt());
    assertEquals(Duration.ofSeconds(3), phone.pushes().get(0).latency());
  }

  @Test
  void acceptedPushDoesNotReachAnAppThatWasRemovedMeanwhile() {
    SimulatedPhone phone = virtual.newPhone().register();
    String token = phone.token();
    phone.rotateToken();
    virtual.push(
        token,
        "com.example.app.voip",
        Pushes.call(UUID.randomUUID(), virtual.clock.instant().plusSeconds(30)),
        Instant.MAX);
    assertEquals(List.of(), phone.pushes());
  }

  @Test
  void appThatIsInstalledAgainHasOtherTokens() {
    SimulatedPhone phone = virtual.newPhone().register();
    Devices.Device old = virtual.phones.devices().find(phone.token());
    Instant removedAt = virtual.clock.instant();
    phone.unregister();
    virtual.advance(Duration.ofDays(1));
    phone.unregister();
    phone.rotateToken();
    assertEquals(removedAt, old.unregisteredAt());
    UUID id = UUID.randomUUID();
    virtual.push(phone, id);
    assertEquals(id, phone.answer().callId());
  }

  @Test
  void keepsTheLastPushesAndCallsThatAreOver() {
    VirtualPhones few = new VirtualPhones(2);
    SimulatedPhone phone = few.newPhone().register();
    UUID ringing = UUID.randomUUID();
    few.push(phone, ringing);
    List<UUID> ids = new ArrayList<>(List.of(ringing));
    for (int i = 0; i < 5; i++) {
      UUID id = UUID.randomUUID();
      few.push(phone, id);
      phone.decline(id);
      ids.add(id);
    }
    assertEquals(
        List.of(ringing, ids.get(5)), phone.calls().stream().map(SimulatedCall::callId).toList());
    assertEquals(2, phone.pushes().size());
    assertEquals(SimulatedCall.State.RINGING, phone.calls().get(0).state());
  }

  @Test
  void removedAppCannotBeOpened() {
    SimulatedPhone phone = new VirtualPhones().newPhone().register();
    phone.unregister();
    phone.openApp();
    assertEquals(SimulatedPhone.AppState.KILLED, phone.appState());
    phone.rotateToken();
    phone.openApp();
    assertEquals(SimulatedPhone.AppState.FOREGROUND, phone.appState());
  }
}
