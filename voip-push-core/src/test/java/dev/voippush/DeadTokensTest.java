// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DeadTokensTest {
  private static final UUID ID = new UUID(1, 2);
  private static final Instant REGISTERED = Instant.parse("2026-11-24T12:00:00Z");
  private static final Instant DIED = REGISTERED.plusSeconds(60);
  private static final Instant PUSHED = REGISTERED.plusSeconds(120);

  private static final PushResult ACCEPTED = PushResult.Accepted.of(ID);
  private static final PushResult DEAD = PushResult.Rejected.unregistered(ID, DIED);
  private static final PushResult DEAD_SOME_TIME = PushResult.Rejected.of(ID, 410, "Unregistered");

  private final ConcurrentHashMap<DeviceToken, Instant> store = new ConcurrentHashMap<>();
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000_000_000); // soon wraps
  private final DeadTokens deadTokens = DeadTokens.of(this::discard, nanos::get);

  private final PrintStream err = System.err;

  @AfterEach
  void restoreErr() {
    System.setErr(err);
  }

  private boolean discard(DeviceToken device, Instant deadSince) {
    Instant registered = store.get(device);
    return registered != null && registered.isBefore(deadSince) && store.remove(device, registered);
  }

  private DeviceToken registered(int number, Instant at) {
    DeviceToken device = DeviceToken.of(ByteBuffer.allocate(32).putInt(number).array());
    store.put(device, at);
    return device;
  }

  private DeviceToken registered(int number) {
    return registered(number, REGISTERED);
  }

  private boolean push(DeviceToken device, PushResult result) {
    return deadTokens.discardIfDead(device, result, PUSHED);
  }

  /** Pushes to tokens of these numbers, all registered; returns how many were discarded. */
  private int push(int from, int to, PushResult result) {
    int discarded = 0;
    for (int number = from; number < to; number++) {
      discarded += push(registered(number), result) ? 1 : 0;
    }
    return discarded;
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  @ParameterizedTest
  @CsvSource({"-1,true", "0,false", "1,false"})
  void discardsOnlyWhatWasRegisteredBeforeItDied(int millisAfter, boolean discarded) {
    DeviceToken device = registered(1, DIED.plusMillis(millisAfter));
    assertEquals(discarded, push(device, DEAD));
    assertEquals(discarded, !store.containsKey(device));
  }

  @ParameterizedTest
  @CsvSource({"-1,true", "0,false", "1,false"})
  void withoutTimestampDiscardsOnlyWhatWasRegisteredBeforeThePush(int millisAfter, boolean gone) {
    DeviceToken device = registered(1, PUSHED.plusMillis(millisAfter));
    assertEquals(gone, push(device, DEAD_SOME_TIME));
    assertEquals(gone, !store.containsKey(device));
  }

  @Test
  void keepsTokenOfAcceptedPush() {
    DeviceToken device = registered(1);
    assertFalse(push(device, ACCEPTED));
    assertTrue(store.containsKey(device));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "BadCollapseId",
        "BadDeviceToken",
        "BadExpirationDate",
        "BadMessageId",
        "BadPriority",
        "BadTopic",
        "DeviceTokenNotForTopic",
        "DuplicateHeaders",
        "IdleTimeout",
        "InvalidPushType",
        "MissingDeviceToken",
        "MissingTopic",
        "PayloadEmpty",
        "TopicDisallowed",
        "BadCertificate",
        "BadCertificateEnvironment",
        "ExpiredProviderToken",
        "Forbidden",
        "InvalidProviderToken",
        "MissingProviderToken",
        "UnrelatedKeyIdInToken",
        "BadEnvironmentKeyIdInToken",
        "BadEnvironmentKeyInToken",
        "BadPath",
        "MethodNotAllowed",
        "ExpiredToken",
        "Unregistered",
        "PayloadTooLarge",
        "TooManyProviderTokenUpdates",
        "TooManyRequests",
        "InternalServerError",
        "ServiceUnavailable",
        "Shutdown",
        "NewIn2027",
        "",
      })
  void onlyADeadTokenAnswered410IsDiscarded(String reason) {
    boolean dead =
        List.of("ExpiredToken", "Unregistered", "NewIn2027", "")
            .contains(reason); // unknown: by status
    for (int status : new int[] {302, 400, 403, 404, 405, 410, 413, 429, 500, 503}) {
      DeviceToken device = registered(status);
      assertEquals(
          dead && status == 410,
          push(device, PushResult.Rejected.of(ID, status, reason)),
          status + " " + reason);
      assertEquals(dead && status == 410, !store.containsKey(device));
    }
  }

  @Test
  void tenPercentOfAHundredGoAndNoMore() {
    push(0, 89, ACCEPTED);
    assertEquals(10, push(89, 99, DEAD));
    push(99, 100, ACCEPTED);
    DeviceToken eleventh = registered(100);
    assertFalse(push(eleventh, DEAD)); // 11 of 101
    assertTrue(store.containsKey(eleventh));
    push(101, 120, ACCEPTED);
    assertTrue(push(eleventh, DEAD)); // 11 of 120: nothing was lost
  }

  @Test
  void belowAHundredTokensAllGo() {
    assertEquals(99, push(0, 99, DEAD));
    assertEquals(0, push(99, 100, DEAD));
  }

  @Test
  void eachTokenCountsOnce() {
    push(0, 9, ACCEPTED);
    for (int round = 0; round < 20; round++) {
      push(0, 9, ACCEPTED); // 180 pushes, 9 tokens
    }
    assertEquals(80, push(9, 89, DEAD));

    pass(Duration.ofMinutes(1));
    push(0, 90, ACCEPTED);
    for (int round = 0; round < 20; round++) {
      push(200, 209, DEAD); // 180 times 410, 9 tokens
    }
    assertEquals(1, push(209, 210, DEAD)); // 10 of 100
    assertEquals(0, push(210, 211, DEAD));
  }

  @Test
  void discardedTokenStillCountsWhenItsOtherPushesAreAnswered() {
    push(0, 90, ACCEPTED);
    for (int number = 90; number < 100; number++) {
      DeviceToken device = registered(number);
      assertTrue(push(device, DEAD));
      assertFalse(push(device, DEAD)); // rung twice: it is not there any more
    }
    assertEquals(0, push(100, 101, DEAD));
  }

  @Test
  void otherRejectionsCountAsTokensButProveNothing() {
    push(0, 90, PushResult.Rejected.of(ID, 400, "BadDeviceToken"));
    assertEquals(10, push(90, 100, DEAD));
    for (int number = 90; number < 100; number++) {
      push(registered(number), PushResult.Rejected.of(ID, 503, "Shutdown"));
    }
    assertEquals(0, push(100, 101, DEAD));
  }

  @Test
  void tokenThatLivesAgainCountsAsAlive() {
    push(0, 90, ACCEPTED);
    push(90, 100, DEAD);
    DeviceToken device = registered(100);
    assertFalse(push(device, DEAD));
    push(90, 92, ACCEPTED); // registered again
    assertTrue(push(device, DEAD)); // 9 of 101
  }

  @Test
  void tokensRegisteredSinceDoNotCountAsDead() {
    push(0, 60, ACCEPTED);
    for (int number = 60; number < 120; number++) {
      assertFalse(push(registered(number, PUSHED), DEAD));
    }
    assertEquals(12, push(120, 132, DEAD)); // 12 of 132
  }

  @Test
  void oneMinuteLaterAllIsForgotten() {
    push(0, 89, ACCEPTED);
    push(89, 99, DEAD);
    DeviceToken device = registered(99);
    pass(Duration.ofSeconds(59));
    assertFalse(push(device, DEAD));
    pass(Duration.ofSeconds(1));
    assertTrue(push(device, DEAD));
  }

  @Test
  void tokensThatArePushedAgainStay() {
    push(0, 100, ACCEPTED);
    pass(Duration.ofSeconds(30));
    push(0, 50, ACCEPTED);
    pass(Duration.ofSeconds(30));
    assertEquals(49, push(100, 149, DEAD)); // with 50 others
    assertEquals(0, push(149, 150, DEAD));
  }

  @Test
  void storeIsNotEmptiedTenPercentAMinute() {
    int discarded = 0;
    for (int number = 0; number < 2000; number++) { // 200 a minute
      discarded += push(number, number + 1, DEAD);
      pass(Duration.ofMillis(300));
    }
    assertEquals(99, discarded); // those before there were 100
  }

  @Test
  void forcedRefusesNothing() {
    push(0, 100, ACCEPTED);
    DeadTokens forced = deadTokens.forced();
    for (int number = 0; number < 50; number++) {
      assertTrue(forced.discardIfDead(registered(number), DEAD, PUSHED));
    }
    assertEquals(0, push(50, 51, DEAD)); // what was forced counts
    assertFalse(forced.discardIfDead(registered(51, PUSHED), DEAD, PUSHED)); // alive
    PushResult unknown = PushResult.Rejected.of(ID, 400, "BadDeviceToken");
    assertFalse(forced.discardIfDead(registered(52), unknown, PUSHED));
  }

  @Test
  void countsTheLastTenThousandTokens() {
    DeadTokens forced = deadTokens.forced();
    for (int number = 0; number < 5000; number++) {
      forced.discardIfDead(registered(number), DEAD, PUSHED);
    }
    push(5000, 13_999, ACCEPTED); // leaves 1,001 of the dead ones
    assertEquals(0, push(20_000, 20_001, DEAD)); // one more comes, one is forgotten
    push(14_000, 14_001, ACCEPTED);
    assertEquals(1, push(20_000, 20_001, DEAD)); // 1,000 of 10,000
  }

  @Test
  void whatTheStoreThrowsGoesToTheCallerAndDoesNotCount() {
    IllegalStateException down = new IllegalStateException("the database is down");
    boolean[] broken = {true};
    DeadTokens tokens =
        DeadTokens.of(
            (device, deadSince) -> {
              if (broken[0]) {
                throw down;
              }
              return discard(device, deadSince);
            },
            nanos::get);
    for (int number = 0; number < 90; number++) {
      tokens.discardIfDead(registered(number), ACCEPTED, PUSHED);
    }
    for (int number = 90; number < 190; number++) {
      DeviceToken device = registered(number);
      assertSame(
          down,
          assertThrows(
              IllegalStateException.class, () -> tokens.discardIfDead(device, DEAD, PUSHED)));
    }
    broken[0] = false;
    for (int number = 90; number < 109; number++) {
      assertTrue(tokens.discardIfDead(registered(number), DEAD, PUSHED)); // 19 of 190
    }
    assertFalse(tokens.discardIfDead(registered(109), DEAD, PUSHED));
  }

  @Test
  void pushesSideBySideKeepToTheLimit() throws Exception {
    CountDownLatch refused = new CountDownLatch(9);
    DeadTokens tokens =
        DeadTokens.of(
            (device, deadSince) -> {
              try { // all pushes are at the store or refused before one is discarded
                assertTrue(refused.await(30, TimeUnit.SECONDS), "refused when it is too late");
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              return discard(device, deadSince);
            },
            nanos::get);
    for (int number = 0; number < 100; number++) {
      tokens.discardIfDead(registered(number), ACCEPTED, PUSHED);
    }
    ExecutorService threads = Executors.newFixedThreadPool(20);
    try {
      List<Future<Boolean>> results = new ArrayList<>();
      for (int number = 100; number < 120; number++) {
        DeviceToken device = registered(number);
        results.add(
            threads.submit(
                () -> {
                  boolean discarded = tokens.discardIfDead(device, DEAD, PUSHED);
                  if (!discarded) {
                    refused.countDown();
                  }
                  return discarded;
                }));
      }
      int discarded = 0;
      for (Future<Boolean> result : results) {
        discarded += result.get(40, TimeUnit.SECONDS) ? 1 : 0;
      }
      assertEquals(11, discarded); // 11 of 111, but not 12 of 112
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void warnsOnceAMinuteWithCountsAndWithoutTokens() {
    ByteArrayOutputStream logged = new ByteArrayOutputStream();
    System.setErr(new PrintStream(logged, true, StandardCharsets.UTF_8));
    push(0, 100, ACCEPTED);
    push(100, 111, DEAD);
    assertEquals("", logged.toString(StandardCharsets.UTF_8));
    push(111, 120, DEAD);
    String first = logged.toString(StandardCharsets.UTF_8);
    assertTrue(first.contains("WARN " + DeadTokens.class.getName()), first);
    assertTrue(first.contains("at most 10 % of the last minute's, but were 12 of 112"), first);
    assertTrue(first.contains("refused to discard 1 "), first);
    assertEquals(1, first.lines().count(), first);

    logged.reset();
    pass(Duration.ofSeconds(59));
    push(120, 121, DEAD);
    assertEquals("", logged.toString(StandardCharsets.UTF_8));
    pass(Duration.ofSeconds(1));
    push(0, 100, ACCEPTED);
    push(120, 140, DEAD);
    String second = logged.toString(StandardCharsets.UTF_8);
    assertTrue(second.contains("but were 12 of 112: refused to discard 10 "), second);
    assertEquals(1, second.lines().count(), second);
    assertFalse((first + second).contains("0000"), "no token is logged");
  }

  @Test
  void refusesNull() {
    DeviceToken device = registered(1);
    assertThrows(NullPointerException.class, () -> DeadTokens.of(null));
    assertThrows(
        NullPointerException.class, () -> deadTokens.discardIfDead(null, ACCEPTED, PUSHED));
    assertThrows(NullPointerException.class, () -> deadTokens.discardIfDead(device, null, PUSHED));
    assertThrows(
        NullPointerException.class, () -> deadTokens.discardIfDead(device, ACCEPTED, null));
  }
}
