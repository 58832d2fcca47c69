// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/** What a push is a part of: a ring, the alerts of one device. Nothing here may block. */
interface PushOwner {
  /** True as soon as nothing more of it may be sent. */
  boolean isStopped();

  /**
   * A push has its end; called at once, on whatever thread that is.
   *
   * @param end a {@link PushResult} or a {@link VoipPushException}
   */
  default void ended(Object end) {}

  /** A push has its end; called on the client's executor, after the push's own future. */
  default void told(DeviceToken device, Object end) {}
}
