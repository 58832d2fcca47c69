// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.CertificateAuthority.AppleExtension;
import java.io.IOException;
import java.security.KeyPair;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x500.X500Name;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Certificates and provider tokens. */
final class AuthenticationTest {
  private static final Duration DAYS = Duration.ofDays(10);
  private static final AppleExtension FOR_SANDBOX = new AppleExtension("1", DERNull.INSTANCE);
  private static final AppleExtension FOR_PRODUCTION = new AppleExtension("2", DERNull.INSTANCE);

  private final TestClock clock = new TestClock();
  private ApnsSimulator simulator;
  private SimulatedPhone phone;

  @BeforeEach
  void start() {
    simulator = ApnsSimulator.builder().clock(clock).start();
    phone = simulator.registerPhone();
  }

  @AfterEach
  void close() {
    simulator.close();
  }

  private Pushes.Push push() {
    return Pushes.voip(simulator, phone.token());
  }

  private String jwt(Instant issuedAt) {
    SimulatorCredentials c = simulator.credentials();
    return Pushes.jwt(c.signingKey().getPrivate(), c.keyId(), c.teamId(), issuedAt);
  }

  private String answerTo(Pushes client, String authorization) throws Exception {
    Pushes.Answer answer = client.send(push().header("authorization", authorization));
    return answer.status() + " " + answer.body();
  }

  private static String refusal(int status, String reason) {
    return status + " {\"reason\":\"" + reason + "\"}";
  }

  // Provider tokens

  @Test
  void acceptsAProviderToken() throws Exception {
    Pushes client = Pushes.withoutCertificate(simulator);
    assertEquals("200 ", answerTo(client, jwt(clock.instant())));
    assertEquals("200 ", answerTo(client, jwt(clock.instant())));
    assertEquals(1, simulator.connectionsAccepted());
  }

  @Test
  void missingProviderToken() throws Exception {
    Pushes.Answer answer = Pushes.withoutCertificate(simulator).send(push());
    assertEquals(403, answer.status());
    assertEquals("{\"reason\":\"MissingProviderToken\"}", answer.body());
  }

  @Test
  void invalidProviderTokens() throws Exception {
    Pushes client = Pushes.withoutCertificate(simulator);
    SimulatorCredentials c = simulator.credentials();
    PrivateKey key = c.signingKey().getPrivate();
    PrivateKey wrongKey = CertificateAuthority.newEcKey().getPrivate();
    String raw = "SHA256withECDSAinP1363Format";
    Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
    String good = "{\"alg\":\"ES256\",\"kid\":\"ABC123DEFG\"}";
    long iat = clock.instant().getEpochSecond();
    for (String authorization :
        List.of(
            "basic abc",
            "bearer abc",
            "bearer a.b.c",
            "bearer !.!.!",
            Pushes.jwt(wrongKey, c.keyId(), c.teamId(), clock.instant()),
            Pushes.jwt(key, "UNKNOWNKEY", c.teamId(), clock.instant()),
            Pushes.jwt(key, c.keyId(), "OTHERTEAM1", clock.instant()),
            Pushes.jwt(key, good, "{\"iss\":\"A1B2C3D4E5\"}", raw, base64),
            Pushes.jwt(key, good, "{\"iss\":\"A1B2C3D4E5\",\"iat\":\"x\"}", raw, base64),
            Pushes.jwt(key, good, "{\"iat\":" + iat + "}", raw, base64),
            Pushes.jwt(
                key,
                "{\"alg\":\"HS256\",\"kid\":\"ABC123DEFG\"}",
                "{\"iss\":\"A1B2C3D4E5\",\"iat\":" + iat + "}",
                raw,
                base64))) {
      assertEquals(refusal(403, "InvalidProviderToken"), answerTo(client, authorization));
    }
  }

  @Test
  void toleratesTheOddTokensOfRealClients() throws Exception {
    PrivateKey key = simulator.credentials().signingKey().getPrivate();
    String header = "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"ABC123DEFG\"}";
    String claims = "{\"iss\":\"A1B2C3D4E5\",\"iat\":%s}";
    long iat = clock.instant().getEpochSecond();
    Base64.Encoder url = Base64.getUrlEncoder().withoutPadding();
    String raw = "SHA256withECDSAinP1363Format";
    String integer = claims.formatted(iat);
    for (String authorization :
        List.of(
            Pushes.jwt(key, header, integer, "SHA256withECDSA", url),
            Pushes.jwt(key, header, integer, raw, Base64.getUrlEncoder()), // padded
            Pushes.jwt(key, header, integer, raw, Base64.getEncoder()),
            Pushes.jwt(key, header, claims.formatted("\"" + iat + "\""), raw, url),
            Pushes.jwt(key, header, claims.formatted(iat + ".7"), raw, url),
            Pushes.jwt(key, header, integer, raw, url).replace("bearer", "Bearer"))) {
      assertEquals("200 ", answerTo(Pushes.withoutCertificate(simulator), authorization));
    }
  }

