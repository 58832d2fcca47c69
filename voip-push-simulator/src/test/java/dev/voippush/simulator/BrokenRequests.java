// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.CertificateAuthority.AppleExtension;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERUTF8String;

/**
 * All rules in their order, each with the ways to break it, and a simulator to try them: requests
 * break one rule or two.
 */
final class BrokenRequests implements AutoCloseable {
  /** What of a request a fault is in. */
  enum Part {
    METHOD,
    PATH,
    CERTIFICATE_TOPICS,
    CERTIFICATE_ENVIRONMENT,
    NO_JWT,
    JWT_SIGNATURE,
    JWT_KEY,
    JWT_ENVIRONMENT,
    JWT_AGE,
    JWT_CHANGE,
    TOPIC,
    PUSH_TYPE,
    REPETITION,
    ID,
    EXPIRATION,
    PRIORITY,
    COLLAPSE_ID,
    TOKEN_TEXT,
    TOKEN_ENVIRONMENT,
    TOKEN_TOPIC,
    TOKEN_AGE,
    SIZE,
    JSON;

    /** True if no request can have both faults. */
    boolean excludes(Part other) {
      return this == other || excludesAsFirst(other) || other.excludesAsFirst(this);
    }

    private boolean excludesAsFirst(Part other) {
      return switch (this) {
        case CERTIFICATE_TOPICS, CERTIFICATE_ENVIRONMENT -> other.isOfJwt();
        case NO_JWT -> other.isOfJwt();
        // a connection's key stays the same, and so does what it is for
        case JWT_ENVIRONMENT -> other == JWT_CHANGE;
        case TOKEN_TEXT -> Set.of(TOKEN_ENVIRONMENT, TOKEN_TOPIC, TOKEN_AGE).contains(other);
        default -> false;
      };
    }

    private boolean isOfJwt() {
      return this == NO_JWT || name().startsWith("JWT_");
    }
  }

  /** A way to break a rule. */
  record Fault(Part part, Consumer<Attempt> breakIt) {}

  /** A rule, named by the answer to requests that break it. */
  record Rule(int status, String reason, List<Fault> faults) {
    @Override
    public String toString() {
      return status + " " + reason;
    }
  }

  private static Rule rule(int status, String reason, Part part, Consumer<Attempt> breakIt) {
    return new Rule(status, reason, List.of(new Fault(part, breakIt)));
  }

  private static Consumer<Attempt> header(String name, String value) {
    return attempt -> attempt.push.header(name, value);
  }

