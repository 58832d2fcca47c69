// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

/** What a call is; all but {@link #RINGING} and {@link #ANSWERED} are ends. */
enum CallState {
  RINGING,
  ANSWERED,
  /** One of the callee's devices declined, for all. */
  DECLINED,
  /** The caller gave up before somebody answered. */
  CANCELLED,
  /** Nobody answered in time. */
  MISSED,
  /** No device can have been reached. */
  UNREACHABLE,
  /** Somebody hung up after it was answered. */
  ENDED
}
