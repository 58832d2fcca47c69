// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import java.io.IOException;

/** {@link RunPushWorker} as a process that ends with the one that started it, even if killed. */
final class WorkerProcess {
  private WorkerProcess() {}

  /** Runs it. Its standard input is a pipe that nobody writes to: it ends when the other does. */
  public static void main(String[] args) throws Exception {
    Thread parent = new Thread(WorkerProcess::endWithParent, "parent");
    parent.setDaemon(true);
    parent.start();
    RunPushWorker.main(args);
  }

  private static void endWithParent() {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException e) { // the same
    }
    Runtime.getRuntime().halt(1);
  }
}
