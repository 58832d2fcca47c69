// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a browser or another client: checks where a request comes from, finds what
 * answers it, and adds the headers that keep a browser from doing anything else with the answer.
 *
 * <p>Other sites' pages can send requests to the loopback address, too: by a host name of their own
 * that leads here, which its Host header gives away, or by a form, which has an Origin and cannot
 * have the content type of JSON.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what cannot be written needs no answer
final class WebConnection extends SimpleChannelInboundHandler<FullHttpRequest> {
  private static final Logger logger = LoggerFactory.getLogger(WebConnection.class);

  static final int MAX_LINE = 4096;
  static final int MAX_HEADERS = 8192;

  private static final Duration LINGER = Duration.ofSeconds(2);

  /** The page itself, and a person who types the address. */
  private static final Set<String> OWN_SITE = Set.of("same-origin", "none");

  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final Set<String> hosts;
  private final Set<String> origins;
  private final String page;
  private final WebFiles files;
  private final WebApi api;
  private final WebEvents events;
  private boolean listensToEvents;

  WebConnection(int port, WebFiles files, WebApi api, WebEvents events) {
    hosts = Set.of("127.0.0.1", "localhost", "127.0.0.1:" + port, "localhost:" + port);
    origins = Set.of("http://127.0.0.1:" + port, "http://localhost:" + port);
    page = "http://127.0.0.1:" + port + "/";
    this.files = files;
    this.api = api;
    this.events = events;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
    if (request.decoderResult().isFailure()) {
      refuseUnreadable(ctx, request.decoderResult().cause());
      return;
    }
    WebReply reply;
    try {
      reply = checkSource(request);
      if (reply == null) {
        String path = path(request);
        if (path.equals("/api/events") && request.method().equals(HttpMethod.GET)) {
          sendEvents(ctx);
          return;
        }
        reply = find(request, path);
      }
    } catch (WebRefusal e) {
      reply = WebReply.error(e.status(), String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      logger.warn("the web server failed at {}", path(request), e);
      reply = WebReply.error(500, "the simulator failed, see its log; this is a fault of its own");
    }
    send(ctx, reply, HttpUtil.isKeepAlive(request));
  }

  private WebReply find(FullHttpRequest request, String path) {
    HttpMethod method = request.method();
    boolean reads = method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD);
    WebReply file = files.find(path);
    if (file != null) {
      return reads ? file : WebReply.methodNotAllowed(method.name(), path, "GET, HEAD");
    }
    // Netty sends the headers of an answer to HEAD, and leaves out its body.
    return api.answer(
        method.equals(HttpMethod.HEAD) ? "GET" : method.name(),
        path,
        request.headers().get(HttpHeaderNames.CONTENT_TYPE, ""),
        ByteBufUtil.getBytes(request.content()));
  }

  /** The refusal of a request that another site's page may have sent, or null. */
  private @Nullable WebReply checkSource(FullHttpRequest request) {
    List<String> host = request.headers().getAll(HttpHeaderNames.HOST);
    if (host.size() != 1 || !hosts.contains(host.get(0))) {
      return WebReply.error(
          403, "the Host header must be that of " + page + ", but was " + shown(host));
    }
    List<String> origin = request.headers().getAll(HttpHeaderNames.ORIGIN);
    if (!origins.containsAll(origin)) {
      return WebReply.error(
          403,
          "the Origin header must be left out or that of " + page + ", but was " + shown(origin));
    }
    // What a browser says of a request for an image or the like, which has no Origin.
    List<String> site = request.headers().getAll("sec-fetch-site");
    if (path(request).startsWith("/api/") && !OWN_SITE.containsAll(site)) {
      return WebReply.error(
          403,
          "the Sec-Fetch-Site header must be left out or same-origin or none, but was "
              + shown(site));
    }
    return null;
  }

  private static String shown(List<String> values) {
    return values.isEmpty() ? "left out" : String.join(", ", values);
  }

  private static String path(FullHttpRequest request) {
    String uri = request.uri();
    int query = uri.indexOf('?');
    return query < 0 ? uri : uri.substring(0, query);
  }

  /**
   * Refuses a request of which more may be on its way. What comes is read for a while, for a close
   * with bytes unread would take the answer with it.
   */
  static void refuseAndClose(ChannelHandlerContext ctx, int status, String message) {
    write(ctx, WebReply.error(status, message), false)
        .addListener(
            written -> {
              ((DuplexChannel) ctx.channel()).shutdownOutput();
              ctx.executor().schedule(() -> ctx.close(), LINGER.toMillis(), TimeUnit.MILLISECONDS);
            });
  }

  private static void refuseUnreadable(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof TooLongHttpLineException) {
      refuseAndClose(
          ctx, 414, "the request line must be at most " + MAX_LINE + " bytes, but was longer");
    } else if (cause instanceof TooLongHttpHeaderException) {
      refuseAndClose(
          ctx, 431, "all headers must be at most " + MAX_HEADERS + " bytes, but were more");
    } else {
      refuseAndClose(ctx, 400, "the request must be HTTP/1.1, but was something else");
    }
  }

  private static void send(ChannelHandlerContext ctx, WebReply reply, boolean keepAlive) {
    ChannelFuture written = write(ctx, reply, keepAlive);
    if (!keepAlive) {
      written.addListener(ChannelFutureListener.CLOSE);
    }
  }

  private static ChannelFuture write(ChannelHandlerContext ctx, WebReply reply, boolean keepAlive) {
    DefaultFullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(reply.status()),
            Unpooled.wrappedBuffer(reply.body()));
    addHeaders(response, reply.contentType());
    reply.headers().forEach((name, value) -> response.headers().set(name, value));
    HttpUtil.setContentLength(response, reply.body().length);
    HttpUtil.setKeepAlive(response, keepAlive);
    return ctx.writeAndFlush(response);
  }

  private void sendEvents(ChannelHandlerContext ctx) {
    listensToEvents = true;
    ctx.pipeline().get(WebBodies.class).closeAtNext();
    HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    addHeaders(response, "text/event-stream; charset=utf-8");
    HttpUtil.setTransferEncodingChunked(response, true);
    ctx.write(response);
    events.add(ctx.channel());
  }

  private static void addHeaders(HttpResponse response, String contentType) {
    HttpHeaders headers = response.headers();
    headers.set(HttpHeaderNames.CONTENT_TYPE, contentType);
    headers.set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE);
    headers.set(HttpHeaderNames.CONTENT_SECURITY_POLICY, POLICY);
    headers.set("x-content-type-options", "nosniff");
    headers.set("x-frame-options", "DENY");
    headers.set("referrer-policy", "no-referrer");
    headers.set("cross-origin-resource-policy", "same-origin");
    headers.set("cross-origin-opener-policy", "same-origin");
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (!listensToEvents) { // one that asks and asks, and reads no answer
      ctx.channel().config().setAutoRead(ctx.channel().isWritable());
    }
    events.writabilityChanged(ctx.channel());
    ctx.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    events.remove(ctx.channel());
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    logger.debug("a web connection failed: {}", cause.toString());
    ctx.close();
  }
}
