// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.Fault.named;

import dev.voippush.WireRelay.Act;
import dev.voippush.simulator.Script;
import dev.voippush.simulator.TlsFault;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** All faults there are. */
final class Faults {
  private static final String[] ACCEPTED = {"accepted"};

  /** The server has processed it, or not; nobody can know. */
  private static final String[] MAYBE_TOLD = {"accepted", "accepted, told"};

  private static final int REFUSED_STREAM = 7;

  private Faults() {}

  static List<Fault> all() {
    List<Fault> all = new ArrayList<>();
    addDialling(all);
    addHandshakes(all);
    addCertificates(all);
    addSilence(all);
    addAnswers(all);
    addConnections(all);
    addSettings(all);
    addRejections(all);
    addTime(all);
    all.addAll(ServerFaults.all());
    return List.copyOf(all);
  }

  // DNS and TCP.

  private static void addDialling(List<Fault> all) {
    all.add(
        named(
            "TCP refused, then not",
            world -> {
              RefusingPort port = world.closed(new RefusingPort());
              world.endpoint(port.port());
              world.hitByFailedDials();
              world.underWay(
                  () -> {
                    TestClients.await(() -> world.failedDials() > 0);
                    world.relay(port.port(), world.apns.port(), Faults::pass);
                    world.hitByFailedDials();
                  });
            },
            ACCEPTED));
    all.add(
        named(
                "TCP refused beyond the call",
                world -> {
                  RefusingPort port = world.closed(new RefusingPort());
                  world.endpoint(port.port());
                  world.hits(() -> 1); // there is no other way
                  world.ringFor(Duration.ofMillis(1_200));
                  world.mend(() -> world.relay(port.port(), world.apns.port(), Faults::pass));
                },
                "NOT_SENT DEADLINE")
            .onCallsAlso("NOT_SENT CONNECT"));
    all.add(
        named(
            "DNS fails, then works",
            world -> {
              AtomicInteger lookups = new AtomicInteger();
              world.endpoint(world.apns.port());
              world.hits(lookups::get);
              world.resolver(
                  name -> {
                    if (lookups.getAndIncrement() < 3) {
                      throw new UnknownHostException(name);
                    }
                    return new InetAddress[] {InetAddress.getLoopbackAddress()};
                  });
            },
            ACCEPTED));
    all.add(
        named(
                "DNS fails beyond the call",
                world -> {
                  AtomicInteger mended = new AtomicInteger();
                  world.endpoint(world.apns.port());
                  world.hits(() -> 1); // there is no other way
                  world.ringFor(Duration.ofMillis(1_200));
                  world.mend(mended::incrementAndGet);
                  world.resolver(
                      name -> {
                        if (mended.get() == 0) {
                          throw new UnknownHostException(name);
                        }
                        return new InetAddress[] {InetAddress.getLoopbackAddress()};
                      });
                },
                "NOT_SENT DEADLINE")
            .onCallsAlso("NOT_SENT CONNECT"));
    all.add(
        named(
            "of two addresses the first is dead",
            world -> twoAddresses(world, new byte[] {127, 0, 0, 9}, true),
            ACCEPTED));
    all.add(
        named(
            "of two addresses the first refuses",
            world -> twoAddresses(world, new byte[] {127, 0, 0, 8}, false),
            ACCEPTED));
  }

  private static void twoAddresses(FaultWorld world, byte[] first, boolean dead) throws Exception {
    InetAddress other = InetAddress.getByAddress(first);
    AtomicInteger lookups = new AtomicInteger();
    if (dead) {
      world.closed(new DeadAddress(other, world.apns.port()));
    }
    world.endpoint(world.apns.port());
    world.hits(lookups::get);
    world.resolver(
        name -> {
          lookups.incrementAndGet();
          return new InetAddress[] {other, InetAddress.getLoopbackAddress()};
        });
  }

  private static Act pass(int connection, boolean fromServer, int record) {
    return Act.PASS;
  }

  // TLS.

  /** A stage of the handshake: the record with which it begins. */
  private record Stage(String name, boolean fromServer, int record) {}

  private static void addHandshakes(List<Fault> all) {
    List<Stage> stages =
        List.of(
            new Stage("TCP accepted", false, -1),
            new Stage("ClientHello", false, 0),
            new Stage("ServerHello", true, 1),
            new Stage("half of the server's flight", true, 3),
            new Stage("the server's flight", false, 1),
            new Stage("half of the client's flight", false, 2));
    for (Stage stage : stages) {
      all.add(
          named(
              "reset after " + stage.name,
              world -> world.relay(first(2, stage, Act.RESET)),
              ACCEPTED));
      all.add(
          named(
              "closed after " + stage.name,
              world -> world.relay(first(2, stage, Act.CLOSE)),
              ACCEPTED));
      all.add(
          named(
              "silence after " + stage.name,
              world -> {
                world.relay(first(1, stage, Act.SILENCE));
                world.giveUpDialsSoon();
              },
              ACCEPTED));
    }
    addAlert(all, "close_notify", 0);
    addAlert(all, "handshake_failure", 40);
    addAlert(all, "certificate_revoked", 44);
    addAlert(all, "certificate_expired", 45);
    addAlert(all, "unknown_ca", 48);
    addAlert(all, "protocol_version", 70);
    addAlert(all, "internal_error", 80);
  }

