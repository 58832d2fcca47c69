// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.voippush.ApnsEnvironment;
import dev.voippush.simulator.Script;
import dev.voippush.simulator.SimulatedPhone;
import dev.voippush.simulator.TlsFault;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.core.io.support.SpringFactoriesLoader.FailureHandler;

/** What operators see: health, metrics, and what a wrong setting says. */
@Timeout(120)
class OperationsTest {
  private static final String READINESS = "/actuator/health/readiness";
  private static final String LIVENESS = "/actuator/health/liveness";

  private static JsonNode voipPush(CallServiceWithSimulator both) {
    return both.api().get("/actuator/health").body().path("components").path("voipPush");
  }

  private static void awaitReadiness(CallServiceWithSimulator both, int status) {
    Waiting.until(
        () -> both.api().get(READINESS).status() == status,
        () -> both.api().get("/actuator/health").toString());
  }

  private static void assertAlive(CallServiceWithSimulator both) {
    ServiceApi.Reply liveness = both.api().get(LIVENESS);
    assertEquals(200, liveness.status());
    assertFalse(liveness.body().path("components").has("voipPush"), liveness::toString);
  }

  @Test
  void healthAndMetricsTellOfTheClient() throws Exception {
    try (CallServiceWithSimulator both = new CallServiceWithSimulator(0, Map.of())) {
      awaitReadiness(both, 200);
      JsonNode health = voipPush(both);
      assertEquals("UP", health.path("status").asText());
      assertEquals(1, health.path("details").path("connections").asInt());
      assertTrue(health.path("details").path("certificateDaysLeft").asInt() > 300);
      assertAlive(both);

      SimulatedPhone phone = both.phone("Lucy", "iPhone");
      Map<String, ?> call = Map.of("caller", "Lily", "callee", "Lucy");
      assertEquals(201, both.api().post("/calls", call).status());
      phone.awaitCall(Duration.ofSeconds(20));
      Waiting.until(() -> accepted(both), () -> metrics(both));
      assertTrue(metrics(both).contains("voip_push_certificate_left_days "));

      both.apns().script(Script.reject(403, "BadCertificate"));
      both.api().post("/calls", call);
      awaitReadiness(both, 503);
      assertEquals("DOWN", voipPush(both).path("status").asText());
      assertTrue(voipPush(both).path("details").has("configurationFault"));
      assertAlive(both);
    }
  }

  private static String metrics(CallServiceWithSimulator both) {
    return both.api().get("/actuator/prometheus").body().asText();
  }

  private static boolean accepted(CallServiceWithSimulator both) {
    return metrics(both)
        .contains(
            "voip_push_results_total{delivery=\"none\",outcome=\"accepted\",reason=\"none\"} 1.0");
  }

  @Test
  void isReadyWhenTheFirstConnectionIsThereAndClosesItAtTheEnd() throws Exception {
    try (CallServiceWithSimulator both = new CallServiceWithSimulator(0, Map.of())) {
      awaitReadiness(both, 200);
      both.apns().tls(TlsFault.EXPIRED);
      both.restart();
      awaitReadiness(both, 503);
      Waiting.until(() -> both.apns().connectionsOpen() == 0, () -> "not closed with the context");
      assertAlive(both);

      both.apns().tls(TlsFault.NONE);
      awaitReadiness(both, 200);
    }
  }

  @Test
  void missingCredentialsAreNamedWithTheFix() {
    Exception failure =
        assertThrows(
            Exception.class,
            () ->
                SpringApplication.run(
                    CallServiceApplication.class,
                    "--server.port=0",
                    "--spring.datasource.url=jdbc:h2:mem:"));
    assertEquals(
        "voip-push.credentials is required, but is missing: set it, or VOIPPUSH_CREDENTIALS, to"
            + " ck.pem, a .p12 or a .p8",
        NestedExceptionUtils.getMostSpecificCause(failure).getMessage());
  }

  @Test
  void environmentVariablesOfTheReadmeAreThoseThatBind() throws Exception {
    Map<String, Object> variables = new TreeMap<>();
    Pattern.compile("`(VOIPPUSH_[A-Z]+)`")
        .matcher(Files.readString(Path.of("README.md")))
        .results()
        .forEach(found -> variables.put(found.group(1), "value-of-" + found.group(1)));
    variables.put("VOIPPUSH_ENVIRONMENT", "SANDBOX");
    SystemEnvironmentPropertySource environment =
        new SystemEnvironmentPropertySource("systemEnvironment", variables);

    VoipPushProperties bound =
        new Binder(ConfigurationPropertySources.from(environment))
            .bind("voip-push", VoipPushProperties.class)
            .get();

    assertEquals(
        new VoipPushProperties(
            Path.of("value-of-VOIPPUSH_CREDENTIALS"),
            "value-of-VOIPPUSH_PASSWORD",
            "value-of-VOIPPUSH_KEYID",
            "value-of-VOIPPUSH_TEAMID",
            "value-of-VOIPPUSH_BUNDLEID",
            ApnsEnvironment.SANDBOX,
            URI.create("value-of-VOIPPUSH_ENDPOINT"),
            Path.of("value-of-VOIPPUSH_TRUSTEDCA")),
        bound);
    assertFalse(bound.toString().contains("PASSWORD"), bound::toString);
  }

  @Test
  void wrongPasswordIsSaidWithoutIt() {
    Exception failure =
        assertThrows(
            Exception.class,
            () -> new CallServiceWithSimulator(0, Map.of("voip-push.password", "Sesame42")));
    FailureAnalysis said =
        SpringFactoriesLoader.forDefaultResourceLocation()
            .load(FailureAnalyzer.class, FailureHandler.handleMessage((message, unused) -> {}))
            .stream()
            .map(analyzer -> analyzer.analyze(failure))
            .filter(Objects::nonNull)
            .findFirst()
            .orElseThrow();
    assertTrue(said.getDescription().startsWith("voip-push.credentials: "), said.getDescription());
    assertTrue(said.getDescription().contains("password"), said.getDescription());
    assertFalse((said.getDescription() + said.getAction()).contains("Sesame42"));
    assertFalse(said.getAction().isEmpty());
  }
}
