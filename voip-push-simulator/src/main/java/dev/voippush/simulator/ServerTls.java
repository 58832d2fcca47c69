// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.UncheckedIOException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.EnumMap;
import java.util.Map;
import javax.net.ssl.SSLException;

/**
 * The server's side of TLS, as it should be or with a {@link TlsFault}. Each fault has a context of
 * its own, so that a client cannot resume a session that began without it. Thread-safe.
 */
final class ServerTls {
  private final SimulatorCredentials credentials;
  private final boolean withoutAlpn;
  private final Map<TlsFault, SslContext> contexts = new EnumMap<>(TlsFault.class);
  private volatile SslContext current;

  ServerTls(SimulatorCredentials credentials, boolean withoutAlpn) {
    this.credentials = credentials;
    this.withoutAlpn = withoutAlpn;
    current = context(TlsFault.NONE);
  }

  /** For connections from now on. */
  void fault(TlsFault fault) {
    current = context(fault);
  }

  SslHandler newHandler(ByteBufAllocator allocator) {
    return current.newHandler(allocator);
  }

  /** What is spoken with a client with which ALPN agreed on nothing; {@code ""}: nothing. */
  String protocolWithoutAlpn() {
    return withoutAlpn ? ApplicationProtocolNames.HTTP_2 : "";
  }

  private synchronized SslContext context(TlsFault fault) {
    return contexts.computeIfAbsent(fault, this::build);
  }

  private SslContext build(TlsFault fault) {
    CertificateAuthority authority = credentials.authority();
    KeyPair key = credentials.serverKey();
    X509Certificate certificate =
        switch (fault) {
          case NONE, NO_ALPN, ISSUER_NOT_NAMED -> credentials.serverCertificate();
          case WRONG_NAME -> authority.serverOfWrongName(key);
          case EXPIRED -> authority.expiredServer(key);
        };
    try {
      return SslContextBuilder.forServer(key.getPrivate(), certificate)
          .sslProvider(SslProvider.JDK)
          .protocols("TLSv1.3", "TLSv1.2")
          .clientAuth(ClientAuth.OPTIONAL)
          .trustManager(clientTrust(fault))
          .applicationProtocolConfig(
              fault == TlsFault.NO_ALPN ? ApplicationProtocolConfig.DISABLED : alpn())
          .build();
    } catch (SSLException e) {
      throw new UncheckedIOException(e);
    }
  }

  private ClientTrust clientTrust(TlsFault fault) {
    X509Certificate root = credentials.authority().root();
    X509Certificate issuer = credentials.authority().issuer();
    return fault == TlsFault.ISSUER_NOT_NAMED
        ? new ClientTrust(issuer, root)
        : new ClientTrust(issuer, root, issuer);
  }

  /**
   * A client that offers other protocols only is always turned away: where HTTP/2 is spoken without
   * ALPN that takes an alert, or it would be as welcome as one that offers nothing.
   */
  private ApplicationProtocolConfig alpn() {
    return new ApplicationProtocolConfig(
        Protocol.ALPN,
        withoutAlpn ? SelectorFailureBehavior.FATAL_ALERT : SelectorFailureBehavior.NO_ADVERTISE,
        SelectedListenerFailureBehavior.ACCEPT,
        ApplicationProtocolNames.HTTP_2);
  }
}
