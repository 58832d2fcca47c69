// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import dev.voippush.DeviceToken;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** The call states of the database, for a test to put something in their way. */
class ForwardingStates implements CallStates {
  private final CallStates states;

  ForwardingStates(Surroundings surroundings) {
    states = new JdbcCallStates(surroundings.database());
  }

  @Override
  public Set<UUID> ringing(Collection<UUID> calls) {
    return states.ringing(calls);
  }

  @Override
  public Claimed claim(UUID callId, Collection<DeviceToken> devices, Claimant claimant) {
    return states.claim(callId, devices, claimant);
  }

  @Override
  public void end(UUID callId, Map<DeviceToken, PushEnd> ends) {
    states.end(callId, ends);
  }
}