  @Test
  void providerTokenIsGoodForAnHour() throws Exception {
    Pushes client = Pushes.withoutCertificate(simulator);
    String jwt = jwt(clock.instant());
    assertEquals("200 ", answerTo(client, jwt));
    clock.advance(Duration.ofMinutes(59));
    assertEquals("200 ", answerTo(client, jwt));
    clock.advance(Duration.ofMinutes(2));
    assertEquals(refusal(403, "ExpiredProviderToken"), answerTo(client, jwt));
    assertEquals("200 ", answerTo(client, jwt(clock.instant())));
  }

  @Test
  void providerTokenFromTheFutureIsRefused() throws Exception {
    Pushes client = Pushes.withoutCertificate(simulator);
    assertEquals(
        refusal(403, "ExpiredProviderToken"),
        answerTo(client, jwt(clock.instant().plusSeconds(120))));
    assertEquals("200 ", answerTo(client, jwt(clock.instant().plusSeconds(50))));
  }

  @Test
  void tokensMayChangeEveryTwentyMinutes() throws Exception {
    Pushes client = Pushes.withoutCertificate(simulator);
    assertEquals("200 ", answerTo(client, jwt(clock.instant())));
    clock.advance(Duration.ofMinutes(19));
    assertEquals(
        refusal(429, "TooManyProviderTokenUpdates"), answerTo(client, jwt(clock.instant())));
    clock.advance(Duration.ofMinutes(2));
    assertEquals("200 ", answerTo(client, jwt(clock.instant())));
  }

  @Test
  void connectionStaysWithItsTeamAndKey() throws Exception {
    PrivateKey sameTeam = Pushes.parse(simulator.addSigningKey("SECONDKEY1", "A1B2C3D4E5"));
    PrivateKey otherTeam = Pushes.parse(simulator.addSigningKey("THIRDKEY01", "OTHERTEAM1"));
    String second = Pushes.jwt(sameTeam, "SECONDKEY1", "A1B2C3D4E5", clock.instant());
    String third = Pushes.jwt(otherTeam, "THIRDKEY01", "OTHERTEAM1", clock.instant());
    Pushes client = Pushes.withoutCertificate(simulator);
    assertEquals("200 ", answerTo(client, jwt(clock.instant())));
    assertEquals(refusal(403, "UnrelatedKeyIdInToken"), answerTo(client, second));
    assertEquals(refusal(403, "InvalidProviderToken"), answerTo(client, third));
    assertEquals("200 ", answerTo(Pushes.withoutCertificate(simulator), second));
    assertEquals(
        refusal(400, "TopicDisallowed"), answerTo(Pushes.withoutCertificate(simulator), third));
    assertThrows(
        IllegalArgumentException.class, () -> simulator.addSigningKey("SECONDKEY1", "ANY"));
  }

  // Certificates

  private Pushes.Answer sendWith(X500Name subject, AppleExtension... extensions) throws Exception {
    KeyPair key = CertificateAuthority.newRsaKey();
    X509Certificate certificate =
        simulator.credentials().authority().push(key, subject, DAYS, extensions);
    return Pushes.withCertificate(simulator, key.getPrivate(), certificate).send(push());
  }

  private static X500Name subject(String uid) {
    return CertificateAuthority.name(uid, "Apple Push Services: com.example.app", "A1B2C3D4E5");
  }

  @Test
  void certificateMakesTokensSuperfluous() throws Exception {
    assertEquals("200 ", answerTo(Pushes.withCertificate(simulator), "bearer nonsense"));
  }

  @Test
  void universalCertificateNamesItsTopicsInPairs() throws Exception {
    AppleExtension topics =
        new AppleExtension(
            "6",
            new DERSequence(
                new ASN1Encodable[] {
                  new DERUTF8String("com.example.app"),
                  new DERSequence(new DERUTF8String("app")),
                  new DERUTF8String("com.example.app.voip"),
                  new DERSequence(new DERUTF8String("voip"))
                }));
    assertEquals(200, sendWith(subject("com.example.app"), FOR_PRODUCTION, topics).status());
  }

