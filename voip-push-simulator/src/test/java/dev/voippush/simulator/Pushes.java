// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/** A foreign client, the JDK's, that pushes whatever it is told to. */
final class Pushes {
  static final Duration PATIENCE = Duration.ofSeconds(30);

  private final HttpClient http;
  private final URI endpoint;

  private Pushes(HttpClient http, URI endpoint) {
    this.http = http;
    this.endpoint = endpoint;
  }

  private Pushes(SSLContext tls, URI endpoint) {
    this(
        HttpClient.newBuilder().sslContext(tls).version(HttpClient.Version.HTTP_2).build(),
        endpoint);
  }

  /** The same client, pushing to the sandbox of this simulator. */
  Pushes inSandbox(ApnsSimulator simulator) {
    return new Pushes(http, simulator.sandboxEndpoint());
  }

  /** Authenticates with the simulator's VoIP certificate. */
  static Pushes withCertificate(ApnsSimulator simulator) {
    return withCertificate(simulator, simulator.credentials());
  }

  static Pushes withCertificate(ApnsSimulator simulator, SimulatorCredentials credentials) {
    return withCertificate(simulator, credentials.privateKey(), credentials.certificate());
  }

  static Pushes withCertificate(
      ApnsSimulator simulator, PrivateKey key, X509Certificate certificate) {
    return new Pushes(tls(simulator, new Identity(key, certificate)), simulator.endpoint());
  }

  /** Sends no certificate. */
  static Pushes withoutCertificate(ApnsSimulator simulator) {
    return new Pushes(tls(simulator), simulator.endpoint());
  }

  static SSLContext tls(ApnsSimulator simulator, KeyManager... keyManagers) {
    try {
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry("ca", simulator.credentials().caCertificate());
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(trusted);
      SSLContext tls = SSLContext.getInstance("TLS");
      tls.init(keyManagers, trust.getTrustManagers(), null);
      return tls;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** What came back. */
  record Answer(int status, Map<String, List<String>> headers, String body) {
    String header(String name) {
      return headers.getOrDefault(name, List.of("")).get(0);
    }
  }

  /** A request of which tests break one thing or two. */
  static final class Push {
    String method = "POST";
    String path;
    final Map<String, List<String>> headers = new LinkedHashMap<>();
    byte[] body;

    Push header(String name, String... values) {
      headers.put(name, List.of(values));
      return this;
    }

    Push without(String name) {
      headers.remove(name);
      return this;
    }

    Push body(String text) {
      body = text.getBytes(StandardCharsets.UTF_8);
      return this;
    }
  }

  static Push voip(ApnsSimulator simulator, String token) {
    Push push = new Push();
    push.path = "/3/device/" + token;
    push.body(call(UUID.randomUUID(), Instant.now().plusSeconds(30)));
    return push.header("apns-topic", simulator.credentials().bundleId() + ".voip")
        .header("apns-push-type", "voip")
        .header("apns-priority", "10")
        .header("apns-expiration", "0");
  }

  static Push alert(ApnsSimulator simulator, String token) {
    return voip(simulator, token)
        .header("apns-topic", simulator.credentials().bundleId())
        .header("apns-push-type", "alert")
        .body("{\"aps\":{\"alert\":\"missed call\"}}");
  }

  static String call(UUID id, Instant expiresAt) {
    return """
        {"callId":"%s","callerName":"Ada Lovelace","handle":"+4912345","handleType":"phone",\
        "video":false,"sentAt":%d,"expiresAt":%d,"aps":{}}"""
        .formatted(id, System.currentTimeMillis(), expiresAt.toEpochMilli());
  }

  Answer send(Push push) throws Exception {
    return sendAsync(push).get(PATIENCE.toSeconds(), java.util.concurrent.TimeUnit.SECONDS);
  }

  CompletableFuture<Answer> sendAsync(Push push) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(endpoint.resolve(push.path))
            .method(push.method, HttpRequest.BodyPublishers.ofByteArray(push.body));
    push.headers.forEach((name, values) -> values.forEach(v -> request.header(name, v)));
    return http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString())
        .thenApply(r -> new Answer(r.statusCode(), r.headers().map(), r.body()));
  }

  /** The key in a .p8 file. */
  static PrivateKey parse(String pem) throws Exception {
    String base64 = pem.replaceAll("-----[A-Z ]+-----|\\s", "");
    return KeyFactory.getInstance("EC")
        .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
  }

  /** A provider token as APNs wants it. */
  static String jwt(PrivateKey key, String keyId, String teamId, Instant issuedAt) {
    return jwt(
        key,
        "{\"alg\":\"ES256\",\"kid\":\"%s\"}".formatted(keyId),
        "{\"iss\":\"%s\",\"iat\":%d}".formatted(teamId, issuedAt.getEpochSecond()),
        "SHA256withECDSAinP1363Format",
        Base64.getUrlEncoder().withoutPadding());
  }

  static String jwt(
      PrivateKey key, String header, String claims, String algorithm, Base64.Encoder base64) {
    String signed =
        base64.encodeToString(header.getBytes(StandardCharsets.UTF_8))
            + "."
            + base64.encodeToString(claims.getBytes(StandardCharsets.UTF_8));
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(signed.getBytes(StandardCharsets.US_ASCII));
      return "bearer " + signed + "." + base64.encodeToString(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  static String jwt(ApnsSimulator simulator) {
    SimulatorCredentials credentials = simulator.credentials();
    return jwt(
        credentials.signingKey().getPrivate(),
        credentials.keyId(),
        credentials.teamId(),
        Instant.now());
  }

  /** Offers its certificate whatever authorities the server names. */
  static class Identity extends X509ExtendedKeyManager {
    private final PrivateKey key;
    private final X509Certificate certificate;

    Identity(PrivateKey key, X509Certificate certificate) {
      this.key = key;
      this.certificate = certificate;
    }

    @Override
    public String chooseEngineClientAlias(String[] types, Principal[] issuers, SSLEngine engine) {
      return "it";
    }

    @Override
    public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
      return "it";
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return new X509Certificate[] {certificate};
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return key;
    }

    @Override
    public String[] getClientAliases(String type, Principal[] issuers) {
      return new String[] {"it"};
    }

    @Override
    public String[] getServerAliases(String type, Principal[] issuers) {
      return null;
    }

    @Override
    public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
      return null;
    }
  }
}
