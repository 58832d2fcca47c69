// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.Apple;
import dev.voippush.credentials.PushCertificate;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What {@link ClientHealth} says of itself, line by line. */
class HealthRecordTest {
  private static final Instant START = Instant.parse("2026-11-24T12:00:00Z");
  private static final UUID ID = new UUID(1, 2);
  private static final PushResult ACCEPTED = PushResult.Accepted.of(ID);
  private static final ApnsCredentials KEY = VirtualClient.signingKey();

  private final MutableClock clock = new MutableClock(START);
  private final HealthRecord record = new HealthRecord(clock);
  private final CapturedLog log = new CapturedLog();

  @AfterEach
  void release() {
    log.close();
  }

  private ClientHealth health() {
    return record.snapshot(1, 2, 3, KEY);
  }

  private boolean atFault() {
    return health().configurationFault().isPresent();
  }

  private void reject(int status, String reason) {
    record.verdict(PushResult.Rejected.of(ID, status, reason), true);
  }

  private void fail(Failure failure) {
    record.failed(VoipPushException.of(ID, failure, Delivery.NOT_SENT));
  }

  private void failToConnect(boolean permanent) {
    record.connectFailed(
        new AttemptFailure(
            permanent ? Failure.TLS : Failure.CONNECT,
            Delivery.NOT_SENT,
            permanent,
            "certificate_expired",
            new IOException("certificate_expired")));
  }

  private void endHandshake() {
    IOException cause = new IOException("Broken pipe");
    record.connectFailed(
        new AttemptFailure(Failure.TLS, Delivery.NOT_SENT, false, "Broken pipe", cause));
  }

  @Test
  void handshakesThatAllEndAreAFault() {
    for (int i = 0; i < 5; i++) {
      endHandshake();
    }
    failToConnect(false); // the network, in between
    for (int i = 0; i < 5; i++) {
      endHandshake();
      assertEquals(Optional.empty(), health().configurationFault());
    }
    endHandshake();
    assertEquals(Optional.of("Broken pipe"), health().configurationFault());
    record.connected();
    endHandshake();
    assertEquals(Optional.empty(), health().configurationFault());
  }

  private long warnings() {
    return log.text().lines().filter(line -> line.contains("WARN")).count();
  }

  @Test
  void freshClientKnowsNothing() {
    ClientHealth health = health();
    assertEquals(1, health.connections());
    assertEquals(2, health.inFlight());
    assertEquals(3, health.queued());
    assertEquals(Optional.empty(), health.lastVerdict());
    assertEquals(Optional.empty(), health.lastVerdictAt());
    assertEquals(0, health.consecutiveFailures());
    assertEquals(Optional.empty(), health.configurationFault());
  }

