// SPDX-License-Identifier: Apache-2.0
package dev.voippush.foreign;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What docs/simulator.md shows is what the tests run. */
class DocsTest {
  private static final Path DOCS = Path.of("../../docs/simulator.md");

  /** The first block of the language below the heading, without indentation. */
  private static List<String> block(String heading, String language) throws IOException {
    String docs = Files.readString(DOCS);
    int section = docs.indexOf("\n### " + heading + "\n");
    assertTrue(section >= 0, heading);
    String opening = "\n```" + language + "\n";
    int start = docs.indexOf(opening, section) + opening.length();
    return lines(docs.substring(start, docs.indexOf("\n```\n", start)).lines());
  }

  private static List<String> lines(Stream<String> text) {
    return text.map(String::strip).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "node-apn, js, node/send.js",
    "Pushy, java, java/dev/voippush/foreign/SendByPushy.java",
    "curl, sh, curl/send.sh",
    "PHP, php, php/send.php",
  })
  void showsTheLinesThatAreRun(String heading, String language, String file) throws IOException {
    List<String> source =
        lines(
            Files.readAllLines(Path.of("src/test", file)).stream()
                .map(line -> line.replaceFirst(" ?(//|#) SPDX.*", ""))
                .filter(line -> !line.isEmpty()));
    List<String> shown = block(heading, language).stream().filter(line -> !line.isEmpty()).toList();

    assertFalse(shown.isEmpty());
    int at = source.indexOf(shown.get(0));
    assertTrue(at >= 0, shown.get(0));
    int end = language.equals("java") ? at + shown.size() : source.size(); // a method, or all
    assertEquals(shown, source.subList(at, Math.min(source.size(), end)));
  }
}
