// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

/** What a push did on the phone, by PushKit's and CallKit's rules. */
public enum PushVerdict {
  /** The app reported the call, and the phone rings. */
  RANG,
  /** The app reported a call that rings already or was answered; nothing changed. */
  REPEATED,
  /**
   * The call was over, here or on another phone of the user, or too many ring already: the app
   * reported it and ended it at once.
   */
  ENDED_AT_ONCE,
  /** The app did not report a call, so iOS killed it. */
  APP_KILLED,
  /** iOS kept the push from an app that had failed to report calls too often. */
  WITHHELD,
  /** An ordinary notification, not a VoIP push; {@link ReceivedPush#banner} is what it shows. */
  NOTIFICATION
}
