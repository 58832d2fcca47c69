// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.util.OptionalInt;

/**
 * What SETTINGS say at the beginning of a connection. Immutable.
 *
 * @param beforeFirstPush the stream limit until a push was accepted; empty means Apple's rule
 * @param initialWindowSize of streams; empty means that SETTINGS do not say it: 65,535
 * @param headerTableSize empty means that SETTINGS do not say it: 4096
 */
record Http2Options(
    int maxConcurrentStreams,
    OptionalInt beforeFirstPush,
    OptionalInt initialWindowSize,
    OptionalInt headerTableSize) {

  Http2Options withMaxConcurrentStreams(int max) {
    return new Http2Options(max, beforeFirstPush, initialWindowSize, headerTableSize);
  }

  Http2Options withBeforeFirstPush(int max) {
    return new Http2Options(
        maxConcurrentStreams, OptionalInt.of(max), initialWindowSize, headerTableSize);
  }

  Http2Options withInitialWindowSize(int bytes) {
    return new Http2Options(
        maxConcurrentStreams, beforeFirstPush, OptionalInt.of(bytes), headerTableSize);
  }

  Http2Options withHeaderTableSize(int bytes) {
    return new Http2Options(
        maxConcurrentStreams, beforeFirstPush, initialWindowSize, OptionalInt.of(bytes));
  }
}
