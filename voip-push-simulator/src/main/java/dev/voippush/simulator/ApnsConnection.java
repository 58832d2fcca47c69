// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP/2 side of one connection: collects requests, asks the script and the rules, records,
 * delivers and answers. Netty does framing, header compression, flow control and PING; the stream
 * limit is ours. Confined to the channel's event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails ends the connection
final class ApnsConnection extends Http2ConnectionHandler {
  /** How long a client may keep reading after GOAWAY and the last answer. */
  private static final Duration LINGER = Duration.ofSeconds(1);

  private static final int MAX_HEADER_LIST = 16_384;

  private final ApnsServer server;
  private final RequestRules rules;
  private final Provider provider;
  private final Freezer freezer;
  private final StreamLimit limit;
  private final Http2Connection.PropertyKey streamKey;

  /** True while the limit is still the one for connections that have pushed nothing yet. */
  private boolean beforeFirstPush;

  private int number;
  private String[] previousHeaders = {};
  private int lastProcessedStream;
  private boolean goingAway;
  private int lastStream;
  private @Nullable ChannelHandlerContext context;

  private ApnsConnection(
      Http2ConnectionDecoder decoder,
      Http2ConnectionEncoder encoder,
      Http2Settings settings,
      Builder builder) {
    super(decoder, encoder, settings);
    server = builder.server;
    rules = builder.rules;
    provider = builder.provider;
    freezer = builder.freezer;
    limit = new StreamLimit(builder.firstLimit());
    beforeFirstPush = builder.options.beforeFirstPush().isPresent();
    streamKey = connection().newKey();
    leaveLimitToUs();
    connection().addListener(new Streams());
  }

  /** Makes the handler of one connection, when TLS is done and the client known. */
  static final class Builder
      extends AbstractHttp2ConnectionHandlerBuilder<ApnsConnection, Builder> {
    private final ApnsServer server;
    private final RequestRules rules;
    private final Provider provider;
    private final Freezer freezer;
    private final Http2Options options;

    Builder(
        ApnsServer server,
        RequestRules rules,
        Provider provider,
        Freezer freezer,
        Http2Options options) {
      this.server = server;
      this.rules = rules;
      this.provider = provider;
      this.freezer = freezer;
      this.options = options;
    }

    private int firstLimit() {
      return options.beforeFirstPush().orElse(options.maxConcurrentStreams());
    }

    @Override
    public ApnsConnection build() {
      server(true);
      Http2Settings settings =
          new Http2Settings().maxConcurrentStreams(firstLimit()).maxHeaderListSize(MAX_HEADER_LIST);
      options.initialWindowSize().ifPresent(settings::initialWindowSize);
      options.headerTableSize().ifPresent(settings::headerTableSize);
      initialSettings(settings);
      // A client that cancels or floods is what tests are about, not an attack.
      decoderEnforceMaxRstFramesPerWindow(0, 0);
      encoderEnforceMaxRstFramesPerWindow(0, 0);
      return super.build();
    }

    @Override
    protected ApnsConnection build(
        Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
      ApnsConnection connection = new ApnsConnection(decoder, encoder, settings, this);
      frameListener(connection.new Frames());
      return connection;
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) throws Exception {
    context = ctx;
    super.handlerAdded(ctx);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    if (number > 0) {
      server.connectionClosed();
      number = 0;
    }
    super.channelInactive(ctx);
  }

  /** Changes the limit; before the first push it is kept for later. */
  void maxConcurrentStreams(int max) {
    if (context != null && !beforeFirstPush) {
      sendLimit(context, max);
      flush(context);
    }
  }

  /** Netty applies it when the client acknowledges it. */
  void headerTableSize(int bytes) {
    if (context != null) {
      encoder()
          .writeSettings(context, new Http2Settings().headerTableSize(bytes), context.newPromise());
      limit.sentSettingsWithoutLimit();
      flush(context);
    }
  }

  /** GOAWAY that covers everything received so far; closes when all of it is answered. */
  void goAway(String debugData) {
    if (context != null) {
      sendGoAway(context, connection().remote().lastStreamCreated(), debugData);
      flush(context);
    }
  }

  /** Data for a stream that we have reset is old news, not an error. */
  @Override
  protected void onStreamError(
      ChannelHandlerContext ctx,
      boolean outbound,
      Throwable cause,
      Http2Exception.StreamException error) {
    if (error.error() != Http2Error.STREAM_CLOSED
        || connection().stream(error.streamId()) != null) {
      super.onStreamError(ctx, outbound, cause, error);
    }
  }

  private final class Frames extends Http2FrameAdapter {
    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) {
      if (number == 0) {
        number = server.connectionOpened();
      }
    }

    @Override
    public void onSettingsAckRead(ChannelHandlerContext ctx) {
      limit.acknowledged();
      leaveLimitToUs();
    }

    @Override
    public void onHeadersRead(
        ChannelHandlerContext ctx,
        int streamId,
        Http2Headers headers,
        int streamDependency,
        short weight,
        boolean exclusive,
        int padding,
        boolean endOfStream) {
      onHeadersRead(ctx, streamId, headers, padding, endOfStream);
    }

    @Override
    public void onHeadersRead(
        ChannelHandlerContext ctx,
        int streamId,
        Http2Headers headers,
        int padding,
        boolean endOfStream) {
      ApnsStream stream = find(streamId);
      if (stream == null) {
        stream = open(ctx, streamId, headers);
      }
      if (stream != null && endOfStream) {
        complete(ctx, stream);
      }
    }

    @Override
    public int onDataRead(
        ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean endOfStream) {
      ApnsStream stream = find(streamId);
      if (stream != null) {
        stream.append(data);
        if (endOfStream) {
          complete(ctx, stream);
        }
      }
      return data.readableBytes() + padding;
    }
  }

