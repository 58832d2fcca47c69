// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * A server on 127.0.0.1 of the JDK's TLS that gets no further than the handshake. By default its
 * certificate is for {@code localhost}, it offers HTTP/2 and asks for no client certificate; what
 * it is set to before {@link #start} is what is wrong with it.
 */
final class TlsServer implements AutoCloseable {
  private final TestAuthority authority;
  private String hostName = "localhost";
  private Instant notAfter = Instant.now().plus(Duration.ofDays(1));
  private String alpn = "h2";
  private String protocol = "TLSv1.3";
  private boolean wantsCertificate;
  private boolean closesAfterHandshake;
  private SSLContext context;
  private ServerSocket listener;

  TlsServer() throws Exception {
    authority = new TestAuthority();
  }

  TlsServer hostName(String name) {
    hostName = name;
    return this;
  }

  TlsServer notAfter(Instant end) {
    notAfter = end;
    return this;
  }

  TlsServer withoutHttp2() {
    alpn = "";
    return this;
  }

  TlsServer protocol(String name) {
    protocol = name;
    return this;
  }

  /** Requires a client certificate, and refuses each. */
  TlsServer refusesCertificates() {
    wantsCertificate = true;
    return this;
  }

  TlsServer closesAfterHandshake() {
    closesAfterHandshake = true;
    return this;
  }

  TlsServer start() throws Exception {
    context = SSLContext.getInstance("TLS");
    context.init(
        authority.serverKeys(hostName, notAfter), new TrustManager[] {new Refusing()}, null);
    listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread thread = new Thread(this::serve, "tls-server");
    thread.setDaemon(true);
    thread.start();
    return this;
  }

  X509Certificate root() {
    return authority.root();
  }

  int port() {
    return listener.getLocalPort();
  }

  URI endpoint() {
    return URI.create("https://localhost:" + port());
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private void serve() {
    while (!listener.isClosed()) {
      try (Socket raw = listener.accept()) {
        try {
          SSLSocket socket = handshake(raw);
          if (!closesAfterHandshake) {
            readAll(socket);
          }
        } catch (IOException e) { // one of the two sides has refused, as it should
          raw.shutdownOutput();
          readAll(raw); // what is left unread when it closes would reset TCP
        }
      } catch (IOException e) {
        // the client is gone, or this is closed
      }
    }
  }

  private SSLSocket handshake(Socket raw) throws IOException {
    SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(raw, null, false);
    socket.setNeedClientAuth(wantsCertificate);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setProtocols(new String[] {protocol});
    parameters.setApplicationProtocols(alpn.isEmpty() ? new String[0] : new String[] {alpn});
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  private static void readAll(Socket socket) throws IOException {
    socket.getInputStream().transferTo(OutputStream.nullOutputStream());
  }

  /** Trusts no client. */
  private static final class Refusing extends X509ExtendedTrustManager {
    private void refuse() throws CertificateException {
      throw new CertificateException("refused");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      refuse();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      refuse();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      refuse();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
