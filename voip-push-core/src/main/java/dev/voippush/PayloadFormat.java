// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.Locale;
import java.util.Map;

/**
 * How the app reads a call from the push: which JSON key holds what.
 *
 * <p>Evaluated once, in {@link CallPayload.Builder#build()}. Values may be strings, numbers,
 * booleans, and lists and maps of these.
 *
 * <p>The formats of this library carry {@code sentAt} and {@code expiresAt} (milliseconds since the
 * epoch), so that an app can end at once a call that is over, and an empty {@code aps}. They never
 * let an {@linkplain CallPayload.Builder#put extra field} replace a field of their own: {@code
 * build()} refuses it, also where the call does not give that field.
 *
 * <p>A format of your own returns any map, and decides where {@link CallPayload#extras()} go. It
 * can add to another one:
 *
 * <pre>{@code
 * PayloadFormat withRingtone =
 *     call -> {
 *       Map<String, Object> fields =
 *           new LinkedHashMap<>(PayloadFormat.FLUTTER_CALLKIT_INCOMING.fields(call));
 *       fields.put("ringtonePath", "marimba.caf");
 *       return fields;
 *     };
 * }</pre>
 */
@FunctionalInterface
public interface PayloadFormat {

  /**
   * The format of this library: {@code callId} (lower-case UUID), {@code callerName} and {@code
   * handle} (if given), {@code handleType} ({@code generic}, {@code phone} or {@code email}),
   * {@code video}, {@code sentAt}, {@code expiresAt}, {@code aps}, and the extra fields at the top
   * level.
   */
  PayloadFormat NEUTRAL =
      call ->
          new PayloadFields()
              .add("callId", call.callId().toString())
              .addIfPresent("callerName", call.callerName())
              .addIfPresent("handle", call.handle())
              .add("handleType", call.handleType().name().toLowerCase(Locale.ROOT))
              .add("video", call.video())
              .add("sentAt", call.sentAt().toEpochMilli())
              .add("expiresAt", call.expiresAt().toEpochMilli())
              .add("aps", Map.of())
              .withExtras(call.extras());

  /**
   * What an app with Flutter's <a
   * href="https://pub.dev/packages/flutter_callkit_incoming">flutter_callkit_incoming</a> reads,
   * whether its {@code AppDelegate} takes the fields one by one, as in the package's example, or
   * hands the payload to {@code Data(args:)}: {@code id} (lower-case UUID), {@code nameCaller} and
   * {@code handle} (if given), {@code handleType} ({@code generic}, {@code number} or {@code
   * email}), {@code isVideo}, {@code type} (1 if video, otherwise 0), {@code duration} ({@link
   * CallPayload#ringFor()} in milliseconds), {@code extra} and {@code aps}.
   *
   * <p>{@code sentAt}, {@code expiresAt} and the extra fields are in {@code extra}, the only object
   * that the package hands on to Dart. The package counts {@code duration} from when the push
   * arrived: an app to which it may come late shortens it to what is left until {@code
   * extra.expiresAt}.
   */
  PayloadFormat FLUTTER_CALLKIT_INCOMING =
      call ->
          new PayloadFields()
              .add("id", call.callId().toString())
              .addIfPresent("nameCaller", call.callerName())
              .addIfPresent("handle", call.handle())
              .add("handleType", callKitName(call.handleType()))
              .add("isVideo", call.video())
              .add("type", call.video() ? 1 : 0)
              .add("duration", call.ringFor().toMillis())
              .add(
                  "extra",
                  new PayloadFields()
                      .add("sentAt", call.sentAt().toEpochMilli())
                      .add("expiresAt", call.expiresAt().toEpochMilli())
                      .withExtras(call.extras()))
              .add("aps", Map.of())
              .toMap();

  /**
   * What a React Native app with <a
   * href="https://www.npmjs.com/package/react-native-voip-push-notification">
   * react-native-voip-push-notification</a> and <a
   * href="https://www.npmjs.com/package/react-native-callkeep">react-native-callkeep</a> reads:
   * {@code uuid} (lower-case, as CallKeep's events tell it), {@code callerName}, {@code handle},
   * {@code handleType} ({@code generic}, {@code number} or {@code email}), {@code hasVideo}, {@code
   * sentAt}, {@code expiresAt}, {@code aps}, and the extra fields at the top level. JavaScript gets
   * all of them with the {@code notification} event.
   *
   * <p>CallKeep crashes without a handle, and the packages' code would show a missing name as
   * {@code (null)}. So where only one of {@code handle} and {@code callerName} is given, it is sent
   * as both; where none is, {@code build()} throws an {@link IllegalArgumentException}.
   */
  PayloadFormat REACT_NATIVE_CALLKEEP =
      call -> {
        String handle =
            call.handle()
                .or(call::callerName)
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            "handle or callerName must be given for REACT_NATIVE_CALLKEEP: the app"
                                + " would crash without a handle"));
        return new PayloadFields()
            .add("uuid", call.callId().toString())
            .add("callerName", call.callerName().orElse(handle))
            .add("handle", handle)
            .add("handleType", callKitName(call.handleType()))
            .add("hasVideo", call.video())
            .add("sentAt", call.sentAt().toEpochMilli())
            .add("expiresAt", call.expiresAt().toEpochMilli())
            .add("aps", Map.of())
            .withExtras(call.extras());
      };

  /** Returns the JSON object to send for {@code call}, in the order to write it. */
  Map<String, Object> fields(CallPayload call);

  /** The word that both packages know for it. */
  private static String callKitName(HandleType type) {
    return switch (type) {
      case GENERIC -> "generic";
      case PHONE -> "number";
      case EMAIL -> "email";
    };
  }
}
