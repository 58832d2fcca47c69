// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import dev.voippush.simulator.SimulatedCall.State;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * What an app's own server does for the phones of one user: the first that answers or declines a
 * call decides, the others hear of it or ask. A phone without a user is alone and decides all of
 * its calls. Thread-safe.
 *
 * <p>A phone asks with its lock held, so nothing here takes a phone's lock but {@link #tellOthers},
 * which takes the others' one by one: the phone must not hold its own then.
 */
final class CallSignalling {
  private record Key(String user, UUID callId) {}

  /** Which phone decided a call, and how: {@link State#ANSWERED} or {@link State#DECLINED}. */
  record Decision(SimulatedPhone by, State state) {
    /** The state of the call on the user's other phones. */
    State elsewhere() {
      return state == State.ANSWERED ? State.ANSWERED_ELSEWHERE : State.DECLINED_ELSEWHERE;
    }
  }

  private final Map<String, List<SimulatedPhone>> phones = new ConcurrentHashMap<>();
  private final Map<Key, Decision> decisions = new ConcurrentHashMap<>();

  void add(SimulatedPhone phone) {
    phone
        .user()
        .ifPresent(
            user -> phones.computeIfAbsent(user, name -> new CopyOnWriteArrayList<>()).add(phone));
  }

  /** The call's state on this phone after it said so: as it says if no other was first. */
  State decide(SimulatedPhone phone, UUID callId, State state) {
    if (phone.user().isEmpty()) {
      return state;
    }
    Decision first =
        decisions.putIfAbsent(new Key(phone.user().get(), callId), new Decision(phone, state));
    return first == null || first.by() == phone ? state : first.elsewhere();
  }

  /** What another phone of the user decided, if one did. */
  Optional<Decision> decidedElsewhere(SimulatedPhone phone, UUID callId) {
    return phone
        .user()
        .map(user -> decisions.get(new Key(user, callId)))
        .filter(decision -> decision.by() != phone);
  }

  /** Ends the call on the user's other phones, as far as they are connected and it rings there. */
  void tellOthers(SimulatedPhone phone, UUID callId) {
    @Nullable Decision decision =
        phone.user().map(user -> decisions.get(new Key(user, callId))).orElse(null);
    if (decision == null || decision.by() != phone) {
      return;
    }
    for (SimulatedPhone other : phones.getOrDefault(phone.user().orElseThrow(), List.of())) {
      if (other != phone) {
        other.decidedElsewhere(callId, decision.elsewhere());
      }
    }
  }

  /** Forgets what this phone decided about the call. */
  void forget(SimulatedPhone phone, UUID callId) {
    phone
        .user()
        .ifPresent(
            user ->
                decisions.computeIfPresent(
                    new Key(user, callId),
                    (key, decision) -> decision.by() == phone ? null : decision));
  }
}
