// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StandaloneOptionsTest {
  private static StandaloneOptions parse(String... arguments) {
    return StandaloneOptions.parse(List.of(arguments));
  }

  @Test
  void defaults() {
    assertEquals(
        new StandaloneOptions(
            2197,
            2198,
            OptionalInt.empty(),
            Path.of("apns-credentials").toAbsolutePath(),
            "com.example.app",
            "A1B2C3D4E5",
            "ABC123DEFG",
            1,
            false),
        parse());
  }

  @Test
  void allInEitherForm() {
    StandaloneOptions options =
        parse(
            "--without-alpn",
            "--port=0",
            "--sandbox-port=1",
            "--web=8080",
            "--credentials",
            "some/dir",
            "--bundle-id=org.example.my-app",
            "--team-id",
            "TEAM000001",
            "--key-id",
            "KEY0000001",
            "--phones=1000");
    assertEquals(
        new StandaloneOptions(
            0,
            1,
            OptionalInt.of(8080),
            Path.of("some/dir").toAbsolutePath(),
            "org.example.my-app",
            "TEAM000001",
            "KEY0000001",
            1000,
            true),
        options);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      textBlock =
          """
          --port x,              "--port must be a number from 0 to 65535, but was x; give a free port, or 0 for any free one"
          --port -1,             "--port must be a number from 0 to 65535, but was -1; give a free port, or 0 for any free one"
          --port 65536,          "--port must be a number from 0 to 65535, but was 65536; give a free port, or 0 for any free one"
          --port=,               "--port must be a number from 0 to 65535, but was empty; give a free port, or 0 for any free one"
          --sandbox-port 1e3,    "--sandbox-port must be a number from 0 to 65535, but was 1e3; give a free port, or 0 for any free one"
          --without-alpn=1,      "options must be those that --help lists, but was --without-alpn; see --help"
          --web 8o80,            "--web must be a number from 0 to 65535, but was 8o80; give a free port, or 0 for any free one"
          --phones 0,            "--phones must be a number from 1 to 1000, but was 0; give one of these"
          --port,                "--port must be followed by its value, but was the last word; add the value"
          --prot 1,              "options must be those that --help lists, but was --prot; see --help"
          2197,                  "options must be those that --help lists, but was 2197; see --help"
          --port 1 --port 2,     "--port must be given once, but was given twice; leave one out"
          --credentials=,        "--credentials must be a directory, but was empty; give one that may be written to"
          --bundle-id a..b,      "--bundle-id must be letters, digits and hyphens, separated by dots, without .voip or the like at the end, but was a..b; give the app's id without .voip"
          --bundle-id a.b.voip,      "--bundle-id must be letters, digits and hyphens, separated by dots, without .voip or the like at the end, but was a.b.voip; give the app's id without .voip"
          --bundle-id -a,      "--bundle-id must be letters, digits and hyphens, separated by dots, without .voip or the like at the end, but was -a; give the app's id without .voip"
          --team-id short,       "--team-id must be 10 capital letters and digits, but was short; give one like A1B2C3D4E5"
          --key-id ../../../key, "--key-id must be 10 capital letters and digits, but was ../../../key; give one like A1B2C3D4E5"
          """)
  void wrongOnesNameRuleFoundAndFix(String commandLine, String message) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> parse(commandLine.split(" ")));
    assertEquals(message, e.getMessage());
  }

  /** The help lists what can be given, no more and no less. */
  @Test
  void helpListsEveryOption() {
    List<String> listed =
        Pattern.compile("^  (--[a-z-]+)", Pattern.MULTILINE)
            .matcher(StandaloneOptions.HELP)
            .results()
            .map((MatchResult option) -> option.group(1))
            .filter(option -> !option.equals("--help") && !option.equals("--without-alpn"))
            .toList();
    assertTrue(listed.size() >= 6, listed::toString);
    for (String option : listed) {
      Exception e = assertThrows(IllegalArgumentException.class, () -> parse(option));
      assertTrue(e.getMessage().startsWith(option + " must be followed"), e.getMessage());
    }
    assertEquals(StandaloneOptions.class.getRecordComponents().length - 1, listed.size());
  }
}
