// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import java.time.Duration;

/**
 * What a worker is set to.
 *
 * @param name of this worker, in outcomes, logs, and as its client id
 * @param group of all workers
 * @param maxInFlight so many pushes may be between the topic and their end before the worker
 *     pauses; those of one poll come on top
 * @param maxPollRecords so many calls are taken at once
 * @param threads for the database
 * @param sessionTimeout after which a worker that is silent is dead. Much shorter than a call
 *     rings, but no shorter than the broker's {@code group.min.session.timeout.ms}, which is 6 s
 */
record WorkerSettings(
    String name,
    String group,
    Topics topics,
    int maxInFlight,
    int maxPollRecords,
    int threads,
    Duration sessionTimeout) {
  static WorkerSettings of(String name, String group, Topics topics) {
    return new WorkerSettings(name, group, topics, 500, 50, 8, Duration.ofSeconds(6));
  }

  WorkerSettings withMaxInFlight(int maxInFlight, int maxPollRecords) {
    return new WorkerSettings(
        name, group, topics, maxInFlight, maxPollRecords, threads, sessionTimeout);
  }

  WorkerSettings withSessionTimeout(Duration sessionTimeout) {
    return new WorkerSettings(
        name, group, topics, maxInFlight, maxPollRecords, threads, sessionTimeout);
  }
}
