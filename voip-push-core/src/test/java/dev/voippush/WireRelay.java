// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import okio.ByteString;

/**
 * Hands TLS records on between clients and a server of this machine, and does something to one of
 * them when it is told to. Its threads are daemons and end with {@link #close}.
 */
final class WireRelay implements AutoCloseable {
  private static final int RECORD_HEADER = 5;

  private final Meddler meddler;
  private final ServerSocket listener = new ServerSocket();
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();
  private final AtomicInteger meddled = new AtomicInteger();
  private volatile int target;

  /** Says what becomes of a record. */
  @FunctionalInterface
  interface Meddler {
    /**
     * Called for each record, before it is handed on.
     *
     * @param connection 0 for the first
     * @param fromServer true if the server says it, false if the client does
     * @param record 0 for the first of this side; -1, of the client, when it has connected
     */
    Act on(int connection, boolean fromServer, int record) throws IOException;
  }

  /**
   * What becomes of a record.
   *
   * @param last what the client is told before the end of the connection, which is the last of it
   */
  record Act(Kind kind, ByteString last) {
    private enum Kind {
      PASS,
      SILENCE,
      CLOSE,
      RESET,
      CHOP,
      FLIP
    }

    static final Act PASS = new Act(Kind.PASS, ByteString.EMPTY);

    /** It and all after it get lost, in its direction. */
    static final Act SILENCE = new Act(Kind.SILENCE, ByteString.EMPTY);

    /** Both sides are closed as is usual. */
    static final Act CLOSE = new Act(Kind.CLOSE, ByteString.EMPTY);

    /** The client is reset, the server's side closed. */
    static final Act RESET = new Act(Kind.RESET, ByteString.EMPTY);

    /** Comes in segments of one byte. */
    static final Act CHOP = new Act(Kind.CHOP, ByteString.EMPTY);

    /** One bit of it is another. */
    static final Act FLIP = new Act(Kind.FLIP, ByteString.EMPTY);

    /** The client is told a TLS alert in plain text, then the connection is closed. */
    static Act alert(int level, int description) {
      return new Act(
          Kind.CLOSE,
          ByteString.of(
              (byte) 21, (byte) 3, (byte) 3, (byte) 0, (byte) 2, (byte) level, (byte) description));
    }
  }

  WireRelay(int port, int target, Meddler meddler) throws IOException {
    this.target = target;
    this.meddler = meddler;
    listener.setReuseAddress(true);
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1024);
    daemon(this::acceptAll);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** How many clients have connected so far. */
  int connections() {
    return accepted.get();
  }

  /** How often something was done to a record. */
  int meddled() {
    return meddled.get();
  }

  /** Leads new connections to another port. */
  void leadTo(int port) {
    target = port;
  }

  /** From now on what is said on the present connections gets lost, while these stay up. */
  void silence(boolean clients, boolean servers) {
    for (Link link : links) {
      link.clientSilent |= clients;
      link.serverSilent |= servers;
    }
  }

  /** Who speaks on a present connection from now on finds it reset, as after a long sleep. */
  void forgetConnections() {
    links.forEach(link -> link.forgotten = true);
  }

  /** Resets the present connections. */
  void resetConnections() {
    links.forEach(Link::reset);
  }

  @Override
  public void close() throws IOException {
    listener.close();
    links.forEach(Link::end);
  }

  private void acceptAll() {
    try {
      while (true) {
        Link link = new Link(listener.accept(), accepted.getAndIncrement());
        links.add(link);
        daemon(link::run);
        if (listener.isClosed()) {
          link.end();
        }
      }
    } catch (IOException e) {
      // closed
    }
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "wire-relay");
    thread.setDaemon(true);
    thread.start();
  }

  /** A client's connection, and the server's on the other side. */
  private final class Link {
    private final Socket client;
    private final Socket server = new Socket();
    private final int number;
    private volatile boolean clientSilent;
    private volatile boolean serverSilent;
    private volatile boolean forgotten;

    Link(Socket client, int number) {
      this.client = client;
      this.number = number;
    }

    void run() {
      try {
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        Act first = meddler.on(number, false, -1);
        if (!act(first)) {
          return;
        }
        clientSilent = first.kind == Act.Kind.SILENCE;
        server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target));
        daemon(() -> handOn(server, client, true, () -> serverSilent));
        handOn(client, server, false, () -> clientSilent);
      } catch (IOException e) {
        end();
      }
    }

    private void handOn(Socket from, Socket to, boolean fromServer, BooleanSupplier silent) {
      try {
        DataInputStream in = new DataInputStream(from.getInputStream());
        OutputStream out = to.getOutputStream();
        for (int count = 0; ; count++) {
          byte[] record = readRecord(in);
          if (forgotten) {
            meddled.incrementAndGet();
            reset();
            return;
          }
          Act act = meddler.on(number, fromServer, count);
          if (act.kind == Act.Kind.SILENCE) {
            silence(fromServer);
          }
          if (silent.getAsBoolean()) {
            meddled.incrementAndGet();
          } else if (act(act)) {
            write(out, record, act);
          } else {
            return;
          }
        }
      } catch (EOFException e) {
        if (!silent.getAsBoolean()) {
          halfClose(to);
        }
      } catch (IOException e) {
        if (silent.getAsBoolean()) {
          return; // nobody hears of it
        }
        end();
      }
    }

    private void silence(boolean fromServer) {
      if (fromServer) {
        serverSilent = true;
      } else {
        clientSilent = true;
      }
    }

    /** False if the connection is ended by it. */
    private boolean act(Act act) throws IOException {
      if (act.kind != Act.Kind.PASS) {
        meddled.incrementAndGet();
      }
      if (act.kind == Act.Kind.RESET) {
        reset();
      } else if (act.kind == Act.Kind.CLOSE) {
        client.getOutputStream().write(act.last.toByteArray());
        client.shutdownOutput(); // what is unread when it closes would reset it
        server.close();
        client.getInputStream().transferTo(OutputStream.nullOutputStream());
        end();
      }
      return act.kind != Act.Kind.RESET && act.kind != Act.Kind.CLOSE;
    }

    private void write(OutputStream out, byte[] record, Act act) throws IOException {
      if (act.kind == Act.Kind.FLIP) {
        record[record.length - 1] ^= 1;
      }
      if (act.kind == Act.Kind.CHOP) {
        for (byte one : record) {
          out.write(one);
        }
      } else {
        out.write(record);
      }
    }

    private byte[] readRecord(DataInputStream in) throws IOException {
      byte[] header = in.readNBytes(RECORD_HEADER);
      if (header.length < RECORD_HEADER) {
        throw new EOFException();
      }
      int length = (header[3] & 0xff) << 8 | (header[4] & 0xff);
      byte[] record = new byte[RECORD_HEADER + length];
      System.arraycopy(header, 0, record, 0, RECORD_HEADER);
      in.readFully(record, RECORD_HEADER, length);
      return record;
    }

    private void halfClose(Socket to) {
      try {
        to.shutdownOutput();
      } catch (IOException e) {
        end();
      }
    }

    void reset() {
      try {
        client.setSoLinger(true, 0);
      } catch (IOException e) {
        // gone already
      }
      end();
    }

    void end() {
      links.remove(this);
      RelayServer.closeQuietly(client);
      RelayServer.closeQuietly(server);
    }
  }
}
