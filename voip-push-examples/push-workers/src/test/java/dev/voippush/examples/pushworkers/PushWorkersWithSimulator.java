// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.voippush.simulator.SimulatedPhone;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/**
 * A broker, a database, the simulator in place of Apple, and three workers, each a process of its
 * own: places calls, says what became of them, and ends.
 *
 * <p>Run by {@code mvn -q -Ppush-workers -pl voip-push-examples/push-workers -am}. Exits with 0
 * only if each call that could ring was pushed once, and the others were not.
 */
public final class PushWorkersWithSimulator {
  private static final int CALLS = 60;
  private static final int GIVEN_UP = 6;

  private final long begin = System.nanoTime();
  private final PrintStream out = new PrintStream(System.out, true, UTF_8);

  private PushWorkersWithSimulator() {}

  /** Runs it; there are no arguments. */
  public static void main(String[] args) {
    boolean well = false;
    try {
      well = new PushWorkersWithSimulator().run();
    } catch (Exception e) {
      LoggerFactory.getLogger(PushWorkersWithSimulator.class).error("it cannot go on", e);
    }
    System.exit(well ? 0 : 1); // also when the broker has left threads behind
  }

  private boolean run() throws Exception {
    List<String> names = List.of("worker-1", "worker-2", "worker-3");
    try (Surroundings surroundings = new Surroundings();
        CallingService service = new CallingService(surroundings, "", 6)) {
      say("broker", "at " + surroundings.kafka().clientSettings().get("bootstrap.servers"));
      say("simulator", "local APNs at " + surroundings.apns().endpoint());
      List<Process> workers = new ArrayList<>();
      for (String name : names) {
        workers.add(surroundings.startWorker(service.settings(name), service.prefix()));
      }
      service.awaitPartitions(2, names);
      names.forEach(name -> say(name, "has the partitions " + service.partitionsOf(name)));
      boolean well = ring(surroundings, service);
      workers.forEach(worker -> worker.toHandle().destroy()); // SIGTERM, as a deployment does
      for (Process worker : workers) {
        worker.waitFor();
      }
      return well;
    }
  }

  private boolean ring(Surroundings surroundings, CallingService service) throws Exception {
    List<SimulatedPhone> phones =
        Stream.generate(surroundings.apns()::registerPhone).limit(CALLS / 3).toList();
    SimulatedPhone removed = surroundings.apns().registerPhone();
    removed.unregister(); // the user removed the app
    List<UUID> shouldRing = new ArrayList<>();
    for (int i = 0; i < CALLS; i++) {
      QueuedCall call = CallingService.call(phones.get(i % phones.size()), removed);
      service.place(call, i < GIVEN_UP ? "CANCELLED" : "RINGING");
      if (i >= GIVEN_UP) {
        shouldRing.add(call.callId());
      }
    }
    say("service", "places " + CALLS + " calls; of " + GIVEN_UP + " the caller has given up");
    service.awaitOutcomes(CALLS);

    List<CallOutcome> outcomes = service.outcomes();
    say("workers", "calls: " + count(outcomes, CallOutcome::worker));
    say(
        "workers",
        "pushes: "
            + count(
                outcomes.stream().flatMap(outcome -> outcome.devices().stream()).toList(),
                device -> device.reason() == null ? "" + device.end() : device.reason()));
    say(
        "workers",
        "dead tokens: "
            + service.await(service.topics().deadTokens(), CALLS - GIVEN_UP).size()
            + ", all of the phone without the app");
    List<UUID> rang =
        surroundings.apns().requests().stream()
            .filter(request -> request.status() == 200)
            .map(CallingService::callOf)
            .sorted()
            .toList();
    say(
        "phones",
        "pushed by APNs: "
            + rang.size()
            + " times, for "
            + rang.stream().distinct().count()
            + " calls");
    phones.get(0).awaitCall(Duration.ofSeconds(10));
    say("phones", "the first shows " + phones.get(0).calls());
    return rang.equals(shouldRing.stream().sorted().toList());
  }

  private static <T> Map<String, Long> count(List<T> all, Function<T, String> by) {
    return all.stream().collect(Collectors.groupingBy(by, TreeMap::new, Collectors.counting()));
  }

  private void say(String who, String what) {
    out.printf("%7.3f s  %-10s %s%n", (System.nanoTime() - begin) / 1e9, who, what);
  }
}
