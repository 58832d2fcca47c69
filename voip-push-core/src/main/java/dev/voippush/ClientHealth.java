// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/** How a client is doing, at one moment; from {@link VoipPushClient#health}. Immutable. */
public final class ClientHealth {
  private final int connections;
  private final int inFlight;
  private final int queued;
  private final Optional<PushResult> lastVerdict;
  private final Optional<Instant> lastVerdictAt;
  private final int consecutiveFailures;
  private final Optional<Instant> certificateExpiresAt;
  private final OptionalLong certificateDaysLeft;
  private final Optional<String> configurationFault;

  ClientHealth(
      int connections,
      int inFlight,
      int queued,
      Optional<PushResult> lastVerdict,
      Optional<Instant> lastVerdictAt,
      int consecutiveFailures,
      Optional<Instant> certificateExpiresAt,
      OptionalLong certificateDaysLeft,
      Optional<String> configurationFault) {
    this.connections = connections;
    this.inFlight = inFlight;
    this.queued = queued;
    this.lastVerdict = lastVerdict;
    this.lastVerdictAt = lastVerdictAt;
    this.consecutiveFailures = consecutiveFailures;
    this.certificateExpiresAt = certificateExpiresAt;
    this.certificateDaysLeft = certificateDaysLeft;
    this.configurationFault = configurationFault;
  }

  /**
   * Returns how many connections are open. None is no fault: a client connects when there is
   * something to send.
   */
  public int connections() {
    return connections;
  }

  /** Returns how many pushes are written and not answered. */
  public int inFlight() {
    return inFlight;
  }

  /** Returns how many pushes wait, for a connection or for their next attempt. */
  public int queued() {
    return queued;
  }

  /** Returns what APNs said last, if it has said anything. */
  public Optional<PushResult> lastVerdict() {
    return lastVerdict;
  }

  /** Returns when APNs said it, by the client's clock. */
  public Optional<Instant> lastVerdictAt() {
    return lastVerdictAt;
  }

  /**
   * Returns how many pushes have ended without a verdict since the last verdict, those apart that
   * were stopped, cancelled, closed, or did not fit into the queue.
   */
  public int consecutiveFailures() {
    return consecutiveFailures;
  }

  /** Returns when the certificate expires; empty with a signing key, which does not. */
  public Optional<Instant> certificateExpiresAt() {
    return certificateExpiresAt;
  }

  /**
   * Returns the whole days until the certificate expires, negative once it has; empty with a
   * signing key. A warning is logged at 30, 14, 7 and 1 days.
   */
  public OptionalLong certificateDaysLeft() {
    return certificateDaysLeft;
  }

  /**
   * Returns what is wrong with the configuration, if it is at fault: a person has to act, no retry
   * helps. That is so when an attempt to connect failed over a certificate, theirs or ours, or for
   * want of HTTP/2, or six in a row all ended in the TLS handshake, and none has succeeded since;
   * when its last verdict was about credentials, topic or environment; or when its last {@value
   * HealthRecord#MISPLACED_TOKENS} verdicts were all about tokens of another environment or topic.
   * Verdicts that prove nothing ({@link Remedy#RETRY_LATER}, {@link Remedy#FIX_REQUEST}) do not
   * count here, nor do those on credentials that were replaced.
   */
  public Optional<String> configurationFault() {
    return configurationFault;
  }

  @Override
  public String toString() {
    return "ClientHealth[connections="
        + connections
        + ", inFlight="
        + inFlight
        + ", queued="
        + queued
        + ", lastVerdict="
        + lastVerdict.map(Object::toString).orElse("none")
        + ", consecutiveFailures="
        + consecutiveFailures
        + (certificateDaysLeft.isPresent()
            ? ", certificateDaysLeft=" + certificateDaysLeft.getAsLong()
            : "")
        + configurationFault.map(fault -> ", configurationFault=" + fault).orElse("")
        + "]";
  }
}
