// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Makes the daemon threads of one executor, and can wait for their real end: an executor calls
 * itself terminated when its threads still have a few instructions to go.
 */
final class JoinableThreads extends DefaultThreadFactory {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Queue<Thread> threads = new ConcurrentLinkedQueue<>();

  JoinableThreads(String name) {
    super(name, true);
  }

  @Override
  protected Thread newThread(Runnable task, String name) {
    Thread thread = super.newThread(task, name);
    threads.removeIf(before -> before.getState() == Thread.State.TERMINATED);
    threads.add(thread);
    return thread;
  }

  /** Waits up to 10 s for each thread, except the caller's; an interrupt ends the waiting. */
  void join() {
    try {
      for (Thread thread : threads) {
        if (thread != Thread.currentThread()) {
          thread.join(PATIENCE.toMillis());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
