// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import dev.voippush.ApnsEnvironment;
import dev.voippush.VoipPushClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes calls from its partitions and rings them, so many at a time, until it is stopped.
 *
 * <p>One thread, that of {@link #run}, is the consumer's; databases and pushes never hold it up. An
 * offset is committed when the call and all before it have their ends, so that a call is never
 * lost: whoever owns the partition next begins with the first that has none.
 */
final class PushWorker implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(PushWorker.class);

  /** How soon a ring hears that its call is over, when that happened elsewhere. */
  private static final Duration RECHECK = Duration.ofMillis(500);

  /** For pushes that are written when a partition goes: longer than the client's attemptTimeout. */
  private static final Duration LEAVE = Duration.ofSeconds(10);

  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration POLL_WHEN_FULL = Duration.ofMillis(10);

  private final WorkerSettings settings;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Results results;
  private final ScheduledThreadPoolExecutor pool;
  private final CallJob.Shared shared;
  private final Map<TopicPartition, Partition> partitions = new ConcurrentHashMap<>();
  private final AtomicInteger inFlight = new AtomicInteger();
  private volatile boolean stopped;
  private volatile @Nullable Throwable failure;

  /** A partition that this worker owns, and what is under way of it. */
  private static final class Partition {
    private final int generation;
    private final OffsetTracker offsets = new OffsetTracker();
    private final Set<CallJob> jobs = ConcurrentHashMap.newKeySet();
    private long committed = -1; // of the consumer's thread

    /** Of the group, when this worker got it. */
    Partition(int generation) {
      this.generation = generation;
    }
  }

  /**
   * Connects to nothing yet.
   *
   * @param kafka what consumer and producer have in common: {@code bootstrap.servers}, security
   * @param clients by the environment of the tokens. Each must take what {@code maxInFlight} lets
   *     through, as it does by default
   */
  PushWorker(
      Map<String, ?> kafka,
      WorkerSettings settings,
      Map<ApnsEnvironment, VoipPushClient> clients,
      CallStates states) {
    this.settings = settings;
    this.consumer = consumer(kafka, settings);
    this.results = new Results(kafka, settings);
    AtomicInteger threads = new AtomicInteger();
    this.pool =
        new ScheduledThreadPoolExecutor(
            settings.threads(),
            task -> {
              Thread thread = new Thread(task, settings.name() + "-" + threads.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    this.shared = new CallJob.Shared(settings.name(), Map.copyOf(clients), states, results, pool);
  }

  private static KafkaConsumer<byte[], byte[]> consumer(
      Map<String, ?> kafka, WorkerSettings settings) {
    Map<String, Object> config = new HashMap<>(kafka);
    config.put(ConsumerConfig.CLIENT_ID_CONFIG, settings.name());
    config.put(ConsumerConfig.GROUP_ID_CONFIG, settings.group());
    // The newer protocol leaves the session timeout to the broker, which allows no less than 45 s:
    // as long as a call rings.
    config.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "classic");
    config.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    int sessionMillis = Math.toIntExact(settings.sessionTimeout().toMillis());
    config.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, sessionMillis);
    // Also how soon it hears that partitions are to be shared out anew.
    config.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, sessionMillis / 6);
    // How long others wait for one that is leaving partitions.
    config.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, Math.toIntExact(LEAVE.toMillis() * 3));
    config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, settings.maxPollRecords());
    config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    config.put(
        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest"); // the deadline says what is old
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /**
   * Works until {@link #stop}, and then leaves its partitions in good order.
   *
   * @throws IllegalStateException if outcomes cannot be said, or there is a fault: what has no end
   *     is not committed. End the process, and start another
   */
  @Override
  public void run() {
    var unused =
        pool.scheduleWithFixedDelay(
            this::stopWhatIsOver, RECHECK.toMillis(), RECHECK.toMillis(), TimeUnit.MILLISECONDS);
    try (results) {
      try {
        consumer.subscribe(List.of(settings.topics().calls()), new Rebalances());
        while (!stopped && failure == null) {
          work();
        }
      } finally {
        consumer.close(CloseOptions.timeout(LEAVE.multipliedBy(2))); // revokes all partitions
        pool.shutdownNow();
      }
    }
    if (failure != null) {
      throw new IllegalStateException(settings.name() + " cannot go on: " + failure, failure);
    }
  }

  /** Lets {@link #run} end, soon; waits for nothing. */
  void stop() {
    stopped = true;
  }

  private void work() {
    boolean full = isFull();
    if (full) {
      consumer.pause(consumer.assignment());
    } else {
      consumer.resume(consumer.paused());
    }
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(full ? POLL_WHEN_FULL : POLL)) {
      take(record);
    }
    Map<TopicPartition, OffsetAndMetadata> ended = ended(partitions.keySet());
    if (!ended.isEmpty()) {
      consumer.commitAsync(ended, this::committed);
    }
  }

  private void committed(
      Map<TopicPartition, OffsetAndMetadata> offsets, @Nullable Exception problem) {
    if (problem != null) { // the next commit has them, too
      log.debug("{}: offsets not committed", settings.name(), problem);
      return;
    }
    offsets.forEach(
        (name, offset) -> {
          Partition partition = partitions.get(name);
          if (partition != null) {
            partition.committed = Math.max(partition.committed, offset.offset());
          }
        });
  }

  private boolean isFull() {
    return inFlight.get() >= settings.maxInFlight();
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    Partition partition =
        Objects.requireNonNull( // assigned before
            partitions.get(new TopicPartition(record.topic(), record.partition())));
    partition.offsets.begin(record.offset());
    QueuedCall call;
    try {
      call = read(record);
    } catch (IOException e) {
      log.warn(
          "{}-{}@{} is no call; it goes to {}",
          record.topic(),
          record.partition(),
          record.offset(),
          settings.topics().unreadable());
      inFlight.incrementAndGet();
      pool.execute( // the producer may keep who calls it waiting
          () -> {
            var unused =
                results
                    .unreadable(record, String.valueOf(e.getMessage()))
                    .whenComplete((taken, problem) -> ended(partition, record, 1, problem));
          });
      return;
    }
    CallJob job = new CallJob(shared, call, partition.generation);
    partition.jobs.add(job);
    inFlight.addAndGet(job.devices());
    var unused =
        job.end()
            .whenComplete(
                (done, problem) -> {
                  ended(partition, record, job.devices(), problem);
                  partition.jobs.remove(job);
                });
    job.start();
  }

  private static QueuedCall read(ConsumerRecord<byte[], byte[]> record) throws IOException {
    if (record.value() == null) {
      throw new IOException("must be a call, but was empty");
    }
    QueuedCall call = JsonRecords.read(QueuedCall.class, record.value());
    try {
      call.payload();
    } catch (RuntimeException e) { // too long a name, a ring time that is none
      throw new IOException(e.getMessage(), e);
    }
    return call;
  }

  private void ended(
      Partition partition, ConsumerRecord<?, ?> record, int pushes, @Nullable Throwable problem) {
    inFlight.addAndGet(-pushes);
    if (problem == null) {
      partition.offsets.end(record.offset());
    } else if (!(problem instanceof CancellationException)) {
      log.error("a call has no end: {} stops", settings.name(), problem);
      failure = problem;
    }
  }

  /**
   * Asks about the calls of which pushes wait for a connection, an answer or their next attempt.
   */
  private void stopWhatIsOver() {
    Map<UUID, List<CallJob>> jobs =
        partitions.values().stream()
            .flatMap(partition -> partition.jobs.stream())
            .filter(CallJob::isRinging)
            .collect(Collectors.groupingBy(CallJob::callId));
    try {
      jobs.keySet().removeAll(shared.states().ringing(List.copyOf(jobs.keySet())));
    } catch (RuntimeException e) { // next time; a task that throws would not run again
      log.debug("{}: whether calls are over is not known", settings.name(), e);
      return;
    }
    jobs.values().forEach(over -> over.forEach(CallJob::stop));
  }

  /** What may be committed of these partitions, and is not yet. */
  private Map<TopicPartition, OffsetAndMetadata> ended(Collection<TopicPartition> of) {
    Map<TopicPartition, OffsetAndMetadata> ended = new HashMap<>();
    for (TopicPartition name : of) {
      Partition partition = partitions.get(name);
      if (partition == null) {
        continue;
      }
      long position = partition.offsets.position();
      if (position > partition.committed) {
        ended.put(name, new OffsetAndMetadata(position));
      }
    }
    return ended;
  }

  /** Called by poll and close, on the consumer's thread. */
  private final class Rebalances implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
      int generation = consumer.groupMetadata().generationId();
      assigned.forEach(partition -> partitions.put(partition, new Partition(generation)));
      if (isFull()) {
        consumer.pause(assigned);
      }
      log.info("{} has {}", settings.name(), assigned);
    }

    /** Another worker gets them when this returns: what ended is committed, the rest is its. */
    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
      log.info("{} leaves {}", settings.name(), revoked);
      await(leave(revoked));
      try {
        consumer.commitSync(ended(revoked), LEAVE);
      } catch (KafkaException e) { // the next owner finds in the store what ended
        log.warn("{}: offsets of {} not committed", settings.name(), revoked, e);
      }
      partitions.keySet().removeAll(revoked);
    }

    /** Another worker may have them already: this one was taken for dead. */
    @Override
    public void onPartitionsLost(Collection<TopicPartition> lost) {
      log.warn("{} has lost {}", settings.name(), lost);
      var unused = leave(lost);
      partitions.keySet().removeAll(lost);
    }

    private CompletableFuture<?> leave(Collection<TopicPartition> left) {
      List<CallJob> jobs =
          partitions.entrySet().stream()
              .filter(partition -> left.contains(partition.getKey()))
              .flatMap(partition -> partition.getValue().jobs.stream())
              .toList();
      jobs.forEach(CallJob::leave);
      return CompletableFuture.allOf(
          jobs.stream()
              .map(job -> job.end().handle((done, problem) -> null))
              .toArray(CompletableFuture[]::new));
    }

    private void await(CompletableFuture<?> ends) {
      try {
        ends.get(LEAVE.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        log.warn("{}: calls without an end after {}", settings.name(), LEAVE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException e) {
        throw new IllegalStateException("never completes so", e);
      }
    }
  }
}
