// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A proxy for HTTP CONNECT, or for SOCKS 5 (RFC 1928, RFC 1929), with or without credentials. */
final class ProxyServer extends RelayServer {
  /** What it does with clients. */
  enum Mood {
    CONNECT,
    /** Says 502, or SOCKS reply 5. */
    REFUSE,
    GARBAGE,
    HANG,
    /** Ends the connection without a word. */
    CLOSE,
    /** Says that it is connected, and nothing else. */
    HANG_WHEN_CONNECTED
  }

  private final Proxy.Type type;
  private final List<String> targets = new CopyOnWriteArrayList<>();
  private volatile String user;
  private volatile String password;
  private volatile Mood mood = Mood.CONNECT;

  private ProxyServer(Proxy.Type type) throws IOException {
    super(0);
    this.type = type;
  }

  static ProxyServer of(Proxy.Type type) throws IOException {
    return new ProxyServer(type);
  }

  ProxyServer requireCredentials(String user, String password) {
    this.user = user;
    this.password = password;
    return this;
  }

  ProxyServer mood(Mood mood) {
    this.mood = mood;
    return this;
  }

  Proxy proxy() {
    return new Proxy(type, address());
  }

  /** Where clients wanted to go that were let in, as they named it: {@code localhost:443}. */
  List<String> targets() {
    return List.copyOf(targets);
  }

  @Override
  Socket open(Socket client) throws IOException {
    DataInputStream in = new DataInputStream(client.getInputStream());
    switch (mood) {
      case GARBAGE -> {
        in.readByte();
        client.getOutputStream().write("SSH-2.0-OpenSSH_9.6\r\n\r\n".getBytes(ISO_8859_1));
        awaitClose();
      }
      case HANG -> awaitClose();
      case CLOSE -> {
        in.readByte();
        return null;
      }
      default -> {}
    }
    Socket target = type == Proxy.Type.HTTP ? http(in, client) : socks(in, client);
    if (target == null) {
      return null;
    }
    if (mood == Mood.HANG_WHEN_CONNECTED) {
      awaitClose();
    }
    return target;
  }

  private Socket http(DataInputStream in, Socket client) throws IOException {
    OutputStream out = client.getOutputStream();
    while (true) {
      List<String> head = readHead(in);
      String[] words = head.get(0).split(" ", -1);
      if (words.length != 3 || !words[0].equals("CONNECT") || !words[2].equals("HTTP/1.1")) {
        answer(out, "400 Bad Request", "");
        return null;
      }
      if (!head.contains("Host: " + words[1])) {
        answer(out, "400 Bad Request", "");
        return null;
      }
      if (user != null && !head.contains("Proxy-Authorization: Basic " + basic())) {
        answer(out, "407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"x\"");
        continue; // a client may try again on this connection
      }
      targets.add(words[1]);
      if (mood == Mood.REFUSE) {
        answer(out, "502 Bad Gateway", "");
        return null;
      }
      int colon = words[1].lastIndexOf(':');
      Socket server = connect(words[1].substring(0, colon), words[1].substring(colon + 1));
      out.write("HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n".getBytes(UTF_8));
      return server;
    }
  }

  private String basic() {
    return Base64.getEncoder().encodeToString((user + ":" + password).getBytes(UTF_8));
  }

  private static List<String> readHead(DataInputStream in) throws IOException {
    List<String> lines = new ArrayList<>();
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      int next = in.read();
      if (next < 0) {
        throw new EOFException();
      }
      if (next != '\n') {
        line.write(next);
        continue;
      }
      String text = line.toString(UTF_8).replace("\r", "");
      line.reset();
      if (text.isEmpty()) {
        return lines;
      }
      lines.add(text);
    }
  }

  private static void answer(OutputStream out, String status, String header) throws IOException {
    String end = header.isEmpty() ? "\r\n\r\n" : "\r\n" + header + "\r\n\r\n";
    out.write(("HTTP/1.1 " + status + "\r\nContent-Length: 0" + end).getBytes(UTF_8));
  }

  private Socket socks(DataInputStream in, Socket client) throws IOException {
    OutputStream out = client.getOutputStream();
    if (in.readUnsignedByte() != 5) {
      return null;
    }
    byte[] offered = new byte[in.readUnsignedByte()];
    in.readFully(offered);
    byte wanted = (byte) (user == null ? 0 : 2);
    if (new String(offered, ISO_8859_1).indexOf(wanted) < 0) {
      out.write(new byte[] {5, (byte) 0xff});
      return null;
    }
    out.write(new byte[] {5, wanted});
    if (user != null && !passwordIsRight(in, out)) {
      return null;
    }
    if (in.readUnsignedByte() != 5 || in.readUnsignedByte() != 1 || in.readUnsignedByte() != 0) {
      return null;
    }
    String host =
        switch (in.readUnsignedByte()) {
          case 1 -> InetAddress.getByAddress(in.readNBytes(4)).getHostAddress();
          case 3 -> new String(in.readNBytes(in.readUnsignedByte()), ISO_8859_1);
          case 4 -> "[" + InetAddress.getByAddress(in.readNBytes(16)).getHostAddress() + "]";
          default -> throw new IOException("no such kind of address");
        };
    int port = in.readUnsignedShort();
    targets.add(host + ":" + port);
    if (mood == Mood.REFUSE) {
      out.write(new byte[] {5, 5, 0, 1, 0, 0, 0, 0, 0, 0});
      return null;
    }
    Socket server = connect(host, Integer.toString(port));
    byte[] own = "proxy.example".getBytes(ISO_8859_1); // a name here, so that nobody counts on 4
    out.write(new byte[] {5, 0, 0, 3, (byte) own.length});
    out.write(own);
    out.write(new byte[] {0x12, 0x34});
    return server;
  }

  private boolean passwordIsRight(DataInputStream in, OutputStream out) throws IOException {
    int version = in.readUnsignedByte();
    String givenUser = new String(in.readNBytes(in.readUnsignedByte()), UTF_8);
    String givenPassword = new String(in.readNBytes(in.readUnsignedByte()), UTF_8);
    boolean right = version == 1 && givenUser.equals(user) && givenPassword.equals(password);
    out.write(new byte[] {1, (byte) (right ? 0 : 1)});
    return right;
  }

  private static Socket connect(String host, String port) throws IOException {
    return new Socket(InetAddress.getAllByName(host)[0], Integer.parseInt(port));
  }
}
