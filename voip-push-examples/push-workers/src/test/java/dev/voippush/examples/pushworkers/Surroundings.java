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
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.h2.jdbcx.JdbcConnectionPool;
import org.h2.tools.Server;

/** All that workers need, on 127.0.0.1 and for as long as this is open: Kafka, database, APNs. */
final class Surroundings implements AutoCloseable {
  private final Deque<Closing> open = new ArrayDeque<>();
  private final Path directory;
  private final KafkaBroker kafka;
  private final ApnsSimulator apns;
  private final SimulatorFiles files;
  private final String databaseUrl;
  private final JdbcConnectionPool database;

  private interface Closing {
    void close() throws IOException;
  }

  Surroundings() throws Exception {
    try {
      Path created = Files.createTempDirectory("push-workers-");
      open.push(() -> delete(created));
      directory = created;
      apns = ApnsSimulator.start();
      open.push(apns::close);
      files = apns.credentials().writeTo(directory.resolve("apns"));
      System.setProperty("h2.bindAddress", "127.0.0.1");
      Server server = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
      open.push(server::stop);
      databaseUrl =
          "jdbc:h2:tcp://127.0.0.1:"
              + server.getPort()
              + "/mem:calls;MODE=PostgreSQL;DB_CLOSE_DELAY=-1";
      JdbcConnectionPool pool = JdbcConnectionPool.create(databaseUrl, "sa", "");
      open.push(pool::dispose);
      database = pool;
      createTables(database.getConnection());
      kafka = new KafkaBroker(directory.resolve("kafka"));
      open.push(kafka::close);
    } catch (Exception e) {
      close();
      throw e;
    }
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

  /**
   * Starts a worker as a process of its own, which says on standard error what it does. {@link
   * Process#destroy} closes its standard input, and so kills it: SIGTERM is {@code
   * toHandle().destroy()}.
   */
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
            WorkerProcess.class.getName(),
            file.toString());
    process.environment().putAll(Map.of("CREDENTIALS_PASSWORD", apns.credentials().password()));
    return process
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** The last that was opened first. */
  @Override
  public void close() throws IOException {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
