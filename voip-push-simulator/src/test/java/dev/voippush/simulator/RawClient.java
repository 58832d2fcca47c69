// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.DefaultHttp2FrameWriter;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.ssl.SslHandler;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * An HTTP/2 client without a mind of its own: sends the frames it is told to, and reports every
 * frame it gets, in order, as a line of text. It acknowledges SETTINGS only when told to.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what matters is what comes back
final class RawClient implements AutoCloseable {
  private static final List<String> H2 = List.of("h2");

  private final NioEventLoopGroup group = new NioEventLoopGroup(1);
  private final LinkedBlockingQueue<String> frames = new LinkedBlockingQueue<>();
  private final DefaultHttp2FrameWriter writer = new DefaultHttp2FrameWriter();
  private final ApnsSimulator simulator;
  private final Channel channel;
  private ChannelHandlerContext context;
  private int nextStream = 1;

  /** Offers the protocols by ALPN, or says nothing of it if there are none. */
  private RawClient(ApnsSimulator simulator, List<String> protocols, KeyManager... keyManagers)
      throws Exception {
    this.simulator = simulator;
    channel =
        new Bootstrap()
            .group(group)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel ch) {
                    SSLEngine engine =
                        Pushes.tls(simulator, keyManagers).createSSLEngine("127.0.0.1", 1);
                    engine.setUseClientMode(true);
                    SSLParameters parameters = engine.getSSLParameters();
                    parameters.setApplicationProtocols(protocols.toArray(new String[0]));
                    engine.setSSLParameters(parameters);
                    ch.pipeline().addLast(new SslHandler(engine), new Reader());
                  }
                })
            .connect("127.0.0.1", simulator.port())
            .sync()
            .channel();
  }

  /** Opens a connection with the client certificate: TLS, preface, SETTINGS. */
  static RawClient withCertificate(ApnsSimulator simulator) throws Exception {
    SimulatorCredentials c = simulator.credentials();
    return new RawClient(simulator, H2, new Pushes.Identity(c.privateKey(), c.certificate()))
        .begin();
  }

  /** Opens a connection without a certificate. */
  static RawClient withoutCertificate(ApnsSimulator simulator) throws Exception {
    return new RawClient(simulator, H2).begin();
  }

  /** Opens a connection without a certificate that offers these protocols, maybe none. */
  static RawClient offering(ApnsSimulator simulator, String... protocols) throws Exception {
    return new RawClient(simulator, List.of(protocols)).begin();
  }

  private RawClient begin() throws Exception {
    context = channel.pipeline().context(Reader.class);
    run(
        () -> {
          context.write(Unpooled.wrappedBuffer(Http2CodecUtil.connectionPrefaceBuf()));
          writer.writeSettings(context, new Http2Settings(), context.newPromise());
        });
    return this;
  }

  private void run(Runnable frames) throws Exception {
    channel
        .eventLoop()
        .submit(
            () -> {
              frames.run();
              context.flush();
            })
        .sync();
  }

  void acknowledge() throws Exception {
    run(() -> writer.writeSettingsAck(context, context.newPromise()));
  }

  /** From the next HEADERS on compresses with a table of this size, and says so. */
  void headerTableSize(int bytes) throws Exception {
    run(
        () -> {
          try {
            writer.configuration().headersConfiguration().maxHeaderTableSize(bytes);
          } catch (Http2Exception e) {
            throw new AssertionError(e);
          }
        });
  }

  void ping(long data) throws Exception {
    run(() -> writer.writePing(context, false, data, context.newPromise()));
  }

  void reset(int stream, long code) throws Exception {
    run(() -> writer.writeRstStream(context, stream, code, context.newPromise()));
  }

  /** Writes HEADERS and DATA of a push and returns its stream id. */
  int push(Pushes.Push push) throws Exception {
    int stream = begin(push);
    finish(stream, push);
    return stream;
  }

  /** Writes the HEADERS of a push and returns its stream id. */
  int begin(Pushes.Push push) throws Exception {
    int stream = nextStream;
    nextStream += 2;
    Http2Headers headers =
        new DefaultHttp2Headers()
            .method(push.method)
            .scheme("https")
            .authority("127.0.0.1")
            .path(push.path);
    push.headers.forEach((name, values) -> headers.add(name, values));
    run(() -> writer.writeHeaders(context, stream, headers, 0, false, context.newPromise()));
    return stream;
  }

  /** Writes the DATA of a push. */
  void finish(int stream, Pushes.Push push) throws Exception {
    run(
        () ->
            writer.writeData(
                context, stream, Unpooled.wrappedBuffer(push.body), 0, true, context.newPromise()));
  }

  int push(String token) throws Exception {
    return push(Pushes.voip(simulator, token));
  }

  /** The next frame, WINDOW_UPDATE left out. */
  String next() throws InterruptedException {
    String frame = frames.poll(10, TimeUnit.SECONDS);
    assertNotNull(frame, "no frame within 10 s");
    return frame;
  }

  /** Reads the next frames and compares them all. */
  void expect(String... lines) throws InterruptedException {
    for (String line : lines) {
      assertEquals(line, next());
    }
  }

  /** True if nothing arrives for so long. */
  boolean silentFor(Duration time) throws InterruptedException {
    String frame = frames.poll(time.toMillis(), TimeUnit.MILLISECONDS);
    return frame == null;
  }

  @Override
  public void close() {
    channel.close().awaitUninterruptibly();
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private final class Reader extends ByteToMessageDecoder {
    private final DefaultHttp2FrameReader reader = new DefaultHttp2FrameReader();

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
        throws Http2Exception {
      reader.readFrame(ctx, in, new Frames());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      frames.add("CLOSED");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      frames.add("FAILED " + cause);
    }
  }

  private final class Frames extends Http2FrameAdapter {
    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) {
      StringBuilder line = new StringBuilder("SETTINGS");
      append(line, " streams=", settings.maxConcurrentStreams());
      append(line, " window=", settings.initialWindowSize());
      append(line, " table=", settings.headerTableSize());
      frames.add(line.toString());
    }

    private static void append(StringBuilder line, String name, Number value) {
      if (value != null) {
        line.append(name).append(value);
      }
    }

    @Override
    public void onSettingsAckRead(ChannelHandlerContext ctx) {
      frames.add("SETTINGS ack");
    }

    @Override
    public void onHeadersRead(
        ChannelHandlerContext ctx, int stream, Http2Headers headers, int padding, boolean end) {
      CharSequence retryAfter = headers.get("retry-after");
      frames.add(
          "HEADERS "
              + stream
              + " "
              + headers.status()
              + (retryAfter == null ? "" : " retry-after=" + retryAfter)
              + (end ? " end" : ""));
    }

    @Override
    public int onDataRead(
        ChannelHandlerContext ctx, int stream, ByteBuf data, int padding, boolean end) {
      frames.add(
          "DATA " + stream + " " + data.toString(StandardCharsets.UTF_8) + (end ? " end" : ""));
      return data.readableBytes() + padding;
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int stream, long code) {
      frames.add("RST " + stream + " " + code);
    }

    @Override
    public void onPingAckRead(ChannelHandlerContext ctx, long data) {
      frames.add("PING ack " + data);
    }

    @Override
    public void onGoAwayRead(ChannelHandlerContext ctx, int last, long code, ByteBuf debug) {
      frames.add("GOAWAY " + last + " " + code + " " + debug.toString(StandardCharsets.UTF_8));
    }
  }
}
