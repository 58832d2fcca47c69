// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells browsers what happens, as server-sent events. News is told by the web server's thread; what
 * piles up until it gets there is told once. A browser that reads too slowly gets nothing more
 * until it has read what there is, then the whole state anew; one that stands still is dropped.
 * Thread-safe.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a browser that is gone is noticed by its channel
final class WebEvents {
  /**
   * How often a browser gets a beat, so that a dead one is noticed, and a simulator that stands.
   */
  static final Duration HEARTBEAT = Duration.ofSeconds(15);

  private static final byte[] BEAT = message("beat", Map.of());

  private final WebState state;
  private final EventLoop eventLoop;

  // Used by the event loop only
  private final Map<Channel, Client> clients = new HashMap<>();
  private @Nullable ScheduledFuture<?> heartbeat;

  // Guarded by this
  private final Set<SimulatedPhone> changed = new LinkedHashSet<>();
  private final Deque<RecordedRequest> requests = new ArrayDeque<>();
  private boolean scheduled;

  private static final class Client {
    /** It has missed an event, and needs the whole state. */
    boolean behind;

    /** It was behind at the last heartbeat. */
    boolean stuck;
  }

  WebEvents(WebState state, EventLoop eventLoop) {
    this.state = state;
    this.eventLoop = eventLoop;
  }

  /** Something about this phone is different, or it is new. */
  synchronized void changed(SimulatedPhone phone) {
    changed.add(phone);
    schedule();
  }

  /** A request was recorded. */
  synchronized void recorded(RecordedRequest request) {
    if (requests.size() == WebState.REQUESTS) {
      requests.remove();
    }
    requests.add(request);
    schedule();
  }

  /** What browsers show is there no more: they get the whole state. */
  void forgotten() {
    execute(
        () -> {
          tellNews(); // the state has it
          tell("state", state.all());
        });
  }

  /** A call that was placed in the page could not be sent, so that no record tells why. */
  void failed(UUID callId, String message) {
    execute(() -> tell("failure", Map.of("callId", callId.toString(), "error", message)));
  }

  /** The lock is held. */
  private void schedule() {
    if (!scheduled) {
      scheduled = true;
      execute(this::tellNews);
    }
  }

  private void execute(Runnable task) {
    try {
      eventLoop.execute(task);
    } catch (RejectedExecutionException e) {
      // the server was closed: nobody listens
    }
  }

  private void tellNews() {
    List<SimulatedPhone> phones;
    List<RecordedRequest> records;
    synchronized (this) {
      phones = List.copyOf(changed);
      records = List.copyOf(requests);
      changed.clear();
      requests.clear();
      scheduled = false;
    }
    if (clients.isEmpty()) {
      return;
    }
    for (RecordedRequest request : records) {
      tell("request", state.request(request));
    }
    for (SimulatedPhone phone : phones) {
      tell("phone", state.phone(phone));
    }
  }

  private void tell(String event, Object data) {
    byte[] message = message(event, data);
    clients.forEach((channel, client) -> send(channel, client, message));
  }

  private static void send(Channel channel, Client client, byte[] message) {
    if (channel.isWritable() && !client.behind) {
      channel.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(message)));
    } else {
      client.behind = true;
    }
  }

  private static byte[] message(String event, Object data) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(("event: " + event + "\ndata: ").getBytes(StandardCharsets.US_ASCII));
    bytes.writeBytes(Json.write(data)); // on one line
    bytes.writeBytes("\n\n".getBytes(StandardCharsets.US_ASCII));
    return bytes.toByteArray();
  }

  /** A browser that wants to hear: it gets the state first. On the event loop. */
  void add(Channel channel) {
    tellNews(); // to the others: the state has it
    Client client = new Client();
    clients.put(channel, client);
    send(channel, client, message("state", state.all()));
    if (heartbeat == null) {
      long period = HEARTBEAT.toMillis();
      heartbeat = eventLoop.scheduleAtFixedRate(this::beat, period, period, TimeUnit.MILLISECONDS);
    }
  }

  /** On the event loop. */
  void remove(Channel channel) {
    clients.remove(channel);
    if (clients.isEmpty() && heartbeat != null) {
      heartbeat.cancel(false);
      heartbeat = null;
    }
  }

  /** On the event loop. */
  void writabilityChanged(Channel channel) {
    Client client = clients.get(channel);
    if (client != null && client.behind && channel.isWritable()) {
      tellNews(); // the state has it
      client.behind = false;
      client.stuck = false;
      send(channel, client, message("state", state.all()));
    }
  }

  private void beat() {
    for (Channel channel : List.copyOf(clients.keySet())) {
      Client client = clients.get(channel);
      if (client != null && client.stuck) {
        channel.close();
      } else if (client != null) {
        client.stuck = client.behind;
        send(channel, client, BEAT);
      }
    }
  }
}
