// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.Remedy.CHECK_CONFIGURATION;
import static dev.voippush.Remedy.DISCARD_TOKEN;
import static dev.voippush.Remedy.FIX_CREDENTIALS;
import static dev.voippush.Remedy.FIX_REQUEST;
import static dev.voippush.Remedy.RETRY_LATER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.Script;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every refusal of Apple's table, and what is not in it, over TLS and HTTP/2: what the caller is
 * told. All are sent at once, so that those that are retried wait for their end together.
 */
@Timeout(60)
class RejectionsTest {
  private static final String TOPIC = "com.example.app.voip";
  private static final String APP = "certificate for com.example.app";
  private static final String KEY = "signing key ABC123DEFG of team A1B2C3D4E5";
  private static final String PLACE = "(the simulator's host and port)";
  private static final Instant SINCE = Instant.parse("2026-11-24T10:00:00.250Z");

  /** By what the client identifies itself. */
  private enum By {
    CERTIFICATE,
    KEY
  }

  /**
   * An answer and what is to become of it.
   *
   * @param raw Apple's word or, if the reason is UNKNOWN, the whole body
   * @param tells what the explanation must contain besides
   */
  private record Row(
      By by,
      int status,
      String raw,
      RejectionReason reason,
      Remedy remedy,
      String anchor,
      List<String> tells) {
    Script script() {
      if (reason == RejectionReason.UNKNOWN && !raw.startsWith("New")) {
        return Script.rejectWithBody(status, raw.getBytes(StandardCharsets.UTF_8));
      }
      if (status == 410) {
        String body = "{\"reason\":\"" + raw + "\",\"timestamp\":" + SINCE.toEpochMilli() + "}";
        return Script.rejectWithBody(status, body.getBytes(StandardCharsets.UTF_8));
      }
      return Script.reject(status, raw);
    }

    @Override
    public String toString() {
      return status + " " + raw.replace('\n', ' ') + " by " + by;
    }
  }

  private static Row row(
      int status, RejectionReason reason, String raw, Remedy remedy, String anchor, String... t) {
    return new Row(By.CERTIFICATE, status, raw, reason, remedy, anchor, List.of(t));
  }

  private static Row withKey(
      int status, RejectionReason reason, String raw, Remedy remedy, String anchor, String... t) {
    return new Row(By.KEY, status, raw, reason, remedy, anchor, List.of(t));
  }

  private static Row fixRequest(int status, RejectionReason reason, String raw) {
    return row(status, reason, raw, FIX_REQUEST, "fix-request");
  }

  private static Row retryLater(int status, RejectionReason reason, String raw) {
    return row(status, reason, raw, RETRY_LATER, "retry-later");
  }

