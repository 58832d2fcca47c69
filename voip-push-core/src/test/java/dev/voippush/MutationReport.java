// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Writes {@code target/proof/mutation.md} from what PIT found, with the reasons why survivors live.
 * Fails if a survivor has no reason, or a reason has no survivor.
 */
final class MutationReport {
  private static final Set<String> KILLED =
      Set.of("KILLED", "TIMED_OUT", "MEMORY_ERROR", "RUN_ERROR");

  private static final class Count {
    int mutations;
    int killed;

    String row(String name) {
      return String.format(
          Locale.ROOT,
          "| %s | %d | %d | %d |%n",
          name,
          mutations,
          killed,
          100 * killed / mutations);
    }
  }

  private MutationReport() {}

  /** Takes PIT's XML, the reasons, and where to write. */
  public static void main(String[] files) throws Exception {
    Map<String, Count> classes = new TreeMap<>();
    Count total = new Count();
    Map<String, List<String>> survivors = new TreeMap<>();
    NodeList mutations =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(Path.of(files[0]).toFile())
            .getElementsByTagName("mutation");
    for (int i = 0; i < mutations.getLength(); i++) {
      Element mutation = (Element) mutations.item(i);
      String name = text(mutation, "mutatedClass").replace("dev.voippush.", "");
      name = name.contains("$") ? name.substring(0, name.indexOf('$')) : name;
      boolean killed = KILLED.contains(mutation.getAttribute("status"));
      for (Count count : List.of(total, classes.computeIfAbsent(name, n -> new Count()))) {
        count.mutations++;
        count.killed += killed ? 1 : 0;
      }
      if (!killed) {
        survivors
            .computeIfAbsent(name + " " + text(mutation, "mutatedMethod"), m -> new ArrayList<>())
            .add(text(mutation, "description") + ", line " + text(mutation, "lineNumber"));
      }
    }
    Map<String, String> reasons = reasons(Path.of(files[1]));
    StringBuilder report =
        new StringBuilder("| class | mutations | killed | % |\n|---|--:|--:|--:|\n");
    classes.forEach((name, count) -> report.append(count.row(name)));
    report.append(total.row("**total**")).append("\n| survivors of | what they change | why |\n");
    report.append("|---|---|---|\n");
    survivors.forEach(
        (method, found) ->
            report
                .append("| ")
                .append(String.join(" | ", method, String.join("; ", found), ""))
                .append(reasons.getOrDefault(method, "**not looked at**"))
                .append(" |\n"));
    Path to = Path.of(files[2]);
    Files.createDirectories(to.getParent());
    Files.writeString(to, report);
    Set<String> outdated = new TreeSet<>(reasons.keySet());
    outdated.removeAll(survivors.keySet());
    Set<String> unknown = new TreeSet<>(survivors.keySet());
    unknown.removeAll(reasons.keySet());
    if (!outdated.isEmpty() || !unknown.isEmpty()) {
      throw new IllegalStateException(
          files[1]
              + " must name the survivors; without a reason: "
              + unknown
              + ", killed: "
              + outdated);
    }
  }

  private static String text(Element mutation, String name) {
    return mutation.getElementsByTagName(name).item(0).getTextContent();
  }

  /** Lines such as {@code Json copyOf: why it lives}. */
  private static Map<String, String> reasons(Path file) throws IOException {
    Map<String, String> reasons = new TreeMap<>();
    for (String line : Files.readAllLines(file)) {
      int colon = line.indexOf(": ");
      if (colon > 0 && !line.startsWith("#")) {
        reasons.put(line.substring(0, colon), line.substring(colon + 2));
      }
    }
    return reasons;
  }
}
