// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import okio.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * Which proxy to use, and how to get through it: HTTP CONNECT (RFC 9110 §9.3.6) or SOCKS 5 (RFC
 * 1928), with user and password (RFC 7617, RFC 1929) if they are given.
 *
 * @param proxy null for those of the JVM, see {@link ProxySelector}
 */
record ProxySettings(@Nullable Proxy proxy, @Nullable Credentials credentials) {
  private static final int MAX_ANSWER = 16 * 1024;
  private static final int MAX_STATUS = 128;
  private static final int SOCKS_VERSION = 5;
  private static final int NO_AUTHENTICATION = 0;
  private static final int USER_AND_PASSWORD = 2;
  private static final int IPV4 = 1;
  private static final int NAME = 3;
  private static final int IPV6 = 4;

  /** A user of the proxy; the password is in no text. */
  record Credentials(String user, String password) {
    @Override
    public String toString() {
      return user;
    }
  }

  /** The proxies to try for a connection, in this order; {@link Proxy#NO_PROXY} among them. */
  List<Proxy> proxiesFor(String host, int port) {
    if (proxy != null) {
      return List.of(proxy);
    }
    ProxySelector selector = ProxySelector.getDefault();
    List<Proxy> proxies =
        selector == null
            ? null
            : selector.select(URI.create("https://" + Dialer.hostAndPort(host, port)));
    return proxies == null || proxies.isEmpty() ? List.of(Proxy.NO_PROXY) : proxies;
  }

  /** Has the proxy at the other end of the socket connect to the host, whose name it looks up. */
  void tunnel(Proxy through, Socket socket, String host, int port) throws IOException {
    try {
      if (through.type() == Proxy.Type.HTTP) {
        httpConnect(socket, host, port);
      } else {
        socksConnect(socket, host, port);
      }
    } catch (IOException e) {
      throw new ConnectFailures.ProxyException(through.address(), ConnectFailures.message(e));
    }
  }

  private void httpConnect(Socket socket, String host, int port) throws IOException {
    String target = Dialer.hostAndPort(host, port);
    StringBuilder request = new StringBuilder("CONNECT ").append(target);
    request.append(" HTTP/1.1\r\nHost: ").append(target).append("\r\n");
    if (credentials != null) {
      byte[] pair =
          (credentials.user() + ":" + credentials.password()).getBytes(StandardCharsets.UTF_8);
      request.append("Proxy-Authorization: Basic ");
      request.append(Base64.getEncoder().encodeToString(pair)).append("\r\n");
    }
    request.append("\r\n");
    OutputStream out = socket.getOutputStream();
    out.write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
    out.flush();

    String head = readHead(new DataInputStream(socket.getInputStream()));
    String statusLine = head.lines().findFirst().orElse("");
    if (!statusLine.matches("HTTP/1\\.[01] \\d{3}( .*)?")) {
      throw new IOException("must answer CONNECT by HTTP/1.1, but did by other bytes");
    }
    String status = cleaned(statusLine.substring("HTTP/1.1 ".length()));
    if (status.startsWith("407")) {
      throw new IOException(
          credentials == null
              ? "wants authentication (407): set proxyCredentials(user, password)"
              : "refused the user or password of proxyCredentials (407); only Basic is supported,"
                  + " it offers "
                  + offeredSchemes(head));
    }
    if (!status.startsWith("2")) {
      throw new IOException("refused to connect to " + target + ": " + status);
    }
  }

  /** A proxy's text, fit for a log. */
  private static String cleaned(String text) {
    String clean = text.replaceAll("\\p{Cntrl}", " ");
    return clean.length() <= MAX_STATUS ? clean : clean.substring(0, MAX_STATUS);
  }

  private static String readHead(DataInputStream in) throws IOException {
    Buffer head = new Buffer();
    int lineEnds = 0;
    while (lineEnds < 2) { // byte by byte: what follows belongs to TLS
      int next = in.read();
      if (next < 0) {
        throw new EOFException("closed the connection instead of answering CONNECT");
      }
      if (head.size() >= MAX_ANSWER) {
        throw new IOException("answered CONNECT by more than " + MAX_ANSWER + " bytes");
      }
      head.writeByte(next);
      if (next == '\n') {
        lineEnds++;
      } else if (next != '\r') {
        lineEnds = 0;
      }
    }
    return head.readString(StandardCharsets.ISO_8859_1);
  }

