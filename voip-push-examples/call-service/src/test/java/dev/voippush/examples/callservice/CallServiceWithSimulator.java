// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.PlacedCall;
import dev.voippush.simulator.SimulatedPhone;
import dev.voippush.simulator.SimulatorFiles;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.FileSystemUtils;

/**
 * The service, the simulator in place of Apple, and phones with an app that uses both. A call that
 * is placed in the simulator's page is placed by the service.
 *
 * <p>Run by {@code mvn -q -Pcall-service -pl voip-push-examples/call-service -am}. Prints addresses
 * and commands, and stays until Ctrl-C.
 */
public final class CallServiceWithSimulator implements AutoCloseable {
  private static final String CALLEE = "Han Meimei";

  private final ApnsSimulator apns;
  private final Path directory = Files.createTempDirectory("call-service-");
  private final Map<String, Object> settings = new HashMap<>();
  private final Map<SimulatedPhone, SimulatedApp> apps = new HashMap<>(); // guarded by itself
  private final ServiceApi api = new ServiceApi(this::uri);
  private ConfigurableApplicationContext context;

  /**
   * Starts simulator and service.
   *
   * @param webPort of the simulator's page; 0 for any free one
   * @param settings of the service, in addition to where the simulator is; its port is any free one
   *     if they say nothing else
   */
  CallServiceWithSimulator(int webPort, Map<String, ?> settings) throws IOException {
    apns = ApnsSimulator.builder().web(webPort).start();
    apns.placeCallsWith(this::place);
    SimulatorFiles files = apns.credentials().writeTo(directory);
    this.settings.put("server.port", 0);
    this.settings.put("voip-push.credentials", files.ckPem());
    this.settings.put("voip-push.password", apns.credentials().password());
    this.settings.put("voip-push.trusted-ca", files.caPem());
    this.settings.put("voip-push.endpoint", apns.endpoint());
    this.settings.put("spring.datasource.url", "jdbc:h2:file:" + directory.resolve("calls"));
    this.settings.put("spring.main.banner-mode", "off");
    this.settings.put("spring.main.register-shutdown-hook", false);
    this.settings.put("logging.level.root", "warn");
    this.settings.putAll(settings);
    try {
      context = start();
    } catch (RuntimeException e) {
      closeSimulator();
      throw e;
    }
  }

  /** Starts it. The arguments are the ports of service and page, any free ones by default. */
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    int port = args.length > 0 ? Integer.parseInt(args[0]) : 0;
    int webPort = args.length > 1 ? Integer.parseInt(args[1]) : 0;
    CallServiceWithSimulator both =
        new CallServiceWithSimulator(webPort, Map.of("server.port", port));
    Runtime.getRuntime().addShutdownHook(new Thread(both::close)); // Ctrl-C
    both.addPhonesOfCallee();
    out.print(both.welcome());
    new CountDownLatch(1).await();
  }

  /** Two phones of the one user whom the page calls. */
  void addPhonesOfCallee() {
    phone(CALLEE, "iPhone");
    phone(CALLEE, "iPad");
  }

  private String welcome() {
    return """
        page     %1$s
        service  %2$s
        Place a call in the page, or by
          curl -H 'Content-Type: application/json' -d '{"caller":"Li Lei","callee":"%3$s","video":true}' %2$s/calls
        and answer it in the page. How it stands, how the service is, what it counts:
          curl %2$s/calls/ID
          curl %2$s/actuator/health
          curl %2$s/actuator/prometheus
        Ctrl-C ends it.
        """
        .formatted(page(), uri(), CALLEE);
  }

  private ConfigurableApplicationContext start() {
    return SpringApplication.run(
        CallServiceApplication.class,
        settings.entrySet().stream()
            .map(setting -> "--" + setting.getKey() + "=" + setting.getValue())
            .toArray(String[]::new));
  }

  /** Ends the service as a deployment does, and starts another one on the same database. */
  void restart() {
    context.close();
    context = start();
  }

  /** Where the service listens. */
  URI uri() {
    int port = ((ServletWebServerApplicationContext) context).getWebServer().getPort();
    return URI.create("http://127.0.0.1:" + port);
  }

  /** Where the simulator's page is. */
  URI page() {
    return apns.web().orElseThrow();
  }

  ApnsSimulator apns() {
    return apns;
  }

  ServiceApi api() {
    return api;
  }

  <T> T bean(Class<T> type) {
    return context.getBean(type);
  }

  /** A new phone, with the app in which this user is logged in. */
  SimulatedPhone phone(String user, String name) {
    SimulatedPhone phone = apns.newPhone().name(name).register();
    install(user, phone);
    return phone;
  }

  private void install(String user, SimulatedPhone phone) {
    synchronized (apps) {
      apps.computeIfAbsent(phone, unused -> new SimulatedApp(api, user, phone));
    }
  }

  /** The app on this phone. */
  SimulatedApp app(SimulatedPhone phone) {
    synchronized (apps) {
      return apps.get(phone);
    }
  }

  /** Called for each call that is placed in the page, which shows what this throws. */
  private void place(PlacedCall placed) {
    placed.phones().stream()
        .filter(phone -> phone.callKit() && !phone.sandbox())
        .forEach(phone -> install(CALLEE, phone)); // those that were added in the page
    ServiceApi.Reply reply =
        api.post(
            "/calls",
            Map.of(
                "callId", placed.callId(),
                "caller", placed.callerName(),
                "callee", CALLEE,
                "video", placed.video(),
                "ringSeconds", placed.ringFor().toSeconds()));
    if (reply.status() != 201) {
      throw new IllegalStateException(reply.body().path("detail").asText());
    }
  }

  /** Ends everything. */
  @Override
  public void close() {
    synchronized (apps) {
      apps.values().forEach(SimulatedApp::close);
    }
    context.close();
    closeSimulator();
  }

  private void closeSimulator() {
    apns.close();
    if (!FileSystemUtils.deleteRecursively(directory.toFile())) {
      throw new IllegalStateException(directory + " cannot be deleted");
    }
  }
}
