// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.voippush.credentials.SigningKey;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A connection that lives but takes no pushes any more does not keep them from the next one. */
@Timeout(60)
class UselessConnectionTest {
  private static final int LARGEST = 16_384;

  private final DeadlineTimer timer = new DeadlineTimer();
  private final Callbacks callbacks = new Callbacks(timer);
  private RawApns apns;
  private Transport transport;

  @BeforeEach
  void startApns() throws Exception {
    apns = new RawApns();
    SigningKey key = VirtualClient.signingKey();
    Identity identity = new Identity(key, TlsSettings.of(key, List.of(apns.root())));
    transport = TestClients.streams(apns, identity, callbacks, timer);
  }

  @AfterEach
  void close() throws Exception {
    transport.close(Duration.ZERO);
    timer.close();
    callbacks.close();
    apns.close();
  }

  private void assertAcceptedOnASecondConnection() throws Exception {
    assertEquals("answered 200", Asked.endOn(transport));
    assertEquals(2, apns.requests().get(apns.requests().size() - 1).connection());
  }

  @Test
  void serverThatAllowsNoStreamsAnyMore() throws Exception {
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            if (connection.number() == 1) {
              connection.settings(RawApns.MAX_CONCURRENT_STREAMS, 0);
            }
            connection.answer(request);
          }
        });
    assertEquals("answered 200", Asked.endOn(transport));
    assertAcceptedOnASecondConnection();
  }

  @Test
  void serverThatAllowsNoStreamsAnyMoreWhilePushesWaitBehindAnother() throws Exception {
    CountDownLatch waiting = new CountDownLatch(1);
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void opened(RawApns.Connection connection) throws IOException {
            connection.settings(RawApns.MAX_CONCURRENT_STREAMS, 1);
          }

          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            if (connection.number() == 1) {
              await(waiting);
              connection.settings(RawApns.MAX_CONCURRENT_STREAMS, 0);
            }
            connection.answer(request);
          }
        });
    Asked first = new Asked();
    transport.enqueue(first, false);
    await(() -> apns.requests().size() == 1);
    Asked second = new Asked();
    transport.enqueue(second, false);
    waiting.countDown();
    assertEquals("answered 200", first.awaitEnd());
    assertEquals("answered 200", second.awaitEnd());
    assertEquals(2, apns.requests().get(1).connection());
  }

  @Test
  void serverThatRefusesAllRequests() throws Exception {
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            if (connection.number() == 1) {
              request.notProcessed();
              connection.rst(request.streamId(), 7);
            } else {
              connection.answer(request);
            }
          }
        });
    for (int i = 0; i < 3; i++) {
      assertEquals("NOT_SENT", Asked.endOn(transport));
    }
    assertAcceptedOnASecondConnection();
  }

  @Test
  void serverThatGivesNoWindowBack() throws Exception {
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void data(RawApns.Connection connection, RawApns.Frame frame) {}
        });
    for (int i = 0; i < 3; i++) {
      Asked push = new Asked(LARGEST, () -> {});
      transport.enqueue(push, false);
      assertEquals("answered 200", push.awaitEnd());
    }
    CountDownLatch held = new CountDownLatch(1);
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void data(RawApns.Connection connection, RawApns.Frame frame) {
            held.countDown(); // all that there is of the window
          }
        });
    Transport.Attempt heldBack = transport.enqueue(new Asked(LARGEST, () -> {}), false);
    await(held);
    heldBack.cancel();
    assertAcceptedOnASecondConnection();
  }

  /** True if a client's thread is in this method. */
  private static boolean isIn(String thread, String method) {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(entry -> entry.getKey().getName().startsWith(thread))
        .flatMap(entry -> Arrays.stream(entry.getValue()))
        .anyMatch(frame -> frame.getMethodName().equals(method));
  }

  /**
   * Waits until the writer has got no further for a while, as the other side's buffers are full.
   */
  private static void awaitHanging(AtomicInteger written) {
    AtomicInteger before = new AtomicInteger(-1);
    AtomicLong since = new AtomicLong();
    await(
        () -> {
          if (before.getAndSet(written.get()) != written.get()
              || !isIn("voip-push-writer", "write0")) {
            since.set(System.nanoTime());
          }
          return System.nanoTime() - since.get() > TimeUnit.MILLISECONDS.toNanos(500);
        });
  }

  @Test
  void writeThatHangsWhenNothingIsWaitedForAnyMore() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void opened(RawApns.Connection connection) throws IOException {
            connection.settings(RawApns.INITIAL_WINDOW_SIZE, 1 << 20);
            connection.windowUpdate(0, 1 << 28);
          }

          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            if (connection.number() == 1) {
              try {
                released.await(); // and reads nothing
              } catch (InterruptedException e) {
                throw new IOException(e);
              }
            }
            connection.answer(request);
          }
        });
    AtomicInteger written = new AtomicInteger();
    List<Transport.Attempt> attempts =
        IntStream.range(0, 1000)
            .mapToObj(i -> transport.enqueue(new Asked(LARGEST, written::incrementAndGet), false))
            .toList();
    awaitHanging(written);
    attempts.forEach(Transport.Attempt::cancel);
    try {
      assertAcceptedOnASecondConnection();
    } finally {
      released.countDown();
    }
  }

  /** An interrupt closes the socket that a virtual thread writes to, and all pushes on it. */
  @Test
  void virtualThreadLeavesTheWritingToTheWriter() throws Exception {
    Set<String> writers = ConcurrentHashMap.newKeySet();
    ExecutorService threads = Threads.perTask("caller");
    for (int i = 0; i < 20; i++) { // in most of which the caller might write
      Asked push = new Asked(() -> writers.add(Thread.currentThread().getName()));
      threads.execute(() -> transport.enqueue(push, true));
      assertEquals("answered 200", push.awaitEnd());
    }
    threads.shutdown();
    if (Runtime.version().feature() < 21) { // no virtual threads
      writers.removeIf(name -> name.startsWith("caller"));
    }
    assertEquals(Set.of("voip-push-writer-1"), writers);
  }

  /** What ends otherwise meanwhile is told at once. */
  @Test
  void answerWhoseHeadersGoOnHoldsUpNoCallback() throws Exception {
    CountDownLatch told = new CountDownLatch(1);
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            connection.frame(RawApns.HEADERS, RawApns.END_STREAM, request.streamId(), (byte) 0x88);
            connection.flush();
            await(told);
            connection.frame(RawApns.CONTINUATION, RawApns.END_HEADERS, request.streamId());
          }
        });
    Asked push = new Asked();
    transport.enqueue(push, false);
    await(() -> transport.inFlight() == 1);
    await(() -> isIn("voip-push-reader", "readContinuationHeader"));
    callbacks.execute(told::countDown);
    assertEquals("answered 200", push.awaitEnd());
  }
}