  /** Apple's table in its order, then what Apple does not document. */
  private static final List<Row> ROWS =
      List.of(
          fixRequest(400, RejectionReason.BAD_COLLAPSE_ID, "BadCollapseId"),
          row(
              400,
              RejectionReason.BAD_DEVICE_TOKEN,
              "BadDeviceToken",
              CHECK_CONFIGURATION,
              "bad-device-token",
              PLACE,
              "stored with the token"),
          fixRequest(400, RejectionReason.BAD_EXPIRATION_DATE, "BadExpirationDate"),
          fixRequest(400, RejectionReason.BAD_MESSAGE_ID, "BadMessageId"),
          fixRequest(400, RejectionReason.BAD_PRIORITY, "BadPriority"),
          row(
              400,
              RejectionReason.BAD_TOPIC,
              "BadTopic",
              CHECK_CONFIGURATION,
              "topic-disallowed",
              TOPIC,
              APP),
          row(
              400,
              RejectionReason.DEVICE_TOKEN_NOT_FOR_TOPIC,
              "DeviceTokenNotForTopic",
              CHECK_CONFIGURATION,
              "device-token-not-for-topic",
              TOPIC),
          fixRequest(400, RejectionReason.DUPLICATE_HEADERS, "DuplicateHeaders"),
          retryLater(400, RejectionReason.IDLE_TIMEOUT, "IdleTimeout"),
          fixRequest(400, RejectionReason.INVALID_PUSH_TYPE, "InvalidPushType"),
          fixRequest(400, RejectionReason.MISSING_DEVICE_TOKEN, "MissingDeviceToken"),
          fixRequest(400, RejectionReason.MISSING_TOPIC, "MissingTopic"),
          fixRequest(400, RejectionReason.PAYLOAD_EMPTY, "PayloadEmpty"),
          row(
              400,
              RejectionReason.TOPIC_DISALLOWED,
              "TopicDisallowed",
              CHECK_CONFIGURATION,
              "topic-disallowed",
              TOPIC,
              APP),
          withKey(
              400,
              RejectionReason.TOPIC_DISALLOWED,
              "TopicDisallowed",
              CHECK_CONFIGURATION,
              "topic-disallowed",
              TOPIC,
              KEY),
          row(
              403,
              RejectionReason.BAD_CERTIFICATE,
              "BadCertificate",
              FIX_CREDENTIALS,
              "fix-credentials",
              APP),
          row(
              403,
              RejectionReason.BAD_CERTIFICATE_ENVIRONMENT,
              "BadCertificateEnvironment",
              CHECK_CONFIGURATION,
              "credentials-for-another-environment",
              PLACE,
              APP),
          withKey(
              403,
              RejectionReason.EXPIRED_PROVIDER_TOKEN,
              "ExpiredProviderToken",
              FIX_CREDENTIALS,
              "provider-token",
              KEY,
              "clock"),
          row(403, RejectionReason.FORBIDDEN, "Forbidden", FIX_CREDENTIALS, "fix-credentials", APP),
          withKey(
              403,
              RejectionReason.INVALID_PROVIDER_TOKEN,
              "InvalidProviderToken",
              FIX_CREDENTIALS,
              "provider-token",
              KEY,
              "clock"),
          row(
              403,
              RejectionReason.MISSING_PROVIDER_TOKEN,
              "MissingProviderToken",
              FIX_CREDENTIALS,
              "provider-token",
              PLACE,
              APP),
          withKey(
              403,
              RejectionReason.MISSING_PROVIDER_TOKEN,
              "MissingProviderToken",
              FIX_CREDENTIALS,
              "provider-token",
              KEY),
          withKey(
              403,
              RejectionReason.UNRELATED_KEY_ID_IN_TOKEN,
              "UnrelatedKeyIdInToken",
              FIX_CREDENTIALS,
              "provider-token",
              KEY),
          withKey(
              403,
              RejectionReason.BAD_ENVIRONMENT_KEY_ID_IN_TOKEN,
              "BadEnvironmentKeyIdInToken",
              CHECK_CONFIGURATION,
              "credentials-for-another-environment",
              PLACE,
              KEY),
          withKey(
              403,
              RejectionReason.BAD_ENVIRONMENT_KEY_ID_IN_TOKEN,
              "BadEnvironmentKeyInToken",
              CHECK_CONFIGURATION,
              "credentials-for-another-environment",
              PLACE,
              KEY),
          fixRequest(404, RejectionReason.BAD_PATH, "BadPath"),
          fixRequest(405, RejectionReason.METHOD_NOT_ALLOWED, "MethodNotAllowed"),
          row(410, RejectionReason.UNREGISTERED, "Unregistered", DISCARD_TOKEN, "discard-token"),
          row(410, RejectionReason.EXPIRED_TOKEN, "ExpiredToken", DISCARD_TOKEN, "discard-token"),
          fixRequest(413, RejectionReason.PAYLOAD_TOO_LARGE, "PayloadTooLarge"),
          retryLater(429, RejectionReason.TOO_MANY_REQUESTS, "TooManyRequests"),
          withKey(
              429,
              RejectionReason.TOO_MANY_PROVIDER_TOKEN_UPDATES,
              "TooManyProviderTokenUpdates",
              FIX_CREDENTIALS,
              "provider-token",
              KEY),
          retryLater(500, RejectionReason.INTERNAL_SERVER_ERROR, "InternalServerError"),
          retryLater(503, RejectionReason.SERVICE_UNAVAILABLE, "ServiceUnavailable"),
          retryLater(503, RejectionReason.SHUTDOWN, "Shutdown"),
          row(400, RejectionReason.UNKNOWN, "NewIn2027", FIX_REQUEST, "fix-request", PLACE),
          row(403, RejectionReason.UNKNOWN, "NewIn2028", FIX_CREDENTIALS, "fix-credentials", PLACE),
          row(410, RejectionReason.UNKNOWN, "NewIn2029", DISCARD_TOKEN, "discard-token", PLACE),
          row(429, RejectionReason.UNKNOWN, "", RETRY_LATER, "retry-later", PLACE),
          row(400, RejectionReason.UNKNOWN, "", FIX_REQUEST, "fix-request", PLACE),
          row(
              502,
              RejectionReason.UNKNOWN,
              "<html>\n<p>Bad gateway</p>",
              RETRY_LATER,
              "retry-later",
              PLACE),
          row(404, RejectionReason.UNKNOWN, "{\"reason\":", FIX_REQUEST, "fix-request", PLACE));

