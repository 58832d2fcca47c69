// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * One measurement of one client, in a process of its own: warms up, measures, prints lines of the
 * form {@code RESULT figure value} and {@code INFO name text}, and ends. A push that fails fails
 * the measurement.
 */
final class Measurement {
  private static final int RATE_TIMES = 3;
  private static final int DIGITS = 3;
  private static final long LONGEST_NANOS = Duration.ofMinutes(1).toNanos();

  private final Sender.Client client;
  private final Credentials credentials;
  private final int port;
  private final Duration time;

  private Measurement(Sender.Client client, Credentials credentials, int port, Duration time) {
    this.client = client;
    this.credentials = credentials;
    this.port = port;
    this.time = time;
  }

  /** Takes client, scenario, directory of the credentials, port and milliseconds to measure. */
  @SuppressWarnings("CatchAndPrintStackTrace") // the parent shows what is printed
  public static void main(String[] args) throws Exception {
    Scenario scenario = Scenario.valueOf(args[1]);
    Duration time = Duration.ofMillis(Long.parseLong(args[4]));
    endWithParent(time.multipliedBy(20).plusSeconds(60));
    int status = 1;
    try {
      Measurement measurement =
          new Measurement(
              Sender.Client.valueOf(args[0]),
              new Credentials(Path.of(args[2])),
              Integer.parseInt(args[3]),
              time);
      info("java", System.getProperty("java.runtime.version"));
      measurement.run(scenario);
      status = 0;
    } catch (UnsupportedOperationException e) { // no result is the result
      info("unsupported", client(args) + " " + e.getMessage());
      status = 0;
    } catch (Exception e) {
      e.printStackTrace();
    }
    System.out.flush();
    Runtime.getRuntime().halt(status); // without waiting for anybody's threads
  }

  private static String client(String[] args) {
    return args[0].toLowerCase(Locale.ROOT);
  }