  private static void addAlert(List<Fault> all, String name, int description) {
    Act alert = Act.alert(description == 0 ? 1 : 2, description);
    all.add(
        named(
                "TLS alert " + name,
                world -> world.relay(first(1, new Stage("", false, 0), alert)),
                ACCEPTED)
            .onCallsAlso("NOT_SENT TLS"));
  }

  /** Acts on one record of each of the first connections. */
  private static WireRelay.Meddler first(int connections, Stage stage, Act act) {
    return (connection, fromServer, record) ->
        connection < connections && fromServer == stage.fromServer && record == stage.record
            ? act
            : Act.PASS;
  }

  private static void addCertificates(List<Fault> all) {
    all.add(
        named("server's certificate of another name", tls(TlsFault.WRONG_NAME), "NOT_SENT TLS"));
    all.add(named("server's certificate expired", tls(TlsFault.EXPIRED), "NOT_SENT TLS"));
    all.add(named("no ALPN", tls(TlsFault.NO_ALPN), "NOT_SENT PROTOCOL"));
    all.add(
        named(
            "server of an unknown authority",
            world -> tlsServer(world, new TlsServer()),
            "NOT_SENT TLS"));
  }

  private static Fault.Setting tls(TlsFault fault) {
    return world -> {
      world.hitByFailedDials();
      world.apns.tls(fault);
      world.mend(() -> world.apns.tls(TlsFault.NONE));
    };
  }

  private static void tlsServer(FaultWorld world, TlsServer server) throws Exception {
    world.closed(server.start());
    WireRelay relay = world.relay(0, server.port(), Faults::pass);
    world.hitByFailedDials();
    world.mend(() -> relay.leadTo(world.apns.port()));
  }

  // Nothing comes through.

  private static void addSilence(List<Fault> all) {
    all.add(
        named("black hole before the request", world -> silenced(world, true, true), MAYBE_TOLD));
    all.add(named("black hole for the answers", world -> silenced(world, false, true), MAYBE_TOLD));
    all.add(
        named(
            "half-open after a suspend",
            world -> {
              WireRelay relay = world.relay(Faults::pass);
              world.connected();
              world.strike(relay::forgetConnections);
            },
            MAYBE_TOLD));
    all.add(
        named(
            "server freezes and goes on",
            world -> {
              world.connected();
              world.strike(world.apns::freeze);
              AtomicInteger frozen = new AtomicInteger();
              world.hits(frozen::get);
              world.underWay(
                  () -> {
                    world.pause(400);
                    frozen.incrementAndGet();
                    world.apns.unfreeze();
                  });
            },
            MAYBE_TOLD));
    all.add(
        named(
            "server never answers one request",
            world -> {
              world.loseAnswersSoon();
              world.scriptOne(Script.silence());
            },
            MAYBE_TOLD));
    all.add(
        named(
            "slow server",
            world -> {
              world.scriptOne(Script.normal().delay(Duration.ofSeconds(1)));
              world.hits(() -> 1);
            },
            ACCEPTED));
    all.add(
        named(
            "server answers one request too late",
            world -> {
              world.loseAnswersSoon();
              world.scriptOne(Script.normal().delay(Duration.ofSeconds(4)));
              world.hits(() -> 1);
            },
            MAYBE_TOLD));
  }

  private static void silenced(FaultWorld world, boolean clients, boolean servers)
      throws Exception {
    WireRelay relay = world.relay(Faults::pass);
    world.loseAnswersSoon();
    world.connected();
    world.strike(() -> relay.silence(clients, servers));
  }

  // What becomes of single streams.

  private static void addAnswers(List<Fault> all) {
    for (int code : ServerFaults.CODES) {
      all.add(
          named(
              "RST_STREAM " + ServerFaults.name(code),
              world -> {
                if (code == ServerFaults.UNKNOWN_CODE) { // at which OkHttp ends the connection
                  world.scriptOne(Script.reset(code));
                } else {
                  world.script(Script.reset(code).times(1));
                }
              },
              code == REFUSED_STREAM ? ACCEPTED : MAYBE_TOLD));
    }
    all.add(
        named(
            "answers in segments of one byte",
            world ->
                world.relay(
                    (connection, fromServer, record) ->
                        fromServer && record > 0 ? Act.CHOP : Act.PASS),
            ACCEPTED));
    all.add(
        named(
            "a bit of an answer is flipped",
            world -> {
              AtomicBoolean armed = new AtomicBoolean();
              world.relay(
                  (connection, fromServer, record) ->
                      fromServer && armed.getAndSet(false) ? Act.FLIP : Act.PASS);
              world.connected();
              world.strike(() -> armed.set(true));
            },
            MAYBE_TOLD));
  }

  // What becomes of connections.

