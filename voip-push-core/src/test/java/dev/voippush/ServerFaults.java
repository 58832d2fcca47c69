// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.Fault.named;

import dev.voippush.FaultWorld.Served;
import dev.voippush.RawApns.Behaviour;
import dev.voippush.RawApns.Connection;
import dev.voippush.RawApns.Frame;
import dev.voippush.RawApns.Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.internal.http2.ErrorCode;

/** The faults of a server's frames. */
final class ServerFaults {
  private static final String[] ACCEPTED = {"accepted"};

  /** Nobody can know whether the server has processed it. */
  private static final String[] MAYBE_TOLD = {"accepted", "accepted, told"};

  /** HTTP/2's error codes, and one that is none. */
  static final List<Integer> CODES = List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xbad);

  static final int UNKNOWN_CODE = 0xbad;
  private static final int MOST_OFFSETS = 40;
  private static final int UNKNOWN_TYPE = 0x42;
  private static final int ALTSVC = 10;

  private ServerFaults() {}

  static List<Fault> all() {
    List<Fault> all = new ArrayList<>();
    addBeginnings(all);
    addResets(all);
    addGoAways(all);
    addAnswers(all);
    addBrokenAnswers(all);
    addSettings(all);
    return all;
  }

  static String name(int code) {
    return Arrays.stream(ErrorCode.values())
        .filter(known -> known.getHttpCode() == code)
        .map(ErrorCode::name)
        .findFirst()
        .orElse("0x" + Integer.toHexString(code));
  }

  /** Something that the server does with a request. */
  @FunctionalInterface
  private interface Deed {
    void on(Connection connection, Request request) throws IOException;
  }

  /** Something that the server does on a connection. */
  @FunctionalInterface
  private interface Word {
    void on(Connection connection) throws IOException;
  }

  private static RawApns serve(FaultWorld world, AtomicInteger hits, Behaviour behaviour)
      throws Exception {
    RawApns server = world.closed(new RawApns(behaviour));
    world.server(
        server.port(),
        server.root(),
        () -> server.requests().stream().map(ServerFaults::served).toList());
    world.hits(hits::get);
    world.mend(() -> server.behaviour(new Behaviour() {}));
    return server;
  }

  private static Served served(Request request) {
    return new Served(request.apnsId(), request.isProcessed() ? 200 : request.status(), "");
  }

  /** Does this to the first request of each push. */
  private static Fault.Setting each(Deed deed) {
    return world -> {
      AtomicInteger hits = new AtomicInteger();
      Set<String> seen = new HashSet<>();
      serve(
          world,
          hits,
          new Behaviour() {
            @Override
            public void request(Connection connection, Request request) throws IOException {
              boolean first;
              synchronized (seen) {
                first = seen.add(request.apnsId());
              }
              if (first) {
                hits.incrementAndGet();
                deed.on(connection, request);
              } else {
                connection.answer(request);
              }
            }
          });
    };
  }

  /** Does this to the request in the middle. */
  private static Fault.Setting one(Deed deed) {
    return one(deed, false);
  }

  /** Does this to the request in the middle, and no more to any after it on its connection. */
  private static Fault.Setting last(Deed deed) {
    return one(deed, true);
  }

  private static Fault.Setting one(Deed deed, boolean last) {
    return world -> {
      AtomicInteger hits = new AtomicInteger();
      AtomicInteger requests = new AtomicInteger();
      AtomicInteger ended = new AtomicInteger();
      int middle = world.devices().size() / 2;
      serve(
          world,
          hits,
          new Behaviour() {
            @Override
            public void request(Connection connection, Request request) throws IOException {
              if (connection.number() == ended.get()) {
                request.notProcessed();
              } else if (requests.getAndIncrement() == middle) {
                hits.incrementAndGet();
                ended.set(last ? connection.number() : 0);
                deed.on(connection, request);
              } else {
                connection.answer(request);
              }
            }
          });
    };
  }

  /** Does this at the beginning of the first connection. */
  private static Fault.Setting first(Word word) {
    return world -> {
      AtomicInteger hits = new AtomicInteger();
      serve(
          world,
          hits,
          new Behaviour() {
            @Override
            public void opened(Connection connection) throws IOException {
              if (connection.number() == 1) {
                hits.incrementAndGet();
                word.on(connection);
              } else {
                connection.settings();
              }
            }
          });
    };
  }

  private static void reset(Connection connection) throws IOException {
    connection.flush();
    connection.reset();
  }

  private static void close(Connection connection) throws IOException {
    connection.flush();
    connection.close();
  }

  // Before the first request.

  private static void addBeginnings(List<Fault> all) {
    all.add(named("reset instead of SETTINGS", first(ServerFaults::reset), ACCEPTED));
    all.add(named("closed instead of SETTINGS", first(ServerFaults::close), ACCEPTED));
    all.add(
        named(
            "no SETTINGS",
            world -> {
              first(connection -> {}).in(world);
              world.giveUpDialsSoon();
            },
            ACCEPTED));
    all.add(
        named(
                "HTTP/1.1 instead of SETTINGS",
                first(
                    connection -> {
                      connection.raw(
                          "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                      close(connection);
                    }),
                ACCEPTED)
            .onCallsAlso("accepted, told")); // to OkHttp, any byte is the beginning of HTTP/2
    all.add(
        named(
                "GOAWAY instead of SETTINGS",
                first(
                    connection -> {
                      connection.goAway(0, 0);
                      close(connection);
                    }),
                ACCEPTED)
            .onCallsAlso("accepted, told")); // to OkHttp, any byte is the beginning of HTTP/2
    all.add(
        named(
            "reset after SETTINGS",
            first(
                connection -> {
                  connection.settings();
                  reset(connection);
                }),
            MAYBE_TOLD));
    all.add(
        named(
            "closed after SETTINGS",
            first(
                connection -> {
                  connection.settings();
                  close(connection);
                }),
            MAYBE_TOLD));
    all.add(
        named(
            "reset after the ACK of SETTINGS",
            world -> {
              AtomicInteger hits = new AtomicInteger();
              serve(
                  world,
                  hits,
                  new Behaviour() {
                    @Override
                    public void settings(Connection connection, Frame frame) throws IOException {
                      connection.ackSettings();
                      if (connection.number() == 1) {
                        hits.incrementAndGet();
                        reset(connection);
                      }
                    }
                  });
            },
            MAYBE_TOLD));
  }

  // The connection ends in the midst of an answer.

  private static void addResets(List<Fault> all) {
    all.add(
        named(
            "reset after a request", last((connection, request) -> reset(connection)), MAYBE_TOLD));
    all.add(
        named(
            "reset after the answer's HEADERS",
            last(
                (connection, request) -> {
                  connection.headers(request.streamId(), false, ":status", "200");
                  reset(connection);
                }),
            MAYBE_TOLD));
    all.add(
        named(
            "closed after the answer's HEADERS",
            last(
                (connection, request) -> {
                  connection.headers(request.streamId(), false, ":status", "200");
                  close(connection);
                }),
            MAYBE_TOLD));
    all.add(
        named(
            "reset after half of the answer's HEADERS",
            last(
                (connection, request) -> {
                  byte[] block = connection.block(":status", "200");
                  connection.frameOfLength(
                      block.length + 20,
                      RawApns.HEADERS,
                      RawApns.END_HEADERS,
                      request.streamId(),
                      block);
                  reset(connection);
                }),
            MAYBE_TOLD));
    all.add(
        named(
            "closed after part of a rejection's DATA",
            last(
                (connection, request) -> {
                  request.status(400);
                  connection.headers(request.streamId(), false, ":status", "400");
                  byte[] part = "{\"reason\":".getBytes(StandardCharsets.US_ASCII);
                  connection.frameOfLength(
                      30, RawApns.DATA, RawApns.END_STREAM, request.streamId(), part);
                  close(connection);
                }),
            "accepted",
            "accepted, told",
            "rejected 400"));
    all.add(
        named(
            "reset after WINDOW_UPDATE",
            last(
                (connection, request) -> {
                  connection.windowUpdate(request.streamId(), 100);
                  connection.windowUpdate(0, 100);
                  reset(connection);
                }),
            MAYBE_TOLD));
    all.add(
        named(
            "reset after PING",
            last(
                (connection, request) -> {
                  connection.ping(1);
                  reset(connection);
                }),
            MAYBE_TOLD));
  }

  private static void addGoAways(List<Fault> all) {
    for (int code : CODES) {
      String name = "GOAWAY " + name(code);
      Fault leftOut =
          named(
              name + " that leaves requests out",
              last(
                  (connection, request) -> {
                    request.notProcessed();
                    connection.goAway(request.streamId() - 2, code);
                  }),
              ACCEPTED);
      // OkHttp may write a stream while it reads GOAWAY, and then does not know
      all.add(leftOut.onCallsAlso("accepted, told"));
      all.add(
          named(
              name + " that covers an unanswered request",
              last(
                  (connection, request) -> {
                    connection.goAway(request.streamId(), code);
                    close(connection);
                  }),
              MAYBE_TOLD));
    }
  }

  // Unusual, but right.

  private static void addAnswers(List<Fault> all) {
    all.add(
        named(
            "answers split at each offset",
            each(
                (connection, request) -> {
                  for (int offset = 1; offset <= MOST_OFFSETS; offset += 3) {
                    connection.chunks(offset + request.streamId() / 2 % 3);
                    connection.headers(
                        request.streamId(), false, ":status", "103", "link", "something longer");
                    connection.flush();
                  }
                  connection.answer(request);
                }),
            ACCEPTED));
    all.add(
        named(
            "1xx before the answer",
            each(
                (connection, request) -> {
                  connection.headers(request.streamId(), false, ":status", "100");
                  connection.headers(request.streamId(), false, ":status", "103", "link", "x");
                  connection.answer(request);
                }),
            ACCEPTED));
    all.add(
        named(
            "header block of 64 kB",
            each(
                (connection, request) -> {
                  request.status(200);
                  connection.headers(
                      request.streamId(), true, ":status", "200", "x-big", "x".repeat(64 << 10));
                }),
            ACCEPTED));
    all.add(
        named(
            "trailers",
            each(
                (connection, request) -> {
                  request.status(200);
                  connection.headers(request.streamId(), false, ":status", "200");
                  connection.data(request.streamId(), false, (byte) 'x');
                  connection.headers(request.streamId(), true, "x-trailer", "x");
                }),
            ACCEPTED));
    all.add(
        named(
            "empty DATA frames",
            each(
                (connection, request) -> {
                  request.status(200);
                  connection.headers(request.streamId(), false, ":status", "200");
                  for (int i = 0; i < 5; i++) {
                    connection.data(request.streamId(), false);
                  }
                  connection.data(request.streamId(), true);
                }),
            ACCEPTED));
    all.add(
        named(
            "END_STREAM of a rejection in a frame of its own",
            each(
                (connection, request) -> {
                  request.status(400);
                  connection.headers(request.streamId(), false, ":status", "400");
                  byte[] json = "{\"reason\":\"BadDeviceToken\"}".getBytes(StandardCharsets.UTF_8);
                  connection.data(request.streamId(), false, json);
                  connection.flush();
                  connection.data(request.streamId(), true);
                }),
            "rejected 400 BadDeviceToken"));
    all.add(
        named(
            "rejection whose body never ends",
            one(
                (connection, request) -> {
                  request.status(400);
                  connection.headers(request.streamId(), false, ":status", "400");
                }),
            "accepted",
            "rejected 400"));
    all.add(
        named(
            "RST_STREAM after the answer's HEADERS",
            each(
                (connection, request) -> {
                  request.status(200);
                  connection.headers(request.streamId(), false, ":status", "200");
                  connection.rst(request.streamId(), 0);
                }),
            MAYBE_TOLD));
    all.add(
        named(
            "RST_STREAM after the answer",
            each(
                (connection, request) -> {
                  connection.answer(request);
                  connection.rst(request.streamId(), 0);
                }),
            ACCEPTED));
    all.add(
        named(
            "frames of unknown types",
            each(
                (connection, request) -> {
                  connection.frame(UNKNOWN_TYPE, 0xff, request.streamId(), new byte[100]);
                  connection.frame(ALTSVC, 0, 0, (byte) 0, (byte) 1, (byte) 'x', (byte) 'y');
                  connection.frame(RawApns.PRIORITY, 0, request.streamId(), new byte[5]);
                  connection.answer(request);
                }),
            ACCEPTED));
  }

  // Against the rules.

  private static void addBrokenAnswers(List<Fault> all) {
    all.add(
        named(
            "answer without :status",
            each((connection, request) -> connection.headers(request.streamId(), true, "x", "y")),
            MAYBE_TOLD));
    all.add(
        named(
            "answer whose :status is no number",
            each(
                (connection, request) ->
                    connection.headers(request.streamId(), true, ":status", "ok")),
            MAYBE_TOLD));
    all.add(
        named(
            "DATA before HEADERS",
            one((connection, request) -> connection.data(request.streamId(), true, (byte) 'x')),
            MAYBE_TOLD));
    all.add(
        named(
            "answered twice",
            each(
                (connection, request) -> {
                  connection.answer(request);
                  connection.answer(request);
                }),
            ACCEPTED));
    all.add(
        named(
            "PUSH_PROMISE",
            world -> {
              one((connection, request) -> {
                    byte[] promised = {0, 0, 0, 2};
                    connection.frame(
                        RawApns.PUSH_PROMISE, RawApns.END_HEADERS, request.streamId(), promised);
                  })
                  .in(world);
              world.loseAnswersSoon(); // which OkHttp waits for
            },
            MAYBE_TOLD));
    all.add(
        named(
            "header block that is none",
            one(
                (connection, request) ->
                    connection.headers(request.streamId(), true, new byte[] {-1, -1, -1, -1, -1})),
            MAYBE_TOLD));
  }

  // SETTINGS on the way.

  private static void addSettings(List<Fault> all) {
    all.add(
        named(
            "INITIAL_WINDOW_SIZE 0, and back",
            world -> change(world, RawApns.INITIAL_WINDOW_SIZE, 0, 65_535),
            ACCEPTED));
    all.add(
        named(
            "MAX_CONCURRENT_STREAMS 0, and back",
            world -> change(world, RawApns.MAX_CONCURRENT_STREAMS, 0, 100),
            ACCEPTED));
    all.add(
        named(
            "MAX_FRAME_SIZE of the largest, and back",
            world -> change(world, RawApns.MAX_FRAME_SIZE, 16_777_215, RawApns.MAX_FRAME),
            ACCEPTED));
    all.add(
        named(
            "HEADER_TABLE_SIZE 0, and back",
            world -> change(world, RawApns.HEADER_TABLE_SIZE, 0, 4_096),
            ACCEPTED));
    all.add(named("SETTINGS that nobody knows", world -> change(world, 0x77, 1, 2), ACCEPTED));
  }

  /** Begins with one value, and changes it to another when pushes are under way. */
  private static void change(FaultWorld world, int setting, int before, int after)
      throws Exception {
    AtomicInteger hits = new AtomicInteger();
    AtomicInteger value = new AtomicInteger(before);
    RawApns server =
        serve(
            world,
            hits,
            new Behaviour() {
              @Override
              public void opened(Connection connection) throws IOException {
                connection.settings(setting, value.get());
              }
            });
    world.underWay(
        () -> {
          TestClients.await(() -> !server.connections().isEmpty());
          world.pause(100);
          value.set(after);
          for (Connection connection : server.connections()) {
            connection.settings(setting, after);
            connection.flush();
            hits.incrementAndGet();
          }
        });
  }
}
