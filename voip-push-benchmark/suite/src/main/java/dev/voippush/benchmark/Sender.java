// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.time.Duration;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One of the clients that are compared. All send the same: {@link Workload}'s tokens and JSON, the
 * five headers of a VoIP push and an apns-id of its own with each.
 */
interface Sender extends AutoCloseable {
  /** The clients, as the command line names them. */
  enum Client {
    VOIP_PUSH("voip-push"),
    VOIP_PUSH_CALL("voip-push, OkHttp calls"),
    PUSHY("Pushy"),
    OKHTTP("OkHttp");

    final String title;

    Client(String title) {
      this.title = title;
    }

    /**
     * @param silent the server will not answer: wait for it as long as it takes
     * @param connections how many to use
     */
    Sender open(Credentials credentials, int port, boolean silent, int connections)
        throws Exception {
      if (this == OKHTTP && connections > 1) {
        throw new UnsupportedOperationException("more than one connection");
      }
      Duration connectTimeout = Duration.ofSeconds(silent ? 600 : 5);
      return switch (this) {
        case VOIP_PUSH -> new VoipPushSender(credentials, port, false, connectTimeout, connections);
        case VOIP_PUSH_CALL ->
            new VoipPushSender(credentials, port, true, connectTimeout, connections);
        case PUSHY -> new PushySender(credentials, port, connectTimeout, connections);
        case OKHTTP -> new OkHttpSender(credentials, port, connectTimeout);
      };
    }
  }

  /** One call, whose pushes share the JSON. */
  interface Call {
    /** Sends to a device without blocking; {@code end} gets null for 200, else what went wrong. */
    void push(int device, Consumer<@Nullable Throwable> end);

    /** Sends to so many devices, as the client does for one call; {@code end} hears of each. */
    default void ring(int devices, Consumer<@Nullable Throwable> end) {
      for (int device = 0; device < devices; device++) {
        push(device, end);
      }
    }

    /** Sends to a device and waits for 200. */
    void pushAndWait(int device) throws Exception;
  }

  /** Builds a call, as a service does when somebody picks up a phone. */
  Call call(UUID id);

  /** Opens the connection; a client that cannot sends a push. */
  void connect() throws Exception;

  /** Returns if {@link #connect} sends no push. */
  boolean connects();

  @Override
  void close();
}
