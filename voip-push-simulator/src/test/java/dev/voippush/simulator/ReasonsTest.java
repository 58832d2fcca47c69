// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.voippush.simulator.BrokenRequests.Rule;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every reason that Apple documents can be had: by breaking a rule, or by a script. */
final class ReasonsTest {
  private static BrokenRequests requests;

  @BeforeAll
  static void start() throws Exception {
    requests = new BrokenRequests();
  }

  @AfterAll
  static void close() {
    requests.close();
  }

  @ParameterizedTest(name = "{0} {1} by {2}")
  @CsvSource({
    "400, BadCollapseId, rule",
    "400, BadDeviceToken, rule",
    "400, BadExpirationDate, rule",
    "400, BadMessageId, rule",
    "400, BadPriority, rule",
    "400, BadTopic, rule",
    "400, DeviceTokenNotForTopic, rule",
    "400, DuplicateHeaders, rule",
    "400, IdleTimeout, script",
    "400, InvalidPushType, rule",
    "400, MissingDeviceToken, rule",
    "400, MissingTopic, rule",
    "400, PayloadEmpty, rule",
    "400, TopicDisallowed, rule",
    "403, BadCertificate, rule",
    "403, BadCertificateEnvironment, rule",
    "403, BadEnvironmentKeyIdInToken, script", // as documented
    "403, BadEnvironmentKeyInToken, rule", // as sent
    "403, ExpiredProviderToken, rule",
    "403, Forbidden, script",
    "403, InvalidProviderToken, rule",
    "403, MissingProviderToken, rule",
    "403, UnrelatedKeyIdInToken, rule",
    "404, BadPath, rule",
    "405, MethodNotAllowed, rule",
    "410, ExpiredToken, script",
    "410, Unregistered, rule",
    "413, PayloadTooLarge, rule",
    "429, TooManyProviderTokenUpdates, rule",
    "429, TooManyRequests, script",
    "500, InternalServerError, script",
    "503, ServiceUnavailable, script",
    "503, Shutdown, script",
  })
  void reason(int status, String reason, String way) throws Exception {
    List<Rule> rules =
        BrokenRequests.RULES.stream().filter(rule -> rule.reason().equals(reason)).toList();
    assertEquals(way, rules.isEmpty() ? "script" : "rule");
    if (rules.isEmpty()) {
      requests.simulator().script(Script.reject(status, reason).times(1));
      requests.assertRefused(new Rule(status, reason, List.of()));
    } else {
      Rule rule = rules.get(0);
      assertEquals(status, rule.status());
      requests.assertRefused(rule, rule.faults().get(0));
    }
  }

  @Test
  void everyRuleIsHere() throws Exception {
    String[] rows =
        getClass()
            .getDeclaredMethod("reason", int.class, String.class, String.class)
            .getAnnotation(CsvSource.class)
            .value();
    assertEquals(
        BrokenRequests.RULES.stream().map(rule -> rule + " rule").sorted().toList(),
        Stream.of(rows)
            .filter(row -> row.endsWith(" rule"))
            .map(row -> row.replace(",", ""))
            .sorted()
            .toList());
  }
}
