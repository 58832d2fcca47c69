// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.simulator.BrokenRequests.Fault;
import dev.voippush.simulator.BrokenRequests.Rule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The table "The order of validation" in docs/simulator.md: it names the rules, each holds, and of
 * any two that are broken at once the one further up decides.
 */
final class ValidationOrderTest {
  private static final Path DOCS = Path.of("..", "docs", "simulator.md");
  private static final Pattern ROW =
      Pattern.compile("^\\| *\\d+ \\|[^|]+\\| *(\\d{3}) *\\| *`(\\w+)` *\\|", Pattern.MULTILINE);

  private static BrokenRequests requests;

  @BeforeAll
  static void start() throws Exception {
    requests = new BrokenRequests();
  }

  @AfterAll
  static void close() {
    requests.close();
  }

  static List<Rule> rules() {
    return BrokenRequests.RULES;
  }

  @ParameterizedTest
  @MethodSource("rules")
  void everyRule(Rule rule) throws Exception {
    for (Fault fault : rule.faults()) {
      requests.assertRefused(rule, fault);
    }
  }

  static Stream<Arguments> pairs() {
    List<Arguments> pairs = new ArrayList<>();
    for (int i = 0; i < rules().size(); i++) {
      for (int j = i + 1; j < rules().size(); j++) {
        if (canBeBrokenAtOnce(rules().get(i), rules().get(j))) {
          pairs.add(Arguments.of(rules().get(i), rules().get(j)));
        }
      }
    }
    return pairs.stream();
  }

  private static boolean canBeBrokenAtOnce(Rule first, Rule second) {
    return first.faults().stream()
        .anyMatch(
            fault ->
                second.faults().stream().anyMatch(other -> !fault.part().excludes(other.part())));
  }

  @ParameterizedTest(name = "{0} before {1}")
  @MethodSource("pairs")
  void ofTwoBrokenRulesTheOneFurtherUpDecides(Rule first, Rule second) throws Exception {
    for (Fault fault : first.faults()) {
      for (Fault other : second.faults()) {
        if (!fault.part().excludes(other.part())) {
          requests.assertRefused(first, fault, other);
        }
      }
    }
  }

  @Test
  void tableInTheDocsIsThisOne() throws Exception {
    List<String> documented = new ArrayList<>();
    Matcher row = ROW.matcher(Files.readString(DOCS));
    while (row.find()) {
      documented.add(row.group(1) + " " + row.group(2));
    }
    assertEquals(rules().stream().map(Rule::toString).toList(), documented);
    assertTrue(documented.size() > 20);
  }
}
