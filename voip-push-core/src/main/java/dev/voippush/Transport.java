// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.credentials.ApnsCredentials;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Carries attempts to APNs and answers back; knows connections, but nothing of calls and retries.
 *
 * <p>Thread-safe. No method blocks or does I/O on the caller's thread, except {@link #close}, and
 * {@link #enqueue} if it may. For each attempt exactly one of {@link Handler#answered} and {@link
 * Handler#failed} is called, on any thread, unless it was cancelled. Handlers must not block.
 */
interface Transport {

  /**
   * Queues an attempt; it is begun when the connection has room.
   *
   * @param mayWriteHere true if the caller's thread only waits, so that it may write itself
   */
  Attempt enqueue(Handler handler, boolean mayWriteHere);

  /**
   * Opens a connection if there is none of the present identity; completes when the server has
   * spoken HTTP/2 on it.
   */
  CompletableFuture<Void> connect();

  /**
   * Connects by this identity from now on. Connections of the one before carry pushes until one of
   * the new has come about; then they take no more, and end with their last answer.
   */
  void replaceIdentity(Identity identity);

  /**
   * Returns when no request of an attempt that was cancelled before is handed to a socket any more.
   * Does not wait for I/O.
   */
  void awaitHandOver();

  /** Returns how many connections are open. */
  int connections();

  /** Returns how many attempts are written or being written. */
  int inFlight();

  /** Ends what is queued at once, gives what is in flight this long, and closes. Idempotent. */
  void close(Duration timeout);

  /** One attempt under way. */
  interface Attempt {
    /** Takes it out of the queue, or resets its stream; its handler hears no more. */
    void cancel();

    /** Says that its connection is not to be used by later attempts, and why. */
    void suspectConnection(String why);

    /** Why it could not be begun yet: the last failure to connect, if there is no connection. */
    @Nullable AttemptFailure obstacle();
  }

  /** Hears what becomes of an attempt. */
  interface Handler {
    /**
     * The attempt leaves the queue: returns what to write now, or null to drop it unheard.
     *
     * @param credentials those of the connection
     */
    @Nullable PushRequest begin(ApnsCredentials credentials);

    /**
     * The body is about to be handed to the connection: returns whether it may. After true APNs may
     * have the push; after false nothing more of it is written.
     */
    boolean mayWrite();

    void answered(PushResponse response);

    void failed(AttemptFailure failure);
  }

  /** Hears of connections; must not block. */
  interface Observer {
    /** The server has spoken HTTP/2 on a new connection. */
    void connected(Duration took);

    void connectFailed(AttemptFailure failure, Duration took);

    /** A connection that was open has ended. */
    void disconnected(String why, Duration lifetime);
  }
}
