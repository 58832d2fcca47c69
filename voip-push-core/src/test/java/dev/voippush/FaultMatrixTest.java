// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.voippush.FaultRun.Api;
import dev.voippush.VoipPushClientTest.Kind;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * No push is lost, doubled without being told, or stuck, whatever the network and the server do:
 * each fault of {@link Faults}, on both transports, by {@code send} and {@code sendAsync}, judged
 * by the server's record. {@code -Dfaults.rounds=} repeats it with more pushes, otherwise
 * interleaved; {@code -Dfaults.only=} runs those whose name contains this.
 */
class FaultMatrixTest {
  private static final int ROUNDS = Integer.getInteger("faults.rounds", 1);
  private static final long SEED = Long.getLong("faults.seed", 20_261_125);
  private static final String ONLY = System.getProperty("faults.only", "");
  private static final List<Api> APIS = List.of(Api.BOTH, Api.SEND, Api.SEND_ASYNC);
  private static final int SIDE_BY_SIDE = 16; // they wait more than they compute
  private static final int PUSHES = 10;
  private static final int MOST_PUSHES = 20;

  private static final List<Fault> FAULTS =
      Faults.all().stream().filter(fault -> fault.name().contains(ONLY)).toList();
  private static final FaultReport REPORT = new FaultReport(FAULTS);
  private static final ExecutorService RUNS = Executors.newFixedThreadPool(SIDE_BY_SIDE);
  private static final ExecutorService CALLERS = Executors.newCachedThreadPool();
  private static final Queue<Place> FREE = new ConcurrentLinkedQueue<>();

  /** A simulator, which one run has for itself at a time. */
  private record Place(ApnsSimulator apns, PushCertificate certificate) {
    static Place take() throws Exception {
      Place free = FREE.poll();
      if (free != null) {
        return free;
      }
      ApnsSimulator apns = ApnsSimulator.start();
      return new Place(apns, TestClients.certificate(apns));
    }
  }

  @AfterAll
  static void report() throws Exception {
    RUNS.shutdownNow();
    CALLERS.shutdownNow();
    FREE.forEach(place -> place.apns.close());
    if (ONLY.isEmpty()) {
      String file = "faults-jdk" + Runtime.version().feature() + ".md";
      REPORT.write(Path.of("target", "proof", file), SEED, ROUNDS);
    }
  }

  @TestFactory
  Stream<DynamicTest> noPushIsLostDoubledUntoldOrStuck() {
    List<DynamicTest> tests = new ArrayList<>();
    for (Fault fault : FAULTS) {
      List<Future<List<String>>> runs = new ArrayList<>();
      for (int round = 0; round < ROUNDS; round++) {
        for (Kind kind : Kind.values()) {
          Api api = APIS.get(round % APIS.size());
          int number = round;
          runs.add(RUNS.submit(() -> run(fault, kind, api, number)));
        }
      }
      tests.add(DynamicTest.dynamicTest(fault.name(), () -> check(runs)));
    }
    return tests.stream();
  }

  private static void check(List<Future<List<String>>> runs) throws Exception {
    List<String> violations = new ArrayList<>();
    for (Future<List<String>> run : runs) {
      violations.addAll(run.get(5, TimeUnit.MINUTES));
    }
    assertEquals(List.of(), violations, "seed " + SEED);
  }

  /** Returns what was wrong, with where. */
  private static List<String> run(Fault fault, Kind kind, Api api, int round) throws Exception {
    String which = String.join(", ", fault.name(), kind.name(), api.name(), "round " + round);
    Random random = new Random(SEED ^ which.hashCode());
    int pushes = round == 0 ? PUSHES : PUSHES + random.nextInt(MOST_PUSHES - PUSHES + 1);
    Place place = Place.take();
    FaultRun.Report report;
    try (FaultWorld world = new FaultWorld(place.apns, place.certificate, kind, pushes, random)) {
      report = new FaultRun(fault, world, api, CALLERS).run();
    } catch (Exception | Error e) {
      place.apns.close(); // as it is, it is of no use to others
      throw new AssertionError(which, e);
    }
    place.apns.forgetRequests();
    FREE.add(place);
    REPORT.add(fault, kind, report.outcomes());
    return report.violations().stream().map(violation -> which + ": " + violation).toList();
  }
}
