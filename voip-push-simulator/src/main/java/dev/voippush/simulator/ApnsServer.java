// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens, does TLS, and keeps the open connections. Thread-safe. */
final class ApnsServer {
  private static final Logger logger = LoggerFactory.getLogger(ApnsServer.class);
  private static final int THREADS = 2;

  private final SimulatorCredentials credentials;
  private final SigningKeys signingKeys;
  private final boolean sandbox;
  private final Clock clock;
  private final RequestRules rules;
  private final RequestLog log = new RequestLog();
  private final Scripts scripts = new Scripts();

  private final JoinableThreads threads = new JoinableThreads("apns-simulator");
  private final NioEventLoopGroup eventLoops = new NioEventLoopGroup(THREADS, threads);
  private final Set<Channel> channels = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger violations = new AtomicInteger();
  private volatile Http2Options options;
  private volatile boolean frozen;
  private final Channel listener;

  /** Binds to the loopback address. */
  ApnsServer(
      int port,
      SimulatorCredentials credentials,
      SigningKeys signingKeys,
      Devices devices,
      boolean sandbox,
      Clock clock,
      Http2Options options) {
    this.credentials = credentials;
    this.signingKeys = signingKeys;
    this.sandbox = sandbox;
    this.clock = clock;
    this.options = options;
    this.rules = new RequestRules(devices);
    this.listener = listen(port);
  }

