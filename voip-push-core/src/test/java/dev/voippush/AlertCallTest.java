// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.VirtualClient.accepted;
import static dev.voippush.VirtualClient.failure;
import static dev.voippush.VirtualClient.rejected;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.FakeTransport.FakeAttempt;
import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** When alerts are sent to a device, what ends them, and what the last one is. */
class AlertCallTest {
  private static final AlertDevice DEVICE = AlertDevice.of("cd".repeat(32), Locale.ENGLISH);

  private static final AttemptFailure REFUSED =
      new AttemptFailure(
          Failure.TLS, Delivery.NOT_SENT, true, "refused", new IOException("refused"));

  private final VirtualClient virtual =
      new VirtualClient(builder -> builder.alertRing(AlertRing.builder().build()));
  private final List<PushRequest> written = new ArrayList<>();

  @AfterEach
  void close() {
    virtual.close();
  }

  private Ring ring() {
    return virtual.client.ring(virtual.call().callerName("Li Lei").build(), List.of(DEVICE));
  }

  /** From now on each push is answered at once. */
  private void answerAll(int status) {
    virtual.transport.onEnqueue = attempt -> write(attempt).answer(status);
  }

  private FakeAttempt write(FakeAttempt attempt) {
    PushRequest request = attempt.begin();
    assertTrue(request != null && attempt.mayWrite(), "the push lets it not be written");
    written.add(request);
    return attempt;
  }

