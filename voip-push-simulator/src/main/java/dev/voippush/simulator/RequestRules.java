// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Decides what APNs says to a request in one environment. The first rule that is broken decides;
 * Apple documents no order, ours is: method, path, authentication, topic, push type, other headers,
 * token, payload, in detail in docs/simulator.md. Pure: no sockets and, apart from what the
 * provider remembers, no state.
 */
final class RequestRules {
  /** Bytes that a VoIP push may carry; all others: {@link #MAX_PAYLOAD}. */
  static final int MAX_VOIP_PAYLOAD = 5120;

  static final int MAX_PAYLOAD = 4096;
  private static final int MAX_COLLAPSE_ID = 64;

  /** The rule of {@link #isBundleId} in words. */
  static final String BUNDLE_ID_RULE =
      "letters, digits and hyphens, separated by dots, without .voip or the like at the end";

  private static final Pattern BUNDLE_ID =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9-]*(\\.[A-Za-z0-9-]+)*");
  private static final Pattern TOPIC = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.-]{0,254}");
  private static final Pattern UUID =
      Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");
  private static final Pattern EXPIRATION = Pattern.compile("\\d{1,18}");
  private static final Pattern HEX = Pattern.compile("\\p{XDigit}+");

  /** Apple's push types, and how the topic of each must end. */
  private static final Map<String, String> TOPIC_ENDINGS =
      Map.ofEntries(
          Map.entry("alert", ""),
          Map.entry("background", ""),
          Map.entry("mdm", ""),
          Map.entry("voip", ".voip"),
          Map.entry("complication", ".complication"),
          Map.entry("fileprovider", ".pushkit.fileprovider"),
          Map.entry("location", ".location-query"),
          Map.entry("liveactivity", ".push-type.liveactivity"),
          Map.entry("pushtotalk", ".voip-ptt"),
          Map.entry("controls", ".push-type.controls"),
          Map.entry("widgets", ".push-type.widgets"));

  private final Devices devices;
  private final boolean sandbox;

  RequestRules(Devices devices, boolean sandbox) {
    this.devices = devices;
    this.sandbox = sandbox;
  }

  boolean sandbox() {
    return sandbox;
  }

  /** The verdict, and if the push was accepted, what to deliver where. */
  record Ruling(Verdict verdict, @Nullable Delivery delivery) {
    private static Ruling refused(Verdict verdict) {
      return new Ruling(verdict, null);
    }
  }

  /**
   * An accepted push on its way to a phone.
   *
   * @param storeUntil until when APNs keeps it for a phone that is offline
   */
  record Delivery(
      Devices.Device device,
      String topic,
      Map<String, @Nullable Object> payload,
      Instant storeUntil) {}

  static boolean isUuid(String text) {
    return UUID.matcher(text).matches();
  }

  /** What a request is for; {@code ""} if neither it nor the provider says. */
  static String topic(ApnsRequest request, Provider provider) {
    return Optional.ofNullable(request.header("apns-topic")).or(provider::onlyTopic).orElse("");
  }

  /** The app of a topic, which may end as that of a special push type does. */
  static String bundleId(String topic) {
    return TOPIC_ENDINGS.values().stream()
        .filter(ending -> !ending.isEmpty() && topic.endsWith(ending))
        .findAny()
        .map(ending -> topic.substring(0, topic.length() - ending.length()))
        .orElse(topic);
  }

  /** True for what can be an app's id; a topic's special ending makes it none. */
  static boolean isBundleId(String text) {
    return BUNDLE_ID.matcher(text).matches() && bundleId(text).equals(text);
  }

  static String checkBundleId(String text) {
    if (!isBundleId(text)) {
      throw new IllegalArgumentException(
          "bundleId must be " + BUNDLE_ID_RULE + ", but was '" + text + "'");
    }
    return text;
  }

  Ruling check(ApnsRequest request, Provider provider) {
    if (!request.method().equals("POST")) {
      return Ruling.refused(new Verdict(405, "MethodNotAllowed", null));
    }
    if (!request.hasDevicePath()) {
      return Ruling.refused(new Verdict(404, "BadPath", null));
    }
    Verdict refusal = provider.authenticate(request);
    if (refusal != null) {
      return Ruling.refused(refusal);
    }
    String topic = topic(request, provider);
    String type = request.header("apns-push-type");
    refusal = checkTopic(topic, provider);
    if (refusal == null) {
      refusal = checkPushType(type, topic);
    }
    if (refusal == null) {
      refusal = checkOtherHeaders(request, type);
    }
    if (refusal != null) {
      return Ruling.refused(refusal);
    }
    return checkTokenAndPayload(request, topic);
  }

  private static @Nullable Verdict checkTopic(String topic, Provider provider) {
    if (topic.isEmpty()) {
      return Verdict.badRequest("MissingTopic");
    }
    if (!TOPIC.matcher(topic).matches()) {
      return Verdict.badRequest("BadTopic");
    }
    return provider.mayPushTo(topic) ? null : Verdict.badRequest("TopicDisallowed");
  }

  /** A missing type is accepted, as Apple does for iOS: the topic says it. */
  private static @Nullable Verdict checkPushType(@Nullable String type, String topic) {
    if (type == null) {
      return null;
    }
    String ending = TOPIC_ENDINGS.get(type);
    boolean fits =
        ending != null
            && (ending.isEmpty() ? bundleId(topic).equals(topic) : topic.endsWith(ending));
    return fits ? null : Verdict.badRequest("InvalidPushType");
  }

  private static @Nullable Verdict checkOtherHeaders(ApnsRequest request, @Nullable String type) {
    if (request.repeatsHeader()) {
      return Verdict.badRequest("DuplicateHeaders");
    }
    String id = request.header("apns-id");
    if (id != null && !isUuid(id)) {
      return Verdict.badRequest("BadMessageId");
    }
    String expiration = request.header("apns-expiration");
    if (expiration != null && !EXPIRATION.matcher(expiration).matches()) {
      return Verdict.badRequest("BadExpirationDate");
    }
    String priority = request.header("apns-priority");
    if (priority != null) {
      boolean allowed =
          switch (priority) {
            case "10" -> !"background".equals(type);
            case "5", "1" -> true;
            default -> false;
          };
      if (!allowed) {
        return Verdict.badRequest("BadPriority");
      }
    }
    String collapseId = request.header("apns-collapse-id");
    if (collapseId != null && collapseId.length() > MAX_COLLAPSE_ID) {
      return Verdict.badRequest("BadCollapseId");
    }
    return null;
  }

  private Ruling checkTokenAndPayload(ApnsRequest request, String topic) {
    boolean voip = topic.endsWith(".voip");
    String token = request.deviceToken();
    if (token.isEmpty()) {
      return Ruling.refused(Verdict.badRequest("MissingDeviceToken"));
    }
    Devices.Device device =
        HEX.matcher(token).matches() ? devices.find(token) : null; // odd lengths are unknown anyway
    if (device == null || device.sandbox() != sandbox) {
      return Ruling.refused(Verdict.badRequest("BadDeviceToken"));
    }
    if (device.voip() != voip || !device.bundleId().equals(bundleId(topic))) {
      return Ruling.refused(Verdict.badRequest("DeviceTokenNotForTopic"));
    }
    Instant unregisteredAt = device.unregisteredAt();
    if (unregisteredAt != null) {
      return Ruling.refused(Verdict.unregistered(unregisteredAt));
    }
    byte[] body = request.body();
    if (body.length > (voip ? MAX_VOIP_PAYLOAD : MAX_PAYLOAD)) {
      return Ruling.refused(new Verdict(413, "PayloadTooLarge", null));
    }
    // Apple documents no reason for a body that is not a JSON object; this is the nearest.
    Map<String, @Nullable Object> payload = Json.object(body);
    if (payload == null) {
      return Ruling.refused(Verdict.badRequest("PayloadEmpty"));
    }
    return new Ruling(
        Verdict.ACCEPTED,
        new Delivery(device, topic, payload, storeUntil(request.header("apns-expiration"))));
  }

  /** Without the header APNs stores as long as it likes; 0 means that it does not store. */
  private static Instant storeUntil(@Nullable String expiration) {
    if (expiration == null) {
      return Instant.MAX;
    }
    long seconds = Long.parseLong(expiration);
    return seconds > Instant.MAX.getEpochSecond() ? Instant.MAX : Instant.ofEpochSecond(seconds);
  }
}
