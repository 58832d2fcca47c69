// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

/** What to do about a push that APNs rejected. */
public enum Remedy {
  /**
   * The app is gone from the device: discard the token, unless the app has registered since. {@link
   * DeadTokens} does it.
   */
  DISCARD_TOKEN,
  /**
   * Token, topic and environment do not fit together: compare the client's configuration with what
   * was stored beside the token. Never delete tokens for this.
   */
  CHECK_CONFIGURATION,
  /** The request itself is wrong. */
  FIX_REQUEST,
  /** The certificate or signing key is not, or no longer, good for this. */
  FIX_CREDENTIALS,
  /** APNs could not do it now; retries within the call's deadline were of no use. */
  RETRY_LATER
}
