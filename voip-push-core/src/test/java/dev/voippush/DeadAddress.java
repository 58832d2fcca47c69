// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/**
 * A local address where connecting hangs, neither accepted nor refused, as at a host that is
 * switched off: a listener that accepts nobody and whose backlog is full.
 */
final class DeadAddress implements AutoCloseable {
  private final ServerSocket listener = new ServerSocket();
  private final List<Socket> backlog = new ArrayList<>();

  /**
   * All of 127.0.0.0/8 is this machine, on Linux, so that one port can live here and be dead there.
   */
  DeadAddress(InetAddress address, int port) throws IOException {
    listener.bind(new InetSocketAddress(address, port), 1);
    InetSocketAddress dead = address();
    while (backlog.size() < 64) {
      Socket filler = new Socket();
      backlog.add(filler);
      try {
        filler.connect(dead, 500);
      } catch (SocketTimeoutException e) {
        return;
      }
    }
    close();
    throw new IOException("this system's backlog has no end");
  }

  InetSocketAddress address() {
    return (InetSocketAddress) listener.getLocalSocketAddress();
  }

  @Override
  public void close() throws IOException {
    for (Socket filler : backlog) {
      filler.close();
    }
    listener.close();
  }
}