  private static String offeredSchemes(String head) {
    String name = "proxy-authenticate:";
    List<String> schemes =
        head.lines()
            .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name))
            .map(line -> cleaned(line.substring(name.length()).strip().split(" ", 2)[0]))
            .toList();
    return schemes.isEmpty() ? "nothing" : String.join(", ", schemes);
  }

  private void socksConnect(Socket socket, String host, int port) throws IOException {
    OutputStream out = socket.getOutputStream();
    DataInputStream in = new DataInputStream(socket.getInputStream());
    Buffer message = new Buffer().writeByte(SOCKS_VERSION);
    if (credentials == null) {
      message.writeByte(1).writeByte(NO_AUTHENTICATION);
    } else {
      message.writeByte(2).writeByte(NO_AUTHENTICATION).writeByte(USER_AND_PASSWORD);
    }
    send(message, out);
    int version = readByte(in);
    if (version != SOCKS_VERSION) {
      throw new IOException("must speak SOCKS 5, but answered by version " + version);
    }
    int method = readByte(in);
    if (method == USER_AND_PASSWORD && credentials != null) {
      authenticate(credentials, in, out);
    } else if (method != NO_AUTHENTICATION) {
      throw new IOException(
          credentials == null
              ? "wants SOCKS authentication: set proxyCredentials(user, password)"
              : "accepts neither a SOCKS user and password nor a client without");
    }
    message.writeByte(SOCKS_VERSION).writeByte(1).writeByte(0);
    writeAddress(message, host);
    message.writeShort(port);
    send(message, out);
    readByte(in); // version
    int reply = readByte(in);
    if (reply != 0) {
      throw new IOException(
          "refused to connect to " + host + ":" + port + ": SOCKS reply " + reply + meaning(reply));
    }
    readByte(in); // reserved
    int type = readByte(in);
    int length = type == IPV4 ? 4 : type == IPV6 ? 16 : readByte(in);
    for (int i = 0; i < length + 2; i++) { // the proxy's own address and port
      readByte(in);
    }
  }

  private static void authenticate(Credentials credentials, DataInputStream in, OutputStream out)
      throws IOException {
    byte[] user = credentials.user().getBytes(StandardCharsets.UTF_8);
    byte[] password = credentials.password().getBytes(StandardCharsets.UTF_8);
    if (user.length > 255 || password.length > 255) {
      throw new IOException("takes a user and password of at most 255 bytes each");
    }
    Buffer message = new Buffer().writeByte(1);
    message.writeByte(user.length).write(user).writeByte(password.length).write(password);
    send(message, out);
    readByte(in); // version of the sub-negotiation
    if (readByte(in) != 0) {
      throw new IOException("refused the user or password of proxyCredentials (SOCKS)");
    }
  }

  private static void writeAddress(Buffer message, String host) throws IOException {
    if (host.indexOf(':') >= 0 || host.matches("[0-9.]+")) { // a literal: no name is looked up
      byte[] address = InetAddress.getByName(host).getAddress();
      message.writeByte(address.length == 4 ? IPV4 : IPV6).write(address);
    } else {
      message.writeByte(NAME).writeByte(host.length()).writeUtf8(host);
    }
  }

  private static String meaning(int reply) {
    return switch (reply) {
      case 2 -> " (not allowed by its rules)";
      case 3 -> " (network unreachable)";
      case 4 -> " (host unreachable)";
      case 5 -> " (connection refused)";
      case 6 -> " (TTL expired)";
      default -> "";
    };
  }

  private static void send(Buffer message, OutputStream out) throws IOException {
    out.write(message.readByteArray());
    out.flush();
  }

  private static int readByte(DataInputStream in) throws IOException {
    int next = in.read();
    if (next < 0) {
      throw new EOFException("closed the connection during the SOCKS handshake");
    }
    return next;
  }
}
