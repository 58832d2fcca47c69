// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.FaultWorld.Served;
import dev.voippush.VoipPushException.Delivery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * Some pushes that meet one fault, and one more when it is over: what they ended as, and what the
 * server's record says about that.
 */
final class FaultRun {
  /** Beyond a call's end; starved machines have slow timers. */
  private static final Duration LATE = Duration.ofSeconds(10);

  private final Fault fault;
  private final FaultWorld world;
  private final Api api;
  private final Executor callers;
  private final List<Pushed> pushed = new ArrayList<>();
  private final List<String> violations = new ArrayList<>();
  private final Map<UUID, String> besides = new HashMap<>(); // before and after the fault

  /** How pushes are sent. */
  enum Api {
    BOTH,
    SEND,
    SEND_ASYNC
  }

  /** The one end of a push. */
  record End(
      UUID apnsId, String how, boolean told, boolean mayBeProcessed, int attempts, String message) {
    static End of(PushResult result) {
      String how = "accepted";
      if (result instanceof PushResult.Rejected rejected) {
        String reason = rejected.rawReason();
        how = verdict(rejected.status(), reason.substring(0, Math.min(reason.length(), 20)));
      }
      boolean told = result.possiblyDuplicated();
      return new End(
          result.apnsId(),
          told ? how + ", told" : how,
          told,
          true,
          result.attempts(),
          result.toString());
    }

    static End of(VoipPushException failure) {
      boolean unknown = failure.delivery() == Delivery.UNKNOWN;
      String how = failure.delivery() + " " + failure.failure();
      return new End(
          failure.apnsId(), how, unknown, unknown, failure.attempts(), failure.getMessage());
    }

    boolean isAccepted() {
      return how.startsWith("accepted");
    }

    boolean isRejected() {
      return how.startsWith("rejected");
    }
  }

  /** A push on its way. */
  private record Pushed(CompletableFuture<End> end, CompletableFuture<Long> nanos) {}

  /** A push that has ended, and how often the server processed it. */
  record Outcome(End end, int processed, Duration took) {}

  /** What became of all. */
  record Report(List<Outcome> outcomes, List<String> violations) {}

  FaultRun(Fault fault, FaultWorld world, Api api, Executor callers) {
    this.fault = fault;
    this.world = world;
    this.api = api;
    this.callers = callers;
  }

