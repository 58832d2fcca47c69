// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.Script;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;

/**
 * Everything goes wrong at once, and each device still has one end that the server's record bears
 * out. {@code -Drings=} for another number of calls, {@code -Dseed=} for other faults.
 */
@Timeout(120)
class MixedFaultsTest {
  private static final int RINGS = Integer.getInteger("rings", 10_000);
  private static final long SEED = Long.getLong("seed", 20_261_124);
  private static final int DEVICES = 3;
  private static final int STOPPED_OF_A_HUNDRED = 10;

  private final Random random = new Random(SEED);
  private final ApnsSimulator apns = ApnsSimulator.start();
  private final ExecutorService stopper = Executors.newSingleThreadExecutor();
  private final AtomicInteger answered = new AtomicInteger();
  private final AtomicInteger unanswered = new AtomicInteger();
  private final Map<Ring, Instant> stopped = new ConcurrentHashMap<>();
  private List<DeviceToken> phones;

  @BeforeEach
  void registerPhones() {
    phones = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      var phone = apns.registerPhone();
      phone.online(false); // what it is sent is dropped, as it is not to be stored
      phones.add(DeviceToken.of(phone.token()));
    }
  }

  @AfterEach
  void close() {
    apns.close();
    stopper.shutdownNow();
  }

  /** One request in five, in the order of their arrival, meets something. */
  private Script faults(int requests) {
    Script[] scripts = new Script[requests + 1];
    for (int i = 0; i < requests; i++) {
      scripts[i] = random.nextInt(5) == 0 ? fault(random.nextInt(10_000)) : Script.normal();
    }
    scripts[requests] = Script.normal();
    return Script.sequence(scripts);
  }

  /** Those that hit all streams of a connection are rarer than those of one request. */
  private Script fault(int chance) {
    int one = chance;
    for (Fault fault : Fault.values()) {
      one -= fault.inTenThousand;
      if (one < 0) {
        return fault.script(random);
      }
    }
    throw new IllegalStateException("the chances must add up to ten thousand");
  }

  private enum Fault {
    SILENCE(30),
    DROPPED_BEFORE(15),
    DROPPED_AFTER(15),
    GONE_AWAY(20),
    GONE_AWAY_ANSWERED(20),
    GONE_AWAY_UNANSWERED(20),
    SHUTDOWN(20),
    UNREGISTERED(1_200),
    THROTTLED(800),
    UNAVAILABLE(1_500),
    RESET(900),
    REFUSED(1_000),
    SLOW(1_000),
    NOT_CONFIGURED(20),
    REJECTED(3_440);

    private static final Script[] REJECTIONS = {
      Script.reject(400, "BadDeviceToken"),
      Script.reject(400, "DeviceTokenNotForTopic"),
      Script.reject(404, "BadPath"),
      Script.reject(405, "MethodNotAllowed"),
      Script.reject(410, "ExpiredToken"),
      Script.reject(413, "PayloadTooLarge"),
      Script.reject(400, "NewIn2027"),
      Script.rejectWithBody(418, new byte[0])
    };

    private final int inTenThousand;

    Fault(int inTenThousand) {
      this.inTenThousand = inTenThousand;
    }

    Script script(Random random) {
      String reason = "{\"reason\":\"Shutdown\"}";
      return switch (this) {
        case SILENCE -> Script.silence();
        case DROPPED_BEFORE -> Script.dropBefore();
        case DROPPED_AFTER -> Script.dropAfter();
        case GONE_AWAY -> Script.goAway(reason);
        case GONE_AWAY_ANSWERED -> Script.goAwayCovering(reason);
        case GONE_AWAY_UNANSWERED -> Script.goAwayUnanswered(reason);
        case SHUTDOWN -> Script.reject(503, "Shutdown");
        case UNREGISTERED -> Script.unregistered(Instant.parse("2026-11-01T08:30:00Z"));
        case THROTTLED -> Script.reject(429, "TooManyRequests").retryAfter("1");
        case UNAVAILABLE ->
            random.nextBoolean()
                ? Script.reject(500, "InternalServerError")
                : Script.reject(503, "ServiceUnavailable").retryAfter("1");
        case RESET -> Script.reset(random.nextInt(7)); // NO_ERROR to FRAME_SIZE_ERROR
        case REFUSED -> Script.refuseStream();
        case SLOW -> Script.normal().delay(Duration.ofMillis(20 + random.nextInt(400)));
        case NOT_CONFIGURED ->
            random.nextBoolean()
                ? Script.reject(403, "BadCertificateEnvironment")
                : Script.reject(429, "TooManyProviderTokenUpdates");
        case REJECTED -> REJECTIONS[random.nextInt(REJECTIONS.length)];
      };
    }
  }

  /** Counts the results, and the attempts that got no answer in time. */
  private final class Progress implements PushListener {
    @Override
    public void resultReceived(PushEvent push, PushResult result) {
      answered.incrementAndGet();
    }

    @Override
    public void retryScheduled(PushEvent push, Duration delay, String why) {
      if (why.equals("no answer in time")) {
        unanswered.incrementAndGet();
      }
    }

    @Override
    public void pushFailed(PushEvent push, VoipPushException failure) {
      if (failure.failure() == Failure.TIMEOUT) {
        unanswered.incrementAndGet();
      }
    }
  }

  private void stop(Ring ring) {
    ring.stop();
    stopped.put(ring, Instant.now());
  }

  /** Rings all, stops some when others have an answer, freezes all connections now and then. */
  private Map<Ring, CallPayload> ringAll(VoipPushClient client) throws Exception {
    Map<Ring, CallPayload> calls = new HashMap<>();
    List<Ring> rings = new ArrayList<>();
    List<CompletableFuture<RingOutcome>> outcomes = new ArrayList<>();
    for (int i = 0; i < RINGS; i++) {
      CallPayload call = CallPayload.incoming(UUID.randomUUID()).storeFor(Duration.ZERO).build();
      int first = random.nextInt(phones.size() - DEVICES);
      Ring ring = client.ring(call, phones.subList(first, first + DEVICES));
      calls.put(ring, call);
      rings.add(ring);
      outcomes.add(ring.outcome());
      if (random.nextInt(100) < STOPPED_OF_A_HUNDRED) {
        // in flight by then, or about to be, or far back in the queue
        Ring earlier = rings.get(Math.max(0, i - random.nextInt(150)));
        CompletableFuture<PushResult> trigger = earlier.results().values().iterator().next();
        var unused =
            random.nextBoolean()
                ? trigger.whenComplete((result, e) -> stop(ring))
                : trigger.whenCompleteAsync((result, e) -> stop(ring), stopper);
      }
    }
    for (int freeze = 1; freeze <= 2; freeze++) {
      int mark = RINGS / 4 * freeze;
      awaitAtMost(() -> answered.get() >= mark);
      int before = unanswered.get();
      apns.freeze();
      awaitAtMost(() -> unanswered.get() > before || client.health().inFlight() == 0);
      apns.unfreeze();
    }
    for (CompletableFuture<RingOutcome> outcome : outcomes) {
      var unused = outcome.get(60, TimeUnit.SECONDS);
    }
    return calls;
  }

  private static void awaitAtMost(BooleanSupplier condition) {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < until, "not within 60 s, seed " + SEED);
      LockSupport.parkNanos(1_000_000); // leaves the processor to the others
    }
  }

  /** What the server has of one push. */
  private static final class Trace {
    final String pushed; // call and device
    int accepted;
    int rejected;
    Instant lastAccepted = Instant.MIN;
    private final List<String> requests = new ArrayList<>();

    Trace(String pushed) {
      this.pushed = pushed;
    }

    void add(RecordedRequest request) {
      if (request.status() == 200) {
        accepted++;
        lastAccepted = request.receivedAt();
      } else if (request.status() > 0) {
        rejected++;
      }
      requests.add(
          "%s connection %d stream %d: %d %s"
              .formatted(
                  request.receivedAt(),
                  request.connection(),
                  request.streamId(),
                  request.status(),
                  request.reason()));
    }

    int count() {
      return requests.size();
    }

    @Override
    public String toString() {
      return ", seed " + SEED + ", the server's record: " + requests;
    }
  }

  private static String callIdIn(RecordedRequest request) {
    String json = new String(request.payload(), StandardCharsets.UTF_8);
    int at = json.indexOf("\"callId\":\"") + 10;
    return json.substring(at, at + 36);
  }

  /** By apns-id, of which none is used for two calls or two devices, and none of these has two. */
  private Map<String, Trace> traces() {
    Map<String, Trace> traces = new HashMap<>();
    Map<String, String> idOf = new HashMap<>();
    List<RecordedRequest> all = new ArrayList<>(apns.requests());
    all.addAll(apns.unprocessedRequests());
    for (RecordedRequest request : all) {
      String pushed = callIdIn(request) + " " + request.deviceToken();
      Trace trace = traces.computeIfAbsent(request.apnsId(), id -> new Trace(pushed));
      assertEquals(trace.pushed, pushed, "one apns-id for two, seed " + SEED);
      String before = idOf.putIfAbsent(pushed, request.apnsId());
      assertTrue(before == null || before.equals(request.apnsId()), "two ids, seed " + SEED);
      trace.add(request);
    }
    return traces;
  }

  /** How the pushes ended, and how often. */
  private final Map<String, Integer> ends = new TreeMap<>();

  private void count(String end) {
    ends.merge(end, 1, Integer::sum);
  }

  private int ends(String end) {
    return ends.getOrDefault(end, 0);
  }

  private void run(VoipPushClient client, TestReporter reporter) throws Exception {
    apns.script(faults(RINGS * DEVICES));
    Map<Ring, CallPayload> calls;
    try (client) {
      calls = ringAll(client);
    }
    apns.close(); // its record is complete
    Map<String, Trace> traces = traces();
    for (Map.Entry<Ring, CallPayload> entry : calls.entrySet()) {
      check(entry.getKey(), entry.getValue(), traces);
    }
    assertEquals(Map.of(), traces, "requests of nobody, seed " + SEED);
    reporter.publishEntry("seed " + SEED + ", rings " + RINGS, ends.toString());
    checkFaults();
  }

  /** Every device has one end, the same in outcome and result, and the record bears it out. */
  private void check(Ring ring, CallPayload call, Map<String, Trace> traces) throws Exception {
    RingOutcome outcome = ring.outcome().get();
    assertEquals(
        ring.results().size(),
        outcome.reached().size() + outcome.rejected().size() + outcome.failed().size());
    for (Map.Entry<DeviceToken, CompletableFuture<PushResult>> entry : ring.results().entrySet()) {
      DeviceToken device = entry.getKey();
      String pushed = call.callId() + " " + device.hex();
      VoipPushException failure = outcome.failed().get(device);
      if (failure != null) {
        assertEquals(failure, TestClients.failureOf(entry.getValue()));
        Trace trace = traces.remove(failure.apnsId().toString());
        checkFailure(failure, trace == null ? new Trace(pushed) : trace, pushed, ring);
        continue;
      }
      PushResult result = entry.getValue().get();
      if (outcome.reached().contains(device)) {
        assertTrue(result.accepted());
        assertNull(outcome.rejected().get(device));
      } else {
        assertEquals(outcome.rejected().get(device), result);
      }
      Trace trace = traces.remove(result.apnsId().toString());
      if (trace == null) {
        fail(result + " is not in the record, seed " + SEED);
      }
      checkResult(result, trace, pushed);
    }
  }

  private void checkResult(PushResult result, Trace trace, String pushed) {
    String told = result.toString() + trace;
    assertEquals(pushed, trace.pushed, told);
    assertTrue(trace.count() <= result.attempts(), told);
    if (result.accepted()) {
      assertTrue(trace.accepted >= 1, told);
    } else {
      assertTrue(trace.rejected >= 1, told);
    }
    int inResult = result.accepted() ? 1 : 0;
    if (trace.accepted != inResult) {
      assertTrue(result.possiblyDuplicated(), "rang " + trace.accepted + " times: " + told);
      count("told: rang " + trace.accepted + " times, result " + inResult);
    }
    count(result.accepted() ? "accepted" : "rejected");
    if (result.attempts() > 1) {
      count("tried again");
    }
  }

  private void checkFailure(VoipPushException failure, Trace trace, String pushed, Ring ring) {
    String told = failure.getMessage() + trace;
    assertEquals(pushed, trace.pushed, told);
    assertTrue(trace.count() <= failure.attempts(), told);
    if (failure.delivery() == Delivery.NOT_SENT) {
      assertEquals(0, trace.accepted, told);
    }
    Instant stop = stopped.get(ring);
    if (stop == null) {
      assertTrue(failure.failure() != Failure.STOPPED, told);
    } else if (trace.lastAccepted.isAfter(stop)) {
      assertEquals(Delivery.UNKNOWN, failure.delivery(), "rang after stop: " + told);
    }
    if (failure.failure() == Failure.QUEUE_FULL) {
      assertEquals(Delivery.NOT_SENT, failure.delivery(), told);
      assertEquals(0, failure.attempts(), told);
    }
    count(failure.failure() + " " + failure.delivery());
  }

  /** The run was what it says it is. */
  private void checkFaults() {
    Set<String> unprocessed = new TreeSet<>();
    apns.unprocessedRequests().forEach(request -> unprocessed.add(request.reason()));
    assertTrue(
        unprocessed.containsAll(
            List.of("GOAWAY", "RST_STREAM 2", "RST_STREAM 7", "connection dropped", "silence")),
        unprocessed.toString());
    assertTrue(apns.connectionsAccepted() > 10, apns.connectionsAccepted() + " connections");
    for (String end : List.of("accepted", "rejected", "tried again", "STOPPED NOT_SENT")) {
      assertTrue(ends(end) > 0, end + ": " + ends);
    }
    assertTrue(unanswered.get() > 0);
    assertEquals(0, apns.streamLimitViolations());
  }

  private VoipPushClient.Builder builder() throws Exception {
    return TestClients.builder(apns, TestClients.certificate(apns))
        .attemptTimeout(Duration.ofMillis(300))
        .maxInFlight(200)
        .listener(new Progress());
  }

  @Test
  void everyPushEndsOnceAndAsTheRecordSays(TestReporter reporter) throws Exception {
    run(builder().maxQueued(4 * RINGS).build(), reporter);
    assertEquals(0, ends("QUEUE_FULL NOT_SENT"), ends.toString());
  }

  @Test
  void queueThatOverflowsIsToldAndHarmsNobodyElse(TestReporter reporter) throws Exception {
    run(builder().build(), reporter);
    assertTrue(RINGS < 10_000 || ends("QUEUE_FULL NOT_SENT") > 0, ends.toString());
  }
}
