// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import dev.voippush.ApnsEnvironment;
import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the client needs to know: {@code voip-push.*} in {@code application.yml}, or {@code
 * VOIPPUSH_*} in the environment.
 *
 * @param credentials {@code ck.pem}, a {@code .p12}, or an {@code AuthKey_….p8}
 * @param password of the file, if it has one; from the environment ({@code VOIPPUSH_PASSWORD})
 * @param keyId of a {@code .p8}, otherwise none
 * @param teamId of a {@code .p8}, otherwise none
 * @param bundleId of the app; needed for a {@code .p8}, a certificate names it
 * @param environment whose tokens are rung: of the App Store and TestFlight, or of Xcode
 * @param endpoint in place of Apple's, for a simulator or a relay
 * @param trustedCa certificates to trust in addition to the system's, as PEM
 */
@ConfigurationProperties("voip-push")
record VoipPushProperties(
    Path credentials,
    @Nullable String password,
    @Nullable String keyId,
    @Nullable String teamId,
    @Nullable String bundleId,
    @DefaultValue("PRODUCTION") ApnsEnvironment environment,
    @Nullable URI endpoint,
    @Nullable Path trustedCa) {
  VoipPushProperties {
    if (credentials == null) {
      throw new IllegalArgumentException(
          "voip-push.credentials is required, but is missing: set it, or VOIPPUSH_CREDENTIALS, to"
              + " ck.pem, a .p12 or a .p8");
    }
    if ((keyId == null) != (teamId == null)) {
      throw new IllegalArgumentException(
          "voip-push.key-id and voip-push.team-id must both be set, for a .p8, or neither, but "
              + (keyId == null ? "key-id" : "team-id")
              + " is missing");
    }
  }

  /** Shows no password. */
  @Override
  public String toString() {
    return "VoipPushProperties[" + credentials + ", " + environment + "]";
  }
}
