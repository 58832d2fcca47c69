// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import dev.voippush.ApnsEnvironment;
import dev.voippush.PushEvent;
import dev.voippush.PushListener;
import dev.voippush.PushResult;
import dev.voippush.VoipPushClient;
import dev.voippush.VoipPushException;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/** A worker on a thread of this process, which counts the pushes that are under way at once. */
final class RunningWorker implements AutoCloseable {
  private final Count count = new Count();
  private final VoipPushClient production;
  private final VoipPushClient sandbox;
  private final PushWorker worker;
  private final CompletableFuture<Void> run;
  private boolean expectedToFail;

  /** Of a client: from a push's first attempt to its end. */
  private static final class Count implements PushListener {
    private final AtomicInteger now = new AtomicInteger();
    private volatile int most;

    @Override
    public void attemptStarted(PushEvent event) {
      if (event.attempts() == 1) {
        most = Math.max(most, now.incrementAndGet());
      }
    }

    @Override
    public void resultReceived(PushEvent event, PushResult result) {
      now.decrementAndGet();
    }

    @Override
    public void pushFailed(PushEvent event, VoipPushException failure) {
      if (failure.attempts() > 0) {
        now.decrementAndGet();
      }
    }
  }

  RunningWorker(Surroundings surroundings, WorkerSettings settings) throws IOException {
    this(surroundings, settings, new JdbcCallStates(surroundings.database()));
  }

  RunningWorker(Surroundings surroundings, WorkerSettings settings, CallStates states)
      throws IOException {
    production = surroundings.client(ApnsEnvironment.PRODUCTION).listener(count).build();
    sandbox = surroundings.client(ApnsEnvironment.SANDBOX).build();
    worker =
        new PushWorker(
            surroundings.kafka().clientSettings(),
            settings,
            Map.of(ApnsEnvironment.PRODUCTION, production, ApnsEnvironment.SANDBOX, sandbox),
            states);
    run = CompletableFuture.runAsync(worker, task -> new Thread(task, settings.name()).start());
  }

  /** The most pushes that were under way at once. */
  int mostAtOnce() {
    return count.most;
  }

  /** Waits until it ends by itself, and returns why. */
  Throwable awaitFailure() throws InterruptedException {
    try {
      run.get();
    } catch (ExecutionException e) {
      expectedToFail = true;
      return e.getCause();
    }
    throw new IllegalStateException("ended in good order");
  }

  /** Lets it leave its partitions; throws what it failed with. */
  @Override
  public void close() {
    worker.stop();
    try {
      if (!expectedToFail) {
        run.join();
      }
    } finally {
      production.close();
      sandbox.close();
    }
  }
}
