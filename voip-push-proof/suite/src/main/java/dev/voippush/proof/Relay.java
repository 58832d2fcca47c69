// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Stands before the simulator at a port of its own, and can go down and come up again on it. */
final class Relay implements AutoCloseable {
  private final int target;
  private final int port;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private @Nullable ServerSocket server;

  Relay(int target) throws IOException {
    this.target = target;
    ServerSocket first = listen(0);
    this.port = first.getLocalPort();
    serve(first);
  }

  int port() {
    return port;
  }

  private static ServerSocket listen(int port) throws IOException {
    ServerSocket server = new ServerSocket();
    server.setReuseAddress(true);
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    return server;
  }

  private void serve(ServerSocket listening) {
    synchronized (this) {
      server = listening;
    }
    start(() -> accept(listening));
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "soak-relay");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept(ServerSocket listening) {
    while (true) {
      try {
        Socket client = listening.accept();
        open.add(client);
        start(() -> connect(client, listening));
      } catch (IOException e) {
        return; // it is down
      }
    }
  }

  private void connect(Socket client, ServerSocket listening) {
    try {
      Socket up = new Socket(InetAddress.getLoopbackAddress(), target);
      open.add(up);
      client.setTcpNoDelay(true);
      up.setTcpNoDelay(true);
      if (listening.isClosed()) { // it may have missed these two
        end(client);
        end(up);
      }
      start(() -> copy(client, up));
      copy(up, client);
    } catch (IOException e) {
      end(client);
    }
  }

  private void copy(Socket from, Socket to) {
    byte[] buffer = new byte[16_384];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        out.write(buffer, 0, n);
      }
      to.shutdownOutput();
      if (from.isOutputShutdown()) {
        end(from);
        end(to);
      }
    } catch (IOException e) {
      end(from);
      end(to);
    }
  }

  private void end(Socket socket) {
    open.remove(socket);
    try {
      socket.setSoLinger(true, 0); // RST, as from a process that is gone
      socket.close();
    } catch (IOException e) {
      // it is closed
    }
  }

  /** Refuses connections and resets those there are. */
  void down() {
    ServerSocket listening;
    synchronized (this) {
      listening = server;
      server = null;
    }
    if (listening == null) {
      return;
    }
    try {
      listening.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    open.forEach(this::end);
  }

  /** Listens again, on the same port. */
  void up() throws IOException {
    serve(listen(port));
  }

  @Override
  public void close() {
    down();
  }
}
