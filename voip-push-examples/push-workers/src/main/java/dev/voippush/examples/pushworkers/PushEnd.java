// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

/** What became of the push to one device of a call. */
public enum PushEnd {
  /** APNs has it: the phone rings, or will when it is online in time. */
  ACCEPTED,
  /** APNs refused it. */
  REJECTED,
  /** It was sent, but APNs gave no verdict: the phone may ring. */
  UNKNOWN,
  /** It was not sent, and cannot be: see the reason. */
  FAILED,
  /** The time of the call was over before it was sent. */
  EXPIRED,
  /** The call was answered, declined or given up before it was sent. */
  OVER;

  /** Whether the phone may ring. */
  boolean mayRing() {
    return this == ACCEPTED || this == UNKNOWN;
  }
}
