// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.voippush.CallPayload;
import dev.voippush.ClientHealth;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.Ring;
import dev.voippush.VoipPushClient;
import dev.voippush.VoipPushException;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CertificateLoader;
import dev.voippush.credentials.SigningKey;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The process that is soaked: one client under the load of the plan. It prints the end of each
 * push, when a ring was stopped, and its samples; it reads which credentials to go on with.
 */
final class SoakClient {
  static final Duration RING_FOR = Duration.ofSeconds(30);
  private static final Duration LONGEST_CLOSE = Duration.ofSeconds(60);
  private static final long CALL_ID = 0x766f69702d707573L;

  /** When a ring is to be stopped. */
  private record Stop(long nanos, int slot, Ring ring) {}

  private final SoakPlan plan;
  private final long sampleNanos;
  private final List<DeviceToken> phones;
  private final VoipPushClient client;
  private final BufferedWriter out;
  private final ExecutorService senders = Executors.newFixedThreadPool(4);
  private final PriorityQueue<Stop> stops =
      new PriorityQueue<>(Comparator.comparingLong(Stop::nanos));
  private final AtomicInteger ended = new AtomicInteger();
  private List<Long> latencies = new ArrayList<>();
  private long lastSample;

  private SoakClient(
      SoakPlan plan,
      Duration between,
      List<DeviceToken> phones,
      VoipPushClient client,
      BufferedWriter out) {
    this.plan = plan;
    this.sampleNanos = between.toNanos();
    this.phones = phones;
    this.client = client;
    this.out = out;
  }

  /** The call id of a slot; {@link #slotOf} finds it again. */
  static UUID callId(int slot) {
    return new UUID(CALL_ID, slot);
  }

  /** The slot that a request belongs to, or -1. */
  static int slotOf(UUID callId) {
    return callId.getMostSignificantBits() == CALL_ID ? (int) callId.getLeastSignificantBits() : -1;
  }

