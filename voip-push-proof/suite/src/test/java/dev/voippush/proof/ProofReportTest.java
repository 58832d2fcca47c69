// SPDX-License-Identifier: Apache-2.0
package dev.voippush.proof;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProofReportTest {
  @TempDir private Path root;
  private Path report;

  @BeforeEach
  void writeReport() throws IOException {
    report = root.resolve("docs/reliability.md");
    Files.createDirectories(report.getParent());
    StringBuilder text = new StringBuilder("# Reliability\n");
    for (String section : ProofReport.SECTIONS) {
      text.append(
          "\nAbout %1$s.\n\n<!-- %1$s:begin -->\nold %1$s\n<!-- %1$s:end -->\n".formatted(section));
    }
    Files.writeString(report, text + "\nThe end.\n");
  }

  private void fragment(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-11-25T23:59:00Z")));
  }

  private List<String> write() throws IOException {
    return new ProofReport(root, "abc1234").write();
  }

  @Test
  void fragmentsFillTheirSectionsAndOthersStay() throws Exception {
    fragment("core/target/proof/fuzz-b.md", "| target | inputs |\n|---|--:|\n| b | 2 |\n");
    fragment("core/target/proof/fuzz-a.md", "| target | inputs |\n|---|--:|\n| a | 1 |\n");
    fragment("proof/target/proof/soak.md", "| seed |\n|---|\n| 1 |\n");
    fragment("proof/target/proof/soak.svg", "<svg/>");
    List<String> said = write();
    String text = Files.readString(report);
    assertTrue(
        text.contains(
            """
            <!-- fuzz:begin -->

            Commit abc1234, 2026-11-25.

            | target | inputs |
            |---|--:|
            | a | 1 |
            | b | 2 |

            <!-- fuzz:end -->
            """),
        text);
    assertTrue(text.contains("| 1 |\n\n![What the client held"), text);
    assertTrue(text.contains("old faults") && text.contains("old mutation"), text);
    assertTrue(!text.contains("old soak") && !text.contains("old fuzz"), text);
    assertTrue(text.endsWith("\nThe end.\n"), text);
    assertEquals("<svg/>", Files.readString(root.resolve("docs/reliability-soak.svg")));
    assertEquals("faults: no faults*.md in any target/proof, left as it is", said.get(0));
  }

  @Test
  void writingAgainChangesNothing() throws Exception {
    fragment("core/target/proof/faults-jdk17.md", "| fault |\n|---|\n| one |\n");
    fragment("core/target/proof/faults-jdk25.md", "On 25:\n\n| fault |\n|---|\n| one |\n");
    write();
    String text = Files.readString(report);
    write();
    assertEquals(text, Files.readString(report));
    assertTrue(text.contains("| one |\n\nOn 25:\n"), text);
  }

  @Test
  void reportWithoutPlaceForASectionIsAnError() throws Exception {
    Files.writeString(report, "<!-- soak:end --> <!-- soak:begin -->");
    fragment("proof/target/proof/soak.md", "| seed |");
    IOException e = assertThrows(IOException.class, this::write);
    assertTrue(e.getMessage().contains("must have <!-- soak:begin -->"), e.getMessage());
  }
}
