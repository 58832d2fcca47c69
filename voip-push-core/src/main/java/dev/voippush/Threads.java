// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The client's threads: daemons, so that they never keep a JVM up. */
final class Threads {
  private static final @Nullable MethodHandle NEW_VIRTUAL_THREADS = findVirtualThreads();
  private static final @Nullable MethodHandle IS_VIRTUAL = findIsVirtual();

  private Threads() {}

  /** A thread for each task: virtual where Java has them (21 and later), else kept for 10 s. */
  static ExecutorService perTask(String name) {
    if (NEW_VIRTUAL_THREADS != null) {
      try {
        return (ExecutorService) NEW_VIRTUAL_THREADS.invokeExact();
      } catch (Throwable e) {
        throw new IllegalStateException("virtual threads cannot be made: " + e, e);
      }
    }
    return cached(name);
  }

  /** Threads as many as are needed, each of which ends after 10 s without work. */
  static ExecutorService cached(String name) {
    return new ThreadPoolExecutor(
        0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), daemons(name));
  }

  static ThreadFactory daemons(String name) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  /** True if an interrupt would close the socket that the current thread writes to. */
  static boolean isCurrentVirtual() {
    if (IS_VIRTUAL == null) {
      return false;
    }
    try {
      return (boolean) IS_VIRTUAL.invokeExact(Thread.currentThread());
    } catch (Throwable e) {
      throw new IllegalStateException("a thread does not say whether it is virtual: " + e, e);
    }
  }

  private static @Nullable MethodHandle findIsVirtual() {
    try {
      return MethodHandles.publicLookup()
          .findVirtual(Thread.class, "isVirtual", MethodType.methodType(boolean.class));
    } catch (NoSuchMethodException | IllegalAccessException e) {
      return null; // Java 17 to 20
    }
  }

  private static @Nullable MethodHandle findVirtualThreads() {
    try {
      return MethodHandles.publicLookup()
          .findStatic(
              Executors.class,
              "newVirtualThreadPerTaskExecutor",
              MethodType.methodType(ExecutorService.class));
    } catch (NoSuchMethodException | IllegalAccessException e) {
      return null; // Java 17 to 20
    }
  }
}
