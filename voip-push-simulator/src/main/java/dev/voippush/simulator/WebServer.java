// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.TimeUnit;

/**
 * Serves the page and the HTTP API on the loopback address; all of it happens on one thread.
 * Thread-safe.
 */
final class WebServer {
  /** How much may wait for a slow browser before it gets no further events. */
  private static final WriteBufferWaterMark BACKLOG = new WriteBufferWaterMark(512 << 10, 1 << 20);

  private static final int MAX_CHUNK = 8192; // of a body, in memory at once

  private final JoinableThreads threads = new JoinableThreads("apns-simulator-web");
  private final NioEventLoopGroup eventLoops = new NioEventLoopGroup(1, threads);
  private final ChannelGroup connections;
  private final WebFiles files = new WebFiles();
  private final WebEvents events;
  private final PlacedCalls calls;
  private final WebApi api;
  private final Channel listener;

  /**
   * Binds to the loopback address.
   *
   * @param port 0 for any free one
   */
  WebServer(int port, ApnsSimulator simulator) {
    EventLoop eventLoop = eventLoops.next();
    WebState state = new WebState(simulator);
    connections = new DefaultChannelGroup(eventLoop);
    events = new WebEvents(state, eventLoop);
    calls = new PlacedCalls(simulator, events);
    api = new WebApi(simulator, state, calls);
    listener = listen(port);
  }

  private Channel listen(int port) {
    ServerBootstrap server =
        new ServerBootstrap()
            .group(eventLoops)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, BACKLOG)
            .childHandler(new Initializer());
    try {
      return Loopback.listen(server, port, "the web server");
    } catch (RuntimeException e) {
      stop();
      throw e;
    }
  }

  private final class Initializer extends ChannelInitializer<SocketChannel> {
    @Override
    protected void initChannel(SocketChannel channel) {
      connections.add(channel);
      channel
          .pipeline()
          .addLast(
              new HttpServerCodec(WebConnection.MAX_LINE, WebConnection.MAX_HEADERS, MAX_CHUNK),
              new WebBodies(),
              new WebConnection(channel.localAddress().getPort(), files, api, events));
    }
  }

  /** Where the page is: {@code http://127.0.0.1:<port>/}. */
  URI page() {
    int port = ((InetSocketAddress) listener.localAddress()).getPort();
    return URI.create("http://127.0.0.1:" + port + "/");
  }

  WebEvents events() {
    return events;
  }

  /** Closes everything and waits for the threads to end. */
  void close() {
    listener.close().awaitUninterruptibly();
    connections.close().awaitUninterruptibly();
    calls.close();
    stop();
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the thread's end is what counts
  private void stop() {
    eventLoops.shutdownGracefully(0, 10, TimeUnit.SECONDS);
    threads.join();
  }
}
