// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.await;
import static dev.voippush.TestClients.call;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import dev.voippush.simulator.ApnsSimulator;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * After {@link Ring#stop} returns, no request of the ring is handed to the socket.
 *
 * <p>All that is needed is a writer that stands still between two requests of one batch, of which
 * the first is gathered but not handed over. It asks the client's clock for each: there it is held.
 */
@Timeout(60)
class RingHandOverTest {
  private ApnsSimulator apns;

  @BeforeEach
  void startApns() {
    apns = ApnsSimulator.start();
    apns.freeze(); // what is rung before it thaws makes one batch
  }

  @AfterEach
  void closeApns() {
    apns.close();
  }

  private VoipPushClient client(UnaryOperator<VoipPushClient.Builder> options) throws Exception {
    return options.apply(TestClients.builder(apns, TestClients.certificate(apns))).build();
  }

  private List<DeviceToken> phones(int count) {
    return Stream.generate(() -> DeviceToken.of(apns.registerPhone().token()))
        .limit(count)
        .toList();
  }

  private static RingOutcome outcome(Ring ring) throws Exception {
    return ring.outcome().get(30, TimeUnit.SECONDS);
  }

  /** Does something on the writer's thread when it begins its second request. */
  private static final class WritersClock extends Clock {
    private final Runnable atSecond;
    private int begun; // of the writer

    WritersClock(Runnable atSecond) {
      this.atSecond = atSecond;
    }

    @Override
    public Instant instant() {
      if (Thread.currentThread().getName().startsWith("voip-push-writer") && ++begun == 2) {
        atSecond.run();
      }
      return Instant.now();
    }

    @Override
    public ZoneId getZone() {
      return ZoneId.of("UTC");
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  /** Holds who runs it until it is released. */
  private static final class Hold implements Runnable {
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    @Override
    public void run() {
      held.countDown();
      await(released);
    }

    static void await(CountDownLatch latch) {
      try {
        assertTrue(latch.await(30, TimeUnit.SECONDS), "held for ever");
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Until the writer goes on, this thread waits; and so it does again and again. */
  private static void assertWaits(Thread stopper) {
    for (int i = 0; i < 50; i++) {
      await(() -> !stopper.isAlive() || stopper.getState() == Thread.State.TIMED_WAITING);
      assertTrue(stopper.isAlive(), "returned before a request was handed over that will be");
      Thread.onSpinWait();
    }
  }

  private static void assertStopped(VoipPushException failure) {
    assertEquals(Failure.STOPPED, failure.failure());
    assertEquals(Delivery.NOT_SENT, failure.delivery());
  }

  @Test
  void stopWaitsForWhatIsAboutToBeHandedOver() throws Exception {
    Hold hold = new Hold();
    List<DeviceToken> phones = phones(2);
    try (VoipPushClient client = client(b -> b.clock(new WritersClock(hold)))) {
      Ring ring = client.ring(call(), phones);
      apns.unfreeze();
      Hold.await(hold.held);
      Thread stopper = new Thread(ring::stop);
      stopper.start();
      assertWaits(stopper);
      assertEquals(0, apns.streamsOpened());
      hold.released.countDown();
      stopper.join();
      RingOutcome outcome = outcome(ring);
      assertEquals(List.of(phones.get(0)), List.copyOf(outcome.reached()), "it was on its way");
      assertStopped(outcome.failed().get(phones.get(1)));
    }
    assertEquals(1, apns.streamsOpened());
  }

  /** The first push hears of its end, on the stopping thread, before the others are marked. */
  @Test
  void stopIsForAllPushesAtOnce() throws Exception {
    Hold hold = new Hold();
    List<DeviceToken> phones = phones(3);
    try (VoipPushClient client =
        client(b -> b.clock(new WritersClock(hold)).executor(Runnable::run))) {
      Ring ring = client.ring(call(), phones);
      var unused =
          ring.results()
              .get(phones.get(0))
              .whenComplete(
                  (result, e) -> {
                    apns.unfreeze(); // so that the others leave the queue
                    Hold.await(hold.held);
                    hold.released.countDown();
                  });
      ring.stop();
      RingOutcome outcome = outcome(ring);
      assertEquals(phones, List.copyOf(outcome.failed().keySet()));
      outcome.failed().values().forEach(RingHandOverTest::assertStopped);
    }
    assertEquals(0, apns.streamsOpened());
  }

  @Test
  void stopOnTheThreadThatWritesHoldsUpNothing() throws Exception {
    List<DeviceToken> phones = phones(3);
    CompletableFuture<Ring> begun = new CompletableFuture<>();
    Clock clock = new WritersClock(() -> begun.join().stop());
    try (VoipPushClient client = client(b -> b.clock(clock))) {
      Ring ring = client.ring(call(), phones);
      begun.complete(ring);
      apns.unfreeze();
      RingOutcome outcome = outcome(ring);
      assertEquals(List.of(phones.get(0)), List.copyOf(outcome.reached()));
      assertStopped(outcome.failed().get(phones.get(1)));
      assertStopped(outcome.failed().get(phones.get(2)));
    }
    assertEquals(1, apns.streamsOpened());
  }

  @Test
  void bodyThatFlowControlHoldsBackIsGivenUp() throws Exception {
    apns.close();
    apns = ApnsSimulator.builder().initialWindowSize(100).start();
    List<DeviceToken> phones = phones(2);
    CallPayload large = CallPayload.incoming(UUID.randomUUID()).put("x", "y".repeat(4_000)).build();
    try (VoipPushClient client = client(b -> b)) {
      assertTrue(client.send(phones.get(0), call()).accepted());
      apns.freeze(); // no window is given any more
      Ring ring = client.ring(large, phones);
      await(() -> client.health().inFlight() == 2);
      ring.stop();
      RingOutcome outcome = outcome(ring);
      assertStopped(outcome.failed().get(phones.get(0)));
      assertStopped(outcome.failed().get(phones.get(1)));
      apns.unfreeze();
      assertTrue(client.send(phones.get(1), call()).accepted());
    }
    assertEquals(2, apns.requests().size());
    assertEquals(1, apns.connectionsAccepted());
  }
}
