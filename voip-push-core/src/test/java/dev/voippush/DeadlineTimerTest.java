// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class DeadlineTimerTest {
  private final DeadlineTimer timer = new DeadlineTimer();
  private final Queue<String> done = new ConcurrentLinkedQueue<>();

  @AfterEach
  void close() {
    timer.close();
  }

  private static long millis(int millis) {
    return TimeUnit.MILLISECONDS.toNanos(millis);
  }

  private void awaitAll(int lastMillis) throws InterruptedException {
    CountDownLatch last = new CountDownLatch(1);
    timer.in(millis(lastMillis), last::countDown);
    assertTrue(last.await(20, TimeUnit.SECONDS));
  }

  /** A timer in whose time this machine is never slow. */
  private static VirtualTimer virtual() {
    return new VirtualTimer(new MutableClock(VirtualClient.START));
  }

  @Test
  void tasksRunInTheOrderOfTheirTimes() {
    VirtualTimer virtual = virtual();
    virtual.in(millis(120), () -> done.add("third"));
    virtual.in(millis(60), () -> done.add("second"));
    virtual.in(0, () -> done.add("first"));
    virtual.advance(Duration.ofMillis(200));
    assertEquals(List.of("first", "second", "third"), List.copyOf(done));
  }

  @Test
  void neverEarly() throws Exception {
    long begin = System.nanoTime();
    timer.in(millis(60), () -> done.add("after " + (System.nanoTime() - begin >= millis(60))));
    awaitAll(100);
    assertEquals(List.of("after true"), List.copyOf(done));
  }

  @Test
  void clearedDeadlineDoesNotCome() {
    VirtualTimer virtual = virtual();
    DeadlineTimer.Deadline cleared = virtual.in(millis(50), () -> done.add("cleared"));
    virtual.in(millis(50), () -> done.add("neighbour"));
    cleared.clear();
    cleared.clear();
    virtual.advance(Duration.ofMillis(100));
    assertEquals(List.of("neighbour"), List.copyOf(done));
  }

  @Test
  void lastSettingCounts() {
    VirtualTimer virtual = virtual();
    DeadlineTimer.Deadline later = virtual.in(millis(20), () -> done.add("later"));
    DeadlineTimer.Deadline sooner = virtual.in(TimeUnit.DAYS.toNanos(1), () -> done.add("sooner"));
    later.setIn(millis(100));
    sooner.setIn(millis(40));
    virtual.advance(Duration.ofMillis(160));
    assertEquals(List.of("sooner", "later"), List.copyOf(done));
  }

  @Test
  void deadlineMayBeSetAgainByItsTask() throws Exception {
    CountDownLatch thrice = new CountDownLatch(3);
    DeadlineTimer.Deadline[] self = new DeadlineTimer.Deadline[1];
    self[0] =
        timer.deadline(
            () -> {
              thrice.countDown();
              self[0].setIn(millis(1));
            });
    self[0].setIn(0);
    assertTrue(thrice.await(20, TimeUnit.SECONDS));
  }

  @Test
  void failingTaskHarmsNoOther() throws Exception {
    timer.in(
        0,
        () -> {
          throw new IllegalStateException("a task's fault");
        });
    awaitAll(20);
  }

  @Test
  void threadThatCannotBeStartedIsTriedAgainByTheNextDeadline() throws Exception {
    AtomicBoolean failed = new AtomicBoolean();
    ThreadFactory first =
        task ->
            new Thread(task) {
              @Override
              public synchronized void start() {
                if (!failed.getAndSet(true)) {
                  throw new OutOfMemoryError("unable to create native thread");
                }
                super.start();
              }
            };
    CountDownLatch ran = new CountDownLatch(2);
    try (DeadlineTimer starved = new DeadlineTimer(System::nanoTime, first)) {
      starved.in(0, ran::countDown);
      assertTrue(failed.get());
      starved.in(1_000_000, ran::countDown);
      assertTrue(ran.await(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void closedTimerForgetsAll() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    Thread[] thread = new Thread[1];
    timer.in(
        0,
        () -> {
          thread[0] = Thread.currentThread();
          running.countDown();
        });
    assertTrue(running.await(20, TimeUnit.SECONDS));
    timer.in(TimeUnit.MINUTES.toNanos(1), () -> done.add("forgotten"));
    timer.close();
    timer.in(0, () -> done.add("too late"));
    thread[0].join(20_000);
    assertFalse(thread[0].isAlive());
    assertEquals(List.of(), List.copyOf(done));
  }
}
