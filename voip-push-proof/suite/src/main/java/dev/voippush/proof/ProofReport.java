// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Fills the sections of {@code docs/reliability.md}, from {@code <!-- faults:begin -->} to {@code
 * <!-- faults:end -->} and so on, with what the tests left in {@code target/proof}.
 */
final class ProofReport {
  static final List<String> SECTIONS =
      List.of("faults", "soak", "redeployments", "fuzz", "mutation");
  static final String PLOT = "reliability-soak.svg";
  private static final int DEEPEST = 4; // voip-push-proof/suite/target/proof

  private final Path root;
  private final String commit;

  ProofReport(Path root, String commit) {
    this.root = root;
    this.commit = commit;
  }

  /** Takes the root of the project, and prints what it did. */
  public static void main(String[] args) throws Exception {
    Path root = Path.of(args[0]);
    new ProofReport(root, commit(root)).write().forEach(System.out::println);
  }

  private static String commit(Path root) throws IOException {
    Process git =
        new ProcessBuilder("git", "describe", "--always", "--dirty", "--exclude=*")
            .directory(root.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String said =
        new String(git.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
    return said.isEmpty() ? "unknown" : said;
  }

  /**
   * Writes the report and returns a line about each section. One of which nothing is found stays as
   * it is.
   *
   * @throws IOException if the report is missing, or has no place for a section
   */
  List<String> write() throws IOException {
    Path report = root.resolve("docs/reliability.md");
    String text = Files.readString(report);
    List<String> said = new ArrayList<>();
    for (String section : SECTIONS) {
      List<Path> fragments = fragments(section, ".md");
      if (fragments.isEmpty()) {
        said.add(section + ": no " + section + "*.md in any target/proof, left as it is");
        continue;
      }
      text = replace(text, section, content(section, fragments));
      said.add(section + ": " + fragments);
    }
    Files.writeString(report, text);
    for (Path plot : fragments("soak", ".svg")) {
      Files.copy(plot, report.resolveSibling(PLOT), StandardCopyOption.REPLACE_EXISTING);
    }
    return said;
  }

  /** The files of a section, in the order of their names. */
  private List<Path> fragments(String section, String ending) throws IOException {
    PathMatcher wanted =
        root.getFileSystem().getPathMatcher("glob:**/target/proof/" + section + "*" + ending);
    try (Stream<Path> found =
        Files.find(root, DEEPEST + 1, (path, attributes) -> wanted.matches(path))) {
      return found.sorted(Comparator.comparing(path -> path.getFileName().toString())).toList();
    }
  }

  private String content(String section, List<Path> fragments) throws IOException {
    Instant last = Instant.MIN;
    List<String> lines = new ArrayList<>();
    List<String> head = List.of();
    for (Path fragment : fragments) {
      Instant written = Files.getLastModifiedTime(fragment).toInstant();
      last = written.isAfter(last) ? written : last;
      List<String> own = Files.readString(fragment).strip().lines().toList();
      List<String> ownHead = own.subList(0, Math.min(2, own.size()));
      if (ownHead.equals(head)) { // the same table goes on
        own = own.subList(2, own.size());
      } else if (!lines.isEmpty()) {
        lines.add("");
      }
      head = ownHead;
      lines.addAll(own);
    }
    if (section.equals("soak")) {
      lines.add("");
      lines.add("![What the client held and did over time](" + PLOT + ")");
    }
    return "Commit %s, %s.\n\n%s"
        .formatted(commit, last.atOffset(ZoneOffset.UTC).toLocalDate(), String.join("\n", lines));
  }

  private static String replace(String text, String section, String content) throws IOException {
    String begin = "<!-- " + section + ":begin -->";
    String end = "<!-- " + section + ":end -->";
    int from = text.indexOf(begin);
    int to = text.indexOf(end);
    if (from < 0 || to < from) {
      throw new IOException(
          "docs/reliability.md must have " + begin + " and then " + end + ", but has not");
    }
    return text.substring(0, from + begin.length())
        + "\n\n"
        + content
        + "\n\n"
        + text.substring(to);
  }
}