  /** All rules in the order of validation. */
  static final List<Rule> RULES =
      List.of(
          rule(405, "MethodNotAllowed", Part.METHOD, a -> a.push.method = "PUT"),
          rule(404, "BadPath", Part.PATH, a -> a.version = "/2"),
          rule(403, "BadCertificate", Part.CERTIFICATE_TOPICS, a -> a.certificateTopics = false),
          rule(
              403,
              "BadCertificateEnvironment",
              Part.CERTIFICATE_ENVIRONMENT,
              a -> a.certificateOfSandbox = true),
          rule(403, "MissingProviderToken", Part.NO_JWT, a -> a.jwt().missing = true),
          rule(403, "InvalidProviderToken", Part.JWT_SIGNATURE, a -> a.jwt().forged = true),
          rule(403, "UnrelatedKeyIdInToken", Part.JWT_KEY, a -> a.jwt().otherKey = true),
          rule(403, "BadEnvironmentKeyInToken", Part.JWT_ENVIRONMENT, a -> a.jwt().sandbox = true),
          rule(403, "ExpiredProviderToken", Part.JWT_AGE, a -> a.jwt().expired = true),
          rule(429, "TooManyProviderTokenUpdates", Part.JWT_CHANGE, a -> a.jwt().changed = true),
          rule(400, "MissingTopic", Part.TOPIC, a -> a.push.without("apns-topic")),
          rule(400, "BadTopic", Part.TOPIC, header("apns-topic", "no topic!")),
          rule(400, "TopicDisallowed", Part.TOPIC, header("apns-topic", "org.other.voip")),
          new Rule(
              400,
              "InvalidPushType",
              List.of(
                  new Fault(Part.PUSH_TYPE, header("apns-push-type", "call")),
                  new Fault(Part.PUSH_TYPE, header("apns-push-type", "alert")))),
          rule(400, "DuplicateHeaders", Part.REPETITION, a -> a.priorityTwice = true),
          rule(400, "BadMessageId", Part.ID, header("apns-id", "42")),
          rule(400, "BadExpirationDate", Part.EXPIRATION, header("apns-expiration", "soon")),
          rule(400, "BadPriority", Part.PRIORITY, header("apns-priority", "7")),
          rule(400, "BadCollapseId", Part.COLLAPSE_ID, header("apns-collapse-id", "x".repeat(65))),
          rule(400, "MissingDeviceToken", Part.TOKEN_TEXT, a -> a.tokenText = ""),
          new Rule(
              400,
              "BadDeviceToken",
              List.of(
                  new Fault(Part.TOKEN_TEXT, a -> a.tokenText = "nothex"),
                  new Fault(Part.TOKEN_TEXT, a -> a.tokenText = "ab".repeat(32)),
                  new Fault(Part.TOKEN_ENVIRONMENT, a -> a.phoneInSandbox = true))),
          new Rule(
              400,
              "DeviceTokenNotForTopic",
              List.of(
                  new Fault(Part.TOKEN_TOPIC, a -> a.alertToken = true),
                  new Fault(Part.TOKEN_TOPIC, a -> a.phoneOfOtherApp = true))),
          rule(410, "Unregistered", Part.TOKEN_AGE, a -> a.phoneGone = true),
          rule(413, "PayloadTooLarge", Part.SIZE, a -> a.tooLarge = true),
          new Rule(
              400,
              "PayloadEmpty",
              List.of(
                  new Fault(Part.JSON, a -> a.push.body("")),
                  new Fault(Part.JSON, a -> a.push.body("not JSON")),
                  new Fault(Part.JSON, a -> a.push.body("[1]")),
                  new Fault(Part.JSON, a -> a.push.body("{\"a\":1} 2")),
                  new Fault(Part.JSON, a -> a.push.body = new byte[] {'{', (byte) 0xff, '}'}))));

  private static final String OTHER_APP = "com.example.other";
  private static final String OTHER_KEY = "SECONDKEY1";
  private static final String SANDBOX_KEY = "SANDBOXKEY";

  private final TestClock clock = new TestClock();
  private final ApnsSimulator simulator = ApnsSimulator.builder().clock(clock).start();
  private final SimulatorCredentials credentials = simulator.credentials();
  private final KeyPair certificateKey = CertificateAuthority.newRsaKey();
  private final PrivateKey forger = CertificateAuthority.newEcKey().getPrivate();
  private final PrivateKey otherKey;
  private final PrivateKey sandboxKey;
  private final Map<String, Pushes> clients = new HashMap<>();
  private final Map<String, SimulatedPhone> phones = new HashMap<>();

  BrokenRequests() throws Exception {
    simulator.addApp(OTHER_APP);
    otherKey = Pushes.parse(simulator.addSigningKey(OTHER_KEY, credentials.teamId()));
    sandboxKey = Pushes.parse(simulator.addSigningKey(SANDBOX_KEY, credentials.teamId(), true));
  }

  @Override
  public void close() {
    simulator.close();
  }

  ApnsSimulator simulator() {
    return simulator;
  }

  /** A request that has all these faults must be refused by this rule. */
  void assertRefused(Rule rule, Fault... faults) throws Exception {
    simulator.forgetRequests();
    simulator.phones().forEach(SimulatedPhone::forgetHistory);
    Attempt attempt = new Attempt();
    attempt.push = Pushes.voip(simulator, "");
    for (Fault fault : faults) {
      fault.breakIt().accept(attempt);
    }
    Pushes.Answer answer = attempt.send();
    assertEquals(
        rule.reason(), Json.object(answer.body().getBytes(StandardCharsets.UTF_8)).get("reason"));
    assertEquals(rule.status(), answer.status());
    assertTrue(RequestRules.isUuid(answer.header("apns-id")));
    RecordedRequest recorded = simulator.requests().get(0);
    assertEquals(rule.reason(), recorded.reason());
    assertEquals(rule.status(), recorded.status());
    for (SimulatedPhone phone : simulator.phones()) {
      assertEquals(List.of(), phone.pushes());
    }
  }

