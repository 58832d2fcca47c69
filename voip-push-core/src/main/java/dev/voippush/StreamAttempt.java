// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import okio.Buffer;
import org.jspecify.annotations.Nullable;

/** One attempt: in the queue of {@link StreamTransport}, then a stream of a connection. */
final class StreamAttempt implements Transport.Attempt {
  static final long NOT_HANDED_OVER = Long.MAX_VALUE;

  final Transport.Handler handler;
  private final StreamTransport transport;

  // Guarded by the transport's lock:
  @Nullable StreamAttempt previous; // in the queue
  @Nullable StreamAttempt next;
  boolean ended; // its handler hears no more
  @Nullable StreamConnection connection; // null while queued
  int streamId;
  long startedAt;
  int sent;
  long windowUpdates;
  boolean slotGivenBack;
  boolean mayBeSent; // its end is written, or is about to be
  byte @Nullable [] body; // while flow control holds back a part of it
  @Nullable Answer answer; // while its END_STREAM has not come

  // Of the thread that writes:
  boolean begun; // HEADERS are in the buffer

  /** The byte of the connection that ends the stream; known to TLS once it has been handed over. */
  volatile long endOffset = NOT_HANDED_OVER;

  /** A response whose body is on its way. */
  static final class Answer {
    final int status;
    final @Nullable String uniqueId;
    final @Nullable String retryAfter;
    final Buffer body = new Buffer();
    DeadlineTimer.@Nullable Deadline deadline;

    Answer(int status, @Nullable String uniqueId, @Nullable String retryAfter) {
      this.status = status;
      this.uniqueId = uniqueId;
      this.retryAfter = retryAfter;
    }

    PushResponse toResponse() {
      return new PushResponse(status, uniqueId, retryAfter, body.readByteArray());
    }
  }

  StreamAttempt(StreamTransport transport, Transport.Handler handler) {
    this.transport = transport;
    this.handler = handler;
  }

  @Override
  public void cancel() {
    StreamConnection carrier;
    synchronized (transport.lock) {
      if (ended) {
        return;
      }
      ended = true;
      carrier = connection;
      if (carrier == null) {
        transport.queue.remove(this);
      }
    }
    if (carrier != null) {
      carrier.reset(this);
    }
  }

  @Override
  public void suspectConnection(String why) {
    StreamConnection carrier;
    synchronized (transport.lock) {
      carrier = connection;
    }
    if (carrier != null) {
      carrier.suspect(this, why);
    }
  }

  @Override
  public @Nullable AttemptFailure obstacle() {
    return transport.obstacle();
  }
}
