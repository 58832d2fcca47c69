// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Why APNs rejected a push: every reason of Apple's table, and {@link #UNKNOWN} for what is not in
 * it.
 *
 * @see <a
 *     href="https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns">Handling
 *     notification responses from APNs</a>
 */
public enum RejectionReason {
  /** {@code BadCollapseId}: the apns-collapse-id is longer than 64 bytes. */
  BAD_COLLAPSE_ID(
      "BadCollapseId", Remedy.FIX_REQUEST, "the apns-collapse-id is longer than 64 bytes"),
  /** {@code BadDeviceToken}: the token is not one of this environment, or not a token at all. */
  BAD_DEVICE_TOKEN(
      "BadDeviceToken",
      Remedy.CHECK_CONFIGURATION,
      "the token is not one of this environment, or not a token at all"),
  /** {@code BadExpirationDate}: the apns-expiration is not a time in seconds. */
  BAD_EXPIRATION_DATE(
      "BadExpirationDate", Remedy.FIX_REQUEST, "the apns-expiration is not a time in seconds"),
  /** {@code BadMessageId}: the apns-id is not a UUID. */
  BAD_MESSAGE_ID("BadMessageId", Remedy.FIX_REQUEST, "the apns-id is not a UUID"),
  /** {@code BadPriority}: the apns-priority is not 10, 5 or 1. */
  BAD_PRIORITY("BadPriority", Remedy.FIX_REQUEST, "the apns-priority is not 10, 5 or 1"),
  /** {@code BadTopic}: the apns-topic is not a topic. */
  BAD_TOPIC("BadTopic", Remedy.CHECK_CONFIGURATION, "the apns-topic is not a topic"),
  /**
   * {@code DeviceTokenNotForTopic}: the token belongs to another app or to another kind of push.
   */
  DEVICE_TOKEN_NOT_FOR_TOPIC(
      "DeviceTokenNotForTopic",
      Remedy.CHECK_CONFIGURATION,
      "the token belongs to another app or to another kind of push"),
  /** {@code DuplicateHeaders}: a header was sent twice. */
  DUPLICATE_HEADERS("DuplicateHeaders", Remedy.FIX_REQUEST, "a header was sent twice"),
  /** {@code IdleTimeout}: the connection was idle for too long. */
  IDLE_TIMEOUT("IdleTimeout", Remedy.RETRY_LATER, "the connection was idle for too long"),
  /** {@code InvalidPushType}: the apns-push-type does not fit the topic. */
  INVALID_PUSH_TYPE(
      "InvalidPushType", Remedy.FIX_REQUEST, "the apns-push-type does not fit the topic"),
  /** {@code MissingDeviceToken}: the path has no device token. */
  MISSING_DEVICE_TOKEN("MissingDeviceToken", Remedy.FIX_REQUEST, "the path has no device token"),
  /** {@code MissingTopic}: no apns-topic was sent and the certificate has more than one. */
  MISSING_TOPIC(
      "MissingTopic",
      Remedy.FIX_REQUEST,
      "no apns-topic was sent and the certificate has more than one"),
  /** {@code PayloadEmpty}: the body is empty. */
  PAYLOAD_EMPTY("PayloadEmpty", Remedy.FIX_REQUEST, "the body is empty"),
  /** {@code TopicDisallowed}: the credentials may not push to this topic. */
  TOPIC_DISALLOWED(
      "TopicDisallowed", Remedy.CHECK_CONFIGURATION, "the credentials may not push to this topic"),
  /** {@code BadCertificate}: the certificate is not a push certificate. */
  BAD_CERTIFICATE(
      "BadCertificate", Remedy.FIX_CREDENTIALS, "the certificate is not a push certificate"),
  /** {@code BadCertificateEnvironment}: the certificate is not for this environment. */
  BAD_CERTIFICATE_ENVIRONMENT(
      "BadCertificateEnvironment",
      Remedy.CHECK_CONFIGURATION,
      "the certificate is not for this environment"),
  /** {@code ExpiredProviderToken}: the provider token is older than one hour by Apple's clock. */
  EXPIRED_PROVIDER_TOKEN(
      "ExpiredProviderToken",
      Remedy.FIX_CREDENTIALS,
      "the provider token is older than one hour by Apple's clock"),
  /** {@code Forbidden}: the action is not allowed for these credentials. */
  FORBIDDEN("Forbidden", Remedy.FIX_CREDENTIALS, "the action is not allowed for these credentials"),
  /**
   * {@code InvalidProviderToken}: the provider token is not valid: check key id, team id and .p8.
   */
  INVALID_PROVIDER_TOKEN(
      "InvalidProviderToken",
      Remedy.FIX_CREDENTIALS,
      "the provider token is not valid: check key id, team id and .p8"),
  /** {@code MissingProviderToken}: neither a certificate nor a provider token was sent. */
  MISSING_PROVIDER_TOKEN(
      "MissingProviderToken",
      Remedy.FIX_CREDENTIALS,
      "neither a certificate nor a provider token was sent"),
  /** {@code UnrelatedKeyIdInToken}: the key id is not that of the connection's other tokens. */
  UNRELATED_KEY_ID_IN_TOKEN(
      "UnrelatedKeyIdInToken",
      Remedy.FIX_CREDENTIALS,
      "the key id is not that of the connection's other tokens"),
  /** {@code BadEnvironmentKeyIdInToken}: the signing key is not for this environment. */
  BAD_ENVIRONMENT_KEY_ID_IN_TOKEN(
      "BadEnvironmentKeyIdInToken",
      Remedy.CHECK_CONFIGURATION,
      "the signing key is not for this environment"),
  /** {@code BadPath}: the path is not /3/device/(token). */
  BAD_PATH("BadPath", Remedy.FIX_REQUEST, "the path is not /3/device/<token>"),
  /** {@code MethodNotAllowed}: the method is not POST. */
  METHOD_NOT_ALLOWED("MethodNotAllowed", Remedy.FIX_REQUEST, "the method is not POST"),
  /** {@code ExpiredToken}: the device token has expired. */
  EXPIRED_TOKEN("ExpiredToken", Remedy.DISCARD_TOKEN, "the device token has expired"),
  /** {@code Unregistered}: the app is no longer on the device. */
  UNREGISTERED("Unregistered", Remedy.DISCARD_TOKEN, "the app is no longer on the device"),
  /** {@code PayloadTooLarge}: the payload is larger than 5120 bytes. */
  PAYLOAD_TOO_LARGE("PayloadTooLarge", Remedy.FIX_REQUEST, "the payload is larger than 5120 bytes"),
  /**
   * {@code TooManyProviderTokenUpdates}: the provider token was renewed more often than every 20
   * minutes.
   */
  TOO_MANY_PROVIDER_TOKEN_UPDATES(
      "TooManyProviderTokenUpdates",
      Remedy.FIX_CREDENTIALS,
      "the provider token was renewed more often than every 20 minutes"),
  /** {@code TooManyRequests}: too many pushes for one device in a short time. */
  TOO_MANY_REQUESTS(
      "TooManyRequests", Remedy.RETRY_LATER, "too many pushes for one device in a short time"),
  /** {@code InternalServerError}: APNs had an internal error. */
  INTERNAL_SERVER_ERROR("InternalServerError", Remedy.RETRY_LATER, "APNs had an internal error"),
  /** {@code ServiceUnavailable}: APNs is unavailable. */
  SERVICE_UNAVAILABLE("ServiceUnavailable", Remedy.RETRY_LATER, "APNs is unavailable"),
  /** {@code Shutdown}: the APNs server is shutting down. */
  SHUTDOWN("Shutdown", Remedy.RETRY_LATER, "the APNs server is shutting down"),
  /** A reason that is not in Apple's table, or none; see {@link PushResult.Rejected#rawReason}. */
  UNKNOWN("", Remedy.FIX_REQUEST, "APNs gave no reason that Apple documents");

