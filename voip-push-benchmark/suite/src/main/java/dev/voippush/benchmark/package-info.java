// SPDX-License-Identifier: Apache-2.0
/**
 * Measures this library beside Pushy and OkHttp.
 *
 * <p>{@link dev.voippush.benchmark.Benchmark} is the program. It starts one {@code Server} and, for
 * each figure, a {@code Measurement} in a Java process of its own, clients in turn; {@code Sender}
 * is what the clients have in common. {@code Figures} lists what comes out, {@code Report} and
 * {@code Plot} show it.
 */
@org.jspecify.annotations.NullMarked
package dev.voippush.benchmark;
