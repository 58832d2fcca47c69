// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import dev.voippush.DeadTokens;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CertificateLoader;
import dev.voippush.credentials.CredentialsException;
import dev.voippush.credentials.SigningKey;
import dev.voippush.examples.observability.CallMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** One client for the life of the service, with its meters. */
@Configuration(proxyBeanMethods = false)
class VoipPushConfiguration {
  /**
   * The client. It is closed with the context, before the database: what waits ends at once, what
   * is in flight gets 10 s.
   */
  @Bean(destroyMethod = "close")
  @DependsOnDatabaseInitialization
  VoipPushClient voipPushClient(VoipPushProperties properties, MeterRegistry registry)
      throws IOException, CertificateException {
    CallMetrics metrics = new CallMetrics(registry);
    VoipPushClient.Builder builder =
        VoipPushClient.builder()
            .credentials(credentials(properties))
            .environment(properties.environment())
            .listener(metrics);
    if (properties.bundleId() != null) {
      builder.bundleId(properties.bundleId());
    }
    if (properties.endpoint() != null) {
      builder.endpoint(properties.endpoint());
    }
    if (properties.trustedCa() != null) {
      builder.trustedCertificates(certificates(properties.trustedCa()));
    }
    VoipPushClient client = builder.build();
    metrics.watch(client);
    return client;
  }

  @Bean
  DeadTokens deadTokens(Registrations registrations) {
    return DeadTokens.of(registrations);
  }

  private static ApnsCredentials credentials(VoipPushProperties properties)
      throws CredentialsException {
    if (properties.keyId() != null && properties.teamId() != null) {
      return SigningKey.load(properties.credentials(), properties.keyId(), properties.teamId());
    }
    String password = properties.password();
    return CertificateLoader.load(
        properties.credentials(), password == null ? null : password.toCharArray());
  }

  private static X509Certificate[] certificates(Path pem) throws IOException, CertificateException {
    try (InputStream in = Files.newInputStream(pem)) {
      return CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
          .map(X509Certificate.class::cast)
          .toArray(X509Certificate[]::new);
    }
  }
}