  private static final Map<String, RejectionReason> BY_NAME = new HashMap<>();

  static {
    for (RejectionReason reason : values()) {
      BY_NAME.put(reason.apnsName, reason);
    }
    BY_NAME.put("BadEnvironmentKeyInToken", BAD_ENVIRONMENT_KEY_ID_IN_TOKEN); // as really sent
  }

  private final String apnsName;
  private final Remedy remedy;
  private final String meaning;

  RejectionReason(String apnsName, Remedy remedy, String meaning) {
    this.apnsName = apnsName;
    this.remedy = remedy;
    this.meaning = meaning;
  }

  static RejectionReason of(String rawReason) {
    return BY_NAME.getOrDefault(rawReason, UNKNOWN);
  }

  /** Returns what to do about it; an unknown reason goes by its status. */
  Remedy remedy(int status) {
    if (this != UNKNOWN) {
      return remedy;
    }
    if (status == 429 || status >= 500) {
      return Remedy.RETRY_LATER;
    }
    return switch (status) {
      case 403 -> Remedy.FIX_CREDENTIALS;
      case 410 -> Remedy.DISCARD_TOKEN;
      default -> Remedy.FIX_REQUEST;
    };
  }

  /** Returns the section of {@code docs/troubleshooting.md} that is about it. */
  String anchor(int status) {
    return switch (this) {
      case BAD_DEVICE_TOKEN -> "bad-device-token";
      case DEVICE_TOKEN_NOT_FOR_TOPIC -> "device-token-not-for-topic";
      case TOPIC_DISALLOWED, BAD_TOPIC -> "topic-disallowed";
      case BAD_CERTIFICATE_ENVIRONMENT, BAD_ENVIRONMENT_KEY_ID_IN_TOKEN ->
          "credentials-for-another-environment";
      case EXPIRED_PROVIDER_TOKEN,
          INVALID_PROVIDER_TOKEN,
          MISSING_PROVIDER_TOKEN,
          UNRELATED_KEY_ID_IN_TOKEN,
          TOO_MANY_PROVIDER_TOKEN_UPDATES ->
          "provider-token";
      default -> remedy(status).name().toLowerCase(Locale.ROOT).replace('_', '-');
    };
  }

  /** Returns what Apple means by it, as a clause. */
  String meaning() {
    return meaning;
  }
}
