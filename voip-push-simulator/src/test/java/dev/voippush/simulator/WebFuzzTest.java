// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.HttpServerCodec;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whatever bytes come as a request, the web server answers, and never by a fault of its own. */
final class WebFuzzTest {
  @RegisterExtension static final FuzzRun RUN = new FuzzRun("simulator-http");

  private static final FuzzedSimulator SIMULATOR = new FuzzedSimulator();

  @AfterAll
  static void close() {
    SIMULATOR.close();
  }

  @FuzzTest
  void everyRequestIsAnswered(byte[] data) throws Exception {
    RUN.input(() -> ask(data));
  }

  private static void ask(byte[] data) {
    WebApi api = SIMULATOR.api();
    MemoryChannel channel = new MemoryChannel();
    AtomicReference<@Nullable Throwable> fault = new AtomicReference<>();
    WebEvents events = new WebEvents(SIMULATOR.state(), channel.eventLoop());
    channel
        .pipeline()
        .addLast(
            new HttpServerCodec(WebConnection.MAX_LINE, WebConnection.MAX_HEADERS, 8192),
            new WebBodies(),
            new ChannelInboundHandlerAdapter() {
              @Override
              public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                fault.set(cause);
                ctx.fireExceptionCaught(cause);
              }
            },
            new WebConnection(80, new WebFiles(), api, events));
    try {
      channel.writeInbound(Unpooled.wrappedBuffer(data));
      channel.runPendingTasks();
      boolean answered = false;
      for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
        String text = out.toString(ISO_8859_1);
        out.release();
        answered = true;
        assertFalse(text.startsWith("HTTP/1.1 5"), text);
      }
      assertTrue(answered || channel.isOpen(), "closed without an answer");
      Throwable told = fault.get();
      boolean closedBeforeTheNext = // after an answer to HTTP/1.0, say, with a request behind it
          answered
              && !channel.isOpen()
              && (told instanceof PrematureChannelClosureException
                  || told instanceof ClosedChannelException);
      if (!closedBeforeTheNext) {
        assertNull(told);
      }
    } finally {
      channel.finishAndReleaseAll();
    }
  }
}