  private Channel listen(int port) {
    try {
      Initializer initializer = new Initializer(tls(credentials));
      return new ServerBootstrap()
          .group(eventLoops)
          .channel(NioServerSocketChannel.class)
          .option(ChannelOption.SO_BACKLOG, 1024)
          .option(ChannelOption.SO_REUSEADDR, true)
          .childOption(ChannelOption.TCP_NODELAY, true)
          .childHandler(initializer)
          .bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port))
          .sync()
          .channel();
    } catch (InterruptedException e) {
      stop();
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the simulator started", e);
    } catch (IOException e) {
      stop();
      throw new UncheckedIOException("the simulator cannot listen on 127.0.0.1:" + port, e);
    }
  }

  private static SslContext tls(SimulatorCredentials credentials) throws SSLException {
    CertificateAuthority authority = credentials.authority();
    return SslContextBuilder.forServer(
            credentials.serverKey().getPrivate(), credentials.serverCertificate())
        .sslProvider(SslProvider.JDK)
        .protocols("TLSv1.3", "TLSv1.2")
        .clientAuth(ClientAuth.OPTIONAL)
        .trustManager(new ClientTrust(authority.issuer(), authority.root()))
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                Protocol.ALPN,
                SelectorFailureBehavior.NO_ADVERTISE,
                SelectedListenerFailureBehavior.ACCEPT,
                ApplicationProtocolNames.HTTP_2))
        .build();
  }

  private final class Initializer extends ChannelInitializer<SocketChannel> {
    private final SslContext tls;

    Initializer(SslContext tls) {
      this.tls = tls;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
      Freezer freezer = new Freezer();
      SslHandler ssl = tls.newHandler(channel.alloc());
      channel.pipeline().addLast(freezer, ssl, new Negotiated(freezer, ssl));
      channels.add(channel);
      channel.closeFuture().addListener(closed -> channels.remove(channel));
      if (frozen) {
        freezer.freeze();
      }
    }
  }

  /** Puts HTTP/2 behind TLS once the client has agreed to it. */
  @SuppressWarnings("FutureReturnValueIgnored") // nothing is left to do after a close
  private final class Negotiated extends ApplicationProtocolNegotiationHandler {
    private final Freezer freezer;
    private final SslHandler ssl;

    Negotiated(Freezer freezer, SslHandler ssl) {
      super("");
      this.freezer = freezer;
      this.ssl = ssl;
    }

    @Override
    protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
      if (!protocol.equals(ApplicationProtocolNames.HTTP_2)) {
        logger.debug("a client did not offer h2 by ALPN");
        ctx.close();
        return;
      }
      Optional<X509Certificate> certificate = clientCertificate(ssl.engine().getSession());
      Provider provider =
          certificate.isPresent()
              ? new CertificateProvider(certificate.get(), sandbox)
              : new TokenProvider(signingKeys, clock, credentials.teamId(), credentials.bundleId());
      Http2Options now = options;
      boolean oneFirst = certificate.isEmpty() && now.beforeFirstPush().isEmpty();
      ChannelPipeline pipeline = ctx.pipeline();
      pipeline.addLast(
          new ApnsConnection.Builder(
                  ApnsServer.this, provider, freezer, oneFirst ? now.withBeforeFirstPush(1) : now)
              .build());
    }

    @Override
    protected void handshakeFailure(ChannelHandlerContext ctx, Throwable cause) {
      logger.debug("TLS handshake failed: {}", cause.toString());
      ctx.close();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      logger.debug("connection failed: {}", cause.toString());
      ctx.close();
    }
  }

  private static Optional<X509Certificate> clientCertificate(SSLSession session) {
    try {
      return Optional.of((X509Certificate) session.getPeerCertificates()[0]);
    } catch (SSLPeerUnverifiedException e) {
      return Optional.empty(); // a client with provider tokens
    }
  }

  int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  RequestLog log() {
    return log;
  }

  Scripts scripts() {
    return scripts;
  }

  RequestRules rules() {
    return rules;
  }

  boolean sandbox() {
    return sandbox;
  }

  Clock clock() {
    return clock;
  }

  int maxConcurrentStreams() {
    return options.maxConcurrentStreams();
  }

  /** Counts a connection whose HTTP/2 preface has arrived, and numbers it from 1. */
  int connectionOpened() {
    open.incrementAndGet();
    return accepted.incrementAndGet();
  }

  void connectionClosed() {
    open.decrementAndGet();
  }

  void streamLimitViolated() {
    violations.incrementAndGet();
  }

  int connectionsAccepted() {
    return accepted.get();
  }

  int connectionsOpen() {
    return open.get();
  }

  int streamLimitViolations() {
    return violations.get();
  }

  void maxConcurrentStreams(int max) {
    synchronized (this) {
      options = options.withMaxConcurrentStreams(max);
    }
    onEachConnection(connection -> connection.maxConcurrentStreams(max));
  }

  void headerTableSize(int bytes) {
    synchronized (this) {
      options = options.withHeaderTableSize(bytes);
    }
    onEachConnection(connection -> connection.headerTableSize(bytes));
  }

  void goAway(String debugData) {
    onEachConnection(connection -> connection.goAway(debugData));
  }

  void freeze() {
    frozen = true;
    onEachChannel(channel -> channel.pipeline().get(Freezer.class).freeze());
  }

  void unfreeze() {
    frozen = false;
    onEachChannel(channel -> channel.pipeline().get(Freezer.class).thaw());
  }

  void dropConnections() {
    List<Channel> dropped = List.copyOf(channels);
    onEach(dropped, channel -> channel.pipeline().get(Freezer.class).drop());
    onEach(
        dropped, channel -> {}); // handlers hear of a close in a task of its own: counts are right
  }

  /** Closes everything and waits for the threads to end. */
  void close() {
    listener.close().awaitUninterruptibly();
    dropConnections();
    stop();
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the threads' end is what counts
  private void stop() {
    eventLoops.shutdownGracefully(0, 10, TimeUnit.SECONDS);
    threads.join();
  }

  private void onEachConnection(Consumer<ApnsConnection> action) {
    onEachChannel(
        channel -> {
          ApnsConnection connection = channel.pipeline().get(ApnsConnection.class);
          if (connection != null) {
            action.accept(connection);
          }
        });
  }

  private void onEachChannel(Consumer<Channel> action) {
    onEach(List.copyOf(channels), action);
  }

  /** Runs the action on each channel's event loop, and returns when it has run on all. */
  private static void onEach(List<Channel> channels, Consumer<Channel> action) {
    for (Channel channel : channels) {
      channel.eventLoop().submit(() -> action.accept(channel)).awaitUninterruptibly();
    }
  }
}
