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
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that do not read what they asked for, or ask where there is no answer to come. */
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
      ask(GET);
    }

    void ask(String request) {
      writeInbound(Unpooled.copiedBuffer(request, StandardCharsets.US_ASCII));
    }

    long waiting() {
      return unsafe().outboundBuffer().totalPendingWriteBytes();
    }
  }

  /** A web server's connection, and what of the simulator it stands on. */
  private static void withConnection(Consumer<Socket> test) {
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
      test.accept(socket);
      socket.finishAndReleaseAll();
      calls.close();
    }
  }

  @Test
  void whoAsksAndAsksWithoutReadingIsHeldBack() {
    withConnection(
        socket -> {
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
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "expect: 100-continue\r\ncontent-length: 2\r\n", "content-length: 99999\r\n"})
  void requestBehindThatForEventsEndsTheConnectionAndHasNoAnswer(String headers) {
    withConnection(
        socket -> {
          socket.reads = true;
          String host = "HTTP/1.1\r\nhost: localhost\r\n";
          socket.ask("GET /api/events " + host + "\r\n");
          assertTrue(socket.isOpen());
          socket.releaseOutbound();
          socket.ask("POST /api/calls " + host + headers + "\r\n");
          socket.checkException();
          assertFalse(socket.isOpen());
          assertEquals(0, socket.outboundMessages().size());
        });
  }
}
