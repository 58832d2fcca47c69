// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * Says why there is no connection, so that a reader can mend it: {@code host:port: fault; fix
 * (docs/troubleshooting.md#...)}. Nothing was sent.
 */
final class ConnectFailures {
  private static final Pattern ALERT = Pattern.compile("fatal alert: (\\w+)");
  private static final Pattern OTHER_NAME =
      Pattern.compile("No (subject alternative|name matching)|Hostname .* not verified");
  private static final int MAX_DETAIL = 400;

  private ConnectFailures() {}

  static AttemptFailure of(Throwable e, DialProgress progress) {
    if (e instanceof NoHttp2Exception) {
      return new AttemptFailure(Failure.PROTOCOL, Delivery.NOT_SENT, true, message(e), e);
    }
    if (has(e, SSLException.class)) {
      return new AttemptFailure(
          Failure.TLS,
          Delivery.NOT_SENT,
          isAboutCertificates(e),
          progress.server() + ": " + tls(e, alert(e)),
          e);
    }
    return new AttemptFailure(
        Failure.CONNECT, Delivery.NOT_SENT, false, withoutTls(e, progress), e);
  }

  /** The TLS handshake is over, but then came {@code how} and no HTTP/2. */
  static AttemptFailure silentAfterHandshake(Throwable how, DialProgress progress) {
    if (has(how, SSLException.class)) {
      return of(how, progress);
    }
    return new AttemptFailure(
        Failure.TLS,
        Delivery.NOT_SENT,
        false,
        progress.server() + ": " + endedAfterHandshake(how),
        how);
  }

  private static String endedAfterHandshake(Throwable how) {
    return "the server ended the connection after the TLS handshake without a word of HTTP/2 ("
        + detail(how)
        + "), as it does when it refuses the client certificate; look at the certificate with"
        + " CertificateDoctor (docs/troubleshooting.md#refused-during-the-tls-handshake)";
  }

  static boolean has(@Nullable Throwable e, Class<? extends Throwable> type) {
    return find(e, type) != null;
  }

  private static <T extends Throwable> @Nullable T find(@Nullable Throwable e, Class<T> type) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (type.isInstance(t)) {
        return type.cast(t);
      }
    }
    return null;
  }

  /** The server's TLS alert, or "". */
  private static String alert(Throwable e) {
    Matcher matcher = ALERT.matcher(message(e));
    return matcher.find() ? matcher.group(1).toLowerCase(Locale.ROOT) : "";
  }

  /** True if one side has looked at the other's certificate and refused it. */
  private static boolean isAboutCertificates(Throwable e) {
    String alert = alert(e);
    return has(e, CertificateException.class)
        || has(e, SSLPeerUnverifiedException.class)
        || alert.contains("certificate")
        || alert.equals("unknown_ca")
        || alert.equals("access_denied")
        || alert.equals("handshake_failure");
  }

  private static String tls(Throwable e, String alert) {
    if (!alert.isEmpty()) {
      return ofAlert(alert, "(TLS alert " + alert + ")");
    }
    if (isAboutCertificates(e)) {
      return ofServersCertificate(e);
    }
    String detail = detail(e);
    HandshakeEndedException ended = find(e, HandshakeEndedException.class);
    if (ended != null && ended.handshakeIsOver) {
      return endedAfterHandshake(ended);
    }
    if (ended != null || has(e, EOFException.class)) {
      return "the server ended the connection during the TLS handshake ("
          + detail
          + "), as it may when it refuses the client certificate, or a firewall does; look at the"
          + " certificate with CertificateDoctor"
          + " (docs/troubleshooting.md#refused-during-the-tls-handshake)";
    }
    if (detail.contains("unrecognized SSL message")) {
      return "does not speak TLS; is a proxy in between, or the port wrong?"
          + " (docs/troubleshooting.md#no-http2)";
    }
    return "TLS failed: " + detail + " (docs/troubleshooting.md#refused-during-the-tls-handshake)";
  }

  private static String ofAlert(String alert, String inBrackets) {
    return switch (alert) {
      case "certificate_expired" ->
          "the server says that the client certificate has expired "
              + inBrackets
              + "; renew it (docs/troubleshooting.md#client-certificate-expired)";
      case "certificate_revoked" ->
          "the server says that the client certificate was revoked "
              + inBrackets
              + "; create a new one (docs/troubleshooting.md#client-certificate-revoked)";
      case "unknown_ca" ->
          "the server does not know the issuer of the client certificate "
              + inBrackets
              + "; use the one that Apple issued, or, at a simulator, the simulator's"
              + " (docs/troubleshooting.md#client-certificate-of-an-unknown-issuer)";
      case "bad_certificate",
          "certificate_unknown",
          "certificate_required",
          "unsupported_certificate",
          "access_denied" ->
          "the server refuses the client certificate, or that there is none "
              + inBrackets
              + "; look at it with CertificateDoctor"
              + " (docs/troubleshooting.md#client-certificate-refused)";
      case "handshake_failure" ->
          "the server refuses the TLS handshake "
              + inBrackets
              + ", as it may when it refuses the client certificate or wants one where a signing"
              + " key is used; look at the certificate with CertificateDoctor"
              + " (docs/troubleshooting.md#client-certificate-refused)";
      case "no_application_protocol" ->
          "does not speak HTTP/2 "
              + inBrackets
              + "; is a proxy in between, or the port wrong? (docs/troubleshooting.md#no-http2)";
      default ->
          "the server ended the TLS handshake "
              + inBrackets
              + " (docs/troubleshooting.md#refused-during-the-tls-handshake)";
    };
  }

  private static String ofServersCertificate(Throwable e) {
    ServerTrust.RefusedException refused = find(e, ServerTrust.RefusedException.class);
    String names = refused == null ? "" : "; it is " + refused.names();
    String inBrackets = " (" + detail(e) + names + ")";
    if (has(e, CertificateExpiredException.class)
        || has(e, CertificateNotYetValidException.class)) {
      return "the server's certificate is not valid at this time"
          + inBrackets
          + "; set this machine's clock (NTP), or renew that certificate"
          + " (docs/troubleshooting.md#server-certificate-expired)";
    }
    if (OTHER_NAME.matcher(detail(e)).find()) {
      return "the server's certificate is for another host name"
          + inBrackets
          + "; name the host in endpoint(...) as its certificate does"
          + " (docs/troubleshooting.md#server-certificate-of-another-name)";
    }
    if (has(e, CertPathBuilderException.class)) {
      return "the issuer of the server's certificate is not trusted"
          + inBrackets
          + "; exempt APNs from the TLS inspection of a proxy, or give the root of a simulator or"
          + " relay to trustedCertificates(...) (docs/troubleshooting.md#server-not-trusted)";
    }
    return "the server's certificate is not trusted"
        + inBrackets
        + " (docs/troubleshooting.md#server-not-trusted)";
  }

  private static String withoutTls(Throwable e, DialProgress progress) {
    DialProgress.Step step = progress.step();
    if (step == DialProgress.Step.NONE || has(e, ProxyException.class)) {
      return message(e);
    }
    String server = progress.server() + ": ";
    boolean late = has(e, SocketTimeoutException.class);
    if (step == DialProgress.Step.PROXY) {
      String fault = late ? "has not connected: " + detail(e) : ofOkHttpsProxy(e, progress);
      return ofProxy(progress.proxy(), fault);
    }
    if (late) {
      return server + detail(e) + whileWaitingFor(step);
    }
    if (has(e, UnknownHostException.class)) {
      return server
          + detail(e)
          + "; check the name, and that a DNS server can be reached from here"
          + " (docs/troubleshooting.md#host-name-not-resolved)";
    }
    String detail = detail(e);
    if (detail.contains("refused")) {
      return server
          + detail
          + "; check host and port of endpoint(...), and that outgoing connections to port 443 or"
          + " 2197 are allowed (docs/troubleshooting.md#connection-refused)";
    }
    if (has(e, NoRouteToHostException.class)
        || detail.contains("unreachable")
        || detail.contains("timed out")) {
      return server
          + detail
          + "; check routes and firewall for outgoing connections to port 443 or 2197"
          + " (docs/troubleshooting.md#unreachable)";
    }
    return server + detail;
  }

  private static String ofProxy(Object proxy, String fault) {
    return "proxy " + proxy + " " + fault + " (docs/troubleshooting.md#proxy)";
  }

  private static String whileWaitingFor(DialProgress.Step step) {
    return switch (step) {
      case LOOKUP ->
          ", because the name is not looked up; check that the DNS server can be reached"
              + " (docs/troubleshooting.md#host-name-not-resolved)";
      case TLS ->
          ", because the server takes TCP connections but does not answer in TLS; is a firewall or"
              + " a proxy in between? (docs/troubleshooting.md#silent-server)";
      case SETTINGS ->
          ", because the server says nothing in HTTP/2 after the TLS handshake; is it APNs?"
              + " (docs/troubleshooting.md#silent-server)";
      default ->
          ", because TCP is neither accepted nor refused; a firewall may block port 443, then allow"
              + " it, or 2197, which APNs takes too (docs/troubleshooting.md#unreachable)";
    };
  }

  /** What the proxy of a user's OkHttpClient did. */
  private static String ofOkHttpsProxy(Throwable e, DialProgress progress) {
    String detail = detail(e);
    if (has(e, ConnectException.class)
        || has(e, UnknownHostException.class)
        || has(e, NoRouteToHostException.class)) {
      return "cannot be reached: " + detail;
    }
    if (detail.equals("Failed to authenticate with proxy")) {
      return "wants authentication (407): set a proxyAuthenticator that answers it on the client of"
          + " httpClient(...)";
    }
    return "does not connect to " + progress.server() + ": " + detail;
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

  /** The message, which may come from the other side, as one line of a bearable length. */
  private static String detail(Throwable e) {
    String line = message(e).replaceAll("[\\s\\p{Cntrl}]+", " ").strip();
    return line.length() <= MAX_DETAIL ? line : line.substring(0, MAX_DETAIL) + "…";
  }

  /** The other side speaks TLS, but chose no HTTP/2. */
  static final class NoHttp2Exception extends IOException {
    private static final long serialVersionUID = 1;

    NoHttp2Exception(String host, int port) {
      super(
          Dialer.hostAndPort(host, port)
              + " does not speak HTTP/2 (no ALPN h2): is a proxy or the wrong port in between?"
              + " (docs/troubleshooting.md#no-http2)");
    }
  }

  /** There is no way through the proxy. */
  static final class ProxyException extends ConnectException {
    private static final long serialVersionUID = 1;

    ProxyException(Object proxy, String fault) {
      super(ofProxy(proxy, fault));
    }
  }

  /** The server has ended TCP in the TLS handshake or after it, without an alert. */
  static final class HandshakeEndedException extends SSLHandshakeException {
    private static final long serialVersionUID = 1;

    private final boolean handshakeIsOver;

    /**
     * @param over true if the client's side of the handshake was over
     */
    HandshakeEndedException(IOException how, boolean over) {
      super(ConnectFailures.message(how));
      initCause(how);
      handshakeIsOver = over;
    }
  }
}
