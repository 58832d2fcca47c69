// SPDX-License-Identifier: Apache-2.0
/**
 * Workers that take calls from Kafka and ring phones.
 *
 * <p>To read it, follow a call: {@code PushWorker} takes a record from its partition and keeps the
 * partition's {@code OffsetTracker}; the record is a {@code QueuedCall}; its {@code CallJob} claims
 * the devices from {@code CallStates}, rings them and says by {@code Results} what became of them.
 * {@code RunPushWorker} is the program.
 */
@org.jspecify.annotations.NullMarked
package dev.voippush.examples.pushworkers;
