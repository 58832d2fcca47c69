// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/** How a call stopped ringing: what the last alert of an {@link AlertDevice} says. */
public enum CallEnd {
  /** The callee answered, on one of their devices. */
  ANSWERED,
  /** The callee declined, on one of their devices. */
  DECLINED,
  /** The caller gave up, or nobody answered until the deadline. */
  MISSED
}
