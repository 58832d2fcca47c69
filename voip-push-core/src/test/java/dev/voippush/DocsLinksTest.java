// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What messages and documents link to is there. */
class DocsLinksTest {
  private static final Pattern LINK = Pattern.compile("docs/([a-z-]+\\.md)#([a-z0-9-]+)");
  private static final Pattern MARKDOWN_LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern CODE = Pattern.compile("(?ms)^```.*?^```|`[^`\\n]*`");
  private static final Path ROOT = root();

  private static Path root() {
    Path up = Path.of("").toAbsolutePath();
    while (!Files.exists(up.resolve("SECURITY.md"))) {
      up = up.getParent();
    }
    return up;
  }

  static Set<String> anchorsOf(String document) throws IOException {
    return anchorsOf(ROOT.resolve("docs").resolve(document));
  }

  private static Set<String> anchorsOf(Path document) throws IOException {
    return headingsOf(document).stream()
        .map(line -> line.replaceFirst("^#+ ", "").toLowerCase(Locale.ROOT))
        .map(heading -> heading.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
        .collect(Collectors.toSet());
  }

  private static List<String> headingsOf(Path document) throws IOException {
    return Files.readString(document)
        .replaceAll("(?ms)^```.*?^```", "")
        .lines()
        .filter(line -> line.startsWith("#"))
        .toList();
  }

  /** All Markdown of the project, but nothing that a build has made. */
  private static List<Path> documents() throws IOException {
    Set<String> made = Set.of("target", "node_modules", ".git");
    List<Path> documents = new ArrayList<>();
    Files.walkFileTree(
        ROOT,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            return made.contains(directory.getFileName().toString())
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".md")) {
              documents.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return documents;
  }

  @Test
  void everyLinkOfADocumentLeadsSomewhere() throws IOException {
    Set<String> dangling = new TreeSet<>();
    int links = 0;
    for (Path document : documents()) {
      Matcher matcher =
          MARKDOWN_LINK.matcher(CODE.matcher(Files.readString(document)).replaceAll(""));
      while (matcher.find()) {
        links++;
        if (!leadsSomewhere(document, matcher.group(1))) {
          dangling.add(ROOT.relativize(document) + ": " + matcher.group(1));
        }
      }
    }
    assertTrue(links > 100, "the search finds links, but only " + links);
    assertEquals(Set.of(), dangling);
  }

  private static boolean leadsSomewhere(Path document, String link) throws IOException {
    if (link.contains("://")) {
      return link.startsWith("https://"); // the gate has no network for it
    }
    int hash = link.indexOf('#');
    String file = hash < 0 ? link : link.substring(0, hash);
    Path target = file.isEmpty() ? document : document.resolveSibling(file).normalize();
    return target.startsWith(ROOT)
        && Files.exists(target)
        && (hash < 0 || anchorsOf(target).contains(link.substring(hash + 1)));
  }

  @Test
  void readmesAreInStep() throws IOException {
    Path english = ROOT.resolve("README.md");
    Path chinese = ROOT.resolve("README.zh-CN.md");
    assertEquals(blocksOf(english), blocksOf(chinese));
    assertEquals(headingsOf(english).size(), headingsOf(chinese).size());
    assertEquals(linksOf(english, "README.zh-CN.md"), linksOf(chinese, "README.md"));
  }

  private static List<String> blocksOf(Path document) throws IOException {
    return Pattern.compile("(?ms)^```.*?^```")
        .matcher(Files.readString(document))
        .results()
        .map(MatchResult::group)
        .toList();
  }

  private static Set<String> linksOf(Path document, String toTheOther) throws IOException {
    return MARKDOWN_LINK
        .matcher(Files.readString(document))
        .results()
        .map(match -> match.group(1))
        .filter(link -> !link.equals(toTheOther))
        .collect(Collectors.toCollection(TreeSet::new));
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