  private final class Streams extends Http2ConnectionAdapter {
    @Override
    public void onStreamClosed(Http2Stream closed) {
      ApnsStream stream = closed.getProperty(streamKey);
      if (stream != null) {
        finish(stream);
      }
    }
  }

  private @Nullable ApnsStream find(int streamId) {
    Http2Stream stream = connection().stream(streamId);
    return stream == null ? null : stream.getProperty(streamKey);
  }

  private @Nullable ApnsStream open(ChannelHandlerContext ctx, int streamId, Http2Headers headers) {
    server.streamOpened();
    if (isLeftOut(streamId)) {
      resetStream(ctx, streamId, Http2Error.REFUSED_STREAM.code(), ctx.newPromise());
      return null;
    }
    if (!limit.open()) {
      if (limit.everAcknowledged()) {
        server.streamLimitViolated();
      }
      resetStream(ctx, streamId, Http2Error.REFUSED_STREAM.code(), ctx.newPromise());
      return null;
    }
    ApnsStream stream =
        new ApnsStream(streamId, headers, previousHeaders, server.clock().instant());
    previousHeaders = stream.headers();
    connection().stream(streamId).setProperty(streamKey, stream);
    return stream;
  }

  /** True if GOAWAY has said that this stream is not processed. */
  private boolean isLeftOut(int streamId) {
    return goingAway && streamId > lastStream;
  }

  /** The request is here; now something happens to it. */
  private void complete(ChannelHandlerContext ctx, ApnsStream stream) {
    if (isLeftOut(stream.id())) { // its HEADERS came before
      reset(ctx, stream, Http2Error.REFUSED_STREAM.code());
      return;
    }
    ApnsRequest request = stream.request();
    Script.Step step =
        server
            .scripts()
            .next(
                request.deviceToken(),
                RequestRules.bundleId(RequestRules.topic(request, provider)));
    Script.Action action = step.action();
    if (action instanceof Script.Action.Normal) {
      Answer answer = process(stream, request, step);
      later(ctx, step, () -> respond(ctx, stream, answer));
    } else if (action instanceof Script.Action.Answer scripted) {
      Answer answer = answer(stream, request, scripted, step);
      later(ctx, step, () -> respond(ctx, stream, answer));
    } else if (action instanceof Script.Action.Silence) {
      recordUnprocessed(stream, request, "silence");
    } else if (action instanceof Script.Action.Drop drop) {
      if (drop.processed()) {
        process(stream, request, step);
      } else {
        recordUnprocessed(stream, request, "connection dropped");
      }
      later(ctx, step, freezer::drop);
    } else if (action instanceof Script.Action.Reset reset) {
      recordUnprocessed(stream, request, "RST_STREAM " + reset.errorCode());
      later(ctx, step, () -> reset(ctx, stream, reset.errorCode()));
    } else if (action instanceof Script.Action.GoAway goAway) {
      goAway(ctx, stream, request, step, goAway);
    }
  }

  private void goAway(
      ChannelHandlerContext ctx,
      ApnsStream stream,
      ApnsRequest request,
      Script.Step step,
      Script.Action.GoAway goAway) {
    if (goAway.covers() == Script.Action.GoAway.Covers.ANSWERED) {
      Answer answer = process(stream, request, step);
      later(
          ctx,
          step,
          () -> {
            sendGoAway(ctx, stream.id(), goAway.debugData());
            respond(ctx, stream, answer);
          });
      return;
    }
    recordUnprocessed(stream, request, "GOAWAY");
    boolean covered = goAway.covers() == Script.Action.GoAway.Covers.UNANSWERED;
    later(
        ctx,
        step,
        () -> {
          int last = covered ? stream.id() : Math.max(0, stream.id() - 2);
          sendGoAway(ctx, last, goAway.debugData());
          finish(stream); // nobody waits for its answer
        });
  }

  /** What goes on the wire for one request. */
  private static final class Answer {
    private final RecordedRequest recorded;
    private final byte[] body;
    private final @Nullable String retryAfter;

    Answer(RecordedRequest recorded, byte[] body, @Nullable String retryAfter) {
      this.recorded = recorded;
      this.body = body;
      this.retryAfter = retryAfter;
    }
  }

