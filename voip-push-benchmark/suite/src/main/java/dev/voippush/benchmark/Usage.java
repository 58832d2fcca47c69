// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What this process has used up to a moment.
 *
 * @param nanos the moment
 * @param cpuNanos CPU time of all threads, the JVM's own included
 * @param allocated bytes
 */
record Usage(long nanos, long cpuNanos, long allocated) {
  private static final OperatingSystemMXBean system =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private static final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final @Nullable Method total = total();

  static Usage now() {
    return new Usage(System.nanoTime(), system.getProcessCpuTime(), allocatedNow());
  }

  private static long allocatedNow() {
    if (total == null) { // threads that ended are missing; none do while we measure on this JDK
      return Arrays.stream(threads.getThreadAllocatedBytes(threads.getAllThreadIds()))
          .filter(bytes -> bytes > 0)
          .sum();
    }
    try {
      return (long) total.invoke(threads);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static @Nullable Method total() {
    try {
      return ThreadMXBean.class.getMethod("getTotalThreadAllocatedBytes");
    } catch (NoSuchMethodException e) { // before JDK 21
      return null;
    }
  }

  /** Bytes that are in use after a full collection. */
  static long heap() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 4; i++) {
      System.gc();
      least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }
    return least;
  }

  static Set<Thread> liveThreads() {
    return new HashSet<>(Thread.getAllStackTraces().keySet());
  }

  /** Threads by name, numbers left out, as "4 voip-push-callback-#, 1 voip-push-timer". */
  static String describe(Set<Thread> live) {
    TreeMap<String, Integer> counts = new TreeMap<>();
    for (Thread thread : live) {
      counts.merge(thread.getName().replaceAll("[0-9]+(\\.[0-9]+)*", "#"), 1, Integer::sum);
    }
    StringBuilder text = new StringBuilder();
    counts.forEach(
        (name, count) ->
            text.append(text.isEmpty() ? "" : ", ").append(count).append(' ').append(name));
    return text.toString();
  }
}
