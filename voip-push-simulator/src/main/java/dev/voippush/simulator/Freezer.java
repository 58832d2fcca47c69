// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * First in the pipeline: while frozen, nothing is read from the socket and nothing written to it,
 * as if the cable led nowhere. Closing still works, and bypasses TLS when it starts here. Confined
 * to the channel's event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the promises are passed on
final class Freezer extends ChannelDuplexHandler {
  private final Deque<Pending> writes = new ArrayDeque<>();
  private boolean frozen;
  private @Nullable ChannelHandlerContext context;

  private record Pending(Object message, ChannelPromise promise) {}

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  void freeze() {
    if (!frozen && context != null) {
      frozen = true;
      context.channel().config().setAutoRead(false);
    }
  }

  void thaw() {
    if (frozen && context != null) {
      frozen = false;
      for (Pending write = writes.poll(); write != null; write = writes.poll()) {
        context.write(write.message, write.promise);
      }
      context.flush();
      context.channel().config().setAutoRead(true);
    }
  }

  /** Closes the socket without a word of TLS or HTTP/2. */
  void drop() {
    if (context != null) {
      context.close();
    }
  }

  @Override
  public void read(ChannelHandlerContext ctx) {
    if (!frozen) {
      ctx.read();
    }
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (frozen) {
      writes.add(new Pending(message, promise));
    } else {
      ctx.write(message, promise);
    }
  }

  @Override
  public void flush(ChannelHandlerContext ctx) {
    if (!frozen) {
      ctx.flush();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    for (Pending write = writes.poll(); write != null; write = writes.poll()) {
      ReferenceCountUtil.release(write.message);
      write.promise.tryFailure(new ClosedChannelException());
    }
    ctx.fireChannelInactive();
  }
}
