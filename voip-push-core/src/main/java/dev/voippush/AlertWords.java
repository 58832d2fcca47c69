// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The words of {@link AlertText#DEFAULT}. */
final class AlertWords {
  private static final Set<String> TRADITIONAL = Set.of("TW", "HK", "MO");
  private static final String UNKNOWN_CALLER = "unknown_caller";

  private static final Map<String, String> ENGLISH =
      Map.of(
          UNKNOWN_CALLER,
          "Unknown caller",
          "call_incoming",
          "Incoming call",
          "call_incoming_video",
          "Incoming video call",
          "call_missed",
          "Missed call",
          "call_answered",
          "Call answered",
          "call_declined",
          "Call declined");
  private static final Map<String, String> SIMPLIFIED_CHINESE =
      Map.of(
          UNKNOWN_CALLER,
          "未知来电",
          "call_incoming",
          "邀请你语音通话",
          "call_incoming_video",
          "邀请你视频通话",
          "call_missed",
          "未接来电",
          "call_answered",
          "已接听",
          "call_declined",
          "已拒绝");
  private static final Map<String, String> TRADITIONAL_CHINESE =
      Map.of(
          UNKNOWN_CALLER,
          "未知來電",
          "call_incoming",
          "邀請你語音通話",
          "call_incoming_video",
          "邀請你視訊通話",
          "call_missed",
          "未接來電",
          "call_answered",
          "已接聽",
          "call_declined",
          "已拒絕");

  private AlertWords() {}

  static Map<String, Object> alert(CallPayload call, Locale locale, Optional<CallEnd> end) {
    Map<String, Object> alert = new LinkedHashMap<>();
    alert.put("title", title(call, locale));
    alert.put("body", in(locale, key(call, end)));
    return alert;
  }

  /** Who calls, as far as it is known. */
  static String title(CallPayload call, Locale locale) {
    return call.callerName()
        .filter(name -> !name.isBlank())
        .or(() -> call.handle().filter(handle -> !handle.isBlank()))
        .orElseGet(() -> in(locale, UNKNOWN_CALLER));
  }

  static String key(CallPayload call, Optional<CallEnd> end) {
    if (end.isEmpty()) {
      return call.video() ? "call_incoming_video" : "call_incoming";
    }
    return switch (end.get()) {
      case ANSWERED -> "call_answered";
      case DECLINED -> "call_declined";
      case MISSED -> "call_missed";
    };
  }

  private static String in(Locale locale, String key) {
    Map<String, String> words = ENGLISH;
    if (locale.getLanguage().equals("zh")) {
      boolean traditional =
          locale.getScript().isEmpty()
              ? TRADITIONAL.contains(locale.getCountry())
              : locale.getScript().equals("Hant");
      words = traditional ? TRADITIONAL_CHINESE : SIMPLIFIED_CHINESE;
    }
    return words.getOrDefault(key, key);
  }
}
