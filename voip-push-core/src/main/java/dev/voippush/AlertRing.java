// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How {@linkplain AlertDevice devices without CallKit} are rung: by an ordinary notification that
 * is sent again and again, each in place of the one before, until {@link Ring#stop} or the call's
 * deadline; then by a last one that says what became of the call. Immutable and thread-safe.
 *
 * <p>Each is sent with {@code apns-push-type: alert}, the bundle id as topic, priority 10 and the
 * call id as {@code apns-collapse-id}. Those of a call that rings are not stored for a phone that
 * is offline; the last one is, for {@linkplain #STORE_LAST_FOR a day}. The payload has the fields
 * of the call in its {@linkplain PayloadFormat format}, and in {@code aps}, besides what the format
 * has there, {@code alert}, {@code sound}, {@code interruption-level: time-sensitive} and {@code
 * mutable-content: 1}, which starts the app's notification service extension. The last one has no
 * sound, a level of {@code active} (missed) or {@code passive}, and {@code callEnd} ({@code
 * answered}, {@code declined} or {@code missed}) beside the fields of the call; a {@code sound} and
 * a {@code category} of the format's, with its buttons, are left out of it.
 *
 * @see <a
 *     href="https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification">Generating
 *     a remote notification</a>
 */
public final class AlertRing {
  /** Apple's limit for the payload of an alert: {@value} bytes. */
  public static final int MAX_BYTES = 4096;

  /** How long APNs keeps the last alert for a phone that is offline: one day. */
  public static final Duration STORE_LAST_FOR = Duration.ofDays(1);

  /** The key beside the call's fields that says what became of the call. */
  private static final String CALL_END = "callEnd";

  /** The longest time from one alert to the next. */
  static final Duration LONGEST = Duration.ofSeconds(30);

  private final Duration interval;
  private final String sound;
  private final AlertText text;

  private AlertRing(Builder builder) {
    interval = builder.interval;
    sound = builder.sound;
    text = builder.text;
  }

  /** Begins to say how such devices are rung; each setting has a default. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns the time from one alert to the next; 3 s by default. */
  public Duration interval() {
    return interval;
  }

  /** All that the alerts of one call say in one language. */
  record Messages(Message ringing, Map<CallEnd, Message> last) {}

  /**
   * Writes all alerts of a call, those of its end included: what cannot be sent is refused before
   * anything is.
   *
   * @throws IllegalArgumentException if an alert is too big, or a field of the call is {@code
   *     callEnd}
   */
  Messages messages(CallPayload call, Locale locale) {
    if (call.fields().containsKey(CALL_END)) {
      throw new IllegalArgumentException(
          "\"" + CALL_END + "\" is set by the last alert; choose another key for a field of yours");
    }
    Map<CallEnd, Message> last = new EnumMap<>(CallEnd.class);
    for (CallEnd end : CallEnd.values()) {
      last.put(end, last(call, locale, end));
    }
    return new Messages(ringing(call, locale), last);
  }

  private Message ringing(CallPayload call, Locale locale) {
    Map<String, Object> fields = new LinkedHashMap<>(call.fields());
    Map<String, Object> aps = aps(call, locale, Optional.empty());
    aps.put("sound", sound);
    aps.put("interruption-level", "time-sensitive");
    fields.put("aps", aps);
    return message(call, fields, Duration.ZERO, true);
  }

  private Message last(CallPayload call, Locale locale, CallEnd end) {
    Map<String, Object> fields = new LinkedHashMap<>(call.fields());
    fields.put(CALL_END, end.name().toLowerCase(Locale.ROOT));
    Map<String, Object> aps = aps(call, locale, Optional.of(end));
    aps.remove("sound");
    aps.remove("category");
    aps.put("interruption-level", end == CallEnd.MISSED ? "active" : "passive");
    fields.put("aps", aps);
    return message(call, fields, STORE_LAST_FOR, false);
  }

  /** What the format has in {@code aps}, and what each alert has. */
  private Map<String, Object> aps(CallPayload call, Locale locale, Optional<CallEnd> end) {
    Map<String, Object> aps = new LinkedHashMap<>();
    if (call.fields().get("aps") instanceof Map<?, ?> own) {
      own.forEach((name, value) -> aps.put((String) name, value));
    }
    aps.put("alert", Json.copyOf(text.alert(call, locale, end), "alert"));
    aps.put("mutable-content", 1);
    return aps;
  }

  private static Message message(
      CallPayload call, Map<String, Object> fields, Duration storeFor, boolean repeated) {
    return new Message(
        PushType.ALERT,
        call.callId(),
        call.callId().toString(),
        PayloadFields.write("payload of an alert", fields, MAX_BYTES),
        call.expiresAt(),
        storeFor,
        Instant.MAX,
        repeated);
  }

  @Override
  public String toString() {
    return "AlertRing[interval=" + interval + ", sound=" + sound + "]";
  }

  /** Collects the settings. Not thread-safe. */
  public static final class Builder {
    private static final Duration SHORTEST = Duration.ofSeconds(2);

    private Duration interval = Duration.ofSeconds(3);
    private String sound = "default";
    private AlertText text = AlertText.DEFAULT;

    private Builder() {}

    /**
     * Sets the time from the begin of one alert to the begin of the next; 3 s by default. The next
     * waits for the verdict on the one before. Where APNs answers 429 it is doubled for that
     * device, or as long as {@code retry-after} says if that is longer, up to 30 s.
     *
     * @throws IllegalArgumentException if it is not between 2 s and 30 s
     */
    public Builder interval(Duration interval) {
      if (interval.compareTo(SHORTEST) < 0 || interval.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            "interval must be from 2 s to 30 s, but was " + interval);
      }
      this.interval = interval;
      return this;
    }

    /**
     * Sets the sound: the name of a file in the app, under 30 s long, or {@code "default"}, which
     * is the default. Apple plays the default sound in place of a longer one.
     *
     * @throws IllegalArgumentException if it is blank
     * @see <a
     *     href="https://developer.apple.com/documentation/usernotifications/unnotificationsound">UNNotificationSound</a>
     */
    public Builder sound(String sound) {
      if (sound.isBlank()) {
        throw new IllegalArgumentException(
            "sound must be the name of a file in the app or \"default\", but was blank");
      }
      this.sound = sound;
      return this;
    }

    /** Sets what the alerts say; {@link AlertText#DEFAULT} by default. */
    public Builder text(AlertText text) {
      this.text = Objects.requireNonNull(text, "text");
      return this;
    }

    /** Makes the settings. */
    public AlertRing build() {
      return new AlertRing(this);
    }
  }
}
