// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What messages say of the docs is there. */
class DocsLinksTest {
  private static final Pattern LINK = Pattern.compile("docs/([a-z-]+\\.md)#([a-z0-9-]+)");
  private static final Path ROOT = root();

  private static Path root() {
    Path up = Path.of("").toAbsolutePath();
    while (!Files.exists(up.resolve("SECURITY.md"))) {
      up = up.getParent();
    }
    return up;
  }

  static Set<String> anchorsOf(String document) throws IOException {
    return Files.readAllLines(ROOT.resolve("docs").resolve(document)).stream()
        .filter(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("^#+ ", "").toLowerCase(Locale.ROOT))
        .map(heading -> heading.replaceAll("[^a-z0-9 -]", "").replace(' ', '-'))
        .collect(Collectors.toSet());
  }

  @Test
  void everyLinkOfAMessageLeadsToAHeading() throws IOException {
    Map<String, String> links = new TreeMap<>();
    List<Path> sources;
    try (Stream<Path> files = Files.walk(ROOT.resolve("voip-push-core/src/main/java"))) {
      sources = files.filter(file -> file.toString().endsWith(".java")).toList();
    }
    for (Path source : sources) {
      Matcher matcher = LINK.matcher(Files.readString(source));
      while (matcher.find()) {
        links.put(matcher.group(2), matcher.group(1));
      }
    }
    assertTrue(links.containsKey("token-description"), "the search finds links");
    Set<String> dangling = new TreeSet<>();
    for (Map.Entry<String, String> link : links.entrySet()) {
      if (!anchorsOf(link.getValue()).contains(link.getKey())) {
        dangling.add(link.getValue() + "#" + link.getKey());
      }
    }
    assertEquals(Set.of(), dangling);
  }

  @Test
  void everyReasonAndRemedyHasItsSection() throws IOException {
    Set<String> anchors = anchorsOf("troubleshooting.md");
    for (RejectionReason reason : RejectionReason.values()) {
      assertTrue(anchors.contains(reason.anchor(400)), reason.name());
    }
    for (Remedy remedy : Remedy.values()) {
      String anchor = remedy.name().toLowerCase(Locale.ROOT).replace('_', '-');
      assertTrue(anchors.contains(anchor), anchor);
    }
  }
}