  /** However this goes wrong, the process ends: with its parent, or after the longest time. */
  private static void endWithParent(Duration longest) {
    Thread input =
        new Thread(
            () -> {
              try {
                Server.awaitEndOfInput();
              } catch (IOException e) {
                // as if it had ended
              }
              Runtime.getRuntime().halt(2);
            },
            "benchmark-parent");
    Thread clock =
        new Thread(
            () -> {
              try {
                Thread.sleep(longest.toMillis());
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              System.err.println("not ready after " + longest);
              Runtime.getRuntime().halt(3);
            },
            "benchmark-clock");
    input.setDaemon(true);
    clock.setDaemon(true);
    input.start();
    clock.start();
  }

  private void run(Scenario scenario) throws Exception {
    switch (scenario) {
      case THROUGHPUT -> throughput();
      case ONE -> oneAtATime();
      case RATE_1000 -> rate(1_000);
      case RATE_5000 -> rate(5_000);
      case FIRST_COLD -> first(false);
      case FIRST_CONNECTED -> first(true);
      case QUEUE -> queue();
      case CONNECTIONS -> connections();
      case GROWTH -> growth();
      case DEVICES -> devices();
    }
  }

  private Sender open() throws Exception {
    return client.open(credentials, port, false, 1);
  }

  private void throughput() throws Exception {
    Set<Thread> before = Usage.liveThreads();
    Sender sender = open();
    sender.connect();
    Load load = Load.inFlight(sender, 1_000);
    load.warmUp(time);
    long completed = load.completed();
    Usage begin = Usage.now();
    load.run(time);
    Usage end = Usage.now();
    long pushes = load.completed() - completed;
    Set<Thread> threads = threads(before);
    load.stop();
    result("throughput/rate", pushes * 1e9 / (end.nanos() - begin.nanos()));
    result("throughput/cpu", (end.cpuNanos() - begin.cpuNanos()) / 1e3 / pushes);
    result("throughput/allocated", (double) (end.allocated() - begin.allocated()) / pushes);
    result("throughput/threads", threads.size());
    info("threads", Usage.describe(threads));
  }

  /** Without those of the JVM and of the benchmark. */
  private static Set<Thread> threads(Set<Thread> before) {
    Set<Thread> threads = Usage.liveThreads();
    threads.removeAll(before);
    threads.removeIf(thread -> thread.getName().startsWith("benchmark-"));
    return threads;
  }

  private void warmUp(Sender sender) throws Exception {
    sender.connect();
    Load load = Load.inFlight(sender, 100);
    load.warmUp(time.dividedBy(2));
    load.stop();
  }

  private void oneAtATime() throws Exception {
    Sender sender = open();
    warmUp(sender);
    Histogram unused = oneAtATime(sender, time.dividedBy(2));
    Usage begin = Usage.now();
    Histogram latencies = oneAtATime(sender, time);
    Usage end = Usage.now();
    results("one", latencies);
    result("one/cpu", (end.cpuNanos() - begin.cpuNanos()) / 1e3 / latencies.getTotalCount());
  }

  private static Histogram oneAtATime(Sender sender, Duration time) throws Exception {
    Histogram latencies = new Histogram(LONGEST_NANOS, DIGITS);
    Sender.Call call = sender.call(Workload.cheapId());
    long end = System.nanoTime() + time.toNanos();
    int n = 0;
    for (long begin = System.nanoTime(); begin < end; begin = System.nanoTime()) {
      call.pushAndWait(n);
      latencies.recordValue(System.nanoTime() - begin);
      if (++n % 1_000 == 0) {
        call = sender.call(Workload.cheapId());
      }
    }
    return latencies;
  }

  private void rate(int perSecond) throws Exception {
    Sender sender = open();
    warmUp(sender);
    Load load = Load.perSecond(sender, perSecond);
    load.run(time.dividedBy(2));
    ConcurrentHistogram latencies = new ConcurrentHistogram(LONGEST_NANOS, DIGITS);
    load.record(latencies);
    long completed = load.completed();
    Usage begin = Usage.now();
    load.run(time.multipliedBy(RATE_TIMES)); // for the sake of p99
    Usage end = Usage.now();
    long pushes = load.completed() - completed;
    load.record(null);
    load.stop();
    String name = "rate" + perSecond;
    results(name, latencies);
    result(name + "/cpu", (end.cpuNanos() - begin.cpuNanos()) / 1e3 / pushes);
  }

  private void first(boolean connected) throws Exception {
    Sender sender = open();
    if (connected) {
      if (!sender.connects()) {
        return;
      }
      sender.connect();
    }
    Sender.Call call = sender.call(Workload.cheapId());
    long begin = System.nanoTime();
    call.pushAndWait(0);
    result(connected ? "first/connected" : "first/cold", (System.nanoTime() - begin) / 1e6);
  }

  /** The operating system accepts the connection for a server that never reads. */
  private void queue() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Sender sender = client.open(credentials, silent.getLocalPort(), true, 1);
      Sender.Call call = sender.call(Workload.cheapId());
      AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
      int few = 500; // grows what grows once
      int many = 10_000;
      for (int i = 0; i < few; i++) {
        call.push(i, failure::set);
      }
      TimeUnit.MILLISECONDS.sleep(
          Math.min(time.toMillis(), 500)); // classes are loaded, the connection is tried
      long before = Usage.heap();
      for (int i = 0; i < many; i++) {
        call.push(i, failure::set);
      }
      TimeUnit.MILLISECONDS.sleep(Math.min(time.toMillis(), 500));
      long after = Usage.heap();
      Throwable problem = failure.get();
      if (problem != null) {
        throw new IllegalStateException("a push did not wait", problem);
      }
      result("queue/heap", (double) (after - before) / many);
    }
  }

  /** How many threads a further connection takes: measured with one and with five. */
  private void connections() throws Exception {
    int more = 4;
    int one = threads(1);
    int five = threads(1 + more);
    result("connections/threads", (double) (five - one) / more);
    result("connections/constant", one - (double) (five - one) / more);
  }

  private int threads(int connections) throws Exception {
    Set<Thread> before = Usage.liveThreads();
    Sender sender = client.open(credentials, port, false, connections);
    sender.connect();
    Load load = Load.inFlight(sender, 1_000);
    load.run(time.dividedBy(2));
    Set<Thread> threads = threads(before);
    // Of those that run callbacks there are four at most, and as many as were just needed.
    threads.removeIf(thread -> thread.getName().contains("-callback-"));
    load.stop();
    sender.close();
    return threads.size();
  }

  private void growth() throws Exception {
    Sender sender = open();
    warmUp(sender);
    for (int size : Figures.IN_FLIGHT) {
      Load load = Load.inFlight(sender, size);
      load.run(time.dividedBy(4));
      long completed = load.completed();
      Usage begin = Usage.now();
      load.run(time.dividedBy(2));
      Usage end = Usage.now();
      long pushes = load.completed() - completed;
      load.stop();
      result("inflight" + size + "/rate", pushes * 1e9 / (end.nanos() - begin.nanos()));
      result("inflight" + size + "/cpu", (end.cpuNanos() - begin.cpuNanos()) / 1e3 / pushes);
    }
  }

  private void devices() throws Exception {
    Sender sender = open();
    warmUp(sender);
    for (int devices : Figures.DEVICES) {
      Histogram unused = calls(sender, devices, time.dividedBy(4));
      Usage begin = Usage.now();
      Histogram latencies = calls(sender, devices, time.dividedBy(2));
      Usage end = Usage.now();
      long pushes = latencies.getTotalCount() * devices;
      result("devices" + devices + "/p50", latencies.getValueAtPercentile(50) / 1e3);
      result("devices" + devices + "/cpu", (end.cpuNanos() - begin.cpuNanos()) / 1e3 / pushes);
    }
  }

  /** One call after the other, each to so many devices at once; the time until all answered. */
  private static Histogram calls(Sender sender, int devices, Duration time) throws Exception {
    Histogram latencies = new Histogram(LONGEST_NANOS, DIGITS);
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    long end = System.nanoTime() + time.toNanos();
    do {
      long begin = System.nanoTime();
      Sender.Call call = sender.call(Workload.cheapId());
      CountDownLatch latch = new CountDownLatch(devices);
      call.ring(
          devices,
          problem -> {
            if (problem != null) {
              failure.set(problem);
            }
            latch.countDown();
          });
      boolean all = latch.await(20, TimeUnit.SECONDS);
      Throwable problem = failure.get();
      if (problem != null || !all) {
        throw new IllegalStateException("a push failed", problem);
      }
      latencies.recordValue(System.nanoTime() - begin);
    } while (System.nanoTime() < end);
    return latencies;
  }

  private static void results(String name, Histogram latencies) {
    result(name + "/p50", latencies.getValueAtPercentile(50) / 1e3);
    result(name + "/p99", latencies.getValueAtPercentile(99) / 1e3);
    result(name + "/p99.9", latencies.getValueAtPercentile(99.9) / 1e3);
  }

  private static void result(String figure, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalStateException(figure + " is " + value + ": nothing was answered in time");
    }
    System.out.println("RESULT " + figure + " " + value);
  }

  private static void info(String name, String text) {
    System.out.println("INFO " + name + " " + text);
  }
}
