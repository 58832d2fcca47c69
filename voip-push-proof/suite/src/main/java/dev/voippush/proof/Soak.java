// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.SimulatorCredentials;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * One client under constant load in a process of its own, and a server that is at odds with it as
 * the plan says. What became of each push is checked by the server's record, while it runs.
 */
final class Soak implements AutoCloseable {
  private static final Duration LATEST = SoakClient.RING_FOR.plusSeconds(150);
  private static final int RECORD_KEPT = 20_000; // a minute and more, read twice a second

  /** What is to be done to the server at a moment. */
  private record Act(long atMillis, Doing doing) {}

  @FunctionalInterface
  private interface Doing {
    void run() throws IOException;
  }

  private final SoakPlan plan;
  private final Path directory;
  private final ApnsSimulator apns = ApnsSimulator.builder().keep(RECORD_KEPT, 1).start();
  private final Relay relay = new Relay(apns.port());
  private final List<Act> acts;
  private final Audit audit;
  private final Drain<RecordedRequest> processed = new Drain<>(apns::requests);
  private final Drain<RecordedRequest> unprocessed = new Drain<>(apns::unprocessedRequests);
  private final BlockingQueue<String> output = new LinkedBlockingQueue<>();
  private final Process client;
  private final BufferedWriter commands;
  private final List<Sample> samples = new ArrayList<>();
  private final List<String> faults = new ArrayList<>();
  private final List<String> tail = new ArrayList<>();

  /**
   * @param directory for credentials; those in it are replaced
   */
  Soak(SoakPlan plan, Path directory) throws IOException {
    this.plan = plan;
    this.directory = directory;
    this.audit = new Audit(plan, registerPhones());
    this.acts = acts();
    writeCredentials();
    apns.script(plan.script());
    client = start();
    commands = client.outputWriter(StandardCharsets.US_ASCII);
    Thread reader = new Thread(this::read, "soak-output");
    reader.setDaemon(true);
    reader.start();
  }

  private List<String> registerPhones() throws IOException {
    List<String> tokens = new ArrayList<>();
    for (int i = 0; i < SoakPlan.PHONES; i++) {
      var phone = apns.registerPhone();
      phone.online(false); // what it is sent is dropped, as it is not to be stored
      tokens.add(phone.token());
    }
    Files.createDirectories(directory);
    Files.write(directory.resolve("phones"), tokens);
    return tokens;
  }

  private void writeCredentials() throws IOException {
    SimulatorCredentials credentials = apns.credentials();
    credentials.writeTo(directory.resolve("0"));
    credentials.renewed().writeTo(directory.resolve("1"));
    Files.writeString(directory.resolve("password"), credentials.password());
  }

  private Process start() throws IOException {
    SimulatorCredentials credentials = apns.credentials();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"));
    if (plan.duration.toMinutes() < 5) {
      command.add("-XX:TieredStopAtLevel=1"); // compiling well would take longer than it saves
    }
    command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=off"); // the faults are meant
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(SoakClient.class.getName());
    command.addAll(List.of(String.valueOf(relay.port()), directory.toString()));
    command.addAll(List.of(credentials.bundleId(), credentials.keyId(), credentials.teamId()));
    command.addAll(List.of(String.valueOf(plan.seed), plan.duration.toString()));
    command.add(between(plan.duration).toString());
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /** A sixtieth, between 1 s and 10 s. */
  private static Duration between(Duration duration) {
    return Duration.ofMillis(Math.min(10_000, Math.max(1_000, duration.toMillis() / 60)));
  }

  private void read() {
    try (BufferedReader lines = client.inputReader(StandardCharsets.US_ASCII)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        output.add(line);
      }
    } catch (IOException | UncheckedIOException e) {
      // it was ended
    }
    output.add("gone");
  }

  private List<Act> acts() {
    List<Act> acts = new ArrayList<>();
    for (SoakPlan.Event event : plan.events) {
      long at = event.atMillis();
      long until = at + event.detail();
      switch (event.kind()) {
        case GOAWAY -> acts.add(new Act(at, () -> apns.goAway("{\"reason\":\"Shutdown\"}")));
        case DROPPED -> acts.add(new Act(at, apns::dropConnections));
        case FROZEN -> {
          acts.add(new Act(at, apns::freeze));
          acts.add(new Act(until, apns::unfreeze));
        }
        case RESTARTED -> {
          acts.add(new Act(at, relay::down));
          acts.add(new Act(until, relay::up));
        }
        case REPLACED -> acts.add(new Act(at, () -> replace(event.detail())));
      }
    }
    acts.sort(Comparator.comparingLong(Act::atMillis));
    return acts;
  }

  private void replace(int credentials) throws IOException {
    commands.write(credentials + "\n");
    commands.flush();
  }

  /** Runs it to its end. */
  SoakResult run() throws IOException, InterruptedException {
    await("started");
    long start = System.nanoTime();
    long end = start + plan.duration.plus(LATEST).toNanos();
    long nextDrain = start;
    int act = 0;
    boolean done = false;
    while (!done) {
      long now = System.nanoTime();
      while (act < acts.size()
          && now - start >= TimeUnit.MILLISECONDS.toNanos(acts.get(act).atMillis)) {
        acts.get(act).doing.run();
        act++;
      }
      if (now >= nextDrain) {
        drain();
        audit.settle(now);
        nextDrain = now + 500_000_000;
      }
      String line = output.poll(20, TimeUnit.MILLISECONDS);
      if (line != null) {
        done = take(line);
      } else if (now > end) {
        faults.add("the client did not end within " + plan.duration.plus(LATEST));
        done = true;
      }
    }
    client.destroyForcibly().waitFor();
    relay.close();
    apns.close(); // its record is complete
    drain();
    audit.finish();
    if (apns.streamLimitViolations() > 0) {
      faults.add(apns.streamLimitViolations() + " streams above the server's limit");
    }
    faults.addAll(audit.faults());
    faults.addAll(Flatness.faults(samples));
    return new SoakResult(plan, samples, audit, faults);
  }

  private void drain() {
    processed.next().forEach(audit::requested);
    unprocessed.next().forEach(audit::requested);
  }

  private void await(String line) throws InterruptedException {
    String got = output.poll(60, TimeUnit.SECONDS);
    if (!line.equals(got)) {
      List<String> rest = new ArrayList<>();
      output.drainTo(rest);
      throw new IllegalStateException("no start of the client, but " + got + " " + rest);
    }
  }

  /** Returns whether it is the last line. */
  private boolean take(String line) {
    int space = line.indexOf(' ');
    String kind = space < 0 ? line : line.substring(0, space);
    String rest = line.substring(space + 1);
    switch (kind) {
      case "end" -> {
        String[] parts = rest.split(" ", 3);
        audit.ended(
            Integer.parseInt(parts[0]),
            Integer.parseInt(parts[1]),
            Audit.End.parse(parts[2]),
            System.nanoTime());
      }
      case "stop" -> {
        String[] parts = rest.split(" ", 2);
        audit.stopped(Integer.parseInt(parts[0]), Instant.parse(parts[1]));
      }
      case "sample" -> samples.add(Sample.parse(rest));
      case "closed" -> {
        if (!rest.isEmpty()) {
          faults.add("left after close(): " + rest);
        }
      }
      case "done" -> {
        return true;
      }
      case "gone" -> {
        faults.add("the client's process ended by itself: " + tail);
        return true;
      }
      default -> {
        tail.add(line);
        faults.add("the client said: " + line);
      }
    }
    return false;
  }

  @Override
  public void close() {
    client.destroyForcibly();
    relay.close();
    apns.close();
  }
}
