// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** The only address that anything here listens on: 127.0.0.1. */
final class Loopback {
  private Loopback() {}

  /**
   * Binds the server.
   *
   * @param port 0 for any free one
   * @param what listens, for messages
   * @throws UncheckedIOException if the port is taken
   * @throws IllegalStateException if the thread is interrupted
   */
  static Channel listen(ServerBootstrap server, int port, String what) {
    try {
      return server
          .channel(NioServerSocketChannel.class)
          .option(ChannelOption.SO_REUSEADDR, true)
          .childOption(ChannelOption.TCP_NODELAY, true)
          .bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port))
          .sync()
          .channel();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while " + what + " started", e);
    } catch (IOException e) {
      throw new UncheckedIOException(what + " cannot listen on 127.0.0.1:" + port, e);
    }
  }
}
