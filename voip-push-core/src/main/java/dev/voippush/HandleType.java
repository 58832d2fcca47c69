// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/** What the handle of a caller is; CallKit's {@code CXHandle.HandleType}. */
public enum HandleType {
  /** A name or id of the app's own. */
  GENERIC,
  /** A telephone number. */
  PHONE,
  /** An e-mail address. */
  EMAIL
}
