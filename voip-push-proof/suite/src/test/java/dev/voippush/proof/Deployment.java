// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import dev.voippush.AlertDevice;
import dev.voippush.AlertRing;
import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.RingOutcome;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CertificateLoader;
import dev.voippush.credentials.SigningKey;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;

/**
 * A service as it is deployed: makes a client, rings, closes while alerts are to follow. What it
 * takes and gives are the platform's classes, so that it can live in a class loader of its own.
 */
public final class Deployment implements Callable<String> {
  private final Map<String, String> settings;

  public Deployment(Map<String, String> settings) {
    this.settings = settings;
  }

  private String get(String name) {
    return settings.get(name);
  }

  static VoipPushClient.Builder builder(Map<String, String> settings) throws Exception {
    Path directory = Path.of(settings.get("directory"));
    VoipPushClient.Builder builder =
        VoipPushClient.builder()
            .credentials(credentials(settings, directory))
            .bundleId(settings.get("bundleId"))
            .endpoint(URI.create(settings.get("endpoint")))
            .trustedCertificates(certificate(directory.resolve("ca.pem")))
            .alertRing(AlertRing.builder().build())
            .closeTimeout(Duration.ofSeconds(1));
    return settings.containsKey("httpClient") ? builder.httpClient(new OkHttpClient()) : builder;
  }

  private static ApnsCredentials credentials(Map<String, String> settings, Path directory)
      throws Exception {
    if (!settings.containsKey("signingKey")) {
      return CertificateLoader.load(
          directory.resolve("ck.pem"), settings.get("password").toCharArray());
    }
    String keyId = settings.get("keyId");
    return SigningKey.load(
        directory.resolve("AuthKey_" + keyId + ".p8"), keyId, settings.get("teamId"));
  }

  private static X509Certificate certificate(Path pem) throws Exception {
    try (InputStream in = Files.newInputStream(pem)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  /** Returns how many devices it reached. */
  @Override
  public String call() throws Exception {
    try (VoipPushClient client = builder(settings).build()) {
      CallPayload call = CallPayload.incoming(UUID.randomUUID()).callerName("Li Lei").build();
      RingOutcome outcome =
          client
              .ring(
                  call,
                  List.of(
                      DeviceToken.of(get("token")),
                      AlertDevice.of(get("alertToken"), Locale.ENGLISH)))
              .outcome()
              .get(60, TimeUnit.SECONDS);
      return outcome.reached().size() + " reached";
    }
  }
}
