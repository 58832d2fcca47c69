// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * Opens TLS connections to APNs: DNS, TCP, perhaps a proxy, TLS with ALPN. Thread-safe.
 *
 * <p>DNS is asked for each connection. Of several addresses the next is tried beside the ones
 * before when these have not answered within {@value #NEXT_ADDRESS_MILLIS} ms (RFC 8305), so that a
 * dead one holds up nobody.
 */
final class Dialer {
  private static final int NEXT_ADDRESS_MILLIS = 250;

  private final String host;
  private final int port;
  private final TlsSettings tls;
  private final ProxySettings proxySettings;
  private final Resolver resolver;

  /** Looks up the addresses of a name. */
  @FunctionalInterface
  interface Resolver {
    InetAddress[] resolve(String host) throws UnknownHostException;
  }

  Dialer(String host, int port, TlsSettings tls, ProxySettings proxySettings, Resolver resolver) {
    this.host = host;
    this.port = port;
    this.tls = tls;
    this.proxySettings = proxySettings;
    this.resolver = resolver;
  }

  /** One connection on its way, and then its sockets. */
  final class Dial {
    private final Set<SocketChannel> channels = new HashSet<>(); // guarded by this
    private boolean aborted; // guarded by this

    /** Blocks until TLS is established, or throws why not; {@link #abort} ends it early. */
    SSLSocket open() throws IOException {
      IOException failed = null;
      for (Proxy proxy : proxySettings.proxiesFor(host, port)) {
        try {
          return handshake(connect(proxy));
        } catch (SSLException e) {
          throw e;
        } catch (IOException e) {
          if (proxy.address() != null && ProxySelector.getDefault() != null) {
            ProxySelector.getDefault()
                .connectFailed(
                    URI.create("https://" + hostAndPort(host, port)), proxy.address(), e);
          }
          if (failed != null) {
            e.addSuppressed(failed);
          }
          failed = e;
        }
      }
      throw failed == null ? new ConnectException("no way to " + host) : failed;
    }

    /** Closes what there is, under TLS: nothing is written any more, so nothing can hang. */
    void abort() {
      List<SocketChannel> open;
      synchronized (this) {
        aborted = true;
        open = new ArrayList<>(channels);
      }
      open.forEach(Dial::close);
    }

    private static void close(SocketChannel channel) {
      try {
        channel.close();
      } catch (IOException e) {
        // gone all the same
      }
    }

    private Socket connect(Proxy proxy) throws IOException {
      if (proxy.type() == Proxy.Type.DIRECT) {
        return connect(List.of(resolver.resolve(host)), port).socket();
      }
      if (!(proxy.address() instanceof InetSocketAddress address)) {
        throw new ConnectException("proxy " + proxy + " has no address that is known here");
      }
      Socket socket;
      try {
        List<InetAddress> addresses =
            address.isUnresolved()
                ? List.of(resolver.resolve(address.getHostString()))
                : List.of(address.getAddress());
        socket = connect(addresses, address.getPort()).socket();
      } catch (IOException e) {
        throw new ConnectException(
            "proxy " + address + " cannot be reached: " + ConnectFailures.message(e));
      }
      try {
        proxySettings.tunnel(proxy, socket, host, port);
        return socket;
      } catch (IOException e) {
        forget(socket.getChannel());
        throw e;
      }
    }

    private SocketChannel connect(List<InetAddress> addresses, int port) throws IOException {
      Deque<InetAddress> left = new ArrayDeque<>(alternating(addresses));
      IOException failed = null;
      try (Selector selector = Selector.open()) {
        SocketChannel connected = null;
        long nextAt = System.nanoTime();
        while (connected == null) {
          long wait = nextAt - System.nanoTime();
          InetAddress next = wait <= 0 ? left.poll() : null;
          if (next != null) {
            nextAt = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(NEXT_ADDRESS_MILLIS);
            try {
              connected = begin(new InetSocketAddress(next, port), selector);
            } catch (IOException e) {
              failed = e;
              nextAt = System.nanoTime();
            }
            continue;
          }
          if (selector.keys().isEmpty() && left.isEmpty()) {
            throw failed == null ? new UnknownHostException(host) : failed;
          }
          if (!selector.keys().isEmpty()) {
            selector.select(left.isEmpty() ? 0 : Math.max(1, wait / 1_000_000));
          }
          for (SelectionKey key : selector.selectedKeys()) {
            SocketChannel channel = (SocketChannel) key.channel();
            try {
              if (connected == null && channel.finishConnect()) {
                connected = channel;
              }
            } catch (IOException e) {
              failed = e;
              key.cancel();
              forget(channel);
              nextAt = System.nanoTime(); // do not wait for one that is dead for certain
            }
          }
          selector.selectedKeys().clear();
          selector.selectNow(); // takes cancelled keys out
          requireNotAborted();
        }
        for (SelectionKey key : selector.keys()) {
          if (key.channel() != connected) {
            forget((SocketChannel) key.channel());
          }
        }
        for (SelectionKey key : selector.keys()) {
          key.cancel();
        }
        selector.selectNow();
        connected.configureBlocking(true);
        return connected;
      }
    }

    /** Returns the channel if it is connected at once, else registers it. */
    private @Nullable SocketChannel begin(InetSocketAddress address, Selector selector)
        throws IOException {
      SocketChannel channel = SocketChannel.open();
      synchronized (this) {
        channels.add(channel);
      }
      try {
        requireNotAborted();
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        channel.register(selector, SelectionKey.OP_CONNECT);
        return channel.connect(address) ? channel : null;
      } catch (IOException | RuntimeException e) {
        forget(channel);
        throw e;
      }
    }

    private void requireNotAborted() throws SocketException {
      synchronized (this) {
        if (aborted) {
          throw new SocketException("closed");
        }
      }
    }

    private void forget(SocketChannel channel) {
      synchronized (this) {
        channels.remove(channel);
      }
      close(channel);
    }

    private SSLSocket handshake(Socket raw) throws IOException {
      SSLSocket socket =
          (SSLSocket) tls.context().getSocketFactory().createSocket(raw, host, port, true);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
      parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      try {
        socket.startHandshake();
      } catch (SSLException e) {
        forget(raw.getChannel());
        throw e;
      } catch (IOException e) {
        forget(raw.getChannel());
        SSLException refused =
            new SSLHandshakeException(
                "the server ended the connection during the TLS handshake, as it may when it"
                    + " refuses the client certificate ("
                    + e.getMessage()
                    + ")");
        refused.initCause(e);
        throw refused;
      }
      if (!"h2".equals(socket.getApplicationProtocol())) {
        forget(raw.getChannel());
        throw new ConnectFailures.NoHttp2Exception(host, port);
      }
      return socket;
    }
  }

  /** {@code host:port}, with brackets around an IPv6 address. */
  static String hostAndPort(String host, int port) {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  /** IPv6 and IPv4 in turn, each in the order of DNS, whose first address stays first. */
  static List<InetAddress> alternating(List<InetAddress> addresses) {
    Deque<InetAddress> first = new ArrayDeque<>();
    Deque<InetAddress> other = new ArrayDeque<>();
    for (InetAddress address : addresses) {
      (address.getClass() == addresses.get(0).getClass() ? first : other).add(address);
    }
    List<InetAddress> ordered = new ArrayList<>();
    while (!first.isEmpty() || !other.isEmpty()) {
      InetAddress next = first.poll();
      if (next != null) {
        ordered.add(next);
      }
      Deque<InetAddress> turn = first;
      first = other;
      other = turn;
    }
    return ordered;
  }
}