  private static void addConnections(List<Fault> all) {
    String reason = "{\"reason\":\"Shutdown\"}";
    all.add(
        named(
                "GOAWAY that leaves the request out",
                world -> world.scriptOne(Script.goAway(reason)),
                ACCEPTED)
            .onCallsAlso("accepted, told"));
    all.add(
        named(
            "GOAWAY, then the answer",
            world -> {
              world.scriptOne(Script.goAwayCovering(reason));
              world.hits(() -> 1);
            },
            MAYBE_TOLD));
    all.add(
        named(
            "GOAWAY, no answer",
            world -> world.scriptOne(Script.goAwayUnanswered(reason)),
            MAYBE_TOLD));
    all.add(
        named(
            "connection dropped before the request was processed",
            world -> world.scriptOne(Script.dropBefore()),
            MAYBE_TOLD));
    all.add(
        named(
            "connection dropped with answers outstanding",
            world -> {
              world.scriptOne(Script.dropAfter());
              world.hits(() -> 1);
            },
            MAYBE_TOLD));
    all.add(
        named(
            "server restarts under load",
            world -> {
              AtomicReference<WireRelay> relay = new AtomicReference<>(world.relay(Faults::pass));
              AtomicInteger restarts = new AtomicInteger();
              world.hits(restarts::get);
              world.underWay(
                  () -> {
                    int port = relay.get().port();
                    relay.get().close();
                    world.pause(150);
                    world.relay(port, world.apns.port(), Faults::pass);
                    world.hits(restarts::get);
                    restarts.incrementAndGet();
                  });
            },
            MAYBE_TOLD));
  }

  // SETTINGS.

  private static void addSettings(List<Fault> all) {
    all.add(
        named(
            "MAX_CONCURRENT_STREAMS 1 under way",
            world -> {
              world.connected();
              settings(world, () -> world.apns.maxConcurrentStreams(1));
              world.mend(() -> world.apns.maxConcurrentStreams(1000));
            },
            ACCEPTED));
    all.add(
        named(
            "MAX_CONCURRENT_STREAMS 0, then 1000",
            world -> {
              world.connected();
              world.strike(() -> world.apns.maxConcurrentStreams(0));
              settings(
                  world,
                  () -> {
                    world.pause(300);
                    world.apns.maxConcurrentStreams(1000);
                  });
            },
            ACCEPTED));
    all.add(
        named(
            "HEADER_TABLE_SIZE 0 under way",
            world -> {
              world.connected();
              settings(world, () -> world.apns.headerTableSize(0));
              world.mend(() -> world.apns.headerTableSize(4096));
            },
            ACCEPTED));
  }

  private static void settings(FaultWorld world, FaultWorld.Action change) {
    AtomicInteger changes = new AtomicInteger();
    world.hits(changes::get);
    world.underWay(
        () -> {
          change.run();
          changes.incrementAndGet();
        });
  }

  // Verdicts.

  private static void addRejections(List<Fault> all) {
    all.add(
        named(
            "503 once",
            world -> world.scriptFew(Script.reject(503, "ServiceUnavailable").times(1)),
            ACCEPTED));
    all.add(
        named(
            "429 with retry-after",
            world ->
                world.scriptFew(Script.reject(429, "TooManyRequests").retryAfter("1").times(1)),
            ACCEPTED));
    all.add(
        named(
            "Shutdown",
            world -> world.scriptFew(Script.reject(503, "Shutdown").times(1)),
            ACCEPTED));
    all.add(
        named(
            "rejection without body",
            world -> world.script(Script.rejectWithBody(400, new byte[0])),
            "rejected 400"));
    all.add(
        named(
            "rejection with invalid UTF-8",
            world -> world.script(Script.rejectWithBody(400, new byte[] {(byte) 0xc3, 0x28})),
            "rejected 400 \ufffd("));
    all.add(
        named(
            "rejection that is not JSON",
            world ->
                world.script(
                    Script.rejectWithBody(502, "Bad Gateway".getBytes(StandardCharsets.UTF_8))),
            "rejected 502 Bad Gateway"));
    all.add(
        named(
            "rejection with 1 MB of body",
            world ->
                world.script(
                    Script.rejectWithBody(
                        400, "x".repeat(1 << 20).getBytes(StandardCharsets.UTF_8))),
            "rejected 400 " + "x".repeat(20)));
    all.add(
        named(
            "410",
            world -> world.script(Script.unregistered(Instant.parse("2026-11-01T08:30:00Z"))),
            "rejected 410 Unregistered"));
  }

  // The clock.

  private static void addTime(List<Fault> all) {
    for (int hours : new int[] {1, -1}) {
      all.add(
          named(
              "wall clock steps by " + hours + " h",
              world -> {
                MutableClock clock = new MutableClock(Instant.now());
                world.clock(clock);
                world.scriptFew(Script.reject(503, "ServiceUnavailable").times(1));
                world.allUnderWay(() -> clock.add(Duration.ofHours(hours)));
              },
              ACCEPTED));
    }
  }
}
