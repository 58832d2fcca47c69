// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ListenerQueueTest {
  private final List<Runnable> handedOver = new ArrayList<>();
  private final List<Duration> heard = new ArrayList<>();
  private final PushListener listener =
      new PushListener() {
        @Override
        public void connected(Duration took) {
          heard.add(took);
        }
      };
  private final ListenerQueue queue = new ListenerQueue(listener, handedOver::add);

  private void tell(int number) {
    queue.tell(to -> to.connected(Duration.ofMillis(number)));
  }

  /** Does what was handed to the executor. */
  private void execute() {
    List<Runnable> tasks = List.copyOf(handedOver);
    handedOver.clear();
    tasks.forEach(Runnable::run);
  }

  private static List<Duration> upTo(int count) {
    return IntStream.range(0, count).mapToObj(Duration::ofMillis).toList();
  }

  @Test
  void eventsComeInOrderOnTheExecutor() {
    for (int i = 0; i < 100; i++) {
      tell(i);
    }
    assertEquals(List.of(), heard);
    assertEquals(1, handedOver.size(), "one task for all");
    execute();
    assertEquals(upTo(100), heard);
    tell(100);
    execute();
    assertEquals(upTo(101), heard);
  }

  @Test
  void eventsOneAtATimeInOrderOnManyThreads() throws Exception {
    int count = 20_000;
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger overlaps = new AtomicInteger();
    CountDownLatch all = new CountDownLatch(count);
    PushListener unguarded =
        new PushListener() {
          @Override
          public void connected(Duration took) {
            overlaps.addAndGet(inside.getAndIncrement());
            heard.add(took);
            inside.decrementAndGet();
            all.countDown();
          }
        };
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      ListenerQueue concurrent = new ListenerQueue(unguarded, threads);
      for (int i = 0; i < count; i++) {
        Duration number = Duration.ofMillis(i);
        concurrent.tell(to -> to.connected(number));
      }
      assertTrue(all.await(30, TimeUnit.SECONDS));
    } finally {
      threads.shutdownNow();
    }
    assertEquals(0, overlaps.get());
    assertEquals(upTo(count), heard);
  }

  @Test
  void executorThatRunsWhatItSeemedToRefuse() {
    for (int i = 0; i < 3; i++) {
      tell(i);
      List<Runnable> tasks = List.copyOf(handedOver);
      execute();
      tasks.forEach(Runnable::run); // once more
      assertEquals(upTo(i + 1), heard);
    }
  }

  @Test
  void whatItCausesItselfComesAfterwards() {
    List<String> order = new ArrayList<>();
    ListenerQueue direct = new ListenerQueue(listener, Runnable::run);
    direct.tell(
        to -> {
          direct.tell(then -> order.add("inner"));
          order.add("outer");
        });
    assertEquals(List.of("outer", "inner"), order);
  }

  @Test
  void whatItThrowsIsLoggedAndTheRestIsTold() {
    try (CapturedLog log = new CapturedLog()) {
      tell(0);
      queue.tell(
          to -> {
            throw new IllegalStateException("a listener's fault");
          });
      queue.tell(
          to -> {
            throw new StackOverflowError("another one's");
          });
      tell(1);
      execute();
      assertEquals(upTo(2), heard);
      String logged = log.text();
      assertTrue(logged.contains("ERROR " + ListenerQueue.class.getName()), logged);
      assertTrue(logged.contains("a listener's fault"), logged);
      assertTrue(logged.contains("another one's"), logged);
    }
  }

  @Test
  void slowListenerLosesWhatIsTooMuchAndHearsTheRest() {
    try (CapturedLog log = new CapturedLog()) {
      for (int i = 0; i < PushListener.MOST_WAITING + 3; i++) {
        tell(i);
      }
      assertEquals("", log.text());
      execute();
      assertEquals(upTo(PushListener.MOST_WAITING), heard);
      String logged = log.text();
      assertTrue(logged.contains("WARN " + ListenerQueue.class.getName()), logged);
      assertTrue(logged.contains("3 events were dropped"), logged);
      assertEquals(1, logged.lines().count(), logged);

      heard.clear();
      log.clear();
      tell(0);
      execute();
      assertEquals(upTo(1), heard, "there is room again");
      assertFalse(log.text().contains("dropped"));
    }
  }
}
