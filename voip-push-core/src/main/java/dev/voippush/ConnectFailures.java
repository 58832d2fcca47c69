// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.IOException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/** Says why there is no connection, so that a reader can mend it. Nothing was sent. */
final class ConnectFailures {
  private ConnectFailures() {}

  static AttemptFailure of(Throwable e) {
    if (e instanceof NoHttp2Exception) {
      return new AttemptFailure(Failure.PROTOCOL, Delivery.NOT_SENT, true, message(e), e);
    }
    if (has(e, SSLException.class)) {
      return new AttemptFailure(
          Failure.TLS, Delivery.NOT_SENT, isAboutCertificates(e), message(e), e);
    }
    return new AttemptFailure(Failure.CONNECT, Delivery.NOT_SENT, false, message(e), e);
  }

  /** The TLS handshake is over, but then came {@code how} and no HTTP/2. */
  static AttemptFailure silentAfterHandshake(Throwable how) {
    if (has(how, SSLException.class)) {
      return of(how);
    }
    return new AttemptFailure(
        Failure.TLS,
        Delivery.NOT_SENT,
        false,
        "the server ended the connection after the TLS handshake without a word of HTTP/2, as it"
            + " does when it refuses the client certificate: "
            + message(how),
        how);
  }

  static boolean has(@Nullable Throwable e, Class<? extends Throwable> type) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (type.isInstance(t)) {
        return true;
      }
    }
    return false;
  }

  /** True if one side has looked at the other's certificate and refused it. */
  private static boolean isAboutCertificates(Throwable e) {
    if (has(e, CertificateException.class) || has(e, SSLPeerUnverifiedException.class)) {
      return true;
    }
    String text = message(e).toLowerCase(Locale.ROOT);
    return text.contains("fatal alert")
        && (text.contains("certificate")
            || text.contains("unknown_ca")
            || text.contains("access_denied")
            || text.contains("handshake_failure"));
  }

  /** The innermost message, but for what we have to say of a TLS handshake ourselves. */
  static String message(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null && !(root instanceof SSLHandshakeException)) {
      root = root.getCause();
    }
    String message = root.getMessage();
    if (root instanceof UnknownHostException) {
      return "the host name cannot be resolved: " + message;
    }
    return message == null ? root.getClass().getSimpleName() : message;
  }

  /** The other side speaks TLS, but chose no HTTP/2. */
  static final class NoHttp2Exception extends IOException {
    private static final long serialVersionUID = 1;

    NoHttp2Exception(String host, int port) {
      super(
          host
              + ":"
              + port
              + " does not speak HTTP/2 (no ALPN h2): is a proxy or the wrong port in between?"
              + " (docs/troubleshooting.md#no-http2)");
    }
  }
}
