// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.credentials.ApnsCredentials;

/**
 * As whom connections are opened. Each has a TLS context of its own, so that no session of one
 * identity is resumed for another; pushes carry the JWT of the identity of their connection.
 */
final class Identity {
  private final ApnsCredentials credentials;
  private final TlsSettings tls;

  Identity(ApnsCredentials credentials, TlsSettings tls) {
    this.credentials = credentials;
    this.tls = tls;
  }

  ApnsCredentials credentials() {
    return credentials;
  }

  TlsSettings tls() {
    return tls;
  }
}
