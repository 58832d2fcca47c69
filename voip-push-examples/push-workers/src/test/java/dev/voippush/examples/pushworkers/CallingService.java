// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.voippush.ApnsEnvironment;
import dev.voippush.DeviceToken;
import dev.voippush.simulator.RecordedRequest;
import dev.voippush.simulator.SimulatedPhone;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The service's side: it places calls for workers to ring, and reads what became of them. */
final class CallingService implements AutoCloseable {
  private final Surroundings surroundings;
  private final String prefix;
  private final Topics topics;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Admin admin;
  private final List<CallOutcome> outcomes = new ArrayList<>();

  /** Makes its topics, with names that begin so. */
  CallingService(Surroundings surroundings, String prefix, int partitions) throws Exception {
    this.surroundings = surroundings;
    this.prefix = prefix;
    topics = surroundings.kafka().createTopics(prefix, partitions);
    Map<String, Object> kafka = Map.copyOf(surroundings.kafka().clientSettings());
    // A partition that is just being made may refuse a first batch and take a second, and then
    // the first no more.
    Map<String, Object> oneByOne = new HashMap<>(kafka);
    oneByOne.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 1);
    producer = new KafkaProducer<>(oneByOne, new ByteArraySerializer(), new ByteArraySerializer());
    consumer = new KafkaConsumer<>(kafka, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    TopicPartition all = new TopicPartition(topics.outcomes(), 0);
    consumer.assign(List.of(all));
    consumer.seekToBeginning(List.of(all));
    admin = surroundings.kafka().admin();
  }

  String prefix() {
    return prefix;
  }

  WorkerSettings settings(String worker) {
    return WorkerSettings.of(worker, prefix + "workers", topics);
  }

  static QueuedCall call(Instant placedAt, Duration ringFor, SimulatedPhone... phones) {
    return new QueuedCall(
        UUID.randomUUID(),
        "Li Lei",
        "li.lei",
        true,
        placedAt,
        placedAt.plus(ringFor),
        List.of(phones).stream()
            .map(
                phone ->
                    new QueuedCall.Device(
                        DeviceToken.of(phone.token()),
                        phone.sandbox() ? ApnsEnvironment.SANDBOX : ApnsEnvironment.PRODUCTION))
            .toList());
  }

  static QueuedCall call(SimulatedPhone... phones) {
    return call(Instant.now(), Duration.ofSeconds(45), phones);
  }

  /** The call that a request to APNs is about. */
  static UUID callOf(RecordedRequest request) {
    String json = new String(request.payload(), UTF_8);
    int at = json.indexOf("\"callId\":\"") + "\"callId\":\"".length();
    return UUID.fromString(json.substring(at, at + 36));
  }

  /** Where the producer puts a call. */
  static int partition(UUID call, int partitions) {
    return BuiltInPartitioner.partitionForKey(call.toString().getBytes(UTF_8), partitions);
  }

  /** Notes the call, then puts it on the topic: an order that real services need, too. */
  void place(QueuedCall call) {
    place(call, "RINGING");
  }

  /** Places a call that is in this state already. */
  void place(QueuedCall call, String state) {
    update("INSERT INTO calls (state, id) VALUES (?, ?)", call.callId(), state);
    put(call.callId(), JsonRecords.write(call));
  }

  /** Puts anything on the topic; waits for nothing. */
  void put(UUID key, byte[] value) {
    var unused =
        producer.send(new ProducerRecord<>(topics.calls(), key.toString().getBytes(UTF_8), value));
  }

  /** Somebody answered, or gave up. */
  void end(UUID call, String state) {
    update("UPDATE calls SET state = ? WHERE id = ?", call, state);
  }

  private void update(String sql, UUID call, String state) {
    try (Connection connection = surroundings.database().getConnection();
        PreparedStatement update = connection.prepareStatement(sql)) {
      update.setString(1, state);
      update.setObject(2, call);
      update.executeUpdate();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** All outcomes so far. */
  List<CallOutcome> outcomes() {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(50))) {
      try {
        outcomes.add(JsonRecords.read(CallOutcome.class, record.value()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return outcomes;
  }

  /** Waits until this many calls have an outcome. */
  void awaitOutcomes(int calls) {
    Waiting.until(
        () -> outcomes().stream().map(CallOutcome::callId).distinct().count() >= calls,
        () -> outcomes.size() + " outcomes, for " + calls + " calls");
  }

  /** Waits for the first outcome of this call. */
  CallOutcome awaitOutcome(QueuedCall call) {
    Waiting.until(() -> find(call).isPresent(), () -> "no outcome of " + call);
    return find(call).orElseThrow();
  }

  private Optional<CallOutcome> find(QueuedCall call) {
    return outcomes().stream()
        .filter(outcome -> outcome.callId().equals(call.callId()))
        .findFirst();
  }

  /** Waits for so many records of the topic, and returns the first of them. */
  List<ConsumerRecord<byte[], byte[]>> await(String topic, int records) {
    try (KafkaConsumer<byte[], byte[]> reader =
        new KafkaConsumer<>(
            Map.copyOf(surroundings.kafka().clientSettings()),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      TopicPartition all = new TopicPartition(topic, 0);
      reader.assign(List.of(all));
      reader.seekToBeginning(List.of(all));
      List<ConsumerRecord<byte[], byte[]>> read = new ArrayList<>();
      Waiting.until(
          () -> {
            reader.poll(Duration.ofMillis(50)).forEach(read::add);
            return read.size() >= records;
          },
          () -> read.size() + " records of " + topic);
      return read;
    }
  }

  Topics topics() {
    return topics;
  }

  /** How far the workers have committed a partition; -1 if not at all. */
  long committed(int partition) {
    try {
      OffsetAndMetadata committed =
          admin
              .listConsumerGroupOffsets(prefix + "workers")
              .partitionsToOffsetAndMetadata()
              .get()
              .get(new TopicPartition(topics.calls(), partition));
      return committed == null ? -1 : committed.offset();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** The partitions that a worker has, as the broker sees it. */
  List<Integer> partitionsOf(String worker) {
    return members().stream()
        .filter(member -> member.clientId().equals(worker))
        .map(MemberDescription::assignment)
        .flatMap(assignment -> assignment.topicPartitions().stream())
        .map(TopicPartition::partition)
        .sorted()
        .toList();
  }

  /** The workers of the group; none while it shares out its partitions. */
  private Collection<MemberDescription> members() {
    try {
      ConsumerGroupDescription group =
          admin
              .describeConsumerGroups(List.of(prefix + "workers"))
              .all()
              .get()
              .get(prefix + "workers");
      return group.groupState() == GroupState.STABLE ? group.members() : List.of();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GroupIdNotFoundException) {
        return List.of(); // not yet
      }
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits until the group has so many workers, and its partitions are shared out among them. */
  void awaitWorkers(int count) {
    Waiting.until(() -> members().size() == count, () -> "workers: " + members().size());
  }

  /** Waits until each of these workers has so many partitions. */
  void awaitPartitions(int each, List<String> workers) {
    Waiting.until(
        () -> workers.stream().allMatch(worker -> partitionsOf(worker).size() == each),
        () -> "partitions of " + workers);
  }

  @Override
  public void close() {
    producer.close();
    consumer.close();
    admin.close();
  }
}
