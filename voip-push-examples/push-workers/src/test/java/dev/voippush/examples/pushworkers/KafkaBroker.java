// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/** One Kafka broker in this process, which is its own controller (KRaft), on 127.0.0.1. */
final class KafkaBroker implements AutoCloseable {
  private final KafkaRaftServer server;
  private final String bootstrapServers;

  /** Starts it, with its data in this directory. */
  KafkaBroker(Path directory) throws Exception {
    int[] ports = freePorts();
    bootstrapServers = "127.0.0.1:" + ports[0];
    String controller = "127.0.0.1:" + ports[1];
    Map<String, String> settings = new TreeMap<>();
    settings.put("process.roles", "broker,controller");
    settings.put("node.id", "1");
    settings.put("controller.quorum.voters", "1@" + controller);
    settings.put("controller.listener.names", "CONTROLLER");
    settings.put("listeners", "PLAINTEXT://" + bootstrapServers + ",CONTROLLER://" + controller);
    settings.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    settings.put("log.dirs", directory.toString());
    settings.put("auto.create.topics.enable", "false");
    // One of each, and at once, as there is one broker.
    settings.put("offsets.topic.num.partitions", "1");
    settings.put("offsets.topic.replication.factor", "1");
    settings.put("transaction.state.log.num.partitions", "1");
    settings.put("transaction.state.log.replication.factor", "1");
    settings.put("transaction.state.log.min.isr", "1");
    settings.put("group.initial.rebalance.delay.ms", "0");
    settings.put("group.min.session.timeout.ms", "1000"); // for the test that waits for it
    new Formatter()
        .setClusterId(Uuid.randomUuid().toString())
        .setNodeId(1)
        .setControllerListenerName("CONTROLLER")
        .setMetadataLogDirectory(directory.toString())
        .setDirectories(List.of(directory.toString()))
        .setPrintStream(new PrintStream(OutputStream.nullOutputStream()))
        .run();
    server = new KafkaRaftServer(new KafkaConfig(settings, false), Time.SYSTEM);
    server.startup();
  }

  /** Both at once, so that they differ. */
  private static int[] freePorts() throws Exception {
    InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    try (ServerSocket first = new ServerSocket(0, 1, loopback);
        ServerSocket second = new ServerSocket(0, 1, loopback)) {
      return new int[] {first.getLocalPort(), second.getLocalPort()};
    }
  }

  /** What clients need. */
  Map<String, String> clientSettings() {
    return Map.of("bootstrap.servers", bootstrapServers);
  }

  Admin admin() {
    return Admin.create(Map.copyOf(clientSettings()));
  }

  /** Makes the topics of workers; all but that of calls have one partition. */
  Topics createTopics(String prefix, int partitions) throws Exception {
    Topics topics = Topics.withPrefix(prefix);
    try (Admin admin = admin()) {
      admin
          .createTopics(
              List.of(
                  new NewTopic(topics.calls(), partitions, (short) 1),
                  new NewTopic(topics.outcomes(), 1, (short) 1),
                  new NewTopic(topics.deadTokens(), 1, (short) 1),
                  new NewTopic(topics.unreadable(), 1, (short) 1)))
          .all()
          .get();
    }
    return topics;
  }

  /** Makes a topic that refuses each record, as too large. */
  String createTopicThatTakesNothing(String prefix) throws Exception {
    String name = prefix + "takes-nothing";
    try (Admin admin = admin()) {
      admin
          .createTopics(
              List.of(
                  new NewTopic(name, 1, (short) 1)
                      .configs(Map.of(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, "1"))))
          .all()
          .get();
    }
    return name;
  }

  @Override
  public void close() {
    server.shutdown();
    server.awaitShutdown();
  }
}
