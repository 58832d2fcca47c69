// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import dev.voippush.ClientHealth;
import dev.voippush.VoipPushClient;
import java.util.concurrent.CompletableFuture;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.Status;
import org.springframework.stereotype.Component;

/**
 * The component {@code voipPush} of {@code /actuator/health} and of readiness: out of service until
 * the first connection is there, down while a person has to mend the configuration. It is no part
 * of liveness, for a restart cures neither APNs nor a certificate.
 */
@Component
class VoipPushHealthIndicator implements HealthIndicator {
  private final VoipPushClient client;
  private CompletableFuture<Void> connected; // guarded by this

  VoipPushHealthIndicator(VoipPushClient client) {
    this.client = client;
    connected = client.connect(); // ahead of the first call
  }

  @Override
  public Health health() {
    ClientHealth now = client.health();
    Health.Builder health =
        new Health.Builder()
            .status(status(now))
            .withDetail("connections", now.connections())
            .withDetail("inFlight", now.inFlight())
            .withDetail("queued", now.queued())
            .withDetail("consecutiveFailures", now.consecutiveFailures());
    now.certificateDaysLeft().ifPresent(days -> health.withDetail("certificateDaysLeft", days));
    now.configurationFault().ifPresent(fault -> health.withDetail("configurationFault", fault));
    return health.build();
  }

  private Status status(ClientHealth now) {
    boolean ready = everConnected();
    if (now.configurationFault().isPresent()) {
      return Status.DOWN;
    }
    return ready ? Status.UP : Status.OUT_OF_SERVICE;
  }

  /** Each probe that finds that it has failed tries once more. */
  private synchronized boolean everConnected() {
    if (connected.isCompletedExceptionally()) {
      connected = client.connect();
    }
    return connected.isDone() && !connected.isCompletedExceptionally();
  }
}
