// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/** Collects each request's body, and refuses one that is too large and all that follows it. */
@SuppressWarnings("FutureReturnValueIgnored") // of a close
final class WebBodies extends HttpObjectAggregator {
  static final int MAX_BYTES = 64 * 1024;

  private boolean refused;
  private boolean closesAtNext;

  WebBodies() {
    super(MAX_BYTES);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    if (closesAtNext) {
      ReferenceCountUtil.release(message);
      ctx.close();
    } else if (refused) {
      ReferenceCountUtil.release(message);
    } else {
      super.channelRead(ctx, message);
    }
  }

  /** The answer to the last request never ends: another one is not answered, not even by 100. */
  void closeAtNext() {
    closesAtNext = true;
  }

  /** No continuation of what is too large: Netty would refuse it in words of its own. */
  @Override
  protected @Nullable Object newContinueResponse(
      HttpMessage start, int maxBytes, ChannelPipeline pipeline) {
    return isContentLengthInvalid(start, maxBytes)
        ? null
        : super.newContinueResponse(start, maxBytes, pipeline);
  }

  @Override
  protected void handleOversizedMessage(ChannelHandlerContext ctx, HttpMessage oversized) {
    refused = true;
    WebConnection.refuseAndClose(
        ctx, 413, "the body must be at most " + MAX_BYTES + " bytes, but was larger");
  }
}
