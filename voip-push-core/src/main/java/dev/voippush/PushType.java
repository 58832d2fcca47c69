// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/** Which kind of push it is: Apple's {@code apns-push-type}. */
public enum PushType {
  /** A VoIP push, which wakes the app; once for each call and device. */
  VOIP("voip"),
  /** An ordinary notification, repeated while the call rings; see {@link AlertDevice}. */
  ALERT("alert");

  private static final String VOIP_ENDING = ".voip";

  private final String headerValue;

  PushType(String headerValue) {
    this.headerValue = headerValue;
  }

  /** Returns the value of {@code apns-push-type}. */
  String headerValue() {
    return headerValue;
  }

  /** Returns the {@code apns-topic} of this app's pushes. */
  String topic(String bundleId) {
    return this == VOIP ? bundleId + VOIP_ENDING : bundleId;
  }

  /** Returns the bundle id of what may be the topic of VoIP pushes. */
  static String bundleId(String topic) {
    return topic.endsWith(VOIP_ENDING)
        ? topic.substring(0, topic.length() - VOIP_ENDING.length())
        : topic;
  }
}