  Report run() throws Exception {
    fault.setting().in(world);
    List<DeviceToken> devices = List.copyOf(world.devices());
    List<End> ends = new ArrayList<>();
    int hits;
    try (VoipPushClient client = world.client()) {
      if (world.isConnected()) {
        sendBesides(client, "before the fault");
      }
      world.strikeNow();
      int underWay = devices.size() / 2 + world.random.nextInt(devices.size() / 2);
      for (int i = 0; i < devices.size(); i++) {
        if (world.random.nextInt(3) == 0) {
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(world.random.nextInt(25)));
        }
        pushed.add(begin(client, devices.get(i), world.ringFor()));
        if (i == underWay) {
          world.underWayNow();
        }
      }
      world.allUnderWayNow();
      for (Pushed push : pushed) {
        ends.add(await(push, world.ringFor()));
      }
      hits = world.hits();
      world.mendNow();
      sendBesides(client, "after the fault");
      if (client.health().inFlight() != 0 && world.kind == VoipPushClientTest.Kind.STREAM) {
        TestClients.await(() -> client.health().inFlight() == 0);
      }
    }
    world.awaitRecord();
    if (hits == 0) {
      violations.add("the fault was never met");
    }
    return new Report(judge(ends), violations);
  }

  private Pushed begin(VoipPushClient client, DeviceToken device, Duration ringFor) {
    long begun = System.nanoTime();
    CallPayload call = world.call(ringFor);
    CompletableFuture<PushResult> result =
        api == Api.SEND_ASYNC || (api == Api.BOTH && pushed.size() % 2 == 0)
            ? client.sendAsync(device, call)
            : CompletableFuture.supplyAsync(() -> send(client, device, call), callers);
    CompletableFuture<Long> nanos = new CompletableFuture<>();
    CompletableFuture<End> end =
        result.handle(
            (value, failure) -> {
              nanos.complete(System.nanoTime() - begun);
              if (failure == null) {
                return End.of(value);
              }
              Throwable cause =
                  failure instanceof CompletionException ? failure.getCause() : failure;
              if (cause instanceof VoipPushException push) {
                return End.of(push);
              }
              throw new CompletionException(cause);
            });
    return new Pushed(end, nanos);
  }

  private static PushResult send(VoipPushClient client, DeviceToken device, CallPayload call) {
    try {
      return client.send(device, call);
    } catch (VoipPushException e) {
      throw new CompletionException(e);
    }
  }

  /** Null if it is stuck, or ended as no push may. */
  private End await(Pushed push, Duration ringFor) throws InterruptedException {
    try {
      return push.end.get(ringFor.plus(LATE).toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      violations.add("a push is stuck: no end " + LATE + " after its deadline");
    } catch (ExecutionException e) {
      violations.add("a push ended by " + e.getCause());
    }
    return null;
  }

  /** Sends a push that is to be accepted. */
  private void sendBesides(VoipPushClient client, String when) throws InterruptedException {
    End end = await(begin(client, world.anotherDevice(), FaultWorld.RINGS), FaultWorld.RINGS);
    if (end != null) {
      besides.put(end.apnsId, when);
      if (!end.isAccepted()) {
        violations.add("a push " + when + " ended as " + end.how);
      }
    }
  }

  private List<Outcome> judge(List<End> ends) {
    Map<String, List<Served>> served = new HashMap<>();
    for (Served one : world.record()) {
      served.computeIfAbsent(one.apnsId(), id -> new ArrayList<>()).add(one);
    }
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < ends.size(); i++) {
      End end = ends.get(i);
      if (end != null) {
        List<Served> own = served.remove(end.apnsId.toString());
        outcomes.add(judge(end, own == null ? List.of() : own, pushed.get(i)));
      }
    }
    besides.keySet().forEach(id -> served.remove(id.toString()));
    if (!served.isEmpty()) {
      violations.add("requests of nobody: " + served);
    }
    return outcomes;
  }

  private Outcome judge(End end, List<Served> served, Pushed push) {
    int processed = (int) served.stream().filter(one -> one.status() == 200).count();
    boolean asRejected =
        served.stream().anyMatch(one -> end.how.startsWith(verdict(one.status(), one.reason())));
    String recorded = end + ", recorded: " + served;
    Set<String> allowed = fault.ends(world.kind);
    require(allowed.contains(end.how), "ended otherwise than " + allowed, recorded);
    require(!end.isAccepted() || processed >= 1, "accepted, but not by the server", recorded);
    require(!end.isRejected() || asRejected, "rejected, but not by the server", recorded);
    require(end.mayBeProcessed || processed == 0, "NOT_SENT, but processed", recorded);
    int inResult = end.isAccepted() ? 1 : 0;
    require(processed <= inResult || end.told, "doubled without being told", recorded);
    require(served.size() <= end.attempts, "more requests than attempts", recorded);
    long verdicts = served.stream().filter(one -> isFinal(one.status())).count();
    require(verdicts <= 1, "sent again after a verdict", recorded);
    return new Outcome(end, processed, Duration.ofNanos(push.nanos.join()));
  }

  private void require(boolean holds, String violation, String recorded) {
    if (!holds) {
      violations.add(violation + ": " + recorded);
    }
  }

  private static boolean isFinal(int status) {
    return status >= 400 && status != 429 && status != 500 && status != 503;
  }

  private static String verdict(int status, String reason) {
    return "rejected " + status + (reason.isEmpty() ? "" : " " + reason);
  }
}
