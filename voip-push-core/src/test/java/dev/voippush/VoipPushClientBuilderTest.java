// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.credentials.SigningKey;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import okhttp3.OkHttpClient;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code build()} refuses before anything is sent. */
class VoipPushClientBuilderTest {
  private final Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
  private static final String VOIP = "com.example.app, com.example.app.voip";
  private static KeyPair keys;

  @BeforeAll
  static void makeKeys() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(256);
    keys = generator.generateKeyPair();
  }

  /** A certificate whose extension names these topics, or none if null. */
  private static X509Certificate certificate(String topics, Instant from, Instant to)
      throws Exception {
    X500Name name = new X500Name("CN=Push Test");
    X509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            name, java.math.BigInteger.ONE, Date.from(from), Date.from(to), name, keys.getPublic());
    builder.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(
            new GeneralName[] {
              new GeneralName(GeneralName.iPAddress, "127.0.0.1"),
              new GeneralName(GeneralName.dNSName, "localhost")
            }));
    if (topics != null) {
      builder.addExtension(apple(2), false, DERNull.INSTANCE);
      builder.addExtension(apple(4), false, new DERUTF8String(topics));
    }
    return new JcaX509CertificateConverter()
        .getCertificate(
            builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())));
  }

  private static ASN1ObjectIdentifier apple(int n) {
    return new ASN1ObjectIdentifier("1.2.840.113635.100.6.3." + n);
  }

  private PushCertificate push(String topics) throws Exception {
    return push(topics, now.minusSeconds(60), now.plusSeconds(3600));
  }

  private static PushCertificate push(String topics, Instant from, Instant to) throws Exception {
    return PushCertificate.of(keys.getPrivate(), List.of(certificate(topics, from, to)));
  }

  private static SigningKey signingKey() throws Exception {
    String pem =
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(keys.getPrivate().getEncoded())
            + "\n-----END PRIVATE KEY-----\n";
    return SigningKey.fromPem(
        new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)),
        "ABC123DEFG",
        "A1B2C3D4E5");
  }

  private static String refusal(Class<? extends RuntimeException> type, VoipPushClient.Builder b) {
    return assertThrows(type, b::build).getMessage();
  }

  private static VoipPushClient.Builder with(PushCertificate certificate) {
    return VoipPushClient.builder().credentials(certificate);
  }

  @Test
  void certificateGivesTheTopic() throws Exception {
    try (VoipPushClient client = with(push(VOIP)).build()) {
      assertEquals("VoipPushClient[api.push.apple.com, com.example.app.voip]", client.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "com.acme.voip", "com.acme.voip.voip"})
  void bundleIdMayItselfEndLikeATopic(String given) throws Exception {
    VoipPushClient.Builder builder = with(push("com.acme.voip, com.acme.voip.voip"));
    if (!given.isEmpty()) {
      builder.bundleId(given);
    }
    try (VoipPushClient client = builder.build()) {
      assertEquals("com.acme.voip.voip", client.settings.topic);
    }
  }

  @Test
  void sandboxHost() throws Exception {
    try (VoipPushClient client = with(push(VOIP)).environment(ApnsEnvironment.SANDBOX).build()) {
      assertEquals("api.sandbox.push.apple.com", client.settings.host);
    }
  }

  @Test
  void noCredentials() {
    assertTrue(
        refusal(IllegalStateException.class, VoipPushClient.builder())
            .startsWith("credentials are required; load them by CertificateLoader.load("));
  }

  @Test
  void expired() throws Exception {
    Instant to = now.minusSeconds(60);
    assertEquals(
        "credentials cannot be used: key and certificate: expired on "
            + to
            + "; create a new one at"
            + " https://developer.apple.com/account/resources/certificates"
            + " (docs/troubleshooting.md#expired)",
        refusal(IllegalArgumentException.class, with(push(VOIP, now.minusSeconds(600), to))));
  }

  @Test
  void validityIsByTheClientsClock() throws Exception {
    VoipPushClient.Builder builder = with(push(VOIP));
    builder.clock(new MutableClock(now.plusSeconds(7200)));
    assertTrue(refusal(IllegalArgumentException.class, builder).contains("expired on"));
  }

  @Test
  void notYetValid() throws Exception {
    Instant from = now.plusSeconds(600);
    assertTrue(
        refusal(IllegalArgumentException.class, with(push(VOIP, from, now.plusSeconds(6000))))
            .startsWith(
                "credentials cannot be used: key and certificate: not valid before "
                    + from
                    + "; check this machine's clock"));
  }

  @Test
  void certificateForOtherTopics() throws Exception {
    String refusal = refusal(IllegalArgumentException.class, with(push("com.example.app")));
    assertTrue(refusal.contains("which cannot send VoIP pushes"), refusal);
    assertTrue(refusal.contains("create a VoIP Services Certificate"), refusal);
  }

  @Test
  void contradictingBundleId() throws Exception {
    assertEquals(
        "bundleId must be the certificate's, com.example.app, but was com.example.other; leave it"
            + " out or load that app's certificate",
        refusal(IllegalArgumentException.class, with(push(VOIP)).bundleId("com.example.other")));
    with(push(VOIP)).bundleId("com.example.app.voip").build().close();
  }

  @Test
  void certificateThatNamesNothingNeedsABundleId() throws Exception {
    assertTrue(
        refusal(IllegalStateException.class, with(push(null))).startsWith("bundleId is required"));
    try (VoipPushClient client = with(push(null)).bundleId("com.example.app").build()) {
      assertEquals("com.example.app.voip", client.settings.topic);
    }
  }

  @Test
  void certificateForVoipAloneIsNotForAlerts() throws Exception {
    PushCertificate voipOnly = push("com.example.app.voip");
    with(voipOnly).build().close();
    String refusal =
        refusal(
            IllegalArgumentException.class, with(voipOnly).alertRing(AlertRing.builder().build()));
    assertEquals(
        "credentials must be good for alerts, too, as alertRing is set, but the certificate names"
            + " the topics com.example.app.voip and not com.example.app: use the app's Apple Push"
            + " Notification service certificate, which has all topics, or a signing key (.p8)",
        refusal);
    try (VoipPushClient client = with(push(VOIP)).alertRing(AlertRing.builder().build()).build()) {
      assertThrows(IllegalArgumentException.class, () -> client.replaceCredentials(voipOnly));
      client.replaceCredentials(push(VOIP));
    }
  }

  @Test
  void whatNamesNoTopicsMayBeForAlerts() throws Exception {
    AlertRing alertRing = AlertRing.builder().build();
    with(push(null)).bundleId("com.example.app").alertRing(alertRing).build().close();
    VoipPushClient.builder()
        .credentials(signingKey())
        .bundleId("com.example.app")
        .alertRing(alertRing)
        .build()
        .close();
  }

  @Test
  void httpClientBringsItsOwnProxyAndConnection() throws Exception {
    OkHttpClient users = new OkHttpClient();
    Proxy proxy = new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("proxy", 3128));
    for (VoipPushClient.Builder builder :
        List.of(
            with(push(VOIP)).proxy(proxy),
            with(push(VOIP)).proxyCredentials("user", new char[] {'x'}),
            with(push(VOIP)).connections(2))) {
      String refusal = refusal(IllegalStateException.class, builder.httpClient(users));
      assertTrue(refusal.contains("must not be set beside httpClient"), refusal);
    }
  }

  @Test
  void signingKeyNeedsABundleId() throws Exception {
    VoipPushClient.Builder builder = VoipPushClient.builder().credentials(signingKey());
    assertEquals(
        "bundleId is required with a signing key, which is good for all apps of a team",
        refusal(IllegalStateException.class, builder));
    builder.bundleId("com.example.app.voip");
    try (VoipPushClient client = builder.build()) {
      assertEquals("com.example.app.voip", client.settings.topic);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"http://localhost", "https:///x", "https://h/path", "https://h?q", "mailto:x"})
  void endpointIsSchemeHostAndPort(String uri) {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> VoipPushClient.builder().endpoint(URI.create(uri)))
            .getMessage();
    assertEquals("endpoint must be https://host:port, but was " + uri, message);
  }

  @Test
  void userInEndpointIsRefusedWithoutShowingIt() {
    URI endpoint = URI.create("https://user:password@localhost");
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> VoipPushClient.builder().endpoint(endpoint))
            .getMessage();
    assertEquals("endpoint must be https://host:port, but names a user", message);
  }

  @Test
  void numbersMustBePositive() {
    VoipPushClient.Builder builder = VoipPushClient.builder();
    assertEquals(
        "maxQueued must be positive, but was 0",
        assertThrows(IllegalArgumentException.class, () -> builder.maxQueued(0)).getMessage());
    assertThrows(IllegalArgumentException.class, () -> builder.maxInFlight(-1));
    assertThrows(IllegalArgumentException.class, () -> builder.closeTimeout(Duration.ofDays(2)));
    assertThrows(IllegalArgumentException.class, () -> builder.attemptTimeout(Duration.ZERO));
    assertThrows(
        IllegalArgumentException.class, () -> builder.closeTimeout(Duration.ofSeconds(-1)));
    assertThrows(IllegalArgumentException.class, () -> builder.bundleId("com example"));
  }

  @Test
  @Timeout(60)
  void serverWithoutHttp2IsAClearError() throws Exception {
    X509Certificate certificate = certificate(VOIP, now.minusSeconds(60), now.plusSeconds(3600));
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("k", keys.getPrivate(), new char[0], new X509Certificate[] {certificate});
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(factory.getKeyManagers(), null, null);
    try (SSLServerSocket server =
            (SSLServerSocket)
                context
                    .getServerSocketFactory()
                    .createServerSocket(0, 5, InetAddress.getLoopbackAddress());
        VoipPushClient client =
            with(push(VOIP))
                .endpoint(URI.create("https://127.0.0.1:" + server.getLocalPort()))
                .trustedCertificates(certificate)
                .build()) {
      Thread acceptor =
          new Thread(
              () -> {
                while (!server.isClosed()) {
                  try (SSLSocket socket = (SSLSocket) server.accept()) {
                    socket.startHandshake();
                    assertEquals(-1, socket.getInputStream().read());
                  } catch (java.io.IOException e) {
                    // the client hangs up: so it should
                  }
                }
              });
      acceptor.setDaemon(true);
      acceptor.start();
      VoipPushException e =
          assertThrows(
              VoipPushException.class,
              () ->
                  client.send(
                      DeviceToken.of("ab".repeat(32)),
                      CallPayload.incoming(UUID.randomUUID()).build()));
      assertEquals(Failure.PROTOCOL, e.failure());
      assertEquals(Delivery.NOT_SENT, e.delivery());
      assertTrue(e.getMessage().contains("does not speak HTTP/2 (no ALPN h2)"), e.getMessage());
    }
  }

  @Test
  void proxyUserMustBeOneThatBasicCanCarry() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> VoipPushClient.builder().proxyCredentials("a:b", new char[0]));
    assertEquals("user must have no colon, but has one at position 1", e.getMessage());
  }

  @Test
  void connectionsMustBeFromOneToAHundred() {
    for (int wrong : new int[] {-1, 0, 101}) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> VoipPushClient.builder().connections(wrong));
      assertEquals("connections must be from 1 to 100, but was " + wrong, e.getMessage());
    }
  }

  @Test
  @SuppressWarnings("NullAway") // what is refused
  void nothingIsSentToNobodyOrOfNoCall() throws Exception {
    DeviceToken device = DeviceToken.of("ab".repeat(32));
    CallPayload call = CallPayload.incoming(UUID.randomUUID()).build();
    try (VoipPushClient client = with(push(VOIP)).build()) {
      Map<Executable, String> refused =
          Map.of(
              () -> client.send(null, call), "device",
              () -> client.sendAsync(null, call), "device",
              () -> client.send(device, null), "call",
              () -> client.sendAsync(device, null), "call",
              () -> client.ring(null, List.of(device)), "call");
      refused.forEach(
          (how, what) ->
              assertEquals(what, assertThrows(NullPointerException.class, how).getMessage()));
      assertEquals(0, client.health().queued());
    }
  }
}
