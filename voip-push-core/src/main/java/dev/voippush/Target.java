// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.credentials.SigningKey;
import java.util.Optional;
import okhttp3.HttpUrl;

/**
 * Where a client sends to, for which topic and with which credentials: what an explanation may tell
 * of it. Nothing here is secret.
 *
 * @param place {@code PRODUCTION (api.push.apple.com:443)}, for a log
 * @param environment empty at an endpoint that is not Apple's
 * @param credentials {@code the certificate for com.example.app}, or a signing key's ids
 */
record Target(
    String place,
    Optional<ApnsEnvironment> environment,
    PushType type,
    String topic,
    String credentials,
    boolean hasCertificate) {

  static Target of(HttpUrl endpoint, String bundleId, PushType type, ApnsCredentials credentials) {
    Optional<ApnsEnvironment> environment = Optional.empty();
    for (ApnsEnvironment known : ApnsEnvironment.values()) {
      if (known.host().equals(endpoint.host())) {
        environment = Optional.of(known);
      }
    }
    String place =
        environment.map(ApnsEnvironment::name).orElse("the custom endpoint")
            + " ("
            + Dialer.hostAndPort(endpoint.host(), endpoint.port())
            + ")";
    return new Target(
        place,
        environment,
        type,
        type.topic(bundleId),
        words(credentials),
        credentials instanceof PushCertificate);
  }

  private static String words(ApnsCredentials credentials) {
    if (credentials instanceof SigningKey key) {
      return "the signing key " + key.keyId() + " of team " + key.teamId();
    }
    String bundleId = ((PushCertificate) credentials).bundleId();
    return bundleId.isEmpty()
        ? "the certificate, which names no app,"
        : "the certificate for " + bundleId;
  }

  /** What the client was told that has to do with this reason, and what to look at; may be "". */
  String advice(RejectionReason reason) {
    return switch (reason) {
      case BAD_DEVICE_TOKEN ->
          "this client sends to "
              + place
              + "; which environment is stored with the token? "
              + otherEnvironment();
      case DEVICE_TOKEN_NOT_FOR_TOPIC ->
          "this client sends to the topic "
              + topic
              + "; is the token "
              + (type == PushType.VOIP
                  ? "the VoIP token (PushKit)"
                  : "the one for notifications, not the VoIP token,")
              + " of this app?";
      case TOPIC_DISALLOWED, BAD_TOPIC ->
          "the topic is "
              + topic
              + ", sent with "
              + credentials
              + "; "
              + (hasCertificate
                  ? "use the certificate of this app"
                  : "is the app, by its bundle id, one of this team, and the key not restricted to"
                      + " others?");
      case BAD_CERTIFICATE_ENVIRONMENT, BAD_ENVIRONMENT_KEY_ID_IN_TOKEN ->
          "this client sends to "
              + place
              + " with "
              + credentials
              + "; use credentials for this environment, or set environment(...) to theirs";
      case EXPIRED_PROVIDER_TOKEN ->
          "this client signs with "
              + credentials
              + " and renews the token after 50 minutes, so this machine's clock is likely to be"
              + " wrong: synchronize it (NTP)";
      case INVALID_PROVIDER_TOKEN ->
          "this client signs with "
              + credentials
              + ": do both ids belong to this .p8, is the key revoked, is this machine's clock"
              + " wrong?";
      case UNRELATED_KEY_ID_IN_TOKEN ->
          "this client signs with "
              + credentials
              + "; one connection serves one team and its keys, so another sender shares it, behind"
              + " a relay";
      case TOO_MANY_PROVIDER_TOKEN_UPDATES ->
          "this client signs with "
              + credentials
              + " and renews the token after 50 minutes; too many processes or clients load this"
              + " key on their own, or this machine's clock jumps";
      case MISSING_PROVIDER_TOKEN ->
          hasCertificate
              ? "the server at "
                  + place
                  + " did not see "
                  + credentials
                  + "; does something in between take TLS apart?"
              : "this client signs with "
                  + credentials
                  + "; does an interceptor or a relay take the authorization header away?";
      case BAD_CERTIFICATE, FORBIDDEN -> "this client sends to " + place + " with " + credentials;
      case UNKNOWN -> "the answer came from " + place;
      default -> "";
    };
  }

  private String otherEnvironment() {
    return environment
        .map(
            own ->
                own == ApnsEnvironment.PRODUCTION
                    ? "Try the token's own environment; development builds from Xcode have SANDBOX"
                        + " tokens"
                    : "Try the token's own environment; builds from TestFlight and the App Store"
                        + " have PRODUCTION tokens")
        .orElse("A token is good for the environment alone that its app was built for");
  }
}