  /** Takes port, directory of the credentials, bundle id, key id, team id, seed and durations. */
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    Path directory = Path.of(args[1]);
    SoakPlan plan = new SoakPlan(Long.parseLong(args[5]), Duration.parse(args[6]));
    List<ApnsCredentials> credentials = credentials(directory, args[3], args[4]);
    BufferedWriter out =
        new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.US_ASCII));
    try (Socket first = new Socket(InetAddress.getLoopbackAddress(), port)) {
      first.setTcpNoDelay(true); // what the JDK opens once for all sockets is open now
    }
    long sockets = sockets();
    VoipPushClient client =
        VoipPushClient.builder()
            .credentials(credentials.get(0))
            .bundleId(args[2])
            .endpoint(URI.create("https://127.0.0.1:" + port))
            .trustedCertificates(certificate(directory.resolve("0/ca.pem")))
            .attemptTimeout(Duration.ofSeconds(1))
            .connectTimeout(Duration.ofSeconds(2))
            .closeTimeout(Duration.ofSeconds(2))
            .build();
    SoakClient soak = new SoakClient(plan, Duration.parse(args[7]), phones(directory), client, out);
    Thread commands = new Thread(() -> soak.replace(credentials), "soak-commands");
    commands.setDaemon(true);
    commands.start();
    soak.load();
    soak.senders.shutdown();
    client.close();
    soak.print("closed " + whatStays(sockets));
    soak.print("done");
    soak.flush();
    Runtime.getRuntime().halt(0);
  }

  private static List<ApnsCredentials> credentials(Path directory, String keyId, String teamId)
      throws IOException {
    char[] password = Files.readString(directory.resolve("password")).toCharArray();
    return List.of(
        CertificateLoader.load(directory.resolve("0/ck.pem"), password),
        CertificateLoader.load(directory.resolve("1/ck.pem"), password),
        SigningKey.load(directory.resolve("0/AuthKey_" + keyId + ".p8"), keyId, teamId));
  }

  private static List<DeviceToken> phones(Path directory) throws IOException {
    try (Stream<String> lines = Files.lines(directory.resolve("phones"))) {
      return lines.map(DeviceToken::of).toList();
    }
  }

  private static X509Certificate certificate(Path pem)
      throws IOException, GeneralSecurityException {
    try (InputStream in = new FileInputStream(pem.toFile())) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  /** Goes on with the credentials of each line that is read; ends with the process that writes. */
  private void replace(List<ApnsCredentials> credentials) {
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        client.replaceCredentials(credentials.get(Integer.parseInt(line)));
      }
    } catch (IOException e) {
      // the other process is gone
    }
    Runtime.getRuntime().halt(1);
  }

  private void load() throws InterruptedException {
    print("started");
    flush();
    long start = System.nanoTime();
    lastSample = start;
    long nextSample = start + sampleNanos;
    int slot = 0;
    int pushes = 0;
    while (slot < plan.slots || !stops.isEmpty()) {
      long due = start + slot * TimeUnit.MILLISECONDS.toNanos(SoakPlan.SLOT_MILLIS);
      long now = System.nanoTime();
      if (slot < plan.slots && now >= due) {
        pushes += begin(slot, plan.slot(slot), due);
        slot++;
        if (slot % 50 == 0) {
          flush();
        }
      }
      stopUntil(now);
      if (now >= nextSample) {
        sample(start);
        nextSample += sampleNanos;
      }
      if (slot == plan.slots || System.nanoTime() < due) {
        LockSupport.parkNanos(2_000_000);
      }
    }
    long end = System.nanoTime() + RING_FOR.plusSeconds(60).toNanos();
    while (ended.get() < pushes && System.nanoTime() < end) {
      LockSupport.parkNanos(10_000_000);
    }
    sample(start);
  }

  private void stopUntil(long now) {
    for (Stop stop = stops.peek(); stop != null && stop.nanos <= now; stop = stops.peek()) {
      stops.remove();
      stop.ring.stop();
      print("stop " + stop.slot + " " + Instant.now());
    }
  }

  /** Returns how many pushes. */
  private int begin(int number, SoakPlan.Slot slot, long due) {
    CallPayload call =
        CallPayload.incoming(callId(number))
            .callerName("Li Lei")
            .ringFor(RING_FOR)
            .storeFor(Duration.ZERO)
            .build();
    int phone = slot.firstPhone();
    switch (slot.way()) {
      case RING -> {
        List<DeviceToken> devices = phones.subList(phone, phone + SoakPlan.DEVICES);
        Ring ring = client.ring(call, devices);
        ring.results()
            .forEach(
                (device, verdict) -> {
                  int index = phone + devices.indexOf(device);
                  var unused =
                      verdict.whenComplete((result, e) -> end(number, index, due, result, e));
                });
        if (slot.stopAfterMillis() >= 0) {
          long at = due + TimeUnit.MILLISECONDS.toNanos(slot.stopAfterMillis());
          stops.add(new Stop(at, number, ring));
        }
      }
      case SEND_ASYNC -> {
        var unused =
            client
                .sendAsync(phones.get(phone), call)
                .whenComplete((result, e) -> end(number, phone, due, result, e));
      }
      case SEND -> senders.execute(() -> send(number, phone, call, due));
    }
    return slot.devices();
  }

  private void send(int number, int phone, CallPayload call, long due) {
    try {
      end(number, phone, due, client.send(phones.get(phone), call), null);
    } catch (VoipPushException e) {
      end(number, phone, due, null, e);
    }
  }

  private void end(
      int slot, int phone, long due, @Nullable PushResult result, @Nullable Throwable failure) {
    long took = System.nanoTime() - due;
    Audit.End end;
    if (result != null) {
      end = Audit.End.of(result);
    } else if (failure instanceof VoipPushException e) {
      end = Audit.End.of(e);
    } else {
      print("broken " + failure);
      return;
    }
    print("end " + slot + " " + phone + " " + end.line());
    synchronized (this) {
      latencies.add(took);
    }
    ended.incrementAndGet();
  }

  private void print(String line) {
    synchronized (out) {
      try {
        out.write(line);
        out.newLine();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void flush() {
    synchronized (out) {
      try {
        out.flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void sample(long start) {
    List<Long> own;
    synchronized (this) {
      own = latencies;
      latencies = new ArrayList<>();
    }
    long now = System.nanoTime();
    long[] sorted = own.stream().mapToLong(Long::longValue).sorted().toArray();
    System.gc();
    ClientHealth health = client.health();
    print(
        "sample "
            + new Sample(
                    (now - start) / 1e9,
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                    ManagementFactory.getThreadMXBean().getThreadCount(),
                    openFiles(),
                    health.connections(),
                    health.inFlight(),
                    health.queued(),
                    sorted.length * 1e9 / (now - lastSample),
                    quantile(sorted, 0.5),
                    quantile(sorted, 0.99))
                .line());
    lastSample = now;
    flush();
  }

  /** Milliseconds; 0 if there are none. */
  private static double quantile(long[] sorted, double quantile) {
    return sorted.length == 0 ? 0 : sorted[(int) (quantile * (sorted.length - 1))] / 1e6;
  }

  private static long openFiles() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
        ? unix.getOpenFileDescriptorCount()
        : -1;
  }

  /** Open sockets of this process, or -1 where the system does not tell. */
  private static long sockets() {
    String[] files = new File("/proc/self/fd").list();
    if (files == null) {
      return -1;
    }
    return Arrays.stream(files).filter(SoakClient::isSocket).count();
  }

  private static boolean isSocket(String file) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd", file)).toString().startsWith("socket");
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  /** Waits until nothing of the client is left, and says what is. */
  private static String whatStays(long socketsBefore) {
    long end = System.nanoTime() + LONGEST_CLOSE.toNanos();
    while (true) {
      List<String> threads =
          Thread.getAllStackTraces().keySet().stream()
              .map(Thread::getName)
              .filter(name -> name.startsWith("voip-push"))
              .sorted()
              .toList();
      long sockets = sockets() - socketsBefore;
      boolean nothing = threads.isEmpty() && sockets <= 0;
      if (nothing || System.nanoTime() > end) {
        return nothing ? "" : threads + ", " + sockets + " sockets more than before";
      }
      LockSupport.parkNanos(20_000_000);
    }
  }
}
