// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.List;
import javax.net.SocketFactory;
import okhttp3.Dns;

/**
 * Looks up names and makes raw sockets, but only for those calls that are to open a connection, and
 * lets no call begin TLS that was cancelled.
 *
 * <p>OkHttp opens a further connection whenever it finds no room on those it has: a thousand cold
 * calls make a thousand handshakes. Here a call without leave to dial fails instead, before
 * anything was sent.
 */
final class DialGate extends SocketFactory {
  /** Set around the dialling of a call on the thread that does it, by the event listener. */
  private final ThreadLocal<Boolean> leave = new ThreadLocal<>();

  /** The same around the lookup of the server's name, or of the proxy's. */
  private final ThreadLocal<Boolean> leaveToLookUp = new ThreadLocal<>();

  /** The same around TLS: whether its call was cancelled before. */
  private final ThreadLocal<Boolean> cancelled = new ThreadLocal<>();

  private final SocketFactory sockets;
  private final Dns dns;

  DialGate(SocketFactory sockets, Dns dns) {
    this.sockets = sockets;
    this.dns = dns;
  }

  /** The call for which the current thread is about to look up a name may, or may not, dial. */
  void nextLookup(boolean allowed) {
    leaveToLookUp.set(allowed);
  }

  /** A call without leave is not to wait for a name that it has no use for, or fail without it. */
  List<InetAddress> lookup(String name) throws UnknownHostException {
    boolean allowed = Boolean.TRUE.equals(leaveToLookUp.get());
    leaveToLookUp.remove();
    if (!allowed) {
      UnknownHostException refused = new UnknownHostException(name);
      refused.initCause(new NoRoomException());
      throw refused;
    }
    return dns.lookup(name);
  }

  /** The call whose connection the current thread is about to open may, or may not, do so. */
  void nextDial(boolean allowed) {
    leave.set(allowed);
  }

  /**
   * The call on whose connection the current thread is about to begin TLS was cancelled, or not.
   */
  void nextHandshake(boolean callIsCancelled) {
    cancelled.set(callIsCancelled);
  }

  /**
   * Ends what OkHttp would go on with: a cancellation between TCP and TLS closes no socket, and the
   * handshake could hang for as long as the connect timeout.
   */
  void checkHandshake() throws IOException {
    boolean isCancelled = Boolean.TRUE.equals(cancelled.get());
    cancelled.remove();
    if (isCancelled) {
      throw new IOException("Canceled");
    }
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
