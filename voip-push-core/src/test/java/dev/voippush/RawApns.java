// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * A server on 127.0.0.1 for {@code localhost} whose every frame is written by the test, over TLS
 * 1.3 with ALPN h2; it asks for no client certificate.
 *
 * <p>It reads frames itself and checks nothing; only header blocks are left to Netty. What a {@link
 * Behaviour} does not override is right. {@link #requests} is the truth: each request whose
 * END_STREAM was read, which counts as processed unless the behaviour says {@link
 * Request#notProcessed} or answers it by another status than 200.
 */
final class RawApns implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int PRIORITY = 2;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int ACK = 1;
  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;
  static final int PADDED = 8;
  static final int WITH_PRIORITY = 32;

  static final int HEADER_TABLE_SIZE = 1;
  static final int ENABLE_PUSH = 2;
  static final int MAX_CONCURRENT_STREAMS = 3;
  static final int INITIAL_WINDOW_SIZE = 4;
  static final int MAX_FRAME_SIZE = 5;
  static final int MAX_HEADER_LIST_SIZE = 6;

  static final int MAX_FRAME = 16_384;

  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final TestAuthority authority = new TestAuthority();
  private final SSLContext context = SSLContext.getInstance("TLS");
  private final ServerSocket listener;
  private final List<Thread> threads = new CopyOnWriteArrayList<>();
  private final List<Connection> connections = new CopyOnWriteArrayList<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final List<Throwable> faults = new CopyOnWriteArrayList<>();
  private volatile Behaviour behaviour;

  /** What the server does; called on the connection's thread, after which is flushed. */
  interface Behaviour {
    /** TLS is there; nothing of the client's was read. */
    default void opened(Connection connection) throws IOException {
      connection.settings();
    }

    /** A whole request was read, and is in the record. */
    default void request(Connection connection, Request request) throws IOException {
      connection.answer(request);
    }

    /** The client's SETTINGS, not an ACK. */
    default void settings(Connection connection, Frame frame) throws IOException {
      connection.ackSettings();
    }

    /** The client's PING, not an ACK. */
    default void ping(Connection connection, Frame frame) throws IOException {
      connection.frame(PING, ACK, 0, frame.payload());
    }

    /** DATA of a request: gives back what it took of the windows. */
    default void data(Connection connection, Frame frame) throws IOException {
      int length = frame.payload().length;
      if (length > 0) {
        connection.windowUpdate(0, length);
        if (!frame.has(END_STREAM)) {
          connection.windowUpdate(frame.streamId(), length);
        }
      }
    }

    /** Whatever else was read: ACKs, RST_STREAM, GOAWAY, WINDOW_UPDATE, PRIORITY, unknown types. */
    default void frame(Connection connection, Frame frame) throws IOException {}
  }

  @SuppressWarnings("ArrayRecordComponent") // compared nowhere
  record Frame(int type, int flags, int streamId, byte[] payload) {
    boolean has(int flag) {
      return (flags & flag) != 0;
    }

    /** For RST_STREAM and WINDOW_UPDATE: the number that they carry. */
    int number() {
      return ByteBuffer.wrap(payload).getInt();
    }
  }

  /** A request that the client has finished; headers as they were decoded. */
  static final class Request {
    private final int connection;
    private final int streamId;
    private final Map<String, String> headers;
    private final byte[] body;
    private volatile int status;
    private volatile boolean processed = true;

    private Request(int connection, int streamId, Map<String, String> headers, byte[] body) {
      this.connection = connection;
      this.streamId = streamId;
      this.headers = headers;
      this.body = body;
    }

    /** 1 for the server's first connection. */
    int connection() {
      return connection;
    }

    int streamId() {
      return streamId;
    }

    Map<String, String> headers() {
      return headers;
    }

    byte[] body() {
      return body;
    }

    String apnsId() {
      return headers.getOrDefault("apns-id", "");
    }

    /** The last part of the path. */
    String deviceToken() {
      String path = headers.getOrDefault(":path", "");
      return path.substring(path.lastIndexOf('/') + 1);
    }

    /** What was answered, 0 for nothing. */
    int status() {
      return status;
    }

    /** Says what was answered, for an answer written by hand. */
    void status(int answered) {
      status = answered;
      processed = answered == 200;
    }

    /** True if the phone may ring. */
    boolean isProcessed() {
      return processed;
    }

    /** Says that the request is dropped, as the client is told, or will be. */
    void notProcessed() {
      processed = false;
    }

    @Override
    public String toString() {
      return "request "
          + apnsId()
          + " on stream "
          + streamId
          + " of connection "
          + connection
          + (processed ? ", processed" : ", not processed")
          + ", answered by "
          + status;
    }
  }

  RawApns(Behaviour behaviour) throws Exception {
    this.behaviour = behaviour;
    context.init(
        authority.serverKeys("localhost", Instant.now().plus(Duration.ofDays(1))), null, null);
    listener = new ServerSocket();
    listener.setReceiveBufferSize(64 * 1024); // for all connections, so that it is soon full
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    start(this::accept);
  }

  /** One that does everything right. */
  RawApns() throws Exception {
    this(new Behaviour() {});
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

  /** From now on, on all connections. */
  void behaviour(Behaviour next) {
    behaviour = next;
  }

  /** The record, in the order in which the ends of the requests were read. */
  List<Request> requests() {
    return List.copyOf(requests);
  }

  /** All that got through the TLS handshake; the first is number 1. */
  List<Connection> connections() {
    return List.copyOf(connections);
  }

  /** What went wrong in the server itself: header blocks that Netty refuses, a behaviour's bug. */
  List<Throwable> faults() {
    return List.copyOf(faults);
  }

  /** Ends connections and threads; a behaviour that waits is interrupted. */
  @Override
  public void close() throws IOException {
    listener.close();
    connections.forEach(Connection::reset);
    threads.forEach(Thread::interrupt);
    for (Thread thread : threads) {
      try {
        thread.join(5_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void start(Runnable task) {
    Thread thread = new Thread(task, "raw-apns-" + threads.size());
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket raw = listener.accept();
        start(() -> serve(raw));
      } catch (IOException e) {
        // closed
      }
    }
  }

  private void serve(Socket raw) {
    try (raw) {
      raw.setTcpNoDelay(true);
      SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(raw, null, false);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setProtocols(new String[] {"TLSv1.3"});
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      Connection connection = add(raw, socket);
      try {
        connection.run();
      } finally {
        connection.open = false;
      }
    } catch (Http2Exception | RuntimeException | Error e) {
      if (!listener.isClosed()) {
        faults.add(e);
      }
    } catch (Exception e) {
      // one of the two sides has ended it
    }
  }

  private synchronized Connection add(Socket raw, SSLSocket socket) throws IOException {
    Connection connection = new Connection(connections.size() + 1, raw, socket);
    connections.add(connection);
    if (listener.isClosed()) {
      connection.reset();
    }
    return connection;
  }

  /**
   * A client's connection. Its methods write, from any thread; what is written goes out by {@link
   * #flush}, or when 16 kB have gathered.
   */
  final class Connection {
    private final int number;
    private final Socket raw;
    private final OutputStream out;
    private final DataInputStream in;
    private final ByteArrayOutputStream gathered = new ByteArrayOutputStream();
    private final DefaultHttp2HeadersDecoder decoder =
        new DefaultHttp2HeadersDecoder(false, 1 << 20);
    private final DefaultHttp2HeadersEncoder encoder =
        new DefaultHttp2HeadersEncoder(Http2HeadersEncoder.NEVER_SENSITIVE);
    private final Map<Integer, Map<String, String>> headers = new HashMap<>();
    private final Map<Integer, ByteArrayOutputStream> bodies = new HashMap<>();
    private long nextTableSize = -1;
    private int chunk = Integer.MAX_VALUE;
    private volatile long written;
    private volatile boolean open = true;

    private Connection(int number, Socket raw, SSLSocket socket) throws IOException {
      this.number = number;
      this.raw = raw;
      this.out = socket.getOutputStream();
      this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    }

    int number() {
      return number;
    }

    /** False when the client has ended it, or the server has. */
    boolean isOpen() {
      return open;
    }

    /** How many bytes TLS has taken. */
    long written() {
      return written;
    }

    // Writing.

    synchronized void raw(byte[] bytes) throws IOException {
      gathered.write(bytes);
      if (gathered.size() >= MAX_FRAME) {
        flush();
      }
    }

    synchronized void flush() throws IOException {
      byte[] bytes = gathered.toByteArray();
      gathered.reset();
      for (int from = 0; from < bytes.length; ) {
        int count = Math.min(chunk, bytes.length - from);
        out.write(bytes, from, count);
        out.flush();
        from += count;
        written += count;
      }
    }

    /** From now on each TLS record, and TCP segment, has so many bytes of HTTP/2 at most. */
    synchronized void chunks(int bytes) {
      chunk = bytes;
    }

    void frame(int type, int flags, int streamId, byte... payload) throws IOException {
      frameOfLength(payload.length, type, flags, streamId, payload);
    }

    /** A frame that says that it has {@code length} bytes, whatever follows. */
    void frameOfLength(int length, int type, int flags, int streamId, byte... payload)
        throws IOException {
      ByteBuffer frame = ByteBuffer.allocate(9 + payload.length);
      frame.putInt(length << 8 | type).put((byte) flags).putInt(streamId).put(payload);
      raw(frame.array());
    }

    /** Ids and values in turn. */
    synchronized void settings(long... idsAndValues) throws IOException {
      ByteBuffer payload = ByteBuffer.allocate(idsAndValues.length / 2 * 6);
      for (int i = 0; i < idsAndValues.length; i += 2) {
        payload.putShort((short) idsAndValues[i]).putInt((int) idsAndValues[i + 1]);
        if (idsAndValues[i] == HEADER_TABLE_SIZE) {
          tableSize(idsAndValues[i + 1]);
        }
      }
      frame(SETTINGS, 0, 0, payload.array());
    }

    /** A larger one may be used at once, a smaller one counts when it was acknowledged. */
    private void tableSize(long size) throws IOException {
      if (size <= decoder.configuration().maxHeaderTableSize()) {
        nextTableSize = size;
        return;
      }
      try {
        decoder.configuration().maxHeaderTableSize(size);
      } catch (Http2Exception e) {
        throw new IOException(e);
      }
    }

    void ackSettings() throws IOException {
      frame(SETTINGS, ACK, 0);
    }

    void ping(long payload) throws IOException {
      frame(PING, 0, 0, ByteBuffer.allocate(8).putLong(payload).array());
    }

    void windowUpdate(int streamId, int increment) throws IOException {
      frame(WINDOW_UPDATE, 0, streamId, ByteBuffer.allocate(4).putInt(increment).array());
    }

    void rst(int streamId, int errorCode) throws IOException {
      frame(RST_STREAM, 0, streamId, ByteBuffer.allocate(4).putInt(errorCode).array());
    }

    void goAway(int lastStreamId, int errorCode, byte... debug) throws IOException {
      ByteBuffer payload = ByteBuffer.allocate(8 + debug.length);
      frame(GOAWAY, 0, 0, payload.putInt(lastStreamId).putInt(errorCode).put(debug).array());
    }

    void data(int streamId, boolean end, byte... body) throws IOException {
      frame(DATA, end ? END_STREAM : 0, streamId, body);
    }

    /** Names and values in turn, in the order of Netty: {@code :status} first. */
    synchronized void headers(int streamId, boolean end, String... namesAndValues)
        throws IOException {
      headers(streamId, end, block(namesAndValues));
    }

    /** A header block as it is, in as many CONTINUATION frames as it takes. */
    synchronized void headers(int streamId, boolean end, byte[] block) throws IOException {
      int from = 0;
      do {
        int to = Math.min(block.length, from + MAX_FRAME);
        int flags = to == block.length ? END_HEADERS : 0;
        if (from == 0 && end) {
          flags |= END_STREAM;
        }
        frame(
            from == 0 ? HEADERS : CONTINUATION,
            flags,
            streamId,
            Arrays.copyOfRange(block, from, to));
        from = to;
      } while (from < block.length);
    }

    /** To be written next, or the client's table of headers will not be as this one's. */
    synchronized byte[] block(String... namesAndValues) throws IOException {
      Http2Headers headers = new DefaultHttp2Headers(false);
      for (int i = 0; i < namesAndValues.length; i += 2) {
        headers.add(namesAndValues[i], namesAndValues[i + 1]);
      }
      ByteBuf block = Unpooled.buffer();
      try {
        encoder.encodeHeaders(1, headers, block);
      } catch (Http2Exception e) {
        throw new IOException(e);
      }
      return ByteBufUtil.getBytes(block);
    }

    /** Accepts it. */
    void answer(Request request) throws IOException {
      request.status(200);
      headers(request.streamId(), true, ":status", "200", "apns-id", request.apnsId());
    }

    /** Refuses it for this reason, in JSON as APNs does. */
    void reject(Request request, int status, String reason) throws IOException {
      request.status(status);
      headers(
          request.streamId(),
          false,
          ":status",
          Integer.toString(status),
          "apns-id",
          request.apnsId());
      String json = "{\"reason\":\"" + reason + "\"}";
      data(request.streamId(), true, json.getBytes(StandardCharsets.UTF_8));
    }

    /** Ends TCP, as a server does that has nothing more to say. */
    void close() {
      open = false;
      try {
        raw.close();
      } catch (IOException e) {
        // it was
      }
    }

    /** Ends TCP by a reset, which takes away what the client has not read. */
    void reset() {
      try {
        raw.setSoLinger(true, 0);
      } catch (IOException e) {
        // closed
      }
      close();
    }

    // Reading.

    private void run() throws IOException, Http2Exception {
      behaviour.opened(this);
      flush();
      byte[] preface = new byte[PREFACE.length];
      in.readFully(preface);
      if (!Arrays.equals(preface, PREFACE)) {
        throw new IllegalStateException("not the preface of HTTP/2: " + Arrays.toString(preface));
      }
      while (true) {
        handle(readFrame());
        flush();
      }
    }

    private Frame readFrame() throws IOException {
      int lengthAndType = in.readInt();
      int flags = in.readUnsignedByte();
      int streamId = in.readInt() & 0x7fffffff;
      byte[] payload = new byte[lengthAndType >>> 8];
      in.readFully(payload);
      return new Frame(lengthAndType & 0xff, flags, streamId, payload);
    }

    private void handle(Frame frame) throws IOException, Http2Exception {
      switch (frame.type()) {
        case HEADERS -> {
          ByteBuf block = Unpooled.buffer();
          block.writeBytes(content(frame));
          for (Frame next = frame; !next.has(END_HEADERS); ) {
            next = readFrame();
            if (next.type() != CONTINUATION) {
              throw new IllegalStateException("not CONTINUATION, but " + next);
            }
            block.writeBytes(next.payload());
          }
          headers.put(frame.streamId(), decode(frame.streamId(), block));
          bodies.put(frame.streamId(), new ByteArrayOutputStream());
          endIf(frame);
        }
        case DATA -> {
          ByteArrayOutputStream body = bodies.get(frame.streamId());
          if (body == null) {
            throw new IllegalStateException("DATA of no request on stream " + frame.streamId());
          }
          body.write(content(frame));
          behaviour.data(this, frame);
          endIf(frame);
        }
        case SETTINGS -> {
          if (!frame.has(ACK)) {
            behaviour.settings(this, frame);
          } else {
            if (nextTableSize >= 0) {
              decoder.configuration().maxHeaderTableSize(nextTableSize);
              nextTableSize = -1;
            }
            behaviour.frame(this, frame);
          }
        }
        case PING -> {
          if (frame.has(ACK)) {
            behaviour.frame(this, frame);
          } else {
            behaviour.ping(this, frame);
          }
        }
        case RST_STREAM -> {
          headers.remove(frame.streamId());
          bodies.remove(frame.streamId());
          behaviour.frame(this, frame);
        }
        default -> behaviour.frame(this, frame);
      }
    }

    /** Without padding and priority. */
    private static byte[] content(Frame frame) {
      byte[] payload = frame.payload();
      int from = 0;
      int to = payload.length;
      if (frame.has(PADDED)) {
        to -= payload[0] & 0xff;
        from++;
      }
      if (frame.type() == HEADERS && frame.has(WITH_PRIORITY)) {
        from += 5;
      }
      return Arrays.copyOfRange(payload, from, to);
    }

    private Map<String, String> decode(int streamId, ByteBuf block) throws Http2Exception {
      Map<String, String> decoded = new LinkedHashMap<>();
      for (Map.Entry<CharSequence, CharSequence> header : decoder.decodeHeaders(streamId, block)) {
        decoded.put(header.getKey().toString(), header.getValue().toString());
      }
      return decoded;
    }

    private void endIf(Frame frame) throws IOException {
      if (frame.has(END_STREAM)) {
        int streamId = frame.streamId();
        Request request =
            new Request(
                number, streamId, headers.remove(streamId), bodies.remove(streamId).toByteArray());
        requests.add(request);
        behaviour.request(this, request);
      }
    }
  }
}
