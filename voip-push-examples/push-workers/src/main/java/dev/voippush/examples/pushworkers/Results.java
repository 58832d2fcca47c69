// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Says on the topics what became of calls. Each future completes when the brokers have it, or
 * exceptionally when they do not take it for two minutes, or cannot be asked about the topic.
 *
 * <p>Each method may keep its caller waiting for as long as {@link #MAX_BLOCK}.
 */
final class Results implements AutoCloseable {
  /** By then the group takes a worker that reaches no broker for dead, too. */
  private static final Duration MAX_BLOCK = Duration.ofSeconds(5);

  /** Larger records than this are not copied: with headers they may be more than brokers take. */
  private static final int MAX_COPIED = 500_000;

  private static final int MAX_REASON = 1_000;

  private final KafkaProducer<byte[], byte[]> producer;
  private final Topics topics;

  Results(Map<String, ?> kafka, WorkerSettings settings) {
    Map<String, Object> config = new HashMap<>(kafka);
    config.put(ProducerConfig.CLIENT_ID_CONFIG, settings.name());
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, MAX_BLOCK.toMillis());
    producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    topics = settings.topics();
  }

  CompletableFuture<Void> outcome(CallOutcome outcome) {
    return send(
        new ProducerRecord<>(
            topics.outcomes(),
            outcome.callId().toString().getBytes(UTF_8),
            JsonRecords.write(outcome)));
  }

  CompletableFuture<Void> deadToken(DeadToken dead) {
    return send(
        new ProducerRecord<>(
            topics.deadTokens(), dead.token().hex().getBytes(UTF_8), JsonRecords.write(dead)));
  }

  /**
   * The record as it came, with where it was and what is wrong with it in its headers; of one that
   * is far too large for a call only those.
   */
  CompletableFuture<Void> unreadable(ConsumerRecord<byte[], byte[]> came, String reason) {
    boolean copied = came.serializedKeySize() + came.serializedValueSize() <= MAX_COPIED;
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            topics.unreadable(), copied ? came.key() : null, copied ? came.value() : null);
    String said = reason.substring(0, Math.min(reason.length(), MAX_REASON));
    record
        .headers()
        .add("from", (came.topic() + "-" + came.partition() + "@" + came.offset()).getBytes(UTF_8))
        .add("reason", said.getBytes(UTF_8));
    return send(record);
  }

  private CompletableFuture<Void> send(ProducerRecord<byte[], byte[]> record) {
    CompletableFuture<Void> taken = new CompletableFuture<>();
    try {
      var unused =
          producer.send(
              record,
              (metadata, failure) -> {
                if (failure == null) {
                  taken.complete(null);
                } else {
                  taken.completeExceptionally(failure);
                }
              });
    } catch (RuntimeException e) { // closed, or too large
      taken.completeExceptionally(e);
    }
    return taken;
  }

  @Override
  public void close() {
    producer.close();
  }
}
