// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands between a client and a server on 127.0.0.1 and hands on what either says, for as long as
 * it is told to. Its threads are daemons and end with {@link #close}.
 */
abstract class RelayServer implements AutoCloseable {
  private final ServerSocket listener = new ServerSocket();
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final AtomicInteger connections = new AtomicInteger();
  private final CountDownLatch closed = new CountDownLatch(1);

  /** Listens at this port of 127.0.0.1, or at any free one if it is 0. */
  RelayServer(int port) throws IOException {
    listener.setReuseAddress(true);
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1024);
    daemon(this::acceptAll, "accept");
  }

  /**
   * Says what is to be said to a new client, and returns the connection to the server it wants, or
   * null to end the client's.
   */
  abstract Socket open(Socket client) throws IOException;

  int port() {
    return listener.getLocalPort();
  }

  InetSocketAddress address() {
    return (InetSocketAddress) listener.getLocalSocketAddress();
  }

  /** How many clients have connected so far. */
  int connections() {
    return connections.get();
  }

  /** From now on nothing comes through the present connections, which stay up; new ones work. */
  void silenceConnections() {
    links.forEach(link -> link.silent = true);
  }

  /** Returns when {@link #close} is called. */
  void awaitClose() throws IOException {
    try {
      closed.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  /** Closes all sockets and stops to listen. */
  @Override
  public void close() throws IOException {
    closed.countDown();
    listener.close();
    links.forEach(Link::end);
  }

  private void acceptAll() {
    try {
      while (true) {
        Link link = new Link(listener.accept());
        connections.incrementAndGet();
        links.add(link);
        daemon(link::run, "client");
        if (closed.getCount() == 0) {
          link.end();
        }
      }
    } catch (IOException e) {
      // closed
    }
  }

  private static void daemon(Runnable task, String name) {
    Thread thread = new Thread(task, "relay-" + name);
    thread.setDaemon(true);
    thread.start();
  }

  static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // gone all the same
    }
  }

  /** A client's connection, and the server's on the other side. */
  private final class Link {
    private final Socket client;
    private volatile Socket server;
    private volatile boolean silent;

    Link(Socket client) {
      this.client = client;
    }

    void run() {
      try {
        client.setTcpNoDelay(true);
        Socket opened = open(client);
        if (opened == null) {
          end();
          return;
        }
        server = opened;
        opened.setTcpNoDelay(true);
        daemon(() -> handOn(opened, client), "server");
        handOn(client, opened);
      } catch (IOException e) {
        end();
      }
    }

    private void handOn(Socket from, Socket to) {
      try {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        byte[] buffer = new byte[16 * 1024];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          if (silent) {
            awaitClose();
            return; // what was said into the silence is lost
          }
          out.write(buffer, 0, n);
        }
        if (silent) {
          awaitClose();
          return;
        }
        to.shutdownOutput();
      } catch (IOException e) {
        end();
      }
    }

    void end() {
      links.remove(this);
      closeQuietly(client);
      if (server != null) {
        closeQuietly(server);
      }
    }
  }
}
