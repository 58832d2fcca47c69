// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/**
 * Makes raw sockets, but only for those calls that are to open a connection.
 *
 * <p>OkHttp opens a further connection whenever it finds no room on those it has: a thousand cold
 * calls make a thousand handshakes. Here a call without leave to dial fails instead, before
 * anything was sent.
 */
final class DialGate extends SocketFactory {
  /** Set around the dialling of a call on the thread that does it, by the event listener. */
  private final ThreadLocal<Boolean> leave = new ThreadLocal<>();

  private final SocketFactory sockets;

  DialGate(SocketFactory sockets) {
    this.sockets = sockets;
  }

  /** The call whose connection the current thread is about to open may, or may not, do so. */
  void nextDial(boolean allowed) {
    leave.set(allowed);
  }

  @Override
  public Socket createSocket() throws IOException {
    if (!Boolean.TRUE.equals(leave.get())) {
      throw new NoRoomException();
    }
    leave.remove();
    Socket socket = sockets.createSocket();
    socket.setTcpNoDelay(true);
    return socket;
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    throw new NoRoomException();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress local, int localPort)
      throws IOException {
    throw new NoRoomException();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    throw new NoRoomException();
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
      throws IOException {
    throw new NoRoomException();
  }

  /** The connection that is there takes no further stream now. */
  static final class NoRoomException extends IOException {
    private static final long serialVersionUID = 1;

    NoRoomException() {
      super("the connection has no room for another stream");
    }
  }
}
