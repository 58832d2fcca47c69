// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.time.Duration;

/**
 * Hears what happens in a client: for metrics, logs and alarms.
 *
 * <p>Called on the client's {@link VoipPushClient.Builder#executor executor}, one event at a time
 * so that nothing in here needs to be thread-safe. Events of one moment on different threads, such
 * as the begin of an attempt and the stop of its ring, may come in either order. What it throws is
 * logged. A listener that does not get on holds up no push, though an executor of one thread is not
 * free for futures meanwhile; when {@value #MOST_WAITING} events wait for it, further ones are
 * dropped, and a warning is logged.
 */
public interface PushListener {
  /** How many events may wait for a listener: {@value}. */
  int MOST_WAITING = 100_000;

  /**
   * An attempt has left the queue to be written; in rare cases it ends without: its ring was just
   * stopped, or no connection could be had at all.
   *
   * @param push {@code elapsed} is the time that it waited before, retries included
   */
  default void attemptStarted(PushEvent push) {}

  /**
   * A push will be tried again.
   *
   * @param delay the wait before
   * @param why what became of the attempt before
   */
  default void retryScheduled(PushEvent push, Duration delay, String why) {}

  /** A push has its verdict, accepted or rejected; nothing more comes of it. */
  default void resultReceived(PushEvent push, PushResult result) {}

  /** A push has ended without a verdict; nothing more comes of it. */
  default void pushFailed(PushEvent push, VoipPushException failure) {}

  /**
   * A connection is open.
   *
   * @param took from the begin of dialling to the first HTTP/2 frame of the server
   */
  default void connected(Duration took) {}

  /**
   * No connection came about; it is tried again as long as pushes wait.
   *
   * @param failure is of no push: its {@code apnsId} is all zeros
   */
  default void connectFailed(VoipPushException failure, Duration took) {}

  /**
   * A connection has ended that was open.
   *
   * @param why for example what APNs said in its GOAWAY, which {@code httpClient(...)} does not
   *     tell
   */
  default void disconnected(String why, Duration lifetime) {}
}