  private static final Map<Row, CompletableFuture<PushResult>> results = new HashMap<>();
  private static final Map<Row, String> tokens = new HashMap<>();
  private static ApnsSimulator apns;
  private static VoipPushClient withCertificate;
  private static VoipPushClient withKey;

  static List<Row> rows() {
    return ROWS;
  }

  @BeforeAll
  static void sendAll() throws Exception {
    apns = ApnsSimulator.start();
    withCertificate = TestClients.builder(apns, TestClients.certificate(apns)).build();
    withKey =
        TestClients.builder(apns, TestClients.signingKey(apns)).bundleId("com.example.app").build();
    withCertificate.connect().get(30, TimeUnit.SECONDS);
    withKey.connect().get(30, TimeUnit.SECONDS);
    for (Row row : ROWS) {
      String token = apns.registerPhone().token();
      apns.script(token, row.script());
      tokens.put(row, token);
      VoipPushClient client = row.by() == By.KEY ? withKey : withCertificate;
      CallPayload call =
          CallPayload.incoming(UUID.randomUUID())
              .ringFor(Duration.ofSeconds(row.remedy() == RETRY_LATER ? 3 : 30))
              .build();
      results.put(row, client.sendAsync(DeviceToken.of(token), call));
    }
  }

  @AfterAll
  static void close() {
    withCertificate.close();
    withKey.close();
    apns.close();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void callerIsTold(Row row) throws Exception {
    PushResult.Rejected rejected =
        assertInstanceOf(PushResult.Rejected.class, results.get(row).get(30, TimeUnit.SECONDS));
    assertEquals(row.status(), rejected.status());
    assertEquals(row.reason(), rejected.reason());
    assertEquals(row.raw().replace('\n', ' '), rejected.rawReason());
    assertEquals(row.remedy(), rejected.remedy());
    assertEquals(
        row.status() == 410 ? Optional.of(SINCE) : Optional.empty(), rejected.tokenInvalidSince());
    assertFalse(rejected.possiblyDuplicated());
    if (row.remedy() != RETRY_LATER) {
      assertEquals(1, rejected.attempts(), "again would not help");
    }

    String explanation = rejected.explanation();
    String shown = row.raw().replace('\n', ' ');
    assertTrue(
        explanation.startsWith(
            "APNs said " + row.status() + (shown.isEmpty() ? ": " : " " + shown)),
        explanation);
    for (String told : row.tells()) {
      String words = told.equals(PLACE) ? "(127.0.0.1:" + apns.port() + ")" : told;
      assertTrue(explanation.contains(words), explanation);
    }
    assertTrue(
        explanation.endsWith(" (docs/troubleshooting.md#" + row.anchor() + ")"), explanation);
    assertTrue(DocsLinksTest.anchorsOf("troubleshooting.md").contains(row.anchor()));
    assertFalse(explanation.contains("\n"), explanation);
    assertFalse(explanation.contains(tokens.get(row)), "the token is nobody's business");
    assertFalse(explanation.contains("eyJ"), "nor is the JWT");
  }

  @Test
  void noReasonIsMissingAbove() {
    assertEquals(
        EnumSet.allOf(RejectionReason.class),
        ROWS.stream()
            .map(Row::reason)
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(RejectionReason.class))));
  }

  /** What is said of a client that is never connected. */
  private static String explain(
      ApnsCredentials credentials, UnaryOperator<VoipPushClient.Builder> options, String reason) {
    try (VoipPushClient client =
        options.apply(VoipPushClient.builder().credentials(credentials)).build()) {
      byte[] body = ("{\"reason\":\"" + reason + "\"}").getBytes(StandardCharsets.UTF_8);
      Sent sent = new Sent(new UUID(0, 1), 1, false);
      PushResult result =
          ResponseReader.read(
              new PushResponse(400, null, null, body),
              sent,
              () ->
                  Target.of(
                      client.settings.endpoint,
                      client.settings.bundleId,
                      PushType.VOIP,
                      credentials));
      return ((PushResult.Rejected) result).explanation();
    }
  }

  @Test
  void tokenOfAnotherEnvironment() throws Exception {
    assertEquals(
        "APNs said 400 BadDeviceToken: the token is not one of this environment, or not a token at"
            + " all; this client sends to PRODUCTION (api.push.apple.com:443); which environment is"
            + " stored with the token? Try the token's own environment; development builds from"
            + " Xcode have SANDBOX tokens (docs/troubleshooting.md#bad-device-token)",
        explain(TestClients.certificate(apns), b -> b, "BadDeviceToken"));
    String sandbox =
        explain(
            TestClients.certificate(apns),
            b -> b.environment(ApnsEnvironment.SANDBOX),
            "BadDeviceToken");
    assertTrue(sandbox.contains("SANDBOX (api.sandbox.push.apple.com:443)"), sandbox);
    assertTrue(sandbox.contains("App Store have PRODUCTION tokens"), sandbox);
  }

  @Test
  void applesOtherPortIsNoCustomEndpoint() throws Exception {
    String explanation =
        explain(
            TestClients.certificate(apns),
            b -> b.endpoint(URI.create("https://api.sandbox.push.apple.com:2197")),
            "BadCertificateEnvironment");
    assertTrue(explanation.contains("SANDBOX (api.sandbox.push.apple.com:2197)"), explanation);
  }

  @Test
  void credentialsOfAnotherEnvironment() throws Exception {
    String explanation =
        explain(
            TestClients.signingKey(apns),
            b -> b.bundleId("com.example.other"),
            "BadEnvironmentKeyInToken");
    assertTrue(explanation.contains("PRODUCTION (api.push.apple.com:443)"), explanation);
    assertTrue(explanation.contains(KEY), explanation);
  }

  @Test
  void resultsOfUsersTestsTellWhatTheReasonMeans() {
    for (RejectionReason reason : RejectionReason.values()) {
      String word =
          ROWS.stream()
              .filter(row -> row.reason() == reason)
              .map(Row::raw)
              .findFirst()
              .orElseThrow();
      String explanation = PushResult.Rejected.of(new UUID(1, 1), 400, word).explanation();
      assertTrue(explanation.startsWith("APNs said 400 " + word + ": "), explanation);
      assertTrue(explanation.contains(reason.meaning() + " (docs/"), explanation);
    }
  }
}
