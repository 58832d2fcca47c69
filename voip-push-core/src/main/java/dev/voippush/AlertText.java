// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What the alerts of a call say: the {@code alert} dictionary in {@code aps}, for example {@code
 * title} and {@code body}. Values may be strings, numbers, booleans, and lists and maps of these.
 *
 * @see <a
 *     href="https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification">Generating
 *     a remote notification</a>
 */
@FunctionalInterface
public interface AlertText {

  /**
   * English, or Chinese for a locale of that language (traditional by its script, or in Taiwan,
   * Hong Kong and Macau): the caller's name as the title, or the handle, or "Unknown caller"; as
   * the body "Incoming call", "Incoming video call", "Missed call", "Call answered" or "Call
   * declined".
   */
  AlertText DEFAULT = AlertWords::alert;

  /**
   * Texts that the app has in its {@code Localizable} strings, which iOS looks up in the language
   * of the phone: the title as in {@link #DEFAULT}, and as {@code loc-key} one of {@code
   * call_incoming}, {@code call_incoming_video}, {@code call_missed}, {@code call_answered}, {@code
   * call_declined}.
   */
  AlertText OF_THE_APP =
      (call, locale, end) -> {
        Map<String, Object> alert = new LinkedHashMap<>();
        alert.put("title", AlertWords.title(call, locale));
        alert.put("loc-key", AlertWords.key(call, end));
        return alert;
      };

  /**
   * Returns the {@code alert} dictionary. {@link VoipPushClient#ring} calls it for each locale of
   * its devices: for the call that rings, and for each way in which it can end.
   *
   * @param end empty while the call rings
   */
  Map<String, Object> alert(CallPayload call, Locale locale, Optional<CallEnd> end);
}
