// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One incoming call: what the phone needs to ring, and until when.
 *
 * <p>Immutable and thread-safe. Its JSON is written once, in {@link Builder#build()}, however many
 * devices it rings. {@link #toString()} tells the call id only.
 */
public final class CallPayload {
  /** Apple's limit for the payload of a VoIP push: {@value} bytes. */
  public static final int MAX_BYTES = 5120;

  private final UUID callId;
  private final Optional<String> callerName;
  private final Optional<String> handle;
  private final HandleType handleType;
  private final boolean video;
  private final Instant sentAt;
  private final Duration ringFor;
  private final Instant expiresAt;
  private final Duration storeFor;
  private final Map<String, Object> extras;
  private final Map<String, Object> fields;
  private final byte[] json;

  private CallPayload(Builder builder) {
    callId = builder.callId;
    callerName = Optional.ofNullable(builder.callerName);
    handle = Optional.ofNullable(builder.handle);
    handleType = builder.handleType;
    video = builder.video;
    sentAt = builder.sentAt == null ? Instant.now() : builder.sentAt;
    ringFor = builder.ringFor;
    expiresAt = sentAt.plus(ringFor);
    storeFor = builder.storeFor;
    extras = Collections.unmodifiableMap(new LinkedHashMap<>(builder.extras));
    fields = fields(builder.format);
    json = PayloadFields.write("payload", fields, MAX_BYTES);
  }

  /**
   * Begins the payload of an incoming call.
   *
   * @param callId the id under which app and server know the call. CallKit wants a UUID; a new call
   *     needs a new one, as an app may ignore an id that it has seen
   */
  public static Builder incoming(UUID callId) {
    return new Builder(callId);
  }

  @SuppressWarnings("NullAway") // called near the end of the constructor, what it reads is set
  private Map<String, Object> fields(PayloadFormat format) {
    Map<String, Object> copy = new LinkedHashMap<>();
    format.fields(this).forEach((name, value) -> copy.put(name, Json.copyOf(value, name)));
    return Collections.unmodifiableMap(copy);
  }

  /** Returns the id of the call. */
  public UUID callId() {
    return callId;
  }

  /** Returns the name to show, if one was given. */
  public Optional<String> callerName() {
    return callerName;
  }

  /** Returns the number, address or id of the caller, if one was given. */
  public Optional<String> handle() {
    return handle;
  }

  /** Returns what the handle is; {@link HandleType#GENERIC} by default. */
  public HandleType handleType() {
    return handleType;
  }

  /** Returns true if this is a video call. */
  public boolean video() {
    return video;
  }

  /** Returns when the caller began to call; the ring time counts from here. */
  public Instant sentAt() {
    return sentAt;
  }

  /** Returns how long the phone may ring; 45 s by default. */
  public Duration ringFor() {
    return ringFor;
  }

  /** Returns how long APNs may keep the push for a device that is offline; 10 s by default. */
  public Duration storeFor() {
    return storeFor;
  }

  /**
   * Returns {@code sentAt + ringFor}: after this nothing of the call is sent any more, but for what
   * an {@link AlertDevice} is told of its end.
   */
  public Instant expiresAt() {
    return expiresAt;
  }

  /** Returns the fields added by {@link Builder#put}, unmodifiable. */
  public Map<String, Object> extras() {
    return extras;
  }

  /** Returns a copy of the JSON that is sent, in UTF-8. */
  public byte[] toJson() {
    return json.clone();
  }

  /** Returns the bytes of the JSON, at most {@link #MAX_BYTES}. */
  public int size() {
    return json.length;
  }

  /** The fields of the JSON, in its order; unmodifiable. */
  Map<String, Object> fields() {
    return fields;
  }

  /** The JSON itself, not to be modified. */
  byte[] json() {
    return json;
  }

  @Override
  public String toString() {
    return "CallPayload[callId=" + callId + "]";
  }

  /** Collects the fields of a call. Not thread-safe. */
  public static final class Builder {
    private static final Duration MAX_RING = Duration.ofHours(1);

    private final UUID callId;
    private @Nullable String callerName;
    private @Nullable String handle;
    private HandleType handleType = HandleType.GENERIC;
    private boolean video;
    private @Nullable Instant sentAt;
    private Duration ringFor = Duration.ofSeconds(45);
    private Duration storeFor = Duration.ofSeconds(10);
    private final Map<String, Object> extras = new LinkedHashMap<>();
    private PayloadFormat format = PayloadFormat.NEUTRAL;

    private Builder(UUID callId) {
      this.callId = Objects.requireNonNull(callId, "callId");
    }

    /** Sets the name to show. */
    public Builder callerName(String callerName) {
      this.callerName = Objects.requireNonNull(callerName, "callerName");
      return this;
    }

    /** Sets the number, address or id of the caller. */
    public Builder handle(String handle) {
      this.handle = Objects.requireNonNull(handle, "handle");
      return this;
    }

    /** Sets what the handle is; {@link HandleType#GENERIC} by default. */
    public Builder handleType(HandleType handleType) {
      this.handleType = Objects.requireNonNull(handleType, "handleType");
      return this;
    }

    /** Sets whether this is a video call; false by default. */
    public Builder video(boolean video) {
      this.video = video;
      return this;
    }

    /**
     * Sets when the caller began to call; by default the time of {@link #build()}. A call that
     * waited in a queue keeps its deadline if it is rebuilt with its own time.
     */
    public Builder sentAt(Instant sentAt) {
      this.sentAt = Objects.requireNonNull(sentAt, "sentAt");
      return this;
    }

    /**
     * Sets how long the phone may ring, from {@link #sentAt}; 45 s by default.
     *
     * @throws IllegalArgumentException if it is not between 1 s and 1 h
     */
    public Builder ringFor(Duration ringFor) {
      if (ringFor.compareTo(Duration.ofSeconds(1)) < 0 || ringFor.compareTo(MAX_RING) > 0) {
        throw new IllegalArgumentException("ringFor must be from 1 s to 1 h, but was " + ringFor);
      }
      this.ringFor = ringFor;
      return this;
    }

    /**
     * Sets how long APNs may keep the push for a device that is offline, never beyond the ring
     * time; 10 s by default. {@link Duration#ZERO} means one attempt and no storing. Apple advises
     * "0, or only a few seconds" for VoIP pushes.
     *
     * @throws IllegalArgumentException if it is negative or more than 1 h
     */
    public Builder storeFor(Duration storeFor) {
      if (storeFor.isNegative() || storeFor.compareTo(MAX_RING) > 0) {
        throw new IllegalArgumentException("storeFor must be from 0 to 1 h, but was " + storeFor);
      }
      this.storeFor = storeFor;
      return this;
    }

    /**
     * Adds a text of your own. The {@link #format} says where it goes, and which keys are its own
     * and refused by {@link #build()}.
     */
    public Builder put(String key, String value) {
      return add(key, value);
    }

    /**
     * Adds a number of your own; see {@link #put(String, String)}.
     *
     * @throws IllegalArgumentException if it is not finite
     */
    public Builder put(String key, Number value) {
      return add(key, value);
    }

    /** Adds a boolean of your own; see {@link #put(String, String)}. */
    public Builder put(String key, Boolean value) {
      return add(key, value);
    }

    /**
     * Adds a list of your own; it is copied. See {@link #put(String, String)}.
     *
     * @throws IllegalArgumentException if a value is not JSON's
     */
    public Builder put(String key, List<?> value) {
      return add(key, value);
    }

    /**
     * Adds an object of your own; it is copied. See {@link #put(String, String)}.
     *
     * @throws IllegalArgumentException if a value is not JSON's
     */
    public Builder put(String key, Map<String, ?> value) {
      return add(key, value);
    }

    private Builder add(String key, Object value) {
      Objects.requireNonNull(key, "key");
      extras.put(key, Json.copyOf(value, key));
      return this;
    }

    /** Sets how the app reads the call; {@link PayloadFormat#NEUTRAL} by default. */
    public Builder format(PayloadFormat format) {
      this.format = Objects.requireNonNull(format, "format");
      return this;
    }

    /**
     * Writes the payload, in UTF-8. Half of a character (a surrogate without its other half, as in
     * a name cut at a fixed length) is written as {@code ?}: the phone rings all the same.
     *
     * @throws IllegalArgumentException if it has more than {@link #MAX_BYTES} bytes, if a field of
     *     your own has a key of the format's, if the format needs what is not given, or if it gives
     *     a value that JSON cannot hold
     */
    public CallPayload build() {
      return new CallPayload(this);
    }
  }
}
