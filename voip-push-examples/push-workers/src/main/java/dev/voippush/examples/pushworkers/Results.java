// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import static java.nio.charset.StandardCharsets.UTF_8;

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
 * exceptionally when they do not take it for two minutes.
 */
final class Results implements AutoCloseable {
  private final KafkaProducer<byte[], byte[]> producer;
  private final Topics topics;

  Results(Map<String, ?> kafka, WorkerSettings settings) {
    Map<String, Object> config = new HashMap<>(kafka);
    config.put(ProducerConfig.CLIENT_ID_CONFIG, settings.name());
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
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

  /** The record as it came, with where it was and what is wrong with it in its headers. */
  CompletableFuture<Void> unreadable(ConsumerRecord<byte[], byte[]> came, String reason) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(topics.unreadable(), came.key(), came.value());
    record
        .headers()
        .add("from", (came.topic() + "-" + came.partition() + "@" + came.offset()).getBytes(UTF_8))
        .add("reason", reason.getBytes(UTF_8));
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
