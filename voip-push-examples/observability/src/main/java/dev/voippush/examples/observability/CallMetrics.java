// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.observability;

import dev.voippush.ClientHealth;
import dev.voippush.PushEvent;
import dev.voippush.PushListener;
import dev.voippush.PushResult;
import dev.voippush.VoipPushClient;
import dev.voippush.VoipPushException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter.MeterProvider;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.function.ToDoubleFunction;

/**
 * Counts and times what a {@link VoipPushClient} does, as Micrometer meters.
 *
 * <p>Give it to the client's builder as {@code listener}, then call {@link #watch} with the client
 * for what its health says. The README beside this module has the table of meters. Tag values come
 * from enums only: no token, call id or payload gets into a registry, and the number of time series
 * has a bound.
 *
 * <p>Several clients on one registry need one instance each, with a tag that tells them apart.
 * Thread-safe.
 */
public final class CallMetrics implements PushListener {
  private static final String NONE = "none";
  private static final String ACCEPTED = "accepted";
  private static final String REJECTED = "rejected";
  private static final String FAILED = "failed";

  /** The buckets of the histograms; a phone that begins to ring after seconds is missed. */
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2_500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(30)
  };

  private final MeterRegistry registry;
  private final Tags tags;
  private final MeterProvider<Counter> results;
  private final MeterProvider<Timer> latency;
  private final Timer queueWait;
  private final Counter attempts;
  private final Counter retries;
  private final MeterProvider<Timer> connects;
  private final Timer lifetime;

  /** Registers with this registry, for the only client that uses it. */
  public CallMetrics(MeterRegistry registry) {
    this(registry, Tags.empty());
  }

  /**
   * Registers with this registry.
   *
   * @param tags of every meter, for example which app the client rings
   */
  public CallMetrics(MeterRegistry registry, Iterable<Tag> tags) {
    this.registry = registry;
    this.tags = Tags.of(tags);
    results =
        Counter.builder("voip.push.results")
            .description("Pushes that have ended")
            .tags(tags)
            .withRegistry(registry);
    latency =
        Timer.builder("voip.push.latency")
            .description("From the client's taking a push to its end")
            .tags(tags)
            .serviceLevelObjectives(BUCKETS)
            .withRegistry(registry);
    queueWait =
        Timer.builder("voip.push.queue.wait")
            .description("From the client's taking a push to its first attempt")
            .tags(tags)
            .serviceLevelObjectives(BUCKETS)
            .register(registry);
    attempts =
        Counter.builder("voip.push.attempts")
            .description("Requests written to a connection")
            .tags(tags)
            .register(registry);
    retries =
        Counter.builder("voip.push.retries")
            .description("Pushes put back to be tried again")
            .tags(tags)
            .register(registry);
    connects =
        Timer.builder("voip.push.connects")
            .description("Dialling, up to the server's first HTTP/2 frame")
            .tags(tags)
            .withRegistry(registry);
    lifetime =
        Timer.builder("voip.push.connection.lifetime")
            .description("How long connections lasted that have ended")
            .tags(tags)
            .register(registry);
  }

  /**
   * Adds gauges of the client's health. They are read at every scrape; the registry keeps the
   * client only weakly. Call it once.
   */
  public void watch(VoipPushClient client) {
    gauge(client, "voip.push.connections", "Open connections", ClientHealth::connections);
    gauge(client, "voip.push.inflight", "Pushes written, not answered", ClientHealth::inFlight);
    gauge(client, "voip.push.queued", "Pushes that wait", ClientHealth::queued);
    gauge(
        client,
        "voip.push.consecutive.failures",
        "Pushes without a verdict since the last verdict",
        ClientHealth::consecutiveFailures);
    gauge(
        client,
        "voip.push.configuration.fault",
        "1 if a person has to mend credentials, topic or environment",
        health -> health.configurationFault().isPresent() ? 1 : 0);
    if (client.health().certificateDaysLeft().isPresent()) {
      Gauge.builder("voip.push.certificate.left", client, CallMetrics::certificateDaysLeft)
          .description("Whole days until the certificate expires, negative once it has")
          .baseUnit("days")
          .tags(tags)
          .register(registry);
    }
  }

  private void gauge(
      VoipPushClient client,
      String name,
      String description,
      ToDoubleFunction<ClientHealth> value) {
    Gauge.builder(name, client, watched -> value.applyAsDouble(watched.health()))
        .description(description)
        .tags(tags)
        .register(registry);
  }

  /** NaN once a signing key has replaced the certificate. */
  private static double certificateDaysLeft(VoipPushClient client) {
    var days = client.health().certificateDaysLeft();
    return days.isPresent() ? days.getAsLong() : Double.NaN;
  }

  @Override
  public void attemptStarted(PushEvent push) {
    attempts.increment();
    if (push.attempts() == 1) { // later ones have waited for answers, too
      queueWait.record(push.elapsed());
    }
  }

  @Override
  public void retryScheduled(PushEvent push, Duration delay, String why) {
    retries.increment();
  }

  @Override
  public void resultReceived(PushEvent push, PushResult result) {
    if (result instanceof PushResult.Rejected rejected) {
      ended(push, REJECTED, rejected.reason().name(), NONE);
    } else {
      ended(push, ACCEPTED, NONE, NONE);
    }
  }

  @Override
  public void pushFailed(PushEvent push, VoipPushException failure) {
    ended(push, FAILED, failure.failure().name(), failure.delivery().name());
  }

  private void ended(PushEvent push, String outcome, String reason, String delivery) {
    results.withTags("outcome", outcome, "reason", reason, "delivery", delivery).increment();
    latency.withTag("outcome", outcome).record(push.elapsed());
  }

  @Override
  public void connected(Duration took) {
    connects.withTags("outcome", "opened", "reason", NONE).record(took);
  }

  @Override
  public void connectFailed(VoipPushException failure, Duration took) {
    connects.withTags("outcome", FAILED, "reason", failure.failure().name()).record(took);
  }

  @Override
  public void disconnected(String why, Duration lived) {
    lifetime.record(lived);
  }
}
