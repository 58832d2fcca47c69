// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseReaderTest {
  private static final Sent SENT = new Sent(new UUID(1, 2), 3, true);
  static final Target TARGET =
      new Target(
          "the custom endpoint (x:1)",
          Optional.empty(),
          PushType.VOIP,
          "a.b.voip",
          "the certificate",
          true);

  private static PushResult.Rejected rejected(int status, String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    return (PushResult.Rejected)
        ResponseReader.read(new PushResponse(status, null, null, bytes), SENT, () -> TARGET);
  }

  @Test
  void tokenInAnErrorPageIsCut() {
    String token = "0123456789ABCDEF".repeat(4);
    PushResult.Rejected result = rejected(403, "no access to\n/3/device/" + token + "!");
    assertEquals("no access to /3/device/01234567…!", result.rawReason());
    assertFalse((result.explanation() + result).contains(token.substring(8)), result.toString());
  }

  @Test
  void jwtInAnErrorPageIsCut() {
    String page = "authorization: bearer eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJBIn0.c2ln_-bmF0dXJl; x";
    assertEquals("authorization: bearer eyJ…; x", rejected(502, page).rawReason());
    String cutOff = page.substring(0, page.indexOf("bmF0"));
    assertEquals("authorization: bearer eyJ…", rejected(502, cutOff).rawReason());
  }

  @Test
  void acceptedKeepsUniqueId() {
    PushResult result =
        ResponseReader.read(new PushResponse(200, "u-1", null, new byte[0]), SENT, () -> TARGET);
    assertTrue(result.accepted());
    assertEquals(Optional.of("u-1"), ((PushResult.Accepted) result).uniqueId());
    assertEquals(new UUID(1, 2), result.apnsId());
    assertEquals(3, result.attempts());
    assertTrue(result.possiblyDuplicated());
  }

  @Test
  void uniqueIdThatForgesLinesOrHasNoEndIsNone() {
    for (String id : List.of("", "u\nWARN forged", "u".repeat(257))) {
      PushResult result =
          ResponseReader.read(new PushResponse(200, id, null, new byte[0]), SENT, () -> TARGET);
      assertEquals(Optional.empty(), ((PushResult.Accepted) result).uniqueId());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "400,BadCollapseId,FIX_REQUEST",
    "400,BadDeviceToken,CHECK_CONFIGURATION",
    "400,BadExpirationDate,FIX_REQUEST",
    "400,BadMessageId,FIX_REQUEST",
    "400,BadPriority,FIX_REQUEST",
    "400,BadTopic,CHECK_CONFIGURATION",
    "400,DeviceTokenNotForTopic,CHECK_CONFIGURATION",
    "400,DuplicateHeaders,FIX_REQUEST",
    "400,IdleTimeout,RETRY_LATER",
    "400,InvalidPushType,FIX_REQUEST",
    "400,MissingDeviceToken,FIX_REQUEST",
    "400,MissingTopic,FIX_REQUEST",
    "400,PayloadEmpty,FIX_REQUEST",
    "400,TopicDisallowed,CHECK_CONFIGURATION",
    "403,BadCertificate,FIX_CREDENTIALS",
    "403,BadCertificateEnvironment,CHECK_CONFIGURATION",
    "403,ExpiredProviderToken,FIX_CREDENTIALS",
    "403,Forbidden,FIX_CREDENTIALS",
    "403,InvalidProviderToken,FIX_CREDENTIALS",
    "403,MissingProviderToken,FIX_CREDENTIALS",
    "403,UnrelatedKeyIdInToken,FIX_CREDENTIALS",
    "403,BadEnvironmentKeyIdInToken,CHECK_CONFIGURATION",
    "404,BadPath,FIX_REQUEST",
    "405,MethodNotAllowed,FIX_REQUEST",
    "410,ExpiredToken,DISCARD_TOKEN",
    "410,Unregistered,DISCARD_TOKEN",
    "413,PayloadTooLarge,FIX_REQUEST",
    "429,TooManyProviderTokenUpdates,FIX_CREDENTIALS",
    "429,TooManyRequests,RETRY_LATER",
    "500,InternalServerError,RETRY_LATER",
    "503,ServiceUnavailable,RETRY_LATER",
    "503,Shutdown,RETRY_LATER",
  })
  void everyReasonOfApplesTable(int status, String name, Remedy remedy) {
    PushResult.Rejected result = rejected(status, "{\"reason\":\"" + name + "\"}");
    assertEquals(name.toUpperCase(Locale.ROOT), result.reason().name().replace("_", ""));
    assertEquals(name, result.rawReason());
    assertEquals(status, result.status());
    assertEquals(remedy, result.remedy());
    assertTrue(result.explanation().startsWith("APNs said " + status + " " + name + ": "));
  }

  @Test
  void noReasonIsForgottenInTheTableAbove() {
    assertEquals(33, RejectionReason.values().length); // 32 of Apple's and UNKNOWN
  }

  @Test
  void realWorldSpellingOfBadEnvironmentKey() {
    assertEquals(
        RejectionReason.BAD_ENVIRONMENT_KEY_ID_IN_TOKEN,
        rejected(403, "{\"reason\":\"BadEnvironmentKeyInToken\"}").reason());
  }

  @ParameterizedTest
  @CsvSource({
    "429,RETRY_LATER",
    "502,RETRY_LATER",
    "403,FIX_CREDENTIALS",
    "410,DISCARD_TOKEN",
    "400,FIX_REQUEST",
    "302,FIX_REQUEST"
  })
  void unknownReasonsGoByStatus(int status, Remedy remedy) {
    PushResult.Rejected result = rejected(status, "{\"reason\":\"NewIn2027\"}");
    assertEquals(RejectionReason.UNKNOWN, result.reason());
    assertEquals("NewIn2027", result.rawReason());
    assertEquals(remedy, result.remedy());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<html>Bad gateway</html>",
        "{\"reason\":",
        "[]",
        "{\"reason\":1}",
        "{} {}",
        "null"
      })
  void bodyThatIsNotApplesIsKeptAsText(String body) {
    PushResult.Rejected result = rejected(502, body);
    assertEquals(502, result.status());
    assertEquals(RejectionReason.UNKNOWN, result.reason());
    assertEquals(body, result.rawReason());
  }

  @Test
  void withoutBody() {
    assertEquals("", rejected(503, "").rawReason());
    assertEquals(503, rejected(503, "").status());
  }

  @Test
  void invalidUtf8AndHugeBodiesAreCutNotFatal() {
    byte[] bytes = new byte[PushResponse.MAX_BODY];
    Arrays.fill(bytes, (byte) 0xff);
    PushResult.Rejected result =
        (PushResult.Rejected)
            ResponseReader.read(new PushResponse(500, null, null, bytes), SENT, () -> TARGET);
    assertEquals(256, result.rawReason().length());
    assertEquals(
        256, rejected(400, "{\"reason\":\"" + "x".repeat(999) + "\"}").rawReason().length());
  }

  @Test
  void timestampIsMillisecondsAndOnlyOf410() {
    String body = "{\"reason\":\"Unregistered\",\"timestamp\":1795514400250}";
    assertEquals(
        Optional.of(Instant.parse("2026-11-24T10:00:00.250Z")),
        rejected(410, body).tokenInvalidSince());
    assertEquals(Optional.empty(), rejected(400, body).tokenInvalidSince());
    assertEquals(
        Optional.empty(),
        rejected(410, "{\"reason\":\"Unregistered\",\"timestamp\":\"x\"}").tokenInvalidSince());
  }

  @Test
  void retryAfterInSecondsOrAsDate() {
    Instant now = Instant.parse("2026-11-24T10:00:00Z");
    assertEquals(Optional.of(Duration.ofSeconds(7)), retryAfter("7", now));
    assertEquals(
        Optional.of(Duration.ofSeconds(30)), retryAfter("Tue, 24 Nov 2026 10:00:30 GMT", now));
    assertEquals(Optional.of(Duration.ZERO), retryAfter("Tue, 24 Nov 2026 09:00:30 GMT", now));
    assertEquals(Optional.of(Duration.ofDays(365)), retryAfter("999999999999999999", now));
    assertEquals(
        Optional.of(Duration.ofDays(365)), retryAfter("Fri, 31 Dec 9999 23:59:59 GMT", now));
    assertEquals(Optional.empty(), retryAfter("soon", now));
    assertEquals(Optional.empty(), retryAfter("-1", now));
    assertEquals(Optional.empty(), retryAfter(null, now));
  }

  private static Optional<Duration> retryAfter(String value, Instant now) {
    return ResponseReader.retryAfter(new PushResponse(503, null, value, new byte[0]), now);
  }

  @Test
  void usersCanMakeResultsForTheirTests() {
    assertTrue(PushResult.Accepted.of(new UUID(1, 1)).accepted());
    Instant since = Instant.parse("2026-11-24T10:00:00Z");
    PushResult.Rejected dead = PushResult.Rejected.unregistered(new UUID(1, 1), since);
    assertEquals(Optional.of(since), dead.tokenInvalidSince());
    assertEquals(Remedy.DISCARD_TOKEN, dead.remedy());
    assertFalse(PushResult.Rejected.of(new UUID(1, 1), 400, "BadTopic").accepted());
  }
}
