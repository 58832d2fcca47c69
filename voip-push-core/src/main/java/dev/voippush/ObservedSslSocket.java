// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import javax.net.ssl.HandshakeCompletedListener;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * A TLS socket that tells when the server first speaks, or how it ended without, and that ends when
 * too many answers wait to be written.
 *
 * <p>In TLS 1.3 the client's handshake is over before the server has looked at its certificate.
 * Only the server's first bytes, its SETTINGS, show that the certificate was accepted, and only the
 * first read shows the alert if it was not.
 */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // the socket inside has its own locks
final class ObservedSslSocket extends SSLSocket {
  private static final int FIRST_BYTES_MILLIS = 1_000;
  private static final int NONE = -1;

  private final Socket raw;
  private final SSLSocket socket;
  private final CompletableFuture<Void> firstBytes = new CompletableFuture<>();
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private int firstByte = NONE; // read ahead by the thread that connects, then the reader's
  private final AnswerCounter asked = AnswerCounter.ofQuestions(); // the reader's
  private final AnswerCounter answered = AnswerCounter.ofAnswers(); // the writer's

  ObservedSslSocket(Socket raw, SSLSocket socket) {
    this.raw = raw;
    this.socket = socket;
  }

  /** Closes the socket under TLS: no farewell is written, so that nothing can hang. */
  void abort() {
    try {
      raw.close();
    } catch (IOException e) {
      ended(e); // gone all the same
    }
    ended(new SocketException("closed"));
  }

  /** Completes with the server's first decrypted bytes, or with what came instead of them. */
  CompletableFuture<Void> firstBytes() {
    return firstBytes;
  }

  /** Completes when the connection has ended, by either side. */
  CompletableFuture<Void> closed() {
    return closed;
  }

  private void ended(IOException how) {
    firstBytes.completeExceptionally(how);
    closed.complete(null);
  }

  /**
   * In TLS 1.3 reads on, until the server has spoken or refused: written to a server that has
   * refused, the first bytes of HTTP/2 would only be answered by a reset that wipes out its alert.
   */
  @Override
  public void startHandshake() throws IOException {
    boolean over = false;
    try {
      socket.startHandshake();
      over = true;
      if (socket.getSession().getProtocol().equals("TLSv1.3")
          && "h2".equals(socket.getApplicationProtocol())) { // or it may end, not knowing HTTP/2
        readAhead();
      }
    } catch (SSLException | SocketTimeoutException e) {
      ended(e);
      throw e;
    } catch (IOException e) {
      SSLException refused = new ConnectFailures.HandshakeEndedException(e, over);
      ended(refused);
      throw refused;
    }
  }

  private void readAhead() throws IOException {
    int timeout = socket.getSoTimeout();
    socket.setSoTimeout(FIRST_BYTES_MILLIS);
    try {
      firstByte = socket.getInputStream().read();
      if (firstByte == NONE) {
        throw new EOFException("end of stream");
      }
      firstBytes.complete(null);
    } catch (SocketTimeoutException e) {
      // a server that waits for our first bytes
    } finally {
      if (!socket.isClosed()) {
        socket.setSoTimeout(timeout);
      }
    }
  }

