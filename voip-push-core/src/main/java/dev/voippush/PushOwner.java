// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/** What a push is a part of: a ring, the alerts of one device. Must not block. */
interface PushOwner {
  /** True as soon as nothing more of it may be sent. */
  boolean isStopped();

  /**
   * A push has its end; called on the client's executor.
   *
   * @param end a {@link PushResult} or a {@link VoipPushException}
   */
  void ended(DeviceToken device, Object end);
}
