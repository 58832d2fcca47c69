// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.util.concurrent.CompletableFuture;

/**
 * What a user holds of a push: cancelling it ends the push, what depends on it is a plain future.
 */
final class Verdict extends CompletableFuture<PushResult> {
  private final Runnable whenCancelled;

  Verdict(Runnable whenCancelled) {
    this.whenCancelled = whenCancelled;
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    boolean cancelled = super.cancel(mayInterruptIfRunning);
    if (cancelled) {
      whenCancelled.run();
    }
    return cancelled;
  }

  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new CompletableFuture<>();
  }
}
