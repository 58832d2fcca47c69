// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.voippush.ApnsEnvironment;
import dev.voippush.DeviceToken;
import dev.voippush.simulator.SimulatedCall;
import dev.voippush.simulator.SimulatedCall.State;
import dev.voippush.simulator.SimulatedPhone;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Calls from one app to others, by way of the service and APNs; once for each database. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class EndToEnd {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private CallServiceWithSimulator both;
  private ServiceApi api;
  private final BlockingQueue<String> callerHears = new LinkedBlockingQueue<>();

  // Of each test its own:
  private String caller;
  private String callee;
  private SimulatedPhone first;
  private SimulatedPhone second;

  /** The service's settings for its database. */
  abstract Map<String, ?> database() throws Exception;

  /** Called when the service is closed. */
  abstract void closeDatabase() throws Exception;

  @BeforeAll
  void start() throws Exception {
    both = new CallServiceWithSimulator(0, database());
    api = both.api();
  }

  @AfterAll
  void close() throws Exception {
    if (both != null) {
      both.close();
    }
    closeDatabase();
  }

  @BeforeEach
  void newUsers() {
    caller = "Li Lei " + UUID.randomUUID();
    callee = "Han Meimei " + UUID.randomUUID();
    first = both.phone(callee, "iPhone");
    second = both.phone(callee, "iPad");
    callerHears.clear();
    connectCaller();
  }

  private void connectCaller() {
    var unused = api.connect(caller, "caller", this::callerHears);
  }

  private void callerHears(JsonNode message) {
    callerHears.add(message.path("callId").asText() + " " + message.path("event").asText());
  }

  private void assertCallerHears(UUID call, String event) throws InterruptedException {
    assertEquals(call + " " + event, callerHears.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS));
  }

  private UUID place(int ringSeconds) {
    ServiceApi.Reply reply =
        api.post(
            "/calls",
            Map.of("caller", caller, "callee", callee, "video", true, "ringSeconds", ringSeconds));
    assertEquals(201, reply.status(), reply::toString);
    return UUID.fromString(reply.body().path("callId").asText());
  }

  /** Places a call that both phones ring for. */
  private UUID ring(int ringSeconds) throws Exception {
    UUID id = place(ringSeconds);
    assertEquals(id, first.awaitCall(PATIENCE).callId());
    assertEquals(id, second.awaitCall(PATIENCE).callId());
    return id;
  }

  private String state(UUID call) {
    return api.get("/calls/" + call).state();
  }

  private static State on(SimulatedPhone phone) {
    List<SimulatedCall> calls = phone.calls();
    return calls.get(calls.size() - 1).state();
  }

  private static void await(State state, SimulatedPhone phone) {
    Waiting.until(
        () -> on(phone) == state, () -> phone + ": " + on(phone) + " in place of " + state);
  }

  /** Apple forbids a second VoIP push to say how a call goes on. */
  private void assertOnePushEach() {
    assertEquals(1, first.pushes().size());
    assertEquals(1, second.pushes().size());
  }

  @Test
  void answeredOnOneDeviceEndsOnTheOther() throws Exception {
    UUID call = ring(45);
    SimulatedCall shown = first.calls().get(0);
    assertEquals(caller, shown.callerName());
    assertTrue(shown.video());

    first.answer();

    await(State.ANSWERED_ELSEWHERE, second);
    assertCallerHears(call, "answered");
    ServiceApi.Reply now = api.get("/calls/" + call);
    assertEquals("ANSWERED", now.state());
    assertEquals(both.app(first).device(), now.body().path("device").asText());

    first.hangUp(call);
    assertCallerHears(call, "ended");
    assertEquals("ENDED", state(call));
    assertOnePushEach();
  }

  @Test
  void declinedOnOneDeviceIsDeclinedForAll() throws Exception {
    UUID call = ring(45);
    second.decline();
    await(State.DECLINED_ELSEWHERE, first);
    assertCallerHears(call, "declined");
    assertEquals("DECLINED", state(call));
    assertOnePushEach();
  }

  @Test
  void callerGivesUp() throws Exception {
    UUID call = ring(45);
    assertEquals("CANCELLED", api.post("/calls/" + call + "/end", Map.of()).state());
    await(State.ENDED, first);
    await(State.ENDED, second);
    assertTrue(first.calls().get(0).missed());
    assertCallerHears(call, "ended");
    assertOnePushEach();
    assertEquals("CANCELLED", api.post("/calls/" + call + "/end", Map.of()).state());
  }

  @Test
  void callThatNobodyTakesIsMissed() throws Exception {
    UUID call = ring(4);
    await(State.EXPIRED, first);
    assertEquals("MISSED", state(call));
    assertCallerHears(call, "missed");
    assertEquals(409, api.post("/calls/" + call + "/answer", Map.of("device", "phone-1")).status());
    assertOnePushEach();
  }

  @Test
  void deviceThatWakesLateAsksAndEndsAtOnce() throws Exception {
    second.online(false);
    UUID call = place(45);
    first.awaitCall(PATIENCE);
    first.answer();
    assertCallerHears(call, "answered");

    second.online(true); // what APNs has stored arrives now

    second.awaitCall(PATIENCE);
    await(State.ANSWERED_ELSEWHERE, second);
    assertEquals("ANSWERED", state(call));
    assertOnePushEach();
  }

  @Test
  void firstAnswerWins() throws Exception {
    UUID call = ring(45);
    List<ServiceApi.Reply> replies =
        atOnce(
            8,
            device -> api.post("/calls/" + call + "/answer", Map.of("device", "device " + device)));
    List<Integer> statuses = replies.stream().map(ServiceApi.Reply::status).toList();
    assertEquals(1, statuses.stream().filter(status -> status == 200).count(), statuses::toString);
    assertEquals(7, statuses.stream().filter(status -> status == 409).count(), statuses::toString);
    String winner = "device " + statuses.indexOf(200);
    assertEquals(winner, api.get("/calls/" + call).body().path("device").asText());
    assertEquals( // its answer may have got lost
        200, api.post("/calls/" + call + "/answer", Map.of("device", winner)).status());
    assertCallerHears(call, "answered");
    assertEquals(409, api.post("/calls/" + call + "/decline", Map.of("device", "x")).status());
  }

  /** What this many threads get that ask at the same moment. */
  private static <T> List<T> atOnce(int threads, IntFunction<T> request) {
    CyclicBarrier barrier = new CyclicBarrier(threads);
    List<CompletableFuture<T>> replies = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      int number = i;
      replies.add(
          CompletableFuture.supplyAsync(
              () -> {
                meet(barrier);
                return request.apply(number);
              },
              task -> new Thread(task).start()));
    }
    return replies.stream().map(CompletableFuture::join).toList();
  }

  private static void meet(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void requestThatIsRepeatedRingsOnce() throws Exception {
    Map<String, Object> wanted =
        Map.of("callId", UUID.randomUUID(), "caller", caller, "callee", callee);
    assertEquals(201, api.post("/calls", wanted).status());
    ServiceApi.Reply again = api.post("/calls", wanted);
    assertEquals(200, again.status());
    assertEquals(wanted.get("callId").toString(), again.body().path("callId").asText());
    first.awaitCall(PATIENCE);
    second.awaitCall(PATIENCE);
    first.decline();
    await(State.DECLINED_ELSEWHERE, second);
    assertOnePushEach();
  }

  @Test
  void deadTokensGoAndTheCallerHearsIt() throws Exception {
    first.unregister();
    second.unregister(); // the user has removed the app: 410
    UUID call = place(45);
    assertCallerHears(call, "unreachable");
    assertEquals("UNREACHABLE", state(call));
    ServiceApi.Reply reply = api.post("/calls", Map.of("caller", caller, "callee", callee));
    assertEquals(404, reply.status());
    assertEquals("callee must have a device, but has none", reply.body().path("detail").asText());
  }

  @Test
  void tokenThatWasUploadedSinceIsKept() {
    Registrations registrations = both.bean(Registrations.class);
    DeviceToken token = DeviceToken.of(first.token());
    Instant before = Instant.now().minusSeconds(1);
    assertFalse(registrations.discard(token, before));
    assertEquals(2, registrations.tokens(callee, ApnsEnvironment.PRODUCTION).size());
    assertTrue(registrations.discard(token, Instant.now().plusSeconds(1)));
    assertEquals(
        List.of(DeviceToken.of(second.token())),
        registrations.tokens(callee, ApnsEnvironment.PRODUCTION));
  }

  @Test
  void rotatedTokenReplacesTheOneBefore() throws Exception {
    String before = first.token();
    first.rotateToken();
    Registrations registrations = both.bean(Registrations.class);
    DeviceToken now = DeviceToken.of(first.token());
    Waiting.until(
        () -> registrations.tokens(callee, ApnsEnvironment.PRODUCTION).contains(now),
        () -> "the new token is not registered");
    assertFalse(
        registrations.tokens(callee, ApnsEnvironment.PRODUCTION).contains(DeviceToken.of(before)));
    ring(45);
    first.decline();
    await(State.DECLINED_ELSEWHERE, second);
  }

  @Test
  void tokenMayBeUploadedTwiceAtOnce() {
    Map<String, String> upload = Map.of("token", first.token(), "environment", "PRODUCTION");
    String device = ServiceApi.device(callee, both.app(first).device());
    for (int i = 0; i < 10; i++) {
      List<ServiceApi.Reply> replies = atOnce(2, unused -> api.put(device, upload));
      assertTrue(replies.stream().allMatch(reply -> reply.status() == 204), replies::toString);
    }
    assertEquals(
        2, both.bean(Registrations.class).tokens(callee, ApnsEnvironment.PRODUCTION).size());
  }

  @Test
  void phoneOfAnotherUserIsNotRungForTheOneBefore() throws Exception {
    String other = "Lucy " + UUID.randomUUID();
    Map<String, String> upload = Map.of("token", first.token(), "environment", "PRODUCTION");
    assertEquals(204, api.put(ServiceApi.device(other, "her iPhone"), upload).status());
    UUID call = place(45);
    assertEquals(call, second.awaitCall(PATIENCE).callId());
    second.decline();
    assertCallerHears(call, "declined");
    assertEquals(List.of(), first.pushes());
    assertEquals(204, api.delete(ServiceApi.device(other, "her iPhone")).status());
    assertEquals(404, api.post("/calls", Map.of("caller", caller, "callee", other)).status());
  }

  @Test
  void restartKnowsTheCallsThatRing() throws Exception {
    UUID call = ring(45);
    Waiting.until(
        () -> both.app(first).isConnected() && both.app(second).isConnected(),
        () -> "an app that was woken has not connected");
    both.restart();
    connectCaller();
    assertEquals("RINGING", state(call));

    first.answer(call);

    assertCallerHears(call, "answered");
    assertEquals("ANSWERED", state(call));
    second.openApp(); // it has lost its connection, and asks
    Waiting.until(
        () -> second.calls().get(0).state() == State.ANSWERED_ELSEWHERE,
        () -> "the other phone rings on: " + second.calls());
  }

  @Test
  void callOfAnInstanceThatIsGoneIsMissed() throws Exception {
    UUID id = UUID.randomUUID();
    Instant sentAt = Instant.now().minusSeconds(60);
    both.bean(Calls.class)
        .add(
            new Call(
                id,
                caller,
                callee,
                false,
                sentAt,
                sentAt.plusSeconds(45),
                CallState.RINGING,
                null));
    assertCallerHears(id, "missed");
    assertEquals("MISSED", state(id));
  }

  @Test
  void refusesWhatItCannotDo() {
    assertRefused("caller must be 1 to 100 characters, but is missing", Map.of("callee", callee));
    assertRefused(
        "ringSeconds must be from 1 to 600, but was 0",
        Map.of("caller", caller, "callee", callee, "ringSeconds", 0));
    UUID unknown = UUID.randomUUID();
    assertEquals(404, api.get("/calls/" + unknown).status());
    assertEquals(404, api.post("/calls/" + unknown + "/end", Map.of()).status());
    assertEquals(404, api.post("/calls/" + unknown + "/answer", Map.of("device", "x")).status());

    String device = ServiceApi.device(callee, "x");
    ServiceApi.Reply sandbox =
        api.put(device, Map.of("token", first.token(), "environment", "SANDBOX"));
    assertEquals(400, sandbox.status());
    assertEquals(
        "environment must be PRODUCTION, which this service rings, but was SANDBOX",
        sandbox.body().path("detail").asText());
    ServiceApi.Reply token = api.put(device, Map.of("token", "xy", "environment", "PRODUCTION"));
    assertEquals(400, token.status());
    assertTrue(token.body().path("detail").asText().startsWith("device token must be hex"));
  }

  private void assertRefused(String why, Map<String, ?> call) {
    ServiceApi.Reply reply = api.post("/calls", call);
    assertEquals(400, reply.status(), reply::toString);
    assertEquals(why, reply.body().path("detail").asText());
  }
}