  @Test
  void lastVerdictIsKeptWithItsTime() {
    record.verdict(ACCEPTED, true);
    clock.add(Duration.ofSeconds(7));
    PushResult rejected = PushResult.Rejected.of(ID, 410, "Unregistered");
    record.verdict(rejected, true);
    clock.add(Duration.ofSeconds(7));
    fail(Failure.TIMEOUT);
    assertEquals(Optional.of(rejected), health().lastVerdict());
    assertEquals(Optional.of(START.plusSeconds(7)), health().lastVerdictAt());
  }

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"STOPPED", "CANCELLED", "CLOSED", "QUEUE_FULL"})
  void failuresAreCountedUntilTheNextVerdict(Failure failure) {
    fail(failure);
    fail(failure);
    assertEquals(2, health().consecutiveFailures());
    reject(503, "ServiceUnavailable");
    assertEquals(0, health().consecutiveFailures());
    fail(failure);
    assertEquals(1, health().consecutiveFailures());
  }

  @ParameterizedTest
  @EnumSource(names = {"STOPPED", "CANCELLED", "CLOSED", "QUEUE_FULL"})
  void whatIsNotOfApnsDoingIsNoFailure(Failure failure) {
    fail(Failure.TIMEOUT);
    fail(failure);
    assertEquals(1, health().consecutiveFailures());
  }

  @ParameterizedTest
  @CsvSource({
    "PT240H,10",
    "PT239H59M59S,9",
    "PT24H,1",
    "PT23H,0",
    "PT1S,0",
    "PT-1S,-1",
    "PT-24H,-1",
    "PT-25H,-2"
  })
  void daysLeftAreWholeAndNegativeOnceItHasExpired(Duration left, long days) throws Exception {
    PushCertificate certificate =
        PushCertificate.of(
            Apple.EC.getPrivate(),
            List.of(Apple.voip(Apple.EC, Apple.BUNDLE, Apple.START, START.plus(left))));
    ClientHealth health = record.snapshot(0, 0, 0, certificate);
    assertEquals(Optional.of(START.plus(left)), health.certificateExpiresAt());
    assertEquals(OptionalLong.of(days), health.certificateDaysLeft());
  }

  @Test
  void daysLeftCountFractionsOfASecond() {
    assertEquals(-1, HealthRecord.daysLeft(START, START.minusMillis(1)));
    assertEquals(0, HealthRecord.daysLeft(START, START.plusMillis(1)));
    assertEquals(9, HealthRecord.daysLeft(START.plusMillis(1), START.plus(Duration.ofDays(10))));
  }

  @Test
  void signingKeyDoesNotExpire() {
    assertEquals(Optional.empty(), health().certificateExpiresAt());
    assertEquals(OptionalLong.empty(), health().certificateDaysLeft());
  }

  @ParameterizedTest
  @CsvSource({
    "400,BadTopic",
    "400,TopicDisallowed",
    "403,BadCertificateEnvironment",
    "403,InvalidProviderToken",
    "403,ExpiredProviderToken",
    "403,BadCertificate",
    "429,TooManyProviderTokenUpdates"
  })
  void verdictAboutCredentialsTopicOrEnvironmentIsAFaultUntilTheNextOne(int status, String reason) {
    reject(status, reason);
    String fault = health().configurationFault().orElseThrow();
    assertTrue(fault.contains(status + " " + reason), fault);
    assertEquals(1, warnings());
    record.verdict(ACCEPTED, true);
    assertEquals(Optional.empty(), health().configurationFault());
  }

  @ParameterizedTest
  @CsvSource({
    "400,BadDeviceToken", // one of them is a fault of the store
    "400,DeviceTokenNotForTopic",
    "410,Unregistered"
  })
  void verdictsAboutOneTokenAreNone(int status, String reason) {
    reject(status, reason);
    assertEquals(Optional.empty(), health().configurationFault());
    reject(403, "InvalidProviderToken");
    reject(status, reason);
    assertEquals(Optional.empty(), health().configurationFault(), "the last verdict counts");
  }

  @ParameterizedTest
  @CsvSource({
    "413,PayloadTooLarge",
    "429,TooManyRequests",
    "500,InternalServerError",
    "503,ServiceUnavailable"
  })
  void verdictsThatProveNothingChangeNothing(int status, String reason) {
    reject(status, reason);
    assertFalse(atFault());
    reject(403, "InvalidProviderToken");
    reject(status, reason);
    assertTrue(atFault(), "nobody has mended it");
    reject(403, "InvalidProviderToken");
    assertEquals(1, warnings());
    record.verdict(ACCEPTED, true);
    for (int i = 1; i < HealthRecord.MISPLACED_TOKENS; i++) {
      reject(400, "BadDeviceToken");
      reject(status, reason);
    }
    assertFalse(atFault());
    reject(400, "BadDeviceToken");
    assertTrue(atFault());
  }

  @Test
  void verdictOnReplacedCredentialsIsOnlyRemembered() {
    PushResult.Rejected late = PushResult.Rejected.of(ID, 403, "InvalidProviderToken");
    record.verdict(late, false);
    assertSame(late, health().lastVerdict().orElseThrow());
    assertFalse(atFault());
    reject(403, "BadCertificate");
    record.verdict(ACCEPTED, false);
    assertTrue(atFault(), "the present ones are not proved by it");
  }

  @Test
  void faultIsLoggedWhenItIsNews() {
    for (int i = 0; i < 5; i++) {
      reject(403, "InvalidProviderToken");
      record.connected();
    }
    assertEquals(1, warnings());
    record.verdict(ACCEPTED, true);
    reject(403, "InvalidProviderToken");
    assertEquals(2, warnings());
  }

  @Test
  void tenVerdictsAboutMisplacedTokensInARowAreAFault() {
    for (int i = 1; i < HealthRecord.MISPLACED_TOKENS; i++) {
      reject(400, i % 2 == 0 ? "BadDeviceToken" : "DeviceTokenNotForTopic");
    }
    assertFalse(atFault());
    reject(400, "BadDeviceToken");
    assertTrue(atFault());
    reject(400, "BadDeviceToken");
    assertTrue(atFault());
    assertEquals(1, warnings());
    record.verdict(ACCEPTED, true);
    assertFalse(atFault());
    reject(400, "BadDeviceToken");
    assertFalse(atFault());
  }

  @ParameterizedTest
  @CsvSource({"410,Unregistered", "400,BadTopic"})
  void anotherVerdictBreaksTheRowOfMisplacedTokens(int status, String reason) {
    for (int i = 1; i < HealthRecord.MISPLACED_TOKENS; i++) {
      reject(400, "BadDeviceToken");
    }
    reject(status, reason);
    for (int i = 1; i < HealthRecord.MISPLACED_TOKENS; i++) {
      reject(400, "BadDeviceToken");
      assertFalse(atFault());
    }
    reject(400, "BadDeviceToken");
    assertTrue(atFault());
  }

  @Test
  void refusedCertificateIsAFaultUntilAConnectionComesAbout() {
    failToConnect(true);
    assertEquals(Optional.of("certificate_expired"), health().configurationFault());
    failToConnect(true);
    assertEquals(1, warnings());
    record.connected();
    assertEquals(Optional.empty(), health().configurationFault());
    failToConnect(true);
    assertEquals(2, warnings());
  }

  @Test
  void networkThatIsDownIsNone() {
    failToConnect(false);
    assertEquals(Optional.empty(), health().configurationFault());
    assertEquals(0, warnings());
  }

  @Test
  void verdictsOnTheConnectionBeforeDoNotHideARefusedCertificate() {
    failToConnect(true); // after replaceCredentials; the one before goes on
    record.verdict(ACCEPTED, true);
    assertEquals(Optional.of("certificate_expired"), health().configurationFault());
  }

  @Test
  void connectionDoesNotHideWhatTheLastVerdictSaid() {
    reject(403, "InvalidProviderToken");
    record.connected();
    assertTrue(atFault());
  }

  @Test
  void replacedCredentialsBeginAnew() {
    try (VirtualClient virtual = new VirtualClient()) {
      var unused = virtual.sendAndWrite();
      virtual.last().answer(403, "InvalidProviderToken");
      assertTrue(virtual.client.health().configurationFault().isPresent());
      virtual.client.replaceCredentials(VirtualClient.signingKey());
      assertEquals(Optional.empty(), virtual.client.health().configurationFault());
    }
    failToConnect(true);
    for (int i = 1; i < HealthRecord.MISPLACED_TOKENS; i++) {
      reject(400, "BadDeviceToken");
    }
    record.credentialsReplaced();
    reject(400, "BadDeviceToken");
    assertEquals(Optional.empty(), health().configurationFault());
  }

  @Test
  void clientTellsWhatIsInFlightAndWhatWaits() {
    try (VirtualClient virtual = new VirtualClient()) {
      var queued = virtual.send();
      var inFlight = virtual.sendAndWrite();
      var waiting = virtual.sendAndWrite();
      virtual.last().answer(503, "ServiceUnavailable", "30");
      ClientHealth health = virtual.client.health();
      assertEquals(1, health.inFlight());
      assertEquals(2, health.queued());
      virtual.pass(45_000);
      assertTrue(queued.isDone() && inFlight.isDone() && waiting.isDone());
      health = virtual.client.health();
      assertEquals(0, health.inFlight());
      assertEquals(0, health.queued());
      assertEquals(VirtualClient.START, health.lastVerdictAt().orElseThrow(), "when it was said");
    }
  }
}
