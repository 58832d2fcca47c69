// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.observability;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushListener;
import dev.voippush.VoipPushClient;
import dev.voippush.VoipPushException;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.credentials.SigningKey;
import dev.voippush.simulator.Script;
import dev.voippush.simulator.SimulatorCredentials;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CallMetricsTest {
  private static final String[] GAUGES = {
    "voip.push.connections",
    "voip.push.inflight",
    "voip.push.queued",
    "voip.push.consecutive.failures",
    "voip.push.configuration.fault"
  };

  private final MeterRegistry registry = new SimpleMeterRegistry();

  private static double results(MeterRegistry registry, String... tags) {
    Counter found = registry.find("voip.push.results").tags(tags).counter();
    return found == null ? 0 : found.count();
  }

  private static void awaitResults(MeterRegistry registry, int count) {
    TracedApns.await(
        () ->
            registry.find("voip.push.results").counters().stream().mapToDouble(Counter::count).sum()
                == count,
        () -> registry.getMeters().toString());
  }

  private static double gauge(MeterRegistry registry, String name) {
    return registry.get(name).gauge().value();
  }

  /** One push each that is accepted, rejected, retried and not answered. */
  private static CallPayload sendFour(TracedApns apns, VoipPushClient client) throws IOException {
    CallPayload call = apns.call();
    assertTrue(client.send(apns.phone(), call).accepted());
    assertFalse(client.send(apns.removed(), call).accepted());
    assertEquals(2, client.send(apns.acceptedAtTheSecondAttempt(), call).attempts());
    DeviceToken unanswered = apns.unanswered();
    assertThrows(VoipPushException.class, () -> client.send(unanswered, call));
    return call;
  }

  @Test
  void countsAndTimesEveryEnd() throws Exception {
    try (TracedApns apns = new TracedApns();
        VoipPushClient client = apns.client().listener(new CallMetrics(registry)).build()) {
      var unused = sendFour(apns, client);
      awaitResults(registry, 4);
      assertEquals(
          2, results(registry, "outcome", "accepted", "reason", "none", "delivery", "none"));
      assertEquals(
          1,
          results(registry, "outcome", "rejected", "reason", "UNREGISTERED", "delivery", "none"));
      assertEquals(1, results(registry, "outcome", "failed", "delivery", "UNKNOWN"));

      assertEquals(5, registry.get("voip.push.attempts").counter().count());
      assertEquals(1, registry.get("voip.push.retries").counter().count());
      assertEquals(4, registry.get("voip.push.queue.wait").timer().count());
      Timer accepted = registry.get("voip.push.latency").tag("outcome", "accepted").timer();
      assertEquals(2, accepted.count());
      assertTrue(accepted.max(TimeUnit.NANOSECONDS) > 0);
      assertEquals(1, registry.get("voip.push.latency").tag("outcome", "rejected").timer().count());
      assertEquals(1, registry.get("voip.push.latency").tag("outcome", "failed").timer().count());
    }
  }

  @Test
  void timesConnectionsOpenedFailedAndEnded() throws Exception {
    VoipPushClient.Builder builder;
    PushListener metrics = new CallMetrics(registry);
    try (TracedApns apns = new TracedApns()) {
      builder = apns.client().listener(metrics);
      try (VoipPushClient client = builder.build()) {
        client.connect().join();
        apns.simulator.dropConnections();
        TracedApns.await(
            () -> registry.get("voip.push.connection.lifetime").timer().count() == 1,
            () -> "the connection has not ended");
      }
    }
    assertEquals(1, registry.get("voip.push.connects").tag("outcome", "opened").timer().count());
    try (VoipPushClient client = builder.build()) { // where nobody listens any more
      assertThrows(CompletionException.class, () -> client.connect().join());
      TracedApns.await(
          () ->
              registry
                      .find("voip.push.connects")
                      .tags("outcome", "failed", "reason", "CONNECT")
                      .timer()
                  != null,
          () -> registry.getMeters().toString());
    }
  }

  @Test
  void gaugesFollowHealth() throws Exception {
    try (TracedApns apns = new TracedApns()) {
      CallMetrics metrics = new CallMetrics(registry);
      PushCertificate certificate =
          PushCertificate.of(
              apns.simulator.credentials().privateKey(), apns.simulator.credentials().chain());
      try (VoipPushClient client = apns.client(certificate).listener(metrics).build()) {
        metrics.watch(client);
        for (String name : GAUGES) {
          assertEquals(0, gauge(registry, name), name);
        }
        assertEquals(
            (double) client.health().certificateDaysLeft().getAsLong(),
            gauge(registry, "voip.push.certificate.left"));
        client.connect().join();
        assertEquals(1, gauge(registry, "voip.push.connections"));

        DeviceToken unanswered = apns.unanswered();
        assertThrows(VoipPushException.class, () -> client.send(unanswered, apns.call()));
        assertEquals(1, gauge(registry, "voip.push.consecutive.failures"));

        apns.simulator.script(Script.reject(403, "BadCertificate").times(1));
        assertFalse(client.send(apns.phone(), apns.call()).accepted());
        assertEquals(1, gauge(registry, "voip.push.configuration.fault"));
        assertEquals(0, gauge(registry, "voip.push.consecutive.failures"));

        apns.simulator.freeze();
        var sent = client.sendAsync(apns.phone(), apns.call());
        TracedApns.await(
            () -> gauge(registry, "voip.push.inflight") == 1, () -> client.health().toString());
        apns.simulator.unfreeze();
        assertTrue(sent.join().accepted());
        assertEquals(0, gauge(registry, "voip.push.configuration.fault"));
      }
    }
  }

  @Test
  void queuedGaugeCountsWhatWaitsForAConnection() throws Exception {
    try (TracedApns apns = new TracedApns()) {
      CallMetrics metrics = new CallMetrics(registry);
      try (VoipPushClient client = apns.client().listener(metrics).build()) {
        metrics.watch(client);
        apns.simulator.freeze();
        var sent = client.sendAsync(apns.phone(), apns.call());
        assertEquals(1, gauge(registry, "voip.push.queued"));
        apns.simulator.unfreeze();
        assertTrue(sent.join().accepted());
        assertEquals(0, gauge(registry, "voip.push.queued"));
      }
    }
  }

  @Test
  void signingKeyHasNoDaysLeft() throws Exception {
    try (TracedApns apns = new TracedApns()) {
      SimulatorCredentials credentials = apns.simulator.credentials();
      SigningKey key =
          SigningKey.fromPem(
              new ByteArrayInputStream(
                  credentials.signingKeyPem().getBytes(StandardCharsets.US_ASCII)),
              credentials.keyId(),
              credentials.teamId());
      CallMetrics metrics = new CallMetrics(registry);
      try (VoipPushClient withKey =
          apns.client(key).bundleId(credentials.bundleId()).listener(metrics).build()) {
        metrics.watch(withKey);
        assertNull(registry.find("voip.push.certificate.left").gauge());
      }
      MeterRegistry other = new SimpleMeterRegistry();
      CallMetrics otherMetrics = new CallMetrics(other);
      try (VoipPushClient replaced = apns.client().build()) {
        otherMetrics.watch(replaced);
        replaced.replaceCredentials(key);
        assertTrue(Double.isNaN(gauge(other, "voip.push.certificate.left")));
      }
    }
  }

  @Test
  void clientsOfOneRegistryAreToldApartByTheirTags() throws Exception {
    try (TracedApns apns = new TracedApns();
        VoipPushClient one = apns.client().listener(metricsOf("one")).build();
        VoipPushClient two = apns.client().listener(metricsOf("two")).build()) {
      one.send(apns.phone(), apns.call());
      two.send(apns.phone(), apns.call());
      two.send(apns.phone(), apns.call());
      awaitResults(registry, 3);
      assertEquals(1, results(registry, "app", "one"));
      assertEquals(2, results(registry, "app", "two"));
    }
  }

  private CallMetrics metricsOf(String app) {
    return new CallMetrics(registry, Tags.of("app", app));
  }

  @Test
  void scrapeHasEveryMeterOfTheReadmeAndNothingOfTheCall() throws Exception {
    PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    CallMetrics metrics = new CallMetrics(prometheus);
    String scrape;
    try (TracedApns apns = new TracedApns();
        VoipPushClient client = apns.client().listener(metrics).build()) {
      metrics.watch(client);
      CallPayload call = sendFour(apns, client);
      awaitResults(prometheus, 4);
      scrape = prometheus.scrape();
      apns.assertDiscreet(scrape);
      assertFalse(scrape.contains(call.callId().toString()), scrape);
      for (Meter meter : prometheus.getMeters()) {
        apns.assertDiscreet(meter.getId().toString());
      }
    }
    assertTrue(
        scrape.contains(
            "voip_push_results_total{delivery=\"none\",outcome=\"accepted\",reason=\"none\"} 2.0"),
        scrape);
    assertTrue(scrape.contains("voip_push_retries_total 1.0"), scrape);
    assertTrue(scrape.contains("voip_push_latency_seconds_bucket{outcome=\"accepted\","), scrape);
    Set<String> scraped =
        scrape
            .lines()
            .filter(line -> line.startsWith("# TYPE ") && !line.endsWith("_max gauge"))
            .map(line -> line.split(" ", -1)[2])
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(documented(2), scraped);
    Set<String> registered =
        prometheus.getMeters().stream()
            .map(meter -> meter.getId().getName())
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(documented(1), registered);
  }

  /** What stands in this column of the README's table. */
  private static Set<String> documented(int column) throws IOException {
    Pattern name = Pattern.compile("`(voip[._]push[a-z._]+)`");
    return Files.readString(Path.of("README.md"))
        .lines()
        .filter(line -> line.startsWith("| `voip.push.") && line.contains("`voip_push_"))
        .flatMap(line -> Arrays.stream(line.split("\\|", -1)).skip(column).limit(1))
        .map(
            cell -> {
              var found = name.matcher(cell);
              assertTrue(found.find(), cell);
              return found.group(1);
            })
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void latencyIsThatOfThePush() throws Exception {
    try (TracedApns apns = new TracedApns();
        VoipPushClient client = apns.client().listener(new CallMetrics(registry)).build()) {
      long begin = System.nanoTime();
      client.send(apns.acceptedAtTheSecondAttempt(), apns.call());
      Duration took = Duration.ofNanos(System.nanoTime() - begin);
      awaitResults(registry, 1);
      Timer latency = registry.get("voip.push.latency").timer();
      Timer wait = registry.get("voip.push.queue.wait").timer();
      assertTrue(latency.totalTime(TimeUnit.NANOSECONDS) <= took.toNanos());
      assertTrue(
          wait.totalTime(TimeUnit.NANOSECONDS) < latency.totalTime(TimeUnit.NANOSECONDS),
          "the queue is but a part");
    }
  }
}