  private static Map<String, @Nullable Object> payload(PushRequest request) {
    try {
      return Json.readObject(request.body());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private @Nullable Object endSaid(int index) {
    return payload(written.get(index)).get("callEnd");
  }

  private List<Long> secondsOfAttempts() {
    return virtual.transport.attempts.stream().map(attempt -> attempt.at.toSeconds()).toList();
  }

  private static CompletableFuture<PushResult> resultOf(Ring ring) {
    return ring.results().get(DEVICE.token());
  }

  private static RingOutcome endOf(Ring ring) {
    assertTrue(ring.ended().isDone(), "it should be over");
    return ring.ended().join();
  }

  @Test
  void ringsEach3SecondsUntilTheDeadlineThenSaysThatItWasMissed() {
    answerAll(200);
    Ring ring = ring();
    assertTrue(accepted(resultOf(ring)).accepted());
    assertTrue(ring.outcome().join().mayRing());
    assertFalse(ring.ended().isDone());
    virtual.pass(120_000);

    List<Long> every3Seconds = new ArrayList<>();
    for (long second = 0; second <= 45; second += 3) {
      every3Seconds.add(second);
    }
    assertEquals(every3Seconds, secondsOfAttempts());
    for (int i = 0; i < 15; i++) {
      assertNull(endSaid(i));
      assertEquals(0, written.get(i).expiration());
    }
    assertEquals("missed", endSaid(15));
    Instant stored = virtual.clock.instant().minusSeconds(120 - 45).plus(Duration.ofDays(1));
    assertEquals(stored.getEpochSecond(), written.get(15).expiration());
    assertEquals(Set.of(DEVICE.token()), endOf(ring).reached());
  }

  @Test
  void eachIsAPushOfItsOwnInPlaceOfTheOneBefore() {
    answerAll(200);
    Ring ring = ring();
    virtual.pass(3_000);
    ring.stop();
    assertEquals(3, written.size());
    for (PushRequest request : written) {
      assertEquals(PushType.ALERT, request.type());
      assertEquals(DEVICE.token().hex(), request.token());
      assertEquals(payload(request).get("callId"), request.collapseId());
    }
    assertEquals(3, written.stream().map(PushRequest::apnsId).distinct().count());
  }

  @ParameterizedTest
  @EnumSource
  void stoppedSaysHowAndNothingMore(CallEnd end) {
    answerAll(200);
    Ring ring = ring();
    virtual.pass(4_000);
    ring.stop(end);
    ring.stop(end == CallEnd.MISSED ? CallEnd.ANSWERED : CallEnd.MISSED); // too late
    virtual.pass(120_000);
    assertEquals(List.of(0L, 3L, 4L), secondsOfAttempts());
    assertEquals(end.name().toLowerCase(Locale.ROOT), endSaid(2));
    assertTrue(endOf(ring).mayRing());
  }

  @Test
  void stopWithoutAWordMeansAnswered() {
    answerAll(200);
    Ring ring = ring();
    ring.stop();
    assertEquals("answered", endSaid(1));
  }

  @Test
  void lastOneWaitsForTheOneThatIsWritten() {
    Ring ring = ring();
    FakeAttempt first = write(virtual.last());
    ring.stop(CallEnd.MISSED);
    virtual.pass(1_000);
    assertEquals(1, virtual.handedOver(), "the last one must not overtake it");
    first.answer(200);
    assertEquals(2, virtual.handedOver());
    write(virtual.last()).answer(200);
    assertEquals("missed", endSaid(1));
    assertEquals(List.of(0L, 1L), secondsOfAttempts());
    endOf(ring);
  }

  @Test
  void answeredBeforeAnythingWasSentNeedsNoLastOne() {
    Ring ring = ring();
    ring.stop(CallEnd.ANSWERED);
    virtual.pass(120_000);
    assertEquals(1, virtual.handedOver());
    assertTrue(virtual.last().cancelled);
    assertEquals(Failure.STOPPED, failure(resultOf(ring)).failure());
    assertFalse(endOf(ring).mayRing());
  }

  @Test
  void missedBeforeAnythingWasSentIsSaid() {
    Ring ring = ring();
    ring.stop(CallEnd.MISSED);
    assertEquals(2, virtual.handedOver());
    write(virtual.last()).answer(200);
    assertEquals("missed", endSaid(0));
    assertEquals(Failure.STOPPED, failure(resultOf(ring)).failure());
    assertFalse(endOf(ring).mayRing());
  }

  @Test
  void neverTwoAtOnce() {
    ring();
    write(virtual.last());
    virtual.pass(4_900);
    assertEquals(1, virtual.handedOver());
    virtual.last().answer(200);
    assertEquals(1, virtual.handedOver());
    virtual.pass(10);
    assertEquals(2, virtual.handedOver(), "it is overdue, so it comes at once");
  }

  @ParameterizedTest
  @CsvSource({
    "410, Unregistered",
    "400, BadDeviceToken",
    "400, DeviceTokenNotForTopic",
    "400, TopicDisallowed",
    "413, PayloadTooLarge",
    "403, InvalidProviderToken",
  })
  void whatTheNextWouldBeToldTooEndsIt(int status, String reason) {
    Ring ring = ring();
    write(virtual.last()).answer(200);
    virtual.pass(3_000);
    write(virtual.last()).answer(status, reason);
    virtual.pass(120_000);
    assertEquals(2, virtual.handedOver());
    assertTrue(accepted(resultOf(ring)).accepted());
    assertTrue(ring.outcome().join().rejected().isEmpty());
    PushResult.Rejected rejected = endOf(ring).rejected().get(DEVICE.token());
    assertEquals(status, rejected.status());
    assertEquals(status == 410, endOf(ring).deadTokens().containsKey(DEVICE.token()));
  }

  @Test
  void refusedAtFirstIsTheResult() {
    Ring ring = ring();
    write(virtual.last()).answer(410, "Unregistered");
    assertEquals(410, rejected(resultOf(ring)).status());
    assertFalse(ring.outcome().join().mayRing());
    endOf(ring);
    virtual.pass(120_000);
    assertEquals(1, virtual.handedOver());
  }

  @Test
  void throttledGetsSlowerUpTo30Seconds() {
    answerAll(429);
    Ring ring =
        virtual.client.ring(
            virtual.call().ringFor(Duration.ofSeconds(100)).build(), List.of(DEVICE));
    virtual.pass(99_000);
    assertEquals(List.of(0L, 6L, 18L, 42L, 72L), secondsOfAttempts(), "each is tried once");
    assertFalse(ring.outcome().isDone(), "it may ring yet");
    answerAll(200);
    virtual.pass(60_000);
    assertEquals("missed", endSaid(5));
    assertEquals(429, endOf(ring).rejected().get(DEVICE.token()).status());
  }

  @Test
  void throttledOnceStaysSlower() {
    Ring ring = ring();
    write(virtual.last()).answer(429, "TooManyRequests");
    answerAll(200);
    virtual.pass(13_000);
    assertEquals(List.of(0L, 6L, 12L), secondsOfAttempts());
    assertTrue(accepted(resultOf(ring)).accepted());
    ring.stop();
  }

  @ParameterizedTest
  @CsvSource({"20, 20", "1, 6", "3600, 30", "'Fri, 31 Dec 9999 23:59:59 GMT', 30"})
  void waitsAsAskedWithinItsLimits(String retryAfter, long second) {
    Ring ring = ring();
    write(virtual.last()).answer(429, "TooManyRequests", retryAfter);
    answerAll(200);
    virtual.pass(second * 1000 - 50);
    assertEquals(1, virtual.handedOver());
    virtual.pass(100);
    assertEquals(2, virtual.handedOver());
    ring.stop();
  }

  @Test
  void serverInTroubleIsTriedAgainAsForEachPush() {
    Ring ring = ring();
    write(virtual.last()).answer(503, "ServiceUnavailable");
    virtual.pass(1_000);
    assertEquals(2, virtual.handedOver());
    write(virtual.last()).answer(200);
    assertEquals(written.get(0).apnsId(), written.get(1).apnsId());
    assertTrue(accepted(resultOf(ring)).accepted());
    ring.stop();
  }

  @Test
  void intervalIsTheUsers() {
    try (VirtualClient slow =
        new VirtualClient(
            builder ->
                builder.alertRing(AlertRing.builder().interval(Duration.ofSeconds(10)).build()))) {
      slow.transport.onEnqueue = attempt -> attempt.write().answer(200);
      slow.client.ring(slow.call().build(), List.of(DEVICE));
      slow.pass(60_000);
      assertEquals(
          List.of(0L, 10L, 20L, 30L, 40L, 45L),
          slow.transport.attempts.stream().map(attempt -> attempt.at.toSeconds()).toList());
    }
  }

  @Test
  void callThatWasOverBeforeItBeganIsNotSent() {
    CallPayload over = virtual.call().sentAt(virtual.clock.instant().minusSeconds(46)).build();
    Ring ring = virtual.client.ring(over, List.of(DEVICE));
    virtual.pass(120_000);
    assertEquals(0, virtual.handedOver(), "not that it was missed, either");
    assertEquals(Failure.DEADLINE, failure(resultOf(ring)).failure());
    endOf(ring);
  }

  @ParameterizedTest
  @CsvSource({"3600", "-3600"})
  void wallClockThatStepsChangesNothing(long seconds) {
    answerAll(200);
    ring();
    virtual.pass(10_000);
    virtual.clock.add(Duration.ofSeconds(seconds));
    virtual.pass(120_000);
    assertEquals(16, virtual.handedOver());
    assertEquals(45, secondsOfAttempts().get(15));
  }

  /** A clock that stands, and does something once when it is asked: a push is being made then. */
  private static final class AskedClock implements InstantSource {
    private Runnable whenAsked = () -> {};

    @Override
    public Instant instant() {
      Runnable once = whenAsked;
      whenAsked = () -> {};
      once.run();
      return VirtualClient.START;
    }
  }

  private static VirtualClient by(InstantSource clock) {
    return new VirtualClient(
        builder ->
            builder.clock(clock.withZone(ZoneOffset.UTC)).alertRing(AlertRing.builder().build()));
  }

  @Test
  void stoppedWhileTheNextIsBeingMade() {
    AskedClock clock = new AskedClock();
    try (VirtualClient racing = by(clock)) {
      racing.transport.onEnqueue = attempt -> write(attempt).answer(200);
      Ring ring = racing.client.ring(racing.call().build(), List.of(DEVICE));
      clock.whenAsked = () -> ring.stop(CallEnd.DECLINED);
      racing.pass(120_000);
      assertEquals(2, racing.handedOver());
      assertNull(endSaid(0));
      assertEquals("declined", endSaid(1));
      endOf(ring);
    }
  }

  @Test
  void cancelledWhileTheNextIsBeingMade() {
    AskedClock clock = new AskedClock();
    try (VirtualClient racing = by(clock)) {
      Ring ring = racing.client.ring(racing.call().build(), List.of(DEVICE));
      racing.last().fail(REFUSED);
      clock.whenAsked = () -> resultOf(ring).cancel(true);
      racing.pass(120_000);
      assertEquals(1, racing.handedOver());
      assertEquals(Failure.CANCELLED, endOf(ring).failed().get(DEVICE.token()).failure());
    }
  }

  @Test
  void clockThatFailsEndsIt() {
    AskedClock clock = new AskedClock();
    Runnable fails =
        () -> {
          throw new IllegalStateException("the clock stands still");
        };
    try (VirtualClient failing = by(clock)) {
      failing.transport.onEnqueue = attempt -> attempt.write().answer(200);
      Ring ring = failing.client.ring(failing.call().build(), List.of(DEVICE));
      clock.whenAsked = fails;
      failing.pass(3_000);
      assertEquals(Set.of(DEVICE.token()), endOf(ring).reached());
      CallPayload call = failing.call().build();
      // it is asked when the ring begins, by the alerts, and by the push
      clock.whenAsked = () -> clock.whenAsked = () -> clock.whenAsked = fails;
      assertThrows(IllegalStateException.class, () -> failing.client.ring(call, List.of(DEVICE)));
      assertEquals(0, failing.client.alertCalls.size());
    }
  }

  @Test
  void cancelledBetweenTwo() {
    Ring ring = ring();
    virtual.last().fail(REFUSED);
    virtual.pass(1_000);
    assertTrue(resultOf(ring).cancel(true));
    assertEquals(Failure.TLS, endOf(ring).failed().get(DEVICE.token()).failure());
    assertEquals(0, virtual.client.alertCalls.size());
    virtual.pass(120_000);
    assertEquals(1, virtual.handedOver());
  }

  @Test
  void oneInFlightAtTheDeadlineIsGivenUp() {
    answerAll(200);
    ring();
    virtual.pass(41_000);
    virtual.transport.onEnqueue = attempt -> {};
    virtual.pass(1_000);
    write(virtual.last());
    virtual.pass(2_990);
    int before = virtual.handedOver();
    virtual.pass(20);
    assertEquals(before + 1, virtual.handedOver(), "the last one, at the deadline of the call");
  }

  @Test
  void whatMayHaveBeenShownIsTakenAway() {
    Ring refused = ring();
    write(virtual.last()).fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
    virtual.pass(10);
    write(virtual.last()).answer(429, "TooManyRequests");
    assertEquals(2, virtual.handedOver());
    refused.stop(CallEnd.ANSWERED);
    assertEquals(3, virtual.handedOver());
    write(virtual.last()).answer(200);

    Ring lost = ring();
    write(virtual.last()).fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
    virtual.pass(10);
    write(virtual.last()).fail(Failure.CONNECTION_LOST, Delivery.UNKNOWN);
    assertEquals(5, virtual.handedOver());
    lost.stop(CallEnd.ANSWERED);
    assertEquals(6, virtual.handedOver());
    write(virtual.last()).answer(200);

    Ring shownBefore = ring();
    write(virtual.last()).answer(200);
    virtual.pass(3_000);
    write(virtual.last()).answer(429, "TooManyRequests");
    shownBefore.stop(CallEnd.ANSWERED);
    assertEquals(9, virtual.handedOver(), "the first may be on the screen");
    write(virtual.last()).answer(200);
  }

  @Test
  void lastOneWithoutAPlaceIsGivenUp() {
    try (VirtualClient full =
        new VirtualClient(
            builder ->
                builder.alertRing(AlertRing.builder().build()).maxInFlight(1).maxQueued(1))) {
      for (int i = 0; i < 2; i++) {
        var unused = full.send(full.call().ringFor(Duration.ofHours(1)));
      }
      Ring ring = full.client.ring(full.call().build(), List.of(DEVICE));
      ring.stop(CallEnd.MISSED);
      full.pass(8_000);
      assertFalse(ring.ended().isDone());
      full.pass(2_000);
      endOf(ring);
      Ring another = full.client.ring(full.call().build(), List.of(DEVICE));
      another.stop(CallEnd.MISSED);
      full.client.close();
      endOf(another);
    }
  }

  @Test
  void noPlaceForOneIsNotTheEnd() {
    try (VirtualClient small =
        new VirtualClient(
            builder ->
                builder.alertRing(AlertRing.builder().build()).maxInFlight(1).maxQueued(1))) {
      FakeAttempt[] holding = new FakeAttempt[2];
      for (int i = 0; i < 2; i++) {
        var unused = small.send(small.call().ringFor(Duration.ofHours(1)));
        holding[i] = small.last();
      }
      Ring ring = small.client.ring(small.call().build(), List.of(DEVICE));
      assertEquals(2, small.handedOver());
      assertFalse(resultOf(ring).isDone());
      holding[0].write().answer(200);
      small.transport.onEnqueue = attempt -> write(attempt).answer(200);
      small.pass(3_000);
      assertTrue(accepted(resultOf(ring)).accepted());
      small.transport.onEnqueue = attempt -> {};
      var unused = small.send(small.call().ringFor(Duration.ofHours(1)));
      FakeAttempt third = small.last();
      ring.stop(CallEnd.ANSWERED); // no place for the last one
      small.pass(1_500);
      assertFalse(ring.ended().isDone());
      third.write().answer(200);
      small.transport.onEnqueue = attempt -> write(attempt).answer(200);
      small.pass(1_000);
      assertEquals("answered", endSaid(written.size() - 1));
      endOf(ring);
      holding[1].write().answer(200);
    }
  }

  @Test
  void busyExecutorHoldsUpFuturesOnly() {
    List<Runnable> held = new ArrayList<>();
    try (VirtualClient busy =
        new VirtualClient(
            builder -> builder.executor(held::add).alertRing(AlertRing.builder().build()))) {
      busy.transport.onEnqueue = attempt -> write(attempt).answer(200);
      Ring ring = busy.client.ring(busy.call().build(), List.of(DEVICE));
      busy.pass(4_000);
      ring.stop(CallEnd.DECLINED);
      assertEquals(3, written.size());
      assertEquals("declined", endSaid(2));
      assertFalse(resultOf(ring).isDone());
      assertFalse(ring.outcome().isDone());
      assertFalse(ring.ended().isDone());
      held.forEach(Runnable::run);
      assertTrue(accepted(resultOf(ring)).accepted());
      assertTrue(ring.outcome().isDone());
      endOf(ring);
    }
  }

  @Test
  void resultIsKnownBeforeTheLastOneIs() {
    Ring ring = ring();
    ring.stop(CallEnd.MISSED);
    assertEquals(Failure.STOPPED, failure(resultOf(ring)).failure());
    assertTrue(ring.outcome().isDone());
    assertFalse(ring.ended().isDone());
    write(virtual.last()).answer(200);
    endOf(ring);
  }

  @Test
  void listenerHearsWhichKindItIs() {
    List<PushType> heard = new ArrayList<>();
    PushListener listener =
        new PushListener() {
          @Override
          public void resultReceived(PushEvent push, PushResult result) {
            heard.add(push.type());
          }
        };
    try (VirtualClient listened =
        new VirtualClient(
            builder -> builder.listener(listener).alertRing(AlertRing.builder().build()))) {
      listened.transport.onEnqueue = attempt -> attempt.write().answer(200);
      List<Device> devices = List.of(VirtualClient.DEVICE, DEVICE);
      listened.client.ring(listened.call().build(), devices).stop();
      assertEquals(List.of(PushType.VOIP, PushType.ALERT, PushType.ALERT), heard);
    }
  }

  @Test
  void oneWithoutAVerdictIsNotTheEnd() {
    Ring ring = ring();
    virtual
        .last()
        .fail(
            new AttemptFailure(
                Failure.TLS, Delivery.NOT_SENT, true, "refused", new IOException("refused")));
    assertFalse(resultOf(ring).isDone());
    virtual.pass(3_000);
    answerAll(200);
    write(virtual.last()).answer(200);
    assertTrue(accepted(resultOf(ring)).accepted());
    assertEquals(0, ring.outcome().join().failed().size());
    ring.stop();
    endOf(ring);
  }

  @Test
  void nothingButFailuresIsAFailureAtTheDeadline() {
    virtual.transport.onEnqueue = attempt -> attempt.fail(REFUSED);
    Ring ring = ring();
    virtual.pass(44_000);
    assertFalse(ring.outcome().isDone());
    virtual.pass(2_000);
    assertEquals(Failure.TLS, failure(resultOf(ring)).failure());
    assertFalse(endOf(ring).mayRing());
    assertEquals(16, virtual.handedOver(), "15, and one to say that the call was missed");
  }

  @Test
  void cancelledFutureEndsItWithoutALastOne() {
    Ring ring = ring();
    virtual.last().begin();
    assertTrue(resultOf(ring).cancel(true));
    virtual.pass(120_000);
    assertEquals(1, virtual.handedOver());
    assertEquals(Failure.CANCELLED, endOf(ring).failed().get(DEVICE.token()).failure());
  }

  @Test
  void closedClientEndsIt() {
    answerAll(200);
    Ring waiting = ring();
    virtual.close();
    assertEquals(1, written.size());
    assertTrue(endOf(waiting).failed().isEmpty(), "one was accepted");
    Ring late = virtual.client.ring(virtual.call().build(), List.of(DEVICE));
    assertEquals(Failure.CLOSED, failure(resultOf(late)).failure());
    assertFalse(endOf(late).mayRing());
  }

  @Test
  void closedWhileOneIsInFlight() {
    Ring ring = ring();
    write(virtual.last());
    virtual.transport.whileClosing = () -> virtual.last().answer(200);
    virtual.close();
    assertTrue(accepted(resultOf(ring)).accepted());
    assertEquals(1, virtual.handedOver());
    endOf(ring);
  }

  @Test
  void ofTheSameTokenTheFirstCounts() {
    answerAll(200);
    Ring ring =
        virtual.client.ring(
            virtual.call().build(),
            List.of(DEVICE, new AlertDevice(DEVICE.token(), Locale.CHINA), DEVICE.token()));
    assertEquals(1, ring.results().size());
    assertEquals(1, written.size());
    ring.stop();
  }

  @Test
  void voipAndAlertDevicesOfOneCall() {
    answerAll(200);
    DeviceToken voip = VirtualClient.DEVICE;
    Ring ring = virtual.client.ring(virtual.call().build(), List.of(voip, DEVICE));
    virtual.pass(7_000);
    ring.stop(CallEnd.DECLINED);
    virtual.pass(120_000);
    assertEquals(
        List.of(PushType.VOIP, PushType.ALERT, PushType.ALERT, PushType.ALERT, PushType.ALERT),
        written.stream().map(PushRequest::type).toList());
    assertNull(written.get(0).collapseId());
    assertNotEquals(written.get(0).apnsId(), written.get(1).apnsId());
    assertEquals("declined", endSaid(4));
    assertEquals(List.of(voip, DEVICE.token()), List.copyOf(endOf(ring).reached()));
  }

  @Test
  void textsAreOfTheDevicesOwnLanguage() {
    answerAll(200);
    AlertDevice chinese = AlertDevice.of("ef".repeat(32), Locale.SIMPLIFIED_CHINESE);
    Ring ring = virtual.client.ring(virtual.call().build(), List.of(DEVICE, chinese));
    ring.stop(CallEnd.MISSED);
    assertEquals(List.of("Incoming call", "邀请你语音通话", "Missed call", "未接来电"), bodies());
  }

  private List<String> bodies() {
    return written.stream()
        .map(request -> (Map<?, ?>) payload(request).get("aps"))
        .map(aps -> (String) ((Map<?, ?>) aps.get("alert")).get("body"))
        .toList();
  }
}
