// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.DialProgress.Step;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens TLS connections to APNs: DNS, TCP, perhaps a proxy, TLS with ALPN. Thread-safe.
 *
 * <p>DNS is asked for each connection. Of several addresses the next is tried beside the ones
 * before when these have not answered within {@value #NEXT_ADDRESS_MILLIS} ms (RFC 8305), so that a
 * dead one holds up nobody.
 */
class Dialer {
  private static final Logger log = LoggerFactory.getLogger(Dialer.class);
  private static final int NEXT_ADDRESS_MILLIS = 250;
  private static final ThreadFactory THREADS = Threads.daemons("voip-push-dial");

  private final String host;
  private final int port;
  private final ProxySettings proxySettings;
  private final Resolver resolver;

  /** Looks up the addresses of a name. */
  @FunctionalInterface
  interface Resolver {
    InetAddress[] resolve(String host) throws UnknownHostException;
  }

  Dialer(String host, int port, ProxySettings proxySettings, Resolver resolver) {
    this.host = host;
    this.port = port;
    this.proxySettings = proxySettings;
    this.resolver = resolver;
  }

  Dial dial(TlsSettings tls) {
    return new Dial(tls);
  }

  /** How an attempt to connect to one address ended. */
  private record Outcome(@Nullable Socket socket, @Nullable IOException failure) {}

  /** One connection on its way, and then its sockets. */
  class Dial {
    private final TlsSettings tls;
    private final DialProgress progress = new DialProgress(hostAndPort(host, port));
    private final Set<Socket> sockets = new HashSet<>(); // guarded by this
    private @Nullable CompletableFuture<?> lookup; // guarded by this
    private boolean aborted; // guarded by this

    Dial(TlsSettings tls) {
      this.tls = tls;
    }

    /** Blocks until TLS is established, or throws why not; {@link #abort} ends it early. */
    SSLSocket open() throws IOException {
      IOException failed = null;
      for (Proxy proxy : proxySettings.proxiesFor(host, port)) {
        try {
          Socket connected = connect(proxy);
          progress.at(Step.TLS);
          SSLSocket socket = handshake(connected);
          progress.at(Step.SETTINGS);
          return socket;
        } catch (SSLException | ConnectFailures.NoHttp2Exception e) {
          throw e;
        } catch (IOException e) {
          ProxySelector selector = ProxySelector.getDefault();
          if (proxySettings.proxy() == null && proxy.address() != null && selector != null) {
            selector.connectFailed(
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

    DialProgress progress() {
      return progress;
    }

    /** Closes what there is, under TLS: nothing is written any more, so nothing can hang. */
    void abort() {
      List<Socket> open;
      CompletableFuture<?> waiting;
      synchronized (this) {
        aborted = true;
        open = new ArrayList<>(sockets);
        waiting = lookup;
      }
      if (waiting != null) {
        waiting.completeExceptionally(new SocketException("closed"));
      }
      open.forEach(Dial::close);
    }

    private static void close(Socket socket) {
      try {
        socket.close();
      } catch (IOException e) {
        log.trace("gone all the same", e);
      }
    }

    private Socket connect(Proxy proxy) throws IOException {
      if (proxy.type() == Proxy.Type.DIRECT) {
        progress.at(Step.LOOKUP);
        List<InetAddress> addresses = resolve(host);
        progress.at(Step.TCP);
        return connect(addresses, port);
      }
      progress.atProxy(String.valueOf(proxy.address()));
      if (!(proxy.address() instanceof InetSocketAddress address)) {
        throw new ConnectFailures.ProxyException(proxy, "has no address that is known here");
      }
      Socket socket;
      try {
        socket = connect(resolve(address.getHostString()), address.getPort());
      } catch (IOException e) {
        throw new ConnectFailures.ProxyException(
            address, "cannot be reached: " + ConnectFailures.message(e));
      }
      try {
        proxySettings.tunnel(proxy, socket, host, port);
        return socket;
      } catch (IOException e) {
        forget(socket);
        throw e;
      }
    }

    /** On a thread of its own, as a lookup that hangs cannot be ended. */
    private List<InetAddress> resolve(String name) throws IOException {
      CompletableFuture<List<InetAddress>> answer = new CompletableFuture<>();
      synchronized (this) {
        lookup = answer;
      }
      requireNotAborted();
      THREADS
          .newThread(
              () -> {
                try {
                  answer.complete(List.of(resolver.resolve(name)));
                } catch (IOException | RuntimeException | Error e) {
                  answer.completeExceptionally(e);
                }
              })
          .start();
      try {
        return answer.get();
      } catch (ExecutionException e) {
        throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }

    private Socket connect(List<InetAddress> addresses, int port) throws IOException {
      if (addresses.isEmpty()) {
        throw new UnknownHostException(host);
      }
      List<InetAddress> ordered = alternating(addresses);
      return ordered.size() == 1 ? connect(ordered.get(0), port) : connectToFirst(ordered, port);
    }

    private Socket connect(InetAddress address, int port) throws IOException {
      // Not a SocketChannel, which an interrupt of a caller who writes would close; and not
      // through the JVM's SOCKS proxy, of which proxySettings tell.
      Socket socket = new Socket(Proxy.NO_PROXY);
      synchronized (this) {
        sockets.add(socket);
      }
      try {
        requireNotAborted();
        socket.setTcpNoDelay(true);
        socket.setKeepAlive(true);
        socket.connect(new InetSocketAddress(address, port));
        return socket;
      } catch (IOException e) {
        forget(socket);
        throw e;
      }
    }

    /** Each address on a thread of its own, until one of them is connected. */
    private Socket connectToFirst(List<InetAddress> addresses, int port) throws IOException {
      BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
      AtomicBoolean settled = new AtomicBoolean();
      Iterator<InetAddress> left = addresses.iterator();
      int running = 0;
      IOException failed = null;
      while (true) {
        if (left.hasNext()) {
          InetAddress next = left.next();
          running++;
          THREADS.newThread(() -> outcomes.add(attempt(next, port, settled))).start();
        }
        Outcome outcome = next(outcomes, left.hasNext());
        requireNotAborted();
        if (outcome == null) {
          continue; // the next address, beside those that are slow
        }
        running--;
        Socket connected = outcome.socket();
        if (connected != null) {
          settled.set(true);
          forgetAllBut(connected);
          return connected;
        }
        IOException failure = outcome.failure();
        if (failure != null && failed != null) {
          failure.addSuppressed(failed);
        }
        failed = failure;
        if (running == 0 && !left.hasNext() && failed != null) {
          throw failed;
        }
      }
    }

    private Outcome attempt(InetAddress address, int port, AtomicBoolean settled) {
      try {
        Socket socket = connect(address, port);
        if (settled.get()) { // another was faster, and did not see this one
          forget(socket);
        }
        return new Outcome(socket, null);
      } catch (IOException e) {
        return new Outcome(null, e);
      } catch (RuntimeException | Error e) { // whoever waits must hear of it
        return new Outcome(null, new IOException(e));
      }
    }

    private static @Nullable Outcome next(BlockingQueue<Outcome> outcomes, boolean moreToTry)
        throws IOException {
      try {
        return moreToTry
            ? outcomes.poll(NEXT_ADDRESS_MILLIS, TimeUnit.MILLISECONDS)
            : outcomes.take();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }

    private void requireNotAborted() throws SocketException {
      synchronized (this) {
        if (aborted) {
          throw new SocketException("closed");
        }
      }
    }

    private void forget(Socket socket) {
      synchronized (this) {
        sockets.remove(socket);
      }
      close(socket);
    }

    private void forgetAllBut(Socket connected) {
      List<Socket> others;
      synchronized (this) {
        others = new ArrayList<>(sockets);
      }
      others.remove(connected);
      others.forEach(this::forget);
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
        forget(raw);
        throw e;
      } catch (IOException e) {
        forget(raw);
        throw new ConnectFailures.HandshakeEndedException(e, false);
      }
      if (!"h2".equals(socket.getApplicationProtocol())) {
        forget(raw);
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
