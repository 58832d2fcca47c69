// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

/**
 * The topics of workers.
 *
 * @param calls to ring: {@link QueuedCall}
 * @param outcomes what became of them: {@link CallOutcome}
 * @param deadTokens to forget: {@link DeadToken}
 * @param unreadable records of {@code calls} that are none, as they came
 */
record Topics(String calls, String outcomes, String deadTokens, String unreadable) {
  static Topics withPrefix(String prefix) {
    return new Topics(
        prefix + "calls", prefix + "call-outcomes", prefix + "dead-tokens", prefix + "unreadable");
  }
}