  /** Rules, record, delivery: what APNs does with a request. */
  private Answer process(ApnsStream stream, ApnsRequest request, Script.Step step) {
    lastProcessedStream = Math.max(lastProcessedStream, stream.id());
    RequestRules.Ruling ruling = rules.check(request, provider);
    Verdict verdict = ruling.verdict();
    boolean accepted = ruling.delivery() != null;
    String uniqueId = accepted && rules.sandbox() ? newUuid() : "";
    RecordedRequest recorded =
        record(stream, request, uniqueId, verdict.status(), verdict.reason());
    server.log().add(recorded);
    if (ruling.delivery() != null) {
      server.courier().deliver(recorded, ruling.delivery(), step.delivery());
    }
    byte[] body = accepted ? new byte[0] : Json.error(verdict.reason(), verdict.since());
    return new Answer(recorded, body, step.retryAfter());
  }

  private Answer answer(
      ApnsStream stream, ApnsRequest request, Script.Action.Answer scripted, Script.Step step) {
    lastProcessedStream = Math.max(lastProcessedStream, stream.id());
    RecordedRequest recorded = record(stream, request, "", scripted.status, scripted.reason);
    server.log().add(recorded);
    return new Answer(recorded, scripted.body, step.retryAfter());
  }

  private void recordUnprocessed(ApnsStream stream, ApnsRequest request, String what) {
    server.log().add(record(stream, request, "", 0, what));
  }

  private RecordedRequest record(
      ApnsStream stream, ApnsRequest request, String uniqueId, int status, String reason) {
    String id = request.header("apns-id");
    return new RecordedRequest(
        request,
        rules.sandbox(),
        provider.certificate(),
        request.deviceToken(),
        id != null && RequestRules.isUuid(id) ? id : newUuid(),
        uniqueId,
        status,
        reason,
        number,
        stream.id(),
        stream.receivedAt());
  }

  private void later(ChannelHandlerContext ctx, Script.Step step, Runnable task) {
    if (step.delay().isZero()) {
      task.run();
    } else {
      ctx.executor()
          .schedule(
              () -> {
                task.run();
                flush(ctx);
              },
              step.delay().toNanos(),
              TimeUnit.NANOSECONDS);
    }
  }

  private void respond(ChannelHandlerContext ctx, ApnsStream stream, Answer answer) {
    if (stream.finished()) {
      return; // reset by the client, or the connection is gone
    }
    RecordedRequest recorded = answer.recorded;
    if (recorded.status() == 200 && beforeFirstPush) {
      beforeFirstPush = false;
      sendLimit(ctx, server.maxConcurrentStreams()); // before the answer, so that it is known first
    }
    Http2Headers headers =
        new DefaultHttp2Headers(false)
            .status(Integer.toString(recorded.status()))
            .set("apns-id", recorded.apnsId());
    recorded.apnsUniqueId().ifPresent(id -> headers.set("apns-unique-id", id));
    if (answer.retryAfter != null && recorded.status() != 200) {
      headers.set("retry-after", answer.retryAfter);
    }
    boolean empty = answer.body.length == 0;
    encoder().writeHeaders(ctx, stream.id(), headers, 0, empty, ctx.newPromise());
    if (!empty) {
      encoder()
          .writeData(
              ctx, stream.id(), Unpooled.wrappedBuffer(answer.body), 0, true, ctx.newPromise());
    }
    finish(stream);
  }

  private void reset(ChannelHandlerContext ctx, ApnsStream stream, long errorCode) {
    if (!stream.finished()) {
      resetStream(ctx, stream.id(), errorCode, ctx.newPromise());
      finish(stream);
    }
  }

  private void finish(ApnsStream stream) {
    if (stream.finish()) {
      limit.close();
      closeWhenDone();
    }
  }

  /** Netty applies each limit when it is acknowledged; see {@link StreamLimit} for our rules. */
  private void leaveLimitToUs() {
    connection().remote().maxActiveStreams(Integer.MAX_VALUE);
  }

  private void sendLimit(ChannelHandlerContext ctx, int max) {
    encoder().writeSettings(ctx, new Http2Settings().maxConcurrentStreams(max), ctx.newPromise());
    limit.sent(max);
  }

  /**
   * Past Netty's handler, which would take what the client sends before it knows of this for a
   * breach of the protocol, and end the connection.
   */
  private void sendGoAway(ChannelHandlerContext ctx, int lastStreamId, String debugData) {
    if (!goingAway) {
      goingAway = true;
      lastStream = Math.max(lastStreamId, lastProcessedStream);
      encoder()
          .frameWriter()
          .writeGoAway(
              ctx,
              lastStream,
              Http2Error.NO_ERROR.code(),
              ByteBufUtil.writeUtf8(ctx.alloc(), debugData),
              ctx.newPromise());
      closeWhenDone();
    }
  }

  /** The client usually closes first; closing at once could cost it frames it has not read. */
  private void closeWhenDone() {
    if (goingAway && limit.openStreams() == 0 && context != null) {
      Runnable close = context::close;
      context.executor().schedule(close, LINGER.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private static String newUuid() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return new UUID(
            (random.nextLong() & ~0xf000L) | 0x4000L,
            (random.nextLong() & 0x3fff_ffff_ffff_ffffL) | Long.MIN_VALUE)
        .toString();
  }
}
