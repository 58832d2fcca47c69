// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

/** What is done in one process to get one or several figures. */
enum Scenario {
  /** 1,000 pushes in flight all the time. */
  THROUGHPUT,
  /** One push at a time, by the blocking call. */
  ONE,
  /** 1,000 pushes each second by the clock. */
  RATE_1000,
  /** 5,000 pushes each second by the clock. */
  RATE_5000,
  /** The first push of a process. */
  FIRST_COLD,
  /** The first push of a process that has opened the connection. */
  FIRST_CONNECTED,
  /** 10,000 pushes that wait for a connection. */
  QUEUE,
  /** Threads with one and with five connections. */
  CONNECTIONS,
  /** From 1 to 10,000 pushes in flight. */
  GROWTH,
  /** Calls to 1 to 1,000 devices. */
  DEVICES
}
