// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import dev.voippush.ApnsEnvironment;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.CredentialsException;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.SimulatorFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.h2.jdbcx.JdbcConnectionPool;
import org.h2.tools.Server;

/** All that workers need, on 127.0.0.1 and for as long as this is open: Kafka, database, APNs. */
final class Surroundings implements AutoCloseable {
  private final Path directory = Files.createTempDirectory("push-workers-");
  private final KafkaBroker kafka;
  private final ApnsSimulator apns = ApnsSimulator.start();
  private final SimulatorFiles files = apns.credentials().writeTo(directory.resolve("apns"));
  private final Server server;
  private final String databaseUrl;
  private final JdbcConnectionPool database;

  Surroundings() throws Exception {
    kafka = new KafkaBroker(directory.resolve("kafka"));
    System.setProperty("h2.bindAddress", "127.0.0.1");
    server = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
    databaseUrl =
        "jdbc:h2:tcp://127.0.0.1:"
            + server.getPort()
            + "/mem:calls;MODE=PostgreSQL;DB_CLOSE_DELAY=-1";
    database = JdbcConnectionPool.create(databaseUrl, "sa", "");
    createTables(database.getConnection());
  }

  static void createTables(Connection connection) throws IOException, SQLException {
    try (connection;
        var schema = Objects.requireNonNull(Surroundings.class.getResourceAsStream("/schema.sql"));
        Statement statement = connection.createStatement()) {
      statement.execute(new String(schema.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  KafkaBroker kafka() {
    return kafka;
  }

  ApnsSimulator apns() {
    return apns;
  }

  JdbcConnectionPool database() {
    return database;
  }

  VoipPushClient.Builder client(ApnsEnvironment environment) throws CredentialsException {
    return VoipPushClient.builder()
        .credentials(
            PushCertificate.of(apns.credentials().privateKey(), apns.credentials().chain()))
        .environment(environment)
        .endpoint(environment == ApnsEnvironment.SANDBOX ? apns.sandboxEndpoint() : apns.endpoint())
        .trustedCertificates(apns.credentials().caCertificate());
  }

  /** Starts a worker as a process of its own, which says on standard error what it does. */
  Process startWorker(WorkerSettings settings, String topicsPrefix) throws IOException {
    Path file = directory.resolve(settings.name() + ".properties");
    Files.write(
        file,
        List.of(
            "name=" + settings.name(),
            "group=" + settings.group(),
            "topics.prefix=" + topicsPrefix,
            "max.in.flight=" + settings.maxInFlight(),
            "session.timeout.seconds=" + settings.sessionTimeout().toSeconds(),
            "kafka.bootstrap.servers=" + kafka.clientSettings().get("bootstrap.servers"),
            "database.url=" + databaseUrl,
            "database.user=sa",
            "credentials=" + files.ckPem(),
            "trusted.ca=" + files.caPem(),
            "endpoint.production=" + apns.endpoint(),
            "endpoint.sandbox=" + apns.sandboxEndpoint()));
    ProcessBuilder process =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1", // a short life
            "-XX:+UseSerialGC",
            "-Xmx128m",
            "-classpath",
            System.getProperty("java.class.path"),
            RunPushWorker.class.getName(),
            file.toString());
    process.environment().putAll(Map.of("CREDENTIALS_PASSWORD", apns.credentials().password()));
    Process worker =
        process
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(worker::destroyForcibly)); // Ctrl-C
    return worker;
  }

  @Override
  public void close() throws IOException {
    kafka.close();
    database.dispose();
    server.stop();
    apns.close();
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
