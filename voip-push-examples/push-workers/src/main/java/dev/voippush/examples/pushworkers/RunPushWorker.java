// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.pushworkers;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.voippush.ApnsEnvironment;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CertificateLoader;
import dev.voippush.credentials.CredentialsException;
import dev.voippush.credentials.SigningKey;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One worker, set up by a file of properties, until it is told to end (SIGTERM): it then leaves its
 * partitions in good order, and ends with 143. Ends with 1 if it cannot go on.
 *
 * <p>Passwords come from the environment: {@code CREDENTIALS_PASSWORD}, {@code DATABASE_PASSWORD}.
 */
public final class RunPushWorker {
  private static final String KAFKA = "kafka.";

  private final Properties properties = new Properties();

  private RunPushWorker(Path file) throws IOException {
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    }
  }

  /** Runs it. The argument is the file. */
  public static void main(String[] args) throws Exception {
    if (args.length != 1) {
      System.err.println("usage: RunPushWorker push-worker.properties");
      System.exit(2);
    }
    new RunPushWorker(Path.of(args[0])).run();
  }

  private void run() throws Exception {
    WorkerSettings settings = settings();
    try (HikariDataSource database = database(settings);
        VoipPushClient production = client(ApnsEnvironment.PRODUCTION);
        VoipPushClient sandbox = client(ApnsEnvironment.SANDBOX)) {
      var unused = production.connect(); // DNS, TCP, TLS, HTTP/2: before the first call
      PushWorker worker =
          new PushWorker(
              kafka(),
              settings,
              Map.of(ApnsEnvironment.PRODUCTION, production, ApnsEnvironment.SANDBOX, sandbox),
              new JdbcCallStates(database));
      Thread running = Thread.currentThread();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(worker, running)));
      worker.run();
    }
  }

  private static void stop(PushWorker worker, Thread running) {
    worker.stop();
    try {
      running.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private WorkerSettings settings() {
    WorkerSettings defaults =
        WorkerSettings.of(
            get("name", "worker-" + UUID.randomUUID()),
            get("group", "push-workers"),
            Topics.withPrefix(get("topics.prefix", "")));
    return defaults
        .withMaxInFlight(
            Integer.parseInt(get("max.in.flight", "" + defaults.maxInFlight())),
            defaults.maxPollRecords())
        .withSessionTimeout(
            Duration.ofSeconds(
                Long.parseLong(
                    get("session.timeout.seconds", "" + defaults.sessionTimeout().toSeconds()))));
  }

  private Map<String, String> kafka() {
    Map<String, String> kafka = new HashMap<>();
    for (String name : properties.stringPropertyNames()) {
      if (name.startsWith(KAFKA)) {
        kafka.put(name.substring(KAFKA.length()), properties.getProperty(name));
      }
    }
    return kafka;
  }

  private HikariDataSource database(WorkerSettings settings) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(require("database.url"));
    config.setUsername(get("database.user", ""));
    config.setPassword(System.getenv().getOrDefault("DATABASE_PASSWORD", ""));
    config.setMaximumPoolSize(settings.threads()); // no thread has use for a second one
    config.setConnectionTimeout(2_000); // a call rings for 45 s: better to ask again than to wait
    return new HikariDataSource(config);
  }

  private VoipPushClient client(ApnsEnvironment environment)
      throws IOException, CertificateException {
    VoipPushClient.Builder builder =
        VoipPushClient.builder().credentials(credentials()).environment(environment);
    String bundleId = properties.getProperty("bundle.id");
    if (bundleId != null) {
      builder.bundleId(bundleId);
    }
    String endpoint =
        properties.getProperty("endpoint." + environment.name().toLowerCase(Locale.ROOT));
    if (endpoint != null) {
      builder.endpoint(URI.create(endpoint));
    }
    String trusted = properties.getProperty("trusted.ca");
    if (trusted != null) {
      builder.trustedCertificates(certificates(Path.of(trusted)));
    }
    return builder.build();
  }

  private ApnsCredentials credentials() throws CredentialsException {
    Path file = Path.of(require("credentials"));
    String keyId = properties.getProperty("key.id");
    if (keyId != null) {
      return SigningKey.load(file, keyId, require("team.id"));
    }
    @Nullable String password = System.getenv("CREDENTIALS_PASSWORD");
    return CertificateLoader.load(file, password == null ? null : password.toCharArray());
  }

  private static X509Certificate[] certificates(Path pem) throws IOException, CertificateException {
    try (InputStream in = Files.newInputStream(pem)) {
      return CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
          .map(X509Certificate.class::cast)
          .toArray(X509Certificate[]::new);
    }
  }

  private String get(String name, String otherwise) {
    return properties.getProperty(name, otherwise);
  }

  private String require(String name) {
    String value = properties.getProperty(name);
    if (value == null) {
      throw new IllegalArgumentException(name + " must be in the file of properties");
    }
    return value;
  }
}
