// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.Set;
import java.util.TreeSet;

/**
 * One thing that goes wrong between a client and APNs: how to bring it about, and what pushes may
 * end as while it is there.
 *
 * @param ends in the words of {@link FaultRun.End#how()}
 * @param endsOfCalls what may happen besides on {@link CallTransport}, of which OkHttp decides
 */
record Fault(String name, Setting setting, Set<String> ends, Set<String> endsOfCalls) {

  /** Brings the fault about in a world where all is well. */
  @FunctionalInterface
  interface Setting {
    void in(FaultWorld world) throws Exception;
  }

  static Fault named(String name, Setting setting, String... ends) {
    return new Fault(name, setting, Set.of(ends), Set.of());
  }

  Fault onCallsAlso(String... more) {
    return new Fault(name, setting, ends, Set.of(more));
  }

  Set<String> ends(VoipPushClientTest.Kind kind) {
    Set<String> all = new TreeSet<>(ends);
    if (kind == VoipPushClientTest.Kind.CALL) {
      all.addAll(endsOfCalls);
    }
    return all;
  }
}
