// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * A port of 127.0.0.1 where connections are refused: it is taken, so that no other process can come
 * to listen there, but nobody listens. A {@link RelayServer} may begin to.
 */
final class RefusingPort implements AutoCloseable {
  private final Socket holder = new Socket();

  RefusingPort() throws IOException {
    holder.setReuseAddress(true);
    holder.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  InetSocketAddress address() {
    return (InetSocketAddress) holder.getLocalSocketAddress();
  }

  int port() {
    return holder.getLocalPort();
  }

  @Override
  public void close() throws IOException {
    holder.close();
  }
}
