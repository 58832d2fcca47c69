// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client that does not read what it asked for. */
@Timeout(30)
final class WebConnectionTest {
  private static final String GET = "GET /page.js HTTP/1.1\r\nhost: localhost\r\n\r\n";

  /** A socket whose other end may stop reading. */
  private static final class Socket extends EmbeddedChannel {
    private boolean reads;

    @Override
    protected void doWrite(ChannelOutboundBuffer written) throws Exception {
      if (reads) {
        super.doWrite(written);
      }
    }

    void ask() {
      writeInbound(Unpooled.copiedBuffer(GET, StandardCharsets.US_ASCII));
    }

    long waiting() {
      return unsafe().outboundBuffer().totalPendingWriteBytes();
    }
  }

  @Test
  void whoAsksAndAsksWithoutReadingIsHeldBack() {
    try (ApnsSimulator simulator = ApnsSimulator.start()) {
      Socket socket = new Socket();
      WebState state = new WebState(simulator);
      WebEvents events = new WebEvents(state, socket.eventLoop());
      PlacedCalls calls = new PlacedCalls(simulator, events);
      WebApi api = new WebApi(simulator, state, calls);
      socket
          .pipeline()
          .addLast(
              new HttpServerCodec(),
              new WebBodies(),
              new WebConnection(80, new WebFiles(), api, events));
      int limit = socket.config().getWriteBufferHighWaterMark();
      socket.ask();
      long answer = socket.waiting();
      assertTrue(socket.config().isAutoRead(), "held back at once");
      while (socket.config().isAutoRead()) {
        assertTrue(socket.waiting() <= limit, () -> "not held back at " + socket.waiting());
        socket.ask();
      }
      assertTrue(socket.waiting() <= limit + answer);
      assertFalse(socket.isWritable());

      socket.reads = true;
      socket.flush();
      socket.runPendingTasks();
      assertEquals(0, socket.waiting());
      assertTrue(socket.config().isAutoRead(), "held back for ever");
      socket.finishAndReleaseAll();
      calls.close();
    }
  }
}