  /** A request that is right until faults are set; their order does not matter. */
  final class Attempt {
    private Pushes.Push push;
    private String version = "/3";
    private boolean certificateTopics = true;
    private boolean certificateOfSandbox;
    private Jwt jwt;
    private boolean priorityTwice;
    private String tokenText;
    private boolean phoneInSandbox;
    private boolean phoneOfOtherApp;
    private boolean phoneGone;
    private boolean alertToken;
    private boolean tooLarge;

    /** Uses a provider token in place of a certificate. */
    private Jwt jwt() {
      jwt = jwt == null ? new Jwt() : jwt;
      return jwt;
    }

    private Pushes.Answer send() throws Exception {
      push.path = version + "/device/" + token();
      if (priorityTwice) {
        String priority = push.headers.get("apns-priority").get(0);
        push.header("apns-priority", priority, priority);
      }
      if (tooLarge) {
        push.body(new String(push.body, StandardCharsets.ISO_8859_1) + " ".repeat(5121));
      }
      if (jwt == null) {
        return certificateClient(certificateTopics, certificateOfSandbox).send(push);
      }
      if (!jwt.missing) {
        push.header("authorization", jwt.encoded());
      }
      return tokenClient(jwt.needsFreshConnection()).send(push);
    }

    private String token() {
      if (tokenText != null) {
        return tokenText;
      }
      SimulatedPhone phone = phone(phoneInSandbox, phoneOfOtherApp, phoneGone);
      return alertToken ? phone.alertToken() : phone.token();
    }
  }

  /** The provider token of an attempt. */
  private final class Jwt {
    private boolean missing;
    private boolean forged;
    private boolean otherKey;
    private boolean sandbox;
    private boolean expired;
    private boolean changed;

    private String encoded() {
      String keyId = sandbox ? SANDBOX_KEY : otherKey ? OTHER_KEY : credentials.keyId();
      PrivateKey key =
          sandbox
              ? sandboxKey
              : otherKey ? BrokenRequests.this.otherKey : credentials.signingKey().getPrivate();
      Instant issuedAt = clock.instant();
      if (expired) {
        issuedAt = issuedAt.minus(Duration.ofHours(2));
      } else if (changed) {
        issuedAt = issuedAt.minusSeconds(1);
      }
      return Pushes.jwt(forged ? forger : key, keyId, credentials.teamId(), issuedAt);
    }

    /** On a connection that began with another key, this one's environment would not be all. */
    private boolean needsFreshConnection() {
      return sandbox && !otherKey;
    }
  }

  private Pushes certificateClient(boolean topics, boolean sandbox) {
    return clients.computeIfAbsent(
        "certificate " + topics + sandbox,
        name ->
            Pushes.withCertificate(
                simulator,
                certificateKey.getPrivate(),
                credentials
                    .authority()
                    .push(
                        certificateKey,
                        CertificateAuthority.name("", "VoIP Services: test", "A1B2C3D4E5"),
                        Duration.ofDays(10),
                        new AppleExtension(sandbox ? "1" : "2", DERNull.INSTANCE),
                        new AppleExtension(
                            "4",
                            topics
                                ? new DERUTF8String("com.example.app, com.example.app.voip")
                                : DERNull.INSTANCE))));
  }

  /** A client without a certificate; unless fresh, its connection has its key already. */
  private Pushes tokenClient(boolean fresh) throws Exception {
    Pushes client = clients.get("token " + fresh);
    if (client == null) {
      client = Pushes.withoutCertificate(simulator);
      clients.put("token " + fresh, client);
      if (!fresh) {
        Pushes.Push first =
            Pushes.voip(simulator, phone(false, false, false).token())
                .header("authorization", new Jwt().encoded());
        assertEquals(200, client.send(first).status());
        simulator.forgetRequests();
        phone(false, false, false).forgetHistory();
      }
    }
    return client;
  }

  private SimulatedPhone phone(boolean sandbox, boolean otherApp, boolean gone) {
    return phones.computeIfAbsent(
        "" + sandbox + otherApp + gone,
        name -> {
          SimulatedPhone phone =
              simulator
                  .newPhone()
                  .sandbox(sandbox)
                  .bundleId(otherApp ? OTHER_APP : credentials.bundleId())
                  .register();
          if (gone) {
            phone.unregister();
          }
          return phone;
        });
  }
}
