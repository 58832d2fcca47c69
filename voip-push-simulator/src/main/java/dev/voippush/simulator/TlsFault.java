// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

/** What is wrong with the simulator's side of TLS, for {@link ApnsSimulator#tls}. */
public enum TlsFault {
  /** Nothing. */
  NONE,

  /**
   * The server's certificate is for {@code wrong-name.invalid} instead of the loopback's names and
   * addresses. Clients that check names end the handshake.
   */
  WRONG_NAME,

  /** The server's certificate expired 23 hours ago. Clients that check it end the handshake. */
  EXPIRED,

  /**
   * The server agrees to no protocol by ALPN, as one that does not know HTTP/2, and closes the
   * connection when the handshake is done. With {@link ApnsSimulator.Builder#withoutAlpn} it speaks
   * HTTP/2 nonetheless.
   */
  NO_ALPN,

  /**
   * The server asks for a client certificate, but names the root alone, not the authority that
   * issued it. Clients that select their certificate by this list, as Java's own key manager and
   * Pushy do, send none; with their certificate they are answered 403 MissingProviderToken.
   */
  ISSUER_NOT_NAMED
}
