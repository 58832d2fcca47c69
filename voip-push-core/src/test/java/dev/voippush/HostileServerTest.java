// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.await;
import static dev.voippush.TestClients.call;
import static dev.voippush.TestClients.failureOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.RawApns.Connection;
import dev.voippush.RawApns.Request;
import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Servers that break HTTP/2, or use it against their clients, on either transport: each push ends
 * in time, truthfully and with the reason; nothing piles up; and the next push gets through.
 *
 * <p>What OkHttp's own reader does with a misdeed is not ours to change, and only written down.
 */
@ParameterizedClass
@EnumSource
@Timeout(60)
class HostileServerTest {
  private static final DeviceToken PHONE = DeviceToken.of("ab".repeat(32));

  /** More than a client may take in before it ends the connection. */
  private static final int FLOOD = 64 * 1024 * 1024;

  private static PushCertificate credentials;

  private final VoipPushClientTest.Kind kind;

  HostileServerTest(VoipPushClientTest.Kind kind) {
    this.kind = kind;
  }

  @BeforeAll
  static void issueCertificate() throws Exception {
    try (ApnsSimulator apns = ApnsSimulator.start()) {
      credentials = TestClients.certificate(apns);
    }
  }

  /** How the push ends that the misdeed is done to; UNKNOWN is not tried again here. */
  private record End(Failure failure, int status, int attempts, String says) {
    /** As if nothing had been. */
    static End accepted() {
      return new End(null, 200, 1, "");
    }

    /** It was not sent, and is by the next connection. */
    static End sentAgain() {
      return new End(null, 200, 2, "");
    }

    static End rejected(int status, String says) {
      return new End(null, status, 1, says);
    }

    static End protocol(String says) {
      return new End(Failure.PROTOCOL, 0, 1, says);
    }

    static End timeout() {
      return new End(Failure.TIMEOUT, 0, 1, "APNs did not answer within PT3S");
    }

    static End lost(String says) {
      return new End(Failure.CONNECTION_LOST, 0, 1, says);
    }
  }

