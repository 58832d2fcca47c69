// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class CallbacksTest {
  private final DeadlineTimer timer = new DeadlineTimer();
  private final Callbacks callbacks = new Callbacks(timer);
  private final CountDownLatch release = new CountDownLatch(1);

  @AfterEach
  void close() {
    release.countDown();
    callbacks.close();
    timer.close();
  }

  private void block() {
    try {
      release.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void await(CountDownLatch latch) throws InterruptedException {
    assertTrue(latch.await(20, TimeUnit.SECONDS));
  }

  @Test
  void slowCallbacksHoldUpNoOther() throws Exception {
    for (int slow = 0; slow < 3; slow++) {
      callbacks.execute(this::block);
      CountDownLatch ran = new CountDownLatch(100);
      for (int i = 0; i < 100; i++) {
        callbacks.execute(ran::countDown);
      }
      await(ran);
    }
  }

  @Test
  void callbacksGatherWhileHeldAndRunOnDaemons() throws Exception {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    CountDownLatch ran = new CountDownLatch(1_000);
    callbacks.hold();
    for (int i = 0; i < 1_000; i++) {
      callbacks.execute(
          () -> {
            threads.add(Thread.currentThread());
            ran.countDown();
          });
    }
    assertEquals(1_000, ran.getCount(), "they gather");
    callbacks.release();
    await(ran);
    assertTrue(threads.size() <= 4, threads.toString());
    assertTrue(threads.stream().allMatch(Thread::isDaemon));
  }

  @Test
  void callbackThatBlocksWhileTheClientClosesHoldsUpNoOther() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch ran = new CountDownLatch(2);
    callbacks.execute(
        () -> {
          begun.countDown();
          block();
        });
    await(begun);
    timer.close();
    callbacks.execute(this::block);
    callbacks.execute(ran::countDown);
    callbacks.close();
    callbacks.execute(ran::countDown);
    await(ran);
  }

  @Test
  void throwingCallbackHarmsNoOther() throws Exception {
    CountDownLatch ran = new CountDownLatch(1);
    callbacks.execute(
        () -> {
          throw new IllegalStateException("a callback's fault");
        });
    callbacks.execute(ran::countDown);
    await(ran);
  }

  @Test
  void nothingIsLostWhenManyThreadsAdd() throws Exception {
    int adders = 4;
    int each = 50_000;
    CountDownLatch ran = new CountDownLatch(adders * each);
    for (int a = 0; a < adders; a++) {
      new Thread(
              () -> {
                for (int i = 0; i < each; i++) {
                  callbacks.execute(ran::countDown);
                }
              })
          .start();
    }
    await(ran);
  }

  @Test
  void closedCallbacksRunWhereTheyAreHandedOver() {
    callbacks.close();
    Thread[] thread = new Thread[1];
    callbacks.execute(() -> thread[0] = Thread.currentThread());
    assertEquals(Thread.currentThread(), thread[0]);
  }
}