  @Override
  public InputStream getInputStream() throws IOException {
    return new FilterInputStream(socket.getInputStream()) {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        if (firstByte >= 0 && length > 0) {
          bytes[offset] = (byte) firstByte;
          firstByte = NONE;
          asked.pass(bytes, offset, 1);
          return 1;
        }
        try {
          int count = super.read(bytes, offset, length);
          if (count > 0) {
            firstBytes.complete(null);
            asked.pass(bytes, offset, count);
            checkAnswers();
          } else if (count < 0) {
            ended(new IOException("the server closed the connection before it spoke HTTP/2"));
          }
          return count;
        } catch (IOException e) {
          ended(e);
          throw e;
        }
      }
    };
  }

  /** OkHttp queues an answer to each PING and SETTINGS, without a limit. */
  private void checkAnswers() throws IOException {
    if (asked.count() - answered.count() > StreamConnection.MAX_UNWRITTEN_ANSWERS) {
      abort();
      throw StreamConnection.tooManyUnwrittenAnswers();
    }
  }

  @Override
  public OutputStream getOutputStream() throws IOException {
    return new FilterOutputStream(socket.getOutputStream()) {
      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
        answered.pass(bytes, offset, length);
      }
    };
  }

  @Override
  public void close() throws IOException {
    try {
      socket.close();
    } finally {
      ended(new SocketException("closed"));
    }
  }

  // All below: the same, of the socket inside.

  @Override
  public String[] getSupportedCipherSuites() {
    return socket.getSupportedCipherSuites();
  }

  @Override
  public String[] getEnabledCipherSuites() {
    return socket.getEnabledCipherSuites();
  }

  @Override
  public void setEnabledCipherSuites(String[] suites) {
    socket.setEnabledCipherSuites(suites);
  }

  @Override
  public String[] getSupportedProtocols() {
    return socket.getSupportedProtocols();
  }

  @Override
  public String[] getEnabledProtocols() {
    return socket.getEnabledProtocols();
  }

  @Override
  public void setEnabledProtocols(String[] protocols) {
    socket.setEnabledProtocols(protocols);
  }

  @Override
  public SSLSession getSession() {
    return socket.getSession();
  }

  @Override
  public @Nullable SSLSession getHandshakeSession() {
    return socket.getHandshakeSession();
  }

  @Override
  public void addHandshakeCompletedListener(HandshakeCompletedListener listener) {
    socket.addHandshakeCompletedListener(listener);
  }

  @Override
  public void removeHandshakeCompletedListener(HandshakeCompletedListener listener) {
    socket.removeHandshakeCompletedListener(listener);
  }

  @Override
  public void setUseClientMode(boolean mode) {
    socket.setUseClientMode(mode);
  }

  @Override
  public boolean getUseClientMode() {
    return socket.getUseClientMode();
  }

  @Override
  public void setNeedClientAuth(boolean need) {
    socket.setNeedClientAuth(need);
  }

  @Override
  public boolean getNeedClientAuth() {
    return socket.getNeedClientAuth();
  }

  @Override
  public void setWantClientAuth(boolean want) {
    socket.setWantClientAuth(want);
  }

  @Override
  public boolean getWantClientAuth() {
    return socket.getWantClientAuth();
  }

  @Override
  public void setEnableSessionCreation(boolean flag) {
    socket.setEnableSessionCreation(flag);
  }

  @Override
  public boolean getEnableSessionCreation() {
    return socket.getEnableSessionCreation();
  }

  @Override
  public SSLParameters getSSLParameters() {
    return socket.getSSLParameters();
  }

  @Override
  public void setSSLParameters(SSLParameters parameters) {
    socket.setSSLParameters(parameters);
  }

  @Override
  public @Nullable String getApplicationProtocol() {
    return socket.getApplicationProtocol();
  }

  @Override
  public @Nullable String getHandshakeApplicationProtocol() {
    return socket.getHandshakeApplicationProtocol();
  }

  @Override
  public void setHandshakeApplicationProtocolSelector(
      BiFunction<SSLSocket, List<String>, String> selector) {
    socket.setHandshakeApplicationProtocolSelector(selector);
  }

  @Override
  public BiFunction<SSLSocket, List<String>, String> getHandshakeApplicationProtocolSelector() {
    return socket.getHandshakeApplicationProtocolSelector();
  }

  @Override
  public @Nullable InetAddress getInetAddress() {
    return socket.getInetAddress();
  }

  @Override
  public InetAddress getLocalAddress() {
    return socket.getLocalAddress();
  }

  @Override
  public int getPort() {
    return socket.getPort();
  }

  @Override
  public int getLocalPort() {
    return socket.getLocalPort();
  }

  @Override
  public @Nullable SocketAddress getRemoteSocketAddress() {
    return socket.getRemoteSocketAddress();
  }

  @Override
  public @Nullable SocketAddress getLocalSocketAddress() {
    return socket.getLocalSocketAddress();
  }

  @Override
  public void setTcpNoDelay(boolean on) throws SocketException {
    socket.setTcpNoDelay(on);
  }

  @Override
  public boolean getTcpNoDelay() throws SocketException {
    return socket.getTcpNoDelay();
  }

  @Override
  public void setSoTimeout(int timeout) throws SocketException {
    socket.setSoTimeout(timeout);
  }

  @Override
  public int getSoTimeout() throws SocketException {
    return socket.getSoTimeout();
  }

  @Override
  public boolean isConnected() {
    return socket.isConnected();
  }

  @Override
  public boolean isBound() {
    return socket.isBound();
  }

  @Override
  public boolean isClosed() {
    return socket.isClosed();
  }

  @Override
  public boolean isInputShutdown() {
    return socket.isInputShutdown();
  }

  @Override
  public boolean isOutputShutdown() {
    return socket.isOutputShutdown();
  }

  /**
   * An {@link javax.net.ssl.SSLSocketFactory} whose sockets are observed, and check the name of the
   * host by themselves: an interceptor can replace OkHttp's check.
   */
  static final class Factory extends javax.net.ssl.SSLSocketFactory {
    private final javax.net.ssl.SSLSocketFactory factory;
    private final DialGate dialGate;

    Factory(javax.net.ssl.SSLSocketFactory factory, DialGate dialGate) {
      this.factory = factory;
      this.dialGate = dialGate;
    }

    @Override
    public Socket createSocket(Socket raw, String host, int port, boolean autoClose)
        throws IOException {
      dialGate.checkHandshake();
      SSLSocket socket = (SSLSocket) factory.createSocket(raw, host, port, autoClose);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      return new ObservedSslSocket(raw, socket);
    }

    @Override
    public String[] getDefaultCipherSuites() {
      return factory.getDefaultCipherSuites();
    }

    @Override
    public String[] getSupportedCipherSuites() {
      return factory.getSupportedCipherSuites();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
      throw layeredOnly();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort)
        throws IOException {
      throw layeredOnly();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
      throw layeredOnly();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
        throws IOException {
      throw layeredOnly();
    }

    private static IOException layeredOnly() {
      return new IOException("only sockets over a connected socket are made here");
    }
  }
}
