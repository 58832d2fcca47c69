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
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslHandler;
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
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens in both environments and keeps the open connections. Thread-safe. */
final class ApnsServer {
  private static final Logger logger = LoggerFactory.getLogger(ApnsServer.class);
  private static final int THREADS = 2;

  private final ServerTls tls;
  private final SigningKeys signingKeys;
  private final Apps apps;
  private final Courier courier;
  private final Clock clock;
  private final RequestLog log;
  private final Scripts scripts = new Scripts();

  private final JoinableThreads threads = new JoinableThreads("apns-simulator");
  private final NioEventLoopGroup eventLoops = new NioEventLoopGroup(THREADS, threads);
  private final Set<Channel> channels = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger streams = new AtomicInteger();
  private final AtomicInteger violations = new AtomicInteger();
  private volatile Http2Options options;
  private volatile boolean frozen;
  private final Channel production;
  private final Channel sandbox;

  /** Binds both environments to the loopback address. */
  ApnsServer(
      int port,
      int sandboxPort,
      ServerTls tls,
      SigningKeys signingKeys,
      Apps apps,
      Devices devices,
      Courier courier,
      Clock clock,
      RequestLog log,
      Http2Options options) {
    this.tls = tls;
    this.signingKeys = signingKeys;
    this.apps = apps;
    this.courier = courier;
    this.clock = clock;
    this.log = log;
    this.options = options;
    this.production = listen(port, new RequestRules(devices, false));
    this.sandbox = listen(sandboxPort, new RequestRules(devices, true));
  }

  private Channel listen(int port, RequestRules rules) {
    ServerBootstrap server =
        new ServerBootstrap()
            .group(eventLoops)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .childHandler(new Initializer(rules));
    try {
      return Loopback.listen(server, port, "the simulator");
    } catch (RuntimeException e) {
      stop();
      throw e;
    }
  }

  private final class Initializer extends ChannelInitializer<SocketChannel> {
    private final RequestRules rules;

    Initializer(RequestRules rules) {
      this.rules = rules;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
      Freezer freezer = new Freezer();
      SslHandler ssl = tls.newHandler(channel.alloc());
      channel.pipeline().addLast(freezer, ssl, new Negotiated(rules, freezer, ssl));
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
    private final RequestRules rules;
    private final Freezer freezer;
    private final SslHandler ssl;

    Negotiated(RequestRules rules, Freezer freezer, SslHandler ssl) {
      super(tls.protocolWithoutAlpn());
      this.rules = rules;
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
              ? new CertificateProvider(certificate.get(), rules.sandbox())
              : new TokenProvider(signingKeys, clock, apps, rules.sandbox());
      Http2Options now = options;
      boolean oneFirst = certificate.isEmpty() && now.beforeFirstPush().isEmpty();
      ChannelPipeline pipeline = ctx.pipeline();
      pipeline.addLast(
          new ApnsConnection.Builder(
                  ApnsServer.this,
                  rules,
                  provider,
                  freezer,
                  oneFirst ? now.withBeforeFirstPush(1) : now)
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
    return ((InetSocketAddress) production.localAddress()).getPort();
  }

  int sandboxPort() {
    return ((InetSocketAddress) sandbox.localAddress()).getPort();
  }

  /** For connections from now on. */
  void tls(TlsFault fault) {
    tls.fault(fault);
  }

  RequestLog log() {
    return log;
  }

  Scripts scripts() {
    return scripts;
  }

  Courier courier() {
    return courier;
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

  void streamOpened() {
    streams.incrementAndGet();
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

  int streamsOpened() {
    return streams.get();
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
    production.close().awaitUninterruptibly();
    sandbox.close().awaitUninterruptibly();
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