  /** What a server does on its first connection when it has read a request. */
  @SuppressWarnings("ImmutableEnumChecker") // End is
  private enum Misdeed {
    HEADERS_THAT_MULTIPLY(
        End.protocol("header byte count limit"), End.lost("header byte count limit")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        byte[] bomb =
            Arrays.copyOf(join(bytes(0x88), literal(0x40, "x", "y".repeat(4_000))), 20_000);
        Arrays.fill(bomb, 4_010, bomb.length, (byte) 0xbe);
        c.headers(r.streamId(), true, bomb);
      }
    },
    HUFFMAN_CODE_THAT_UNFOLDS(
        End.protocol("header byte count limit"), End.lost("header byte count limit")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        byte[] block = join(bytes(0x88, 0x00, 1, 'x'), length(0x80, 200_000), new byte[200_000]);
        c.headers(r.streamId(), true, block); // 320,000 times "0"
      }
    },
    HEADER_OF_A_GIGABYTE(
        End.protocol("header byte count limit"), End.lost("header byte count limit")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.headers(r.streamId(), true, join(bytes(0x88, 0x00, 1, 'x'), length(0, 1 << 30)));
      }
    },
    HEADERS_OF_64_KB(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        r.status(200);
        c.headers(r.streamId(), true, ":status", "200", "x", "\u007f".repeat(50_000));
      }
    },
    HEADERS_OF_16_MB(End.protocol("header byte count limit"), End.lost("header byte count limit")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        byte[] header = literal(0, "x", "y".repeat(60));
        byte[] block = new byte[16 << 20];
        block[0] = (byte) 0x88;
        for (int i = 1; i + header.length <= block.length; i += header.length) {
          System.arraycopy(header, 0, block, i, header.length);
        }
        c.headers(r.streamId(), true, block);
      }
    },
    CONTINUATION_WITHOUT_END(
        End.protocol("header byte count limit"), End.lost("header byte count limit")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.frame(RawApns.HEADERS, 0, r.streamId(), bytes(0x88));
        byte[] header = literal(0, "x", "y".repeat(60));
        flood(c, () -> c.frame(RawApns.CONTINUATION, 0, r.streamId(), header));
      }
    },
    CONTINUATION_MISSING(End.protocol("CONTINUATION"), End.lost("CONTINUATION")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.frame(RawApns.HEADERS, 0, r.streamId(), bytes(0x88));
        c.ping(0);
      }
    },
    CONTINUATION_OF_ANOTHER_STREAM(End.protocol("CONTINUATION"), End.lost("CONTINUATION")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.frame(RawApns.HEADERS, 0, r.streamId(), bytes(0x88));
        c.frame(RawApns.CONTINUATION, RawApns.END_HEADERS, r.streamId() + 2);
      }
    },
    HEADER_INDEX_OUT_OF_TABLE(End.protocol("index"), End.lost("index")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.headers(r.streamId(), true, bytes(0x88, 0xfe));
      }
    },
    HEADER_TABLE_GROWN_BEYOND_OURS(End.protocol("table size"), End.lost("table size")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.headers(r.streamId(), true, join(length(0x20, 1 << 20), bytes(0x88)));
      }
    },
    UPPER_CASE_HEADER(End.protocol("mixed case"), End.lost("mixed case")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.headers(r.streamId(), true, ":status", "200", "X-Upper", "y");
      }
    },
    NUL_IN_HEADERS(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        r.status(200);
        c.headers(r.streamId(), true, ":status", "200", "x\0", "y", "apns-unique-id", "y\0\r\nz");
      }
    },
    GOAWAY_WITHOUT_WHAT_WAS_ANSWERED(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        r.status(200);
        c.headers(r.streamId(), false, ":status", "200");
        c.goAway(0, 0);
      }
    },
    NO_STATUS(End.protocol("without a valid final :status"), End.protocol(":status")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.headers(r.streamId(), true, "x", "y");
      }
    },
    TWO_STATUSES(End.protocol("without a valid final :status"), End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.headers(r.streamId(), true, ":status", "410", ":status", "200");
      }
    },
    STATUS_TOO_LONG(End.protocol("without a valid final :status"), End.protocol("99999")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.headers(r.streamId(), true, ":status", "99999");
      }
    },
    STATUS_OF_LETTERS(End.protocol("without a valid final :status"), End.protocol("abc")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.headers(r.streamId(), true, ":status", "abc");
      }
    },
    EMPTY_STATUS(End.protocol("without a valid final :status"), End.protocol("status line")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.headers(r.streamId(), true, ":status", "");
      }
    },
    PINGS(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        for (int i = 0; i < 1_000; i++) {
          c.ping(i);
        }
        c.answer(r);
      }
    },
    WRONG_PING(End.protocol("TYPE_PING length"), End.lost("TYPE_PING length")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.frame(RawApns.PING, 0, 0, new byte[7]);
      }
    },
    PING_ACK_NOBODY_ASKED_FOR(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.frame(RawApns.PING, RawApns.ACK, 0, new byte[8]);
        c.ackSettings();
        c.answer(r);
      }
    },
    FRAMES_TOO_SMALL(End.protocol("MAX_FRAME_SIZE"), End.lost("MAX_FRAME_SIZE")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.settings(RawApns.MAX_FRAME_SIZE, 0);
      }
    },
    FRAMES_TOO_LARGE(End.protocol("MAX_FRAME_SIZE"), End.lost("MAX_FRAME_SIZE")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.settings(RawApns.MAX_FRAME_SIZE, 1 << 24);
      }
    },
    WINDOW_TOO_LARGE(End.protocol("INITIAL_WINDOW_SIZE"), End.lost("INITIAL_WINDOW_SIZE")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.settings(RawApns.INITIAL_WINDOW_SIZE, 1L << 31);
      }
    },
    PUSH_THAT_IS_NEITHER_ON_NOR_OFF(End.protocol("ENABLE_PUSH"), End.lost("ENABLE_PUSH")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.settings(RawApns.ENABLE_PUSH, 2);
      }
    },
    SETTINGS_TO_BE_IGNORED(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.settings(
            RawApns.HEADER_TABLE_SIZE, 0xffff_ffffL, RawApns.ENABLE_PUSH, 1, 0xabcd, 0xffff_ffffL);
        c.settings(RawApns.MAX_HEADER_LIST_SIZE, 0, RawApns.MAX_CONCURRENT_STREAMS, 0xffff_ffffL);
        c.answer(r);
      }
    },
    SETTINGS_OF_HALF_A_VALUE(
        End.protocol("TYPE_SETTINGS length"), End.lost("TYPE_SETTINGS length")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.frame(RawApns.SETTINGS, 0, 0, new byte[5]);
      }
    },
    RESET(
        End.protocol("the server reset the stream: INTERNAL_ERROR"),
        End.protocol("INTERNAL_ERROR")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.rst(r.streamId(), 2);
      }
    },
    REFUSAL(End.sentAgain()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        r.notProcessed();
        c.rst(r.streamId(), 7);
      }
    },
    RESETS_OF_WHAT_IS_NOT_OPEN(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        for (int streamId = r.streamId() + 1; streamId < 2_000; streamId++) {
          c.rst(streamId, 7);
        }
        c.rst(0x7fffffff, 2);
        c.answer(r);
      }
    },
    WINDOW_OF_A_STREAM_OVERFLOWS(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.windowUpdate(r.streamId(), 0x7fffffff);
        c.windowUpdate(r.streamId(), 0x7fffffff);
        c.answer(r);
      }
    },
    WINDOW_OF_THE_CONNECTION_OVERFLOWS(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        for (int i = 0; i < 10; i++) {
          c.windowUpdate(0, 0x7fffffff);
        }
        c.answer(r);
      }
    },
    WINDOW_UPDATE_OF_NOTHING(
        End.protocol("windowSizeIncrement was 0"), End.lost("windowSizeIncrement was 0")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.windowUpdate(0, 0);
      }
    },
    FRAME_TOO_LONG(End.rejected(400, "")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        r.status(400);
        c.headers(r.streamId(), false, ":status", "400");
        c.data(r.streamId(), true, new byte[RawApns.MAX_FRAME + 1]);
      }
    },
    FRAMES_OF_UNKNOWN_TYPES(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        for (int type = 11; type < 256; type++) {
          c.frame(type, 0xff, type % 3, new byte[type]);
        }
        c.answer(r);
      }
    },
    PRIORITIES(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        for (int i = 0; i < 100_000; i++) {
          c.frame(RawApns.PRIORITY, 0, 2 * i + 1, new byte[5]);
        }
        c.answer(r);
      }
    },
    EMPTY_DATA(End.rejected(400, "BadPath")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        r.status(400);
        c.headers(r.streamId(), false, ":status", "400");
        for (int i = 0; i < 5_000; i++) {
          c.data(r.streamId(), false);
        }
        c.data(r.streamId(), true, "{\"reason\":\"BadPath\"}".getBytes(StandardCharsets.UTF_8));
      }
    },
    DATA_BEFORE_HEADERS(End.protocol("DATA before HEADERS"), End.protocol(":status")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.data(r.streamId(), true, new byte[10]);
      }
    },
    DATA_OF_NO_STREAM(
        End.protocol("TYPE_DATA streamId == 0"), End.lost("TYPE_DATA streamId == 0")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.data(0, true, new byte[10]);
      }
    },
    PADDING_LONGER_THAN_ITS_FRAME(End.rejected(400, "")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        r.status(400);
        c.headers(r.streamId(), false, ":status", "400");
        c.frame(RawApns.DATA, RawApns.PADDED, r.streamId(), bytes(200, 1, 2));
      }
    },
    HEADERS_OF_OTHER_STREAMS(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        for (int streamId : new int[] {2, 4, 1_001, 0x7fffffff}) {
          c.headers(streamId, false, ":status", "410");
          c.data(streamId, true, new byte[100]);
        }
        c.answer(r);
      }
    },
    MORE_AFTER_THE_END(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.answer(r);
        c.headers(r.streamId(), true, ":status", "410");
        c.data(r.streamId(), true, new byte[100]);
        c.rst(r.streamId(), 0);
      }
    },
    GOAWAY_THAT_TAKES_BACK_WHAT_IT_SAID(End.sentAgain()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        r.notProcessed();
        c.goAway(0, 0);
        c.goAway(0x7fffffff, 0);
      }
    },
    GOAWAYS(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        for (int i = 0; i < 1_000; i++) {
          c.goAway(0x7fffffff, 0, new byte[1_000]);
        }
        c.answer(r);
      }
    },
    GOAWAYS_OF_1_MB(End.protocol("1048584"), End.lost("1048584")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        flood(c, () -> c.goAway(0x7fffffff, 0, new byte[1 << 20]));
      }
    },
    HTTP_1_IN_THE_MIDDLE(End.protocol("answers in HTTP/1"), End.lost("FRAME_SIZE_ERROR")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.raw("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      }
    },
    RESET_OF_TCP(End.lost("")) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.reset();
      }
    },
    BYTE_BY_BYTE(End.accepted()) {
      @Override
      void act(Connection c, Request r) throws IOException {
        c.chunks(1);
        c.answer(r);
      }
    };

    private final End byStream;
    private final End byCall;

    Misdeed(End end) {
      this(end, end);
    }

    Misdeed(End byStream, End byCall) {
      this.byStream = byStream;
      this.byCall = byCall;
    }

    abstract void act(Connection c, Request r) throws IOException;
  }

  @FunctionalInterface
  private interface Wrong {
    void act(Connection connection, Request request) throws IOException;
  }

  @FunctionalInterface
  private interface Wave {
    void write() throws IOException;
  }

  /** Goes on until the client ends the connection, which it must do. */
  private static void flood(Connection connection, Wave wave) throws IOException {
    while (connection.written() < FLOOD) {
      wave.write();
    }
    throw new IllegalStateException("the client takes all");
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      joined.writeBytes(part);
    }
    return joined.toByteArray();
  }

  /** A number in HPACK, which does not fit in the first byte's last bits. */
  private static byte[] length(int first, int number) {
    int prefix = first == 0x20 ? 31 : 127;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(first | prefix);
    int left = number - prefix;
    for (; left >= 128; left >>>= 7) {
      bytes.write((left & 127) | 128);
    }
    bytes.write(left);
    return bytes.toByteArray();
  }

  /** A header in HPACK with a new name. */
  private static byte[] literal(int first, String name, String value) {
    byte[] size = value.length() < 127 ? bytes(value.length()) : length(0, value.length());
    return join(
        bytes(first, name.length()),
        name.getBytes(StandardCharsets.UTF_8),
        size,
        value.getBytes(StandardCharsets.UTF_8));
  }

  private VoipPushClient.Builder builder(RawApns apns) {
    return kind.choose(VoipPushClient.builder())
        .credentials(credentials)
        .endpoint(apns.endpoint())
        .trustedCertificates(apns.root())
        .attemptTimeout(Duration.ofSeconds(20))
        .retryUnknown(false)
        .closeTimeout(Duration.ofSeconds(1));
  }

  /** Does it to the first request of all, and is good after that. */
  private static RawApns.Behaviour once(Wrong wrong) {
    return new RawApns.Behaviour() {
      private boolean done;

      @Override
      public void request(Connection connection, Request request) throws IOException {
        if (done) {
          connection.answer(request);
        } else {
          done = true;
          wrong.act(connection, request);
        }
      }
    };
  }

  private static void assertEnd(End expected, CompletableFuture<PushResult> push, RawApns apns)
      throws Exception {
    if (expected.failure() != null) {
      VoipPushException e = failureOf(push);
      assertEquals(expected.failure(), e.failure(), e.toString());
      assertEquals(Delivery.UNKNOWN, e.delivery(), e.toString());
      assertEquals(expected.attempts(), e.attempts(), e.toString());
      assertTrue(e.getMessage().contains(expected.says()), e.getMessage());
      return;
    }
    PushResult result = push.get(30, TimeUnit.SECONDS);
    assertEquals(expected.status() == 200, result.accepted(), result.toString());
    assertTrue(result.attempts() >= expected.attempts(), result.toString());
    assertFalse(result.possiblyDuplicated(), result.toString());
    if (result instanceof PushResult.Rejected rejected) {
      assertEquals(expected.status(), rejected.status(), result.toString());
      assertTrue(rejected.rawReason().startsWith(expected.says()), result.toString());
      assertTrue(rejected.rawReason().length() <= 256, result.toString());
    }
    long processed =
        apns.requests().stream()
            .filter(r -> r.apnsId().equals(result.apnsId().toString()) && r.isProcessed())
            .count();
    assertEquals(result.accepted() ? 1 : 0, processed, apns.requests().toString());
  }

  /** For clients of little patience: a machine under load may be slower. */
  private static boolean isAccepted(VoipPushClient client) {
    return client
        .sendAsync(PHONE, call())
        .handle((result, e) -> e == null && result.accepted())
        .join();
  }

  private static void assertRecovers(VoipPushClient client) throws Exception {
    assertTrue(client.sendAsync(PHONE, call()).get(30, TimeUnit.SECONDS).accepted());
  }

  @ParameterizedTest
  @EnumSource
  void misdeed(Misdeed misdeed) throws Exception {
    try (RawApns apns = new RawApns(once(misdeed::act));
        VoipPushClient client = builder(apns).build()) {
      End expected = kind == VoipPushClientTest.Kind.STREAM ? misdeed.byStream : misdeed.byCall;
      assertEnd(expected, client.sendAsync(PHONE, call()), apns);
      assertRecovers(client);
      assertEquals(List.of(), apns.faults());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void floodOfWhatIsToBeAnswered(boolean ofPings) throws Exception {
    RawApns.Behaviour behaviour =
        once(
            (connection, request) -> {
              connection.answer(request);
              flood( // to a connection where nothing is waited for
                  connection,
                  ofPings
                      ? () -> connection.ping(1)
                      : () -> connection.settings(RawApns.MAX_CONCURRENT_STREAMS, 100));
            });
    try (RawApns apns = new RawApns(behaviour);
        VoipPushClient client = builder(apns).build()) {
      assertEnd(End.accepted(), client.sendAsync(PHONE, call()), apns);
      await(() -> !apns.connections().get(0).isOpen());
      assertRecovers(client);
      assertEquals(List.of(), apns.faults());
    }
  }

  /** What a server greets by instead of SETTINGS that can be kept. */
  private enum Greeting {
    HTTP_1("answers in HTTP/1") {
      @Override
      void write(Connection c) throws IOException {
        c.raw("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      }
    },
    PING("SETTINGS") {
      @Override
      void write(Connection c) throws IOException {
        c.ping(1);
      }
    },
    GOAWAY("GOAWAY INTERNAL_ERROR overloaded before SETTINGS") {
      @Override
      void write(Connection c) throws IOException {
        c.goAway(0, 2, "overloaded".getBytes(StandardCharsets.UTF_8));
      }
    },
    NO_FRAMES("MAX_FRAME_SIZE: 0") {
      @Override
      void write(Connection c) throws IOException {
        c.settings(RawApns.MAX_FRAME_SIZE, 0);
      }
    },
    TOO_LARGE_A_WINDOW("INITIAL_WINDOW_SIZE") {
      @Override
      void write(Connection c) throws IOException {
        c.settings(RawApns.INITIAL_WINDOW_SIZE, 0xffff_ffffL);
      }
    },
    ANSWER_TO_NOTHING("SETTINGS") {
      @Override
      void write(Connection c) throws IOException {
        c.headers(1, true, ":status", "200");
      }
    };

    private final String says;

    Greeting(String says) {
      this.says = says;
    }

    abstract void write(Connection c) throws IOException;
  }

  /** A push waits for the next connection, with OkHttp's calls unless it was written already. */
  @ParameterizedTest
  @EnumSource
  void greeting(Greeting greeting) throws Exception {
    RawApns.Behaviour behaviour =
        new RawApns.Behaviour() {
          @Override
          public void opened(Connection connection) throws IOException {
            if (connection.number() == 1) {
              greeting.write(connection);
            } else {
              connection.settings();
            }
          }
        };
    try (RawApns apns = new RawApns(behaviour);
        VoipPushClient client = builder(apns).build()) {
      if (kind == VoipPushClientTest.Kind.STREAM) {
        VoipPushException e = failureOf(client.connect());
        assertEquals(Failure.PROTOCOL, e.failure(), e.toString());
        assertEquals(Delivery.NOT_SENT, e.delivery(), e.toString());
        assertTrue(e.getMessage().contains(greeting.says), e.getMessage());
      } else {
        client.sendAsync(PHONE, call()).handle((result, e) -> e).get(30, TimeUnit.SECONDS);
      }
      assertRecovers(client);
    }
  }

  /** More would break the window of OkHttp's own connection, after which it answers no more. */
  @Test
  void endlessBody() throws Exception {
    int size = 15_000_000;
    byte[] piece = "x".repeat(RawApns.MAX_FRAME).getBytes(StandardCharsets.UTF_8);
    CountDownLatch written = new CountDownLatch(1);
    RawApns.Behaviour behaviour =
        once(
            (connection, request) -> {
              request.status(400);
              connection.headers(request.streamId(), false, ":status", "400");
              try {
                for (int i = 0; i < size / piece.length; i++) {
                  connection.data(request.streamId(), false, piece);
                }
              } finally {
                written.countDown();
              }
            });
    try (RawApns apns = new RawApns(behaviour);
        VoipPushClient client = builder(apns).build()) {
      assertEnd(End.rejected(400, "xxx"), client.sendAsync(PHONE, call()), apns);
      assertTrue(written.await(30, TimeUnit.SECONDS)); // until then it answers no PING
      assertRecovers(client);
      assertEquals(List.of(), apns.faults());
    }
  }

  /** What keeps a connection busy without an answer; a frame each millisecond. */
  @SuppressWarnings("ImmutableEnumChecker") // End is
  private enum Stalling {
    INFORMATION(End.timeout()) {
      @Override
      void write(Connection c, Request r) throws IOException {
        c.headers(r.streamId(), false, ":status", "103");
      }
    },
    LAST_INFORMATION(End.protocol("without a valid final :status"), End.timeout()) {
      @Override
      void write(Connection c, Request r) throws IOException {
        c.headers(r.streamId(), true, ":status", "103");
      }
    },
    EMPTY_CONTINUATION(End.timeout()) {
      @Override
      void begin(Connection c, Request r) throws IOException {
        c.frame(RawApns.HEADERS, 0, r.streamId(), bytes(0x88));
      }

      @Override
      void write(Connection c, Request r) throws IOException {
        c.frame(RawApns.CONTINUATION, 0, r.streamId());
      }
    },
    EMPTY_BODY(End.rejected(400, "")) {
      @Override
      void begin(Connection c, Request r) throws IOException {
        r.status(400);
        c.headers(r.streamId(), false, ":status", "400");
      }

      @Override
      void write(Connection c, Request r) throws IOException {
        c.data(r.streamId(), false);
      }
    },
    PINGS(End.timeout()) {
      @Override
      void write(Connection c, Request r) throws IOException {
        c.ping(1);
      }
    },
    PUSH_PROMISES(End.protocol("PUSH_PROMISE"), End.timeout()) {
      @Override
      void write(Connection c, Request r) throws IOException {
        byte[] request = c.block(":method", "GET", ":path", "/");
        c.frame(
            RawApns.PUSH_PROMISE,
            RawApns.END_HEADERS,
            r.streamId(),
            join(bytes(0, 0, 0, 2), request));
      }
    };

    private final End byStream;
    private final End byCall;

    Stalling(End end) {
      this(end, end);
    }

    Stalling(End byStream, End byCall) {
      this.byStream = byStream;
      this.byCall = byCall;
    }

    void begin(Connection c, Request r) throws IOException {}

    abstract void write(Connection c, Request r) throws IOException;

    final RawApns.Behaviour behaviour() {
      return once(
          (connection, request) -> {
            begin(connection, request);
            while (!Thread.currentThread().isInterrupted()) {
              write(connection, request);
              connection.flush();
              LockSupport.parkNanos(1_000_000);
            }
          });
    }
  }

  /** All at once, as each takes its time. */
  @Test
  void stalling() throws Exception {
    Map<Stalling, RawApns> servers = new EnumMap<>(Stalling.class);
    Map<Stalling, VoipPushClient> clients = new EnumMap<>(Stalling.class);
    Map<Stalling, CompletableFuture<PushResult>> pushes = new EnumMap<>(Stalling.class);
    try {
      for (Stalling stalling : Stalling.values()) {
        RawApns apns = new RawApns(stalling.behaviour());
        servers.put(stalling, apns);
        clients.put(stalling, builder(apns).attemptTimeout(Duration.ofSeconds(3)).build());
        pushes.put(stalling, clients.get(stalling).sendAsync(PHONE, call()));
      }
      for (Stalling stalling : Stalling.values()) {
        End end = kind == VoipPushClientTest.Kind.STREAM ? stalling.byStream : stalling.byCall;
        assertEnd(end, pushes.get(stalling), servers.get(stalling));
      }
      for (RawApns apns : servers.values()) {
        apns.behaviour(new RawApns.Behaviour() {});
        apns.connections().forEach(Connection::reset);
      }
      for (VoipPushClient client : clients.values()) {
        await(() -> isAccepted(client));
      }
    } finally {
      clients.values().forEach(VoipPushClient::close);
      for (RawApns apns : servers.values()) {
        apns.close();
      }
    }
  }

  /** Its windows are open, but TCP fills up: what is written is unknown, the rest is sent again. */
  @Test
  void serverThatNeverReads() throws Exception {
    RawApns.Behaviour behaviour =
        new RawApns.Behaviour() {
          @Override
          public void opened(Connection connection) throws IOException {
            connection.settings();
            if (connection.number() == 1) {
              connection.windowUpdate(0, 0x7fff_0000);
              connection.flush();
              LockSupport.park(); // until the end of the test
            }
          }
        };
    int count = 1_000;
    CallPayload large = CallPayload.incoming(UUID.randomUUID()).put("x", "y".repeat(4_900)).build();
    List<CompletableFuture<PushResult>> pushes = new ArrayList<>();
    int accepted = 0;
    try (RawApns apns = new RawApns(behaviour);
        VoipPushClient client = builder(apns).attemptTimeout(Duration.ofSeconds(3)).build()) {
      for (int i = 0; i < count; i++) {
        pushes.add(client.sendAsync(PHONE, large));
      }
      for (CompletableFuture<PushResult> push : pushes) {
        Throwable failure = push.handle((result, e) -> e).get(40, TimeUnit.SECONDS);
        if (failure == null) {
          accepted++;
          assertTrue(push.join().accepted());
        } else {
          VoipPushException e = failureOf(push);
          assertEquals(Delivery.UNKNOWN, e.delivery(), e.toString());
          assertTrue(
              e.failure() == Failure.TIMEOUT || e.failure() == Failure.CONNECTION_LOST,
              e.toString());
        }
      }
      assertTrue(accepted < count, "some were written where nobody read");
      long processed = apns.requests().stream().map(Request::apnsId).distinct().count();
      assertEquals(processed, apns.requests().size(), "none twice");
      assertTrue(accepted <= processed, accepted + " accepted, " + processed + " processed");
      await(() -> isAccepted(client));
    }
  }
}