  @Test
  void certificateWithoutTopicsIsForItsUid() throws Exception {
    assertEquals(200, sendWith(subject("com.example.app.voip"), FOR_PRODUCTION).status());
    assertEquals(
        "{\"reason\":\"TopicDisallowed\"}",
        sendWith(subject("com.example.app"), FOR_PRODUCTION).body());
  }

  @Test
  void singleTopicOfACertificateIsTheDefault() throws Exception {
    KeyPair key = CertificateAuthority.newRsaKey();
    X509Certificate certificate =
        simulator
            .credentials()
            .authority()
            .push(key, subject("com.example.app.voip"), DAYS, FOR_PRODUCTION);
    Pushes client = Pushes.withCertificate(simulator, key.getPrivate(), certificate);
    assertEquals(200, client.send(push().without("apns-topic")).status());
  }

  @Test
  void certificateForTheOtherEnvironment() throws Exception {
    Pushes.Answer answer = sendWith(subject("com.example.app.voip"), FOR_SANDBOX);
    assertEquals(403, answer.status());
    assertEquals("{\"reason\":\"BadCertificateEnvironment\"}", answer.body());
  }

  @Test
  void certificateThatIsNotForPushing() throws Exception {
    assertEquals(
        "{\"reason\":\"BadCertificate\"}", sendWith(subject("com.example.app.voip")).body());
    assertEquals("{\"reason\":\"BadCertificate\"}", sendWith(subject(""), FOR_PRODUCTION).body());
  }

  @Test
  void foreignAndExpiredCertificatesFailTheHandshake() throws Exception {
    KeyPair key = CertificateAuthority.newRsaKey();
    X509Certificate foreign =
        new CertificateAuthority().voipServices(key, "com.example.app", "A1B2C3D4E5");
    X509Certificate expired =
        simulator
            .credentials()
            .authority()
            .push(key, subject("com.example.app.voip"), Duration.ofHours(1), FOR_PRODUCTION);
    for (X509Certificate certificate : List.of(foreign, expired)) {
      Pushes client = Pushes.withCertificate(simulator, key.getPrivate(), certificate);
      ExecutionException e = assertThrows(ExecutionException.class, () -> client.send(push()));
      assertTrue(e.getCause() instanceof IOException, e.toString());
    }
    assertEquals(0, simulator.connectionsAccepted());
  }

  /** What clients that choose by the list of authorities go by. */
  @Test
  void namesRootAndIssuerUnlessTheIssuerIsToBeMissing() throws Exception {
    SimulatorCredentials c = simulator.credentials();
    Principal root = c.caCertificate().getSubjectX500Principal();
    Principal issuer = c.certificate().getIssuerX500Principal();
    for (String protocol : List.of("TLSv1.2", "TLSv1.3")) {
      assertEquals(List.of(root, issuer), authoritiesNamed(protocol));
      simulator.tls(TlsFault.ISSUER_NOT_NAMED);
      assertEquals(List.of(root), authoritiesNamed(protocol));
      assertEquals(200, Pushes.withCertificate(simulator).send(push()).status());
      simulator.tls(TlsFault.NONE);
    }
  }

  private List<Principal> authoritiesNamed(String protocol) throws Exception {
    AtomicReference<Principal[]> named = new AtomicReference<>();
    SimulatorCredentials c = simulator.credentials();
    Pushes.Identity identity =
        new Pushes.Identity(c.privateKey(), c.certificate()) {
          @Override
          public String chooseClientAlias(
              String[] types, Principal[] issuers, java.net.Socket socket) {
            named.set(issuers);
            return super.chooseClientAlias(types, issuers, socket);
          }
        };
    try (SSLSocket socket =
        (SSLSocket)
            Pushes.tls(simulator, identity)
                .getSocketFactory()
                .createSocket("127.0.0.1", simulator.port())) {
      socket.setEnabledProtocols(new String[] {protocol});
      socket.startHandshake();
    }
    return List.of(named.get());
  }

  @Test
  void clientWithoutHttp2IsTurnedAway() throws Exception {
    try (SSLSocket socket =
        (SSLSocket)
            Pushes.tls(simulator).getSocketFactory().createSocket("127.0.0.1", simulator.port())) {
      socket.setSoTimeout(10_000);
      socket.startHandshake();
      assertEquals("", socket.getApplicationProtocol());
      assertEquals(-1, socket.getInputStream().read());
    } catch (SSLHandshakeException e) {
      throw new AssertionError("TLS itself is fine", e);
    }
    assertEquals(0, simulator.connectionsAccepted());
  }
}
