// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.DeviceToken;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.Script;
import dev.voippush.simulator.SimulatedPhone;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;

/** Workers on a real broker, in this process or in processes of their own. */
@Timeout(120)
@SuppressWarnings("try") // a worker works without being asked
class PushWorkersTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int RANG = 200;

  private static Surroundings surroundings;
  private static ApnsSimulator apns;

  @BeforeAll
  static void start() throws Exception {
    surroundings = new Surroundings();
    apns = surroundings.apns();
  }

  @AfterAll
  static void close() throws Exception {
    if (surroundings != null) {
      surroundings.close();
    }
  }

  private static CallingService service(TestInfo test, int partitions) throws Exception {
    return new CallingService(
        surroundings, test.getTestMethod().orElseThrow().getName() + "-", partitions);
  }

  /** What APNs got for a phone, in the order of arrival, answered or not. */
  private static List<RecordedRequest> requests(SimulatedPhone phone) {
    List<RecordedRequest> requests = new ArrayList<>(apns.requests());
    requests.addAll(apns.unprocessedRequests());
    return requests.stream()
        .filter(request -> request.deviceToken().equals(phone.token()))
        .toList();
  }

  private static void assertEnds(CallOutcome outcome, PushEnd... ends) {
    assertEquals(List.of(ends), outcome.devices().stream().map(CallOutcome.Device::end).toList());
  }

  @Test
  void allDevicesRingUntilTheCallIsOver(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    SimulatedPhone developer = apns.newPhone().sandbox(true).register();
    try (CallingService service = service(test, 3)) {
      // It waited in the queue for 5 s, which the phone is not to ring longer for.
      QueuedCall call =
          CallingService.call(
              Instant.now().minusSeconds(5), Duration.ofSeconds(30), phone, developer);
      service.place(call);
      try (RunningWorker worker = new RunningWorker(surroundings, service.settings("worker"))) {
        assertEquals(call.callId(), phone.awaitCall(PATIENCE).callId());
        assertEquals(call.ringUntil(), phone.calls().get(0).expiresAt());
        assertEquals("Li Lei", developer.awaitCall(PATIENCE).callerName());
        CallOutcome outcome = service.awaitOutcome(call);
        assertEnds(outcome, PushEnd.ACCEPTED, PushEnd.ACCEPTED);
        assertTrue(outcome.mayRing());
        assertEquals("worker", outcome.worker());
        assertEquals(requests(phone).get(0).apnsId(), "" + outcome.devices().get(0).apnsId());
      }
    }
  }

  @Test
  void callThatWasQueuedForLongerThanItRingsIsNeverSent(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    try (CallingService service = service(test, 1)) {
      QueuedCall late =
          CallingService.call(Instant.now().minusSeconds(11), Duration.ofSeconds(10), phone);
      QueuedCall next = CallingService.call(phone);
      service.place(late);
      service.place(next);
      try (RunningWorker worker = new RunningWorker(surroundings, service.settings("worker"))) {
        assertEnds(service.awaitOutcome(late), PushEnd.EXPIRED);
        assertEnds(service.awaitOutcome(next), PushEnd.ACCEPTED);
      }
      assertEquals(1, requests(phone).size(), "of the next call");
    }
  }

  @Test
  void noAttemptComesAfterTheDeadline(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(phone.token(), Script.reject(503, "ServiceUnavailable").retryAfter("1"));
    try (CallingService service = service(test, 1);
        RunningWorker worker = new RunningWorker(surroundings, service.settings("worker"))) {
      QueuedCall warm = CallingService.call(apns.registerPhone());
      service.place(warm);
      service.awaitOutcome(warm); // the worker has joined, and is connected
      QueuedCall call = CallingService.call(Instant.now(), Duration.ofSeconds(4), phone);
      service.place(call);
      CallOutcome outcome = service.awaitOutcome(call);
      assertEnds(outcome, PushEnd.REJECTED);
      assertEquals("503 ServiceUnavailable", outcome.devices().get(0).reason());
      List<RecordedRequest> attempts = requests(phone);
      assertTrue(attempts.size() > 1, "it is tried again");
      assertEquals(1, attempts.stream().map(RecordedRequest::apnsId).distinct().count());
      attempts.forEach(
          attempt -> assertTrue(attempt.receivedAt().isBefore(call.ringUntil()), call::toString));
    }
  }

  @Test
  void callAnsweredWhileItWasQueuedIsNotSent(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    try (CallingService service = service(test, 1)) {
      QueuedCall call = CallingService.call(phone);
      service.place(call);
      service.end(call.callId(), "ANSWERED");
      try (RunningWorker worker = new RunningWorker(surroundings, service.settings("worker"))) {
        assertEnds(service.awaitOutcome(call), PushEnd.OVER);
      }
      assertEquals(List.of(), requests(phone));
    }
  }

  @Test
  void callAnsweredBeforeTheNextAttemptIsNotSentAgain(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(phone.token(), Script.reject(503, "ServiceUnavailable").retryAfter("30"));
    try (CallingService service = service(test, 1);
        RunningWorker worker = new RunningWorker(surroundings, service.settings("worker"))) {
      QueuedCall call = CallingService.call(phone);
      service.place(call);
      Waiting.until(() -> !requests(phone).isEmpty(), () -> "no first attempt");
      apns.script(phone.token(), Script.normal());
      service.end(call.callId(), "CANCELLED");
      assertEnds(service.awaitOutcome(call), PushEnd.REJECTED); // which is what APNs said last
      assertEquals(1, requests(phone).size());
    }
  }

  @Test
  void callThatIsOnTheTopicTwiceIsOnePush(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    try (CallingService service = service(test, 1);
        RunningWorker worker = new RunningWorker(surroundings, service.settings("worker"))) {
      QueuedCall call = CallingService.call(phone);
      service.place(call);
      service.put(call.callId(), JsonRecords.write(call));
      service.awaitOutcome(call);
      service.put(call.callId(), JsonRecords.write(call));
      Waiting.until(() -> service.committed(0) == 3, () -> "committed: " + service.committed(0));
      assertEquals(1, requests(phone).size());
      service.outcomes().forEach(outcome -> assertEnds(outcome, PushEnd.ACCEPTED));
    }
  }

  /** A rebalance that leaves the partition where it is makes the second record no next owner's. */
  @Test
  void callThatIsOnTheTopicTwiceIsOnePushWhenAWorkerJoinsBetween(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(phone.token(), Script.reject(503, "ServiceUnavailable").retryAfter("30"));
    try (CallingService service = service(test, 1);
        RunningWorker owner = new RunningWorker(surroundings, service.settings("owner"))) {
      QueuedCall call = CallingService.call(phone);
      service.place(call);
      Waiting.until(() -> requests(phone).size() == 1, () -> "no first attempt");
      apns.script(phone.token(), Script.normal());
      try (RunningWorker idle = new RunningWorker(surroundings, service.settings("idle"))) {
        service.awaitWorkers(2);
        service.put(call.callId(), JsonRecords.write(call));
        QueuedCall after = CallingService.call(apns.registerPhone());
        service.place(after);
        assertEquals("owner", service.awaitOutcome(after).worker());
        service.end(call.callId(), "CANCELLED");
        Waiting.until(() -> service.committed(0) == 3, () -> "committed: " + service.committed(0));
      }
      assertEquals(1, requests(phone).size());
    }
  }

  @Test
  void callThatIsOverWhenItIsClaimedIsNotHandedToTheClient(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    AtomicReference<QueuedCall> placed = new AtomicReference<>();
    CallStates slow =
        new ForwardingStates(surroundings) {
          @Override
          public Claimed claim(UUID callId, Collection<DeviceToken> devices, Claimant claimant) {
            Claimed claimed = super.claim(callId, devices, claimant);
            Waiting.until(() -> placed.get().isOver(Instant.now()), () -> "no end of the call");
            return claimed;
          }
        };
    try (CallingService service = service(test, 1);
        RunningWorker worker = new RunningWorker(surroundings, service.settings("worker"), slow)) {
      service.awaitPartitions(1, List.of("worker"));
      QueuedCall call = CallingService.call(Instant.now(), Duration.ofSeconds(2), phone);
      placed.set(call);
      service.place(call);
      CallOutcome outcome = service.awaitOutcome(call);
      assertEnds(outcome, PushEnd.EXPIRED);
      assertNull(outcome.devices().get(0).apnsId());
      assertEquals(List.of(), requests(phone));
    }
  }

  @Test
  void deadTokenGoesToItsTopic(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    SimulatedPhone removed = apns.registerPhone();
    Instant since = Instant.now().minusSeconds(3600);
    apns.script(removed.token(), Script.unregistered(since));
    try (CallingService service = service(test, 1);
        RunningWorker worker = new RunningWorker(surroundings, service.settings("worker"))) {
      QueuedCall call = CallingService.call(removed, phone);
      service.place(call);
      CallOutcome outcome = service.awaitOutcome(call);
      assertEnds(outcome, PushEnd.REJECTED, PushEnd.ACCEPTED);
      assertEquals("410 Unregistered", outcome.devices().get(0).reason());
      ConsumerRecord<byte[], byte[]> said = service.await(service.topics().deadTokens(), 1).get(0);
      assertEquals(removed.token(), new String(said.key(), UTF_8));
      DeadToken dead = JsonRecords.read(DeadToken.class, said.value());
      assertEquals(DeviceToken.of(removed.token()), dead.token());
      assertEquals(since.toEpochMilli(), dead.deadSince().toEpochMilli());
    }
  }

  @Test
  void recordThatIsNoCallHoldsUpNothing(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    try (CallingService service = service(test, 1);
        RunningWorker worker = new RunningWorker(surroundings, service.settings("worker"))) {
      service.put(UUID.randomUUID(), "{\"callId\":\"x\"".getBytes(UTF_8));
      service.put(UUID.randomUUID(), null);
      Instant now = Instant.now();
      String twoHours = json(CallingService.call(now, Duration.ofHours(2), phone));
      String whole = json(CallingService.call(phone));
      String device = whole.substring(whole.indexOf('[') + 1, whole.indexOf(']'));
      for (String refused :
          List.of(
              twoHours,
              whole.replace(device, ""),
              whole.replace(device, device + "," + device),
              whole.replace("\"token\"", "\"tok\""),
              whole.replace("\"callId\"", "\"call\""),
              json(CallingService.call(Instant.MAX.minusSeconds(60), Duration.ofSeconds(9), phone)),
              whole.replace("PRODUCTION", "P".repeat(10_000)))) {
        service.put(UUID.randomUUID(), refused.getBytes(UTF_8));
      }
      service.put(UUID.randomUUID(), new byte[1_048_400]); // with headers it would be too large
      QueuedCall call = CallingService.call(phone);
      service.place(call);
      assertEnds(service.awaitOutcome(call), PushEnd.ACCEPTED);
      Map<String, ConsumerRecord<byte[], byte[]>> unreadable =
          service.await(service.topics().unreadable(), 10).stream()
              .collect(Collectors.toMap(record -> header(record, "from"), record -> record));
      String from = service.topics().calls() + "-0@";
      assertEquals("{\"callId\":\"x\"", new String(unreadable.get(from + 0).value(), UTF_8));
      assertEquals(
          List.of(
              "must be a call, but was empty",
              "ringFor must be from 1 s to 1 h, but was PT2H",
              "devices must be 1 to 100, but were 0",
              "devices must have a token each, but 2 have 1",
              "token must be there",
              "callId must be there"),
          IntStream.rangeClosed(1, 6)
              .mapToObj(offset -> header(unreadable.get(from + offset), "reason"))
              .toList());
      assertNull(unreadable.get(from + 9).value());
      Waiting.until(() -> service.committed(0) == 11, () -> "committed: " + service.committed(0));
      assertEquals(1, requests(phone).size());
    }
  }

  private static String json(QueuedCall call) {
    return new String(JsonRecords.write(call), UTF_8);
  }

  private static String header(ConsumerRecord<?, ?> record, String name) {
    return new String(record.headers().lastHeader(name).value(), UTF_8);
  }

  @Test
  void noMorePushesThanAllowedAreUnderWay(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    apns.script(phone.token(), Script.normal().delay(Duration.ofMillis(50)));
    try (CallingService service = service(test, 2)) {
      for (int i = 0; i < 40; i++) {
        service.place(CallingService.call(phone));
      }
      try (RunningWorker worker =
          new RunningWorker(surroundings, service.settings("worker").withMaxInFlight(4, 2))) {
        service.awaitOutcomes(40);
        assertTrue(worker.mostAtOnce() >= 2, () -> "at once: " + worker.mostAtOnce());
        assertTrue(worker.mostAtOnce() <= 3 + 2, () -> "at once: " + worker.mostAtOnce());
      }
      assertEquals(40, requests(phone).size());
    }
  }

  @Test
  void offsetIsCommittedOnlyWhenAllBeforeItHaveEnded(TestInfo test) throws Exception {
    SimulatedPhone slow = apns.registerPhone();
    SimulatedPhone fast = apns.registerPhone();
    apns.script(slow.token(), Script.reject(503, "ServiceUnavailable").retryAfter("30"));
    try (CallingService service = service(test, 1);
        RunningWorker worker = new RunningWorker(surroundings, service.settings("worker"))) {
      QueuedCall before = CallingService.call(fast);
      QueuedCall held = CallingService.call(slow);
      QueuedCall after = CallingService.call(fast);
      service.place(before);
      service.place(held);
      service.place(after);
      service.awaitOutcome(after);
      Waiting.until(() -> service.committed(0) == 1, () -> "committed: " + service.committed(0));
      QueuedCall more = CallingService.call(fast);
      service.place(more);
      service.awaitOutcome(more);
      assertEquals(1, service.committed(0));
      service.end(held.callId(), "CANCELLED");
      service.awaitOutcome(held);
      Waiting.until(() -> service.committed(0) == 4, () -> "committed: " + service.committed(0));
    }
  }

  @Test
  void callWaitsForAStoreThatIsAway(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    AtomicInteger asked = new AtomicInteger();
    CallStates away =
        new ForwardingStates(surroundings) {
          /** Every second question is not answered, the first included. */
          private void ask() {
            if (asked.getAndIncrement() % 2 == 0) {
              throw new Unavailable("away");
            }
          }

          @Override
          public Set<UUID> ringing(Collection<UUID> calls) {
            if (!calls.isEmpty()) {
              ask();
            }
            return super.ringing(calls);
          }

          @Override
          public Claimed claim(UUID callId, Collection<DeviceToken> devices, Claimant claimant) {
            Claimed claimed = super.claim(callId, devices, claimant); // its answer gets lost
            ask();
            return claimed;
          }

          @Override
          public void end(UUID callId, Map<DeviceToken, PushEnd> ends) {
            ask();
            super.end(callId, ends);
          }
        };
    try (CallingService service = service(test, 1);
        RunningWorker worker = new RunningWorker(surroundings, service.settings("worker"), away)) {
      QueuedCall call = CallingService.call(phone);
      service.place(call);
      assertEnds(service.awaitOutcome(call), PushEnd.ACCEPTED);
      assertEquals(1, requests(phone).size());
    }
  }

  @Test
  void faultEndsTheWorkerAndLosesNoCall(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    CallStates faulty =
        new ForwardingStates(surroundings) {
          @Override
          public Claimed claim(UUID callId, Collection<DeviceToken> devices, Claimant claimant) {
            throw new IllegalStateException("a fault");
          }
        };
    try (CallingService service = service(test, 1)) {
      QueuedCall call = CallingService.call(phone);
      service.place(call);
      try (RunningWorker worker =
          new RunningWorker(surroundings, service.settings("worker-1"), faulty)) {
        assertEquals("a fault", worker.awaitFailure().getCause().getMessage());
      }
      assertEquals(-1, service.committed(0));
      try (RunningWorker worker = new RunningWorker(surroundings, service.settings("worker-2"))) {
        assertEnds(service.awaitOutcome(call), PushEnd.ACCEPTED);
      }
    }
  }

  @Test
  void workerWhoseOutcomesNobodyTakesEndsAndTheNextSaysThem(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    SimulatedPhone removed = apns.registerPhone();
    apns.script(removed.token(), Script.unregistered(Instant.now().minusSeconds(3600)));
    try (CallingService service = service(test, 1)) {
      Topics topics = service.topics();
      String takesNothing = surroundings.kafka().createTopicThatTakesNothing(service.prefix());
      QueuedCall call = CallingService.call(removed, phone);
      service.place(call);
      try (RunningWorker worker =
          new RunningWorker(
              surroundings,
              WorkerSettings.of(
                  "worker-1",
                  service.settings("worker-1").group(),
                  new Topics(topics.calls(), takesNothing, takesNothing, topics.unreadable())))) {
        assertInstanceOf(RecordTooLargeException.class, rootOf(worker.awaitFailure()));
      }
      assertEquals(-1, service.committed(0));
      try (RunningWorker worker = new RunningWorker(surroundings, service.settings("worker-2"))) {
        assertEnds(service.awaitOutcome(call), PushEnd.REJECTED, PushEnd.ACCEPTED);
      }
      assertEquals(1, requests(phone).size(), "that push had its end");
      assertEquals(1, requests(removed).size(), "that push had its end");
    }
  }

  private static Throwable rootOf(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  @Test
  void workersComeAndGoWithoutASecondPush(TestInfo test) throws Exception {
    int partitions = 6;
    List<SimulatedPhone> phones = phones(10);
    List<QueuedCall> calls = new ArrayList<>();
    try (CallingService service = service(test, partitions)) {
      RunningWorker first = new RunningWorker(surroundings, service.settings("worker-1"));
      try (RunningWorker second = new RunningWorker(surroundings, service.settings("worker-2"))) {
        service.awaitPartitions(3, List.of("worker-1", "worker-2"));
        placeSome(service, calls, phones, 100);
        try (RunningWorker third = new RunningWorker(surroundings, service.settings("worker-3"))) {
          while (service.partitionsOf("worker-3").size() < 2) {
            placeSome(service, calls, phones, 5);
          }
          placeSome(service, calls, phones, 50);
          first.close();
          placeSome(service, calls, phones, 50);
          service.awaitPartitions(3, List.of("worker-2", "worker-3"));
          service.awaitOutcomes(calls.size());
        }
      } finally {
        first.close();
      }
      assertEquals(Map.of(), second(pushes(phones)));
      assertEquals(ids(calls), pushes(phones).keySet());
    }
  }

  /**
   * One because APNs asks to wait, one because it says nothing; the verdict on a third is noted.
   */
  @Test
  void callThatWaitsForAnotherAttemptIsRungByTheNextOwner(TestInfo test) throws Exception {
    SimulatedPhone phone = apns.registerPhone();
    SimulatedPhone silent = apns.registerPhone();
    SimulatedPhone other = apns.registerPhone();
    apns.script(phone.token(), Script.reject(503, "ServiceUnavailable").retryAfter("30"));
    apns.script(silent.token(), Script.silence());
    try (CallingService service = service(test, 1)) {
      QueuedCall call = CallingService.call(other, phone, silent);
      service.place(call);
      try (RunningWorker worker = new RunningWorker(surroundings, service.settings("worker-1"))) {
        Waiting.until(() -> requests(phone).size() == 1, () -> "no first attempt");
        Waiting.until(() -> requests(silent).size() == 1, () -> "no push to the silent device");
        Waiting.until(() -> requests(other).size() == 1, () -> "no push to the other device");
      }
      assertEquals(-1, service.committed(0));
      assertEquals(List.of(), service.outcomes());
      apns.script(phone.token(), Script.normal());
      apns.script(silent.token(), Script.normal());
      try (RunningWorker worker = new RunningWorker(surroundings, service.settings("worker-2"))) {
        CallOutcome outcome = service.awaitOutcome(call);
        assertEnds(outcome, PushEnd.ACCEPTED, PushEnd.ACCEPTED, PushEnd.ACCEPTED);
        assertEquals("worker-2", outcome.worker());
      }
      assertEquals(2, requests(phone).size());
      assertEquals(2, requests(silent).size());
      assertEquals(1, requests(other).size(), "that push had its end");
    }
  }

  /** Phones that answer after a while, as APNs does. */
  private static List<SimulatedPhone> phones(int count) {
    List<SimulatedPhone> phones = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      SimulatedPhone phone = apns.registerPhone();
      phone.online(false); // APNs takes the push all the same, and that is what counts here
      apns.script(phone.token(), Script.normal().delay(Duration.ofMillis(100)));
      phones.add(phone);
    }
    return phones;
  }

  private static void placeSome(
      CallingService service, List<QueuedCall> calls, List<SimulatedPhone> phones, int count) {
    for (int i = 0; i < count; i++) {
      QueuedCall call = CallingService.call(phones.get(calls.size() % phones.size()));
      calls.add(call);
      service.place(call);
    }
  }

  private static Set<UUID> ids(Collection<QueuedCall> calls) {
    return calls.stream().map(QueuedCall::callId).collect(Collectors.toSet());
  }

  /** The pushes that APNs took, by call. */
  private static Map<UUID, List<RecordedRequest>> pushes(List<SimulatedPhone> phones) {
    Set<String> tokens = phones.stream().map(SimulatedPhone::token).collect(Collectors.toSet());
    return apns.requests().stream()
        .filter(request -> tokens.contains(request.deviceToken()))
        .peek(request -> assertEquals(RANG, request.status()))
        .collect(Collectors.groupingBy(CallingService::callOf));
  }

  private static Map<UUID, List<RecordedRequest>> second(Map<UUID, List<RecordedRequest>> pushes) {
    Map<UUID, List<RecordedRequest>> second = new HashMap<>(pushes);
    second.values().removeIf(pushed -> pushed.size() == 1);
    return second;
  }

  /** It stands still until the broker has given its partition away, and then goes on. */
  @Test
  void workerThatWasTakenForDeadTakesNothingBack(TestInfo test) throws Exception {
    List<SimulatedPhone> phones = phones(10);
    SimulatedPhone waits = apns.registerPhone();
    waits.online(false);
    apns.script(waits.token(), Script.reject(503, "ServiceUnavailable").retryAfter("120"));
    List<QueuedCall> calls = new ArrayList<>();
    List<String> names = List.of("frozen", "other");
    Duration timeout = Duration.ofSeconds(8); // more than a busy machine lets one wait
    Process frozen = null;
    try (CallingService service = service(test, 2);
        RunningWorker other =
            new RunningWorker(
                surroundings, service.settings("other").withSessionTimeout(timeout))) {
      frozen =
          surroundings.startWorker(
              service.settings("frozen").withSessionTimeout(timeout), service.prefix());
      service.awaitPartitions(1, names);
      QueuedCall waiting = callIn(service.partitionsOf("frozen"), 2, Duration.ofMinutes(5), waits);
      calls.add(waiting);
      service.place(waiting);
      Waiting.until(() -> requests(waits).size() == 1, () -> "no first attempt");

      signal("STOP", frozen);
      apns.script(waits.token(), Script.normal());
      placeSome(service, calls, phones, 30);
      service.awaitOutcomes(calls.size());
      assertEquals("other", service.awaitOutcome(waiting).worker());

      signal("CONT", frozen);
      service.awaitPartitions(1, names);
      placeSome(service, calls, phones, 30);
      service.awaitOutcomes(calls.size());
      assertEquals(
          Set.copyOf(names),
          service.outcomes().stream().map(CallOutcome::worker).collect(Collectors.toSet()));
      assertEquals(Map.of(), second(pushes(phones)));
      assertEquals(
          List.of(503, 200), requests(waits).stream().map(RecordedRequest::status).toList());
    } finally {
      if (frozen != null) {
        frozen.destroyForcibly();
      }
    }
  }

  /** A call that the producer puts in one of these partitions of so many. */
  private static QueuedCall callIn(
      List<Integer> partitions, int of, Duration ringFor, SimulatedPhone phone) {
    QueuedCall call;
    do {
      call = CallingService.call(Instant.now(), ringFor, phone);
    } while (!partitions.contains(CallingService.partition(call.callId(), of)));
    return call;
  }

  private static void signal(String name, Process process) throws Exception {
    Process kill = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid()).start();
    assertEquals(0, kill.waitFor());
  }

  /**
   * Of three workers one is killed with pushes on their way: what it had claimed and not noted is
   * pushed by another, the same call to the phone; what is over by then is not.
   */
  @Test
  void killedWorkerLosesNoCallAndRingsNoneThatIsOver(TestInfo test) throws Exception {
    List<SimulatedPhone> phones = phones(20);
    SimulatedPhone slow = apns.registerPhone();
    slow.online(false);
    apns.script(slow.token(), Script.normal().delay(Duration.ofSeconds(4)));
    List<SimulatedPhone> all = new ArrayList<>(phones);
    all.add(slow);
    List<QueuedCall> calls = new ArrayList<>();
    List<Process> workers = new ArrayList<>();
    int partitions = 6;
    Duration ringFor = Duration.ofSeconds(45);
    try (CallingService service = service(test, partitions);
        RunningWorker third = new RunningWorker(surroundings, service.settings("third"))) {
      for (String name : List.of("killed", "second")) {
        workers.add(surroundings.startWorker(service.settings(name), service.prefix()));
      }
      service.awaitPartitions(2, List.of("killed", "second", "third"));
      List<Integer> orphaned = service.partitionsOf("killed");
      placeSome(service, calls, phones, 300);

      // One at least of the pushes whose verdict the worker does not live to hear.
      QueuedCall unheard = callIn(orphaned, partitions, ringFor, slow);
      calls.add(unheard);
      service.place(unheard);
      UUID pushed = unheard.callId();
      Waiting.until(() -> pushes(all).containsKey(pushed), () -> "no push");
      workers.get(0).destroyForcibly().waitFor();
      apns.script(slow.token(), Script.normal());

      // Nobody has its partitions now; of every second call there the caller has given up.
      Set<UUID> over = new HashSet<>();
      for (int i = 0; i < 40; i++) {
        QueuedCall call = callIn(orphaned, partitions, ringFor, phones.get(i % phones.size()));
        calls.add(call);
        if (i % 2 == 0) {
          service.place(call);
        } else {
          service.place(call, "CANCELLED");
          over.add(call.callId());
        }
      }

      service.awaitOutcomes(calls.size());
      Map<UUID, List<RecordedRequest>> pushes = pushes(all);
      Set<UUID> shouldRing = new HashSet<>(ids(calls));
      shouldRing.removeAll(over);
      assertEquals(shouldRing, pushes.keySet());

      Map<UUID, List<RecordedRequest>> twice = second(pushes);
      System.out.println("killed: " + calls.size() + " calls, pushed twice: " + twice.size());
      assertTrue(twice.containsKey(pushed));
      for (QueuedCall call : calls) {
        List<RecordedRequest> again = twice.get(call.callId());
        if (again != null) {
          assertTrue(
              orphaned.contains(CallingService.partition(call.callId(), partitions)),
              "of the killed worker only");
          assertEquals(2, again.size());
          assertEquals(
              new String(again.get(0).payload(), UTF_8),
              new String(again.get(1).payload(), UTF_8),
              "the same call, with the same deadline");
        }
      }
      workers.get(1).toHandle().destroy(); // SIGTERM
      assertEquals(143, workers.get(1).waitFor());
    } finally {
      workers.forEach(Process::destroyForcibly);
    }
  }
}
