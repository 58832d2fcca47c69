// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;

/** Leads to one server, whose own port may be another. */
final class TcpRelay extends RelayServer {
  private final int serverPort;

  TcpRelay(int port, int serverPort) throws IOException {
    super(port);
    this.serverPort = serverPort;
  }

  @Override
  Socket open(Socket client) throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), serverPort);
  }
}
