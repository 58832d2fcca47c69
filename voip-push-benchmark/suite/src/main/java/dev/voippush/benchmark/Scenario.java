// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

/** What is done in one process to get one or several figures. */
enum Scenario {
  /** 1,000 pushes in flight all the time. */
  THROUGHPUT(true),
  /** One push at a time, by the blocking call. */
  ONE(true),
  /** 1,000 pushes each second by the clock. */
  RATE_1000(true),
  /** 5,000 pushes each second by the clock. */
  RATE_5000(false),
  /** The first push of a process. */
  FIRST_COLD(false),
  /** The first push of a process that has opened the connection. */
  FIRST_CONNECTED(false),
  /** 10,000 pushes that wait for a connection. */
  QUEUE(true),
  /** Threads with one and with five connections. */
  CONNECTIONS(true),
  /** From 1 to 10,000 pushes in flight. */
  GROWTH(false),
  /** Calls to 1 to 1,000 devices. */
  DEVICES(false);

  private final boolean promised;

  Scenario(boolean promised) {
    this.promised = promised;
  }

  /** Returns true if {@link Targets} holds this library to a figure of it. */
  boolean promised() {
    return promised;
  }
}
