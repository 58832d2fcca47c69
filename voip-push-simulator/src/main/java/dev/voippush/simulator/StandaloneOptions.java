// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The command line of {@link Standalone}, read and checked.
 *
 * @param port of production; 0 is any free one
 * @param sandboxPort of the sandbox; 0 is any free one
 * @param web of the page and the HTTP API, which are not served without one; 0 is any free one
 * @param credentials the directory for the files
 * @param phones how many to register, 1 or more
 * @param withoutAlpn whether clients that offer no ALPN are served too
 */
record StandaloneOptions(
    int port,
    int sandboxPort,
    OptionalInt web,
    Path credentials,
    String bundleId,
    String teamId,
    String keyId,
    int phones,
    boolean withoutAlpn) {
  static final String HELP =
      """
      A local APNs with phones that ring, on 127.0.0.1 only.

        --port N           production's port, default 2197; 0: any free one
        --sandbox-port N   the sandbox's, default 2198; 0: any free one
        --web N            serves a page with the phones, and an HTTP API, at this port; 0: any free one
        --credentials DIR  where to write ca.pem, voip.cer, voippush.p12, ck.pem and AuthKey_….p8,
                           default apns-credentials; files of an earlier run are replaced
        --bundle-id ID     the app, default com.example.app
        --team-id ID       the team that owns certificate and key, default A1B2C3D4E5
        --key-id ID        the id of the .p8 key, default ABC123DEFG
        --phones N         how many phones to register, 1 to 1000, default 1
        --without-alpn     serves clients that offer no ALPN, too, as Pushy does by default
        --help             prints this

      Ctrl-C ends it. The credentials are made at each start and worth nothing anywhere else.
      """;

  private static final Set<String> WITH_VALUE =
      Set.of(
          "--port",
          "--sandbox-port",
          "--web",
          "--credentials",
          "--bundle-id",
          "--team-id",
          "--key-id",
          "--phones");
  private static final String WITHOUT_ALPN = "--without-alpn";

  private static final Predicate<String> APPLE_ID =
      Pattern.compile("[A-Z0-9]{10}").asMatchPredicate();

  /**
   * Reads {@code --name value} and {@code --name=value}, in any order.
   *
   * @throws IllegalArgumentException naming the option that is wrong, its rule and the fix
   */
  static StandaloneOptions parse(List<String> arguments) {
    Map<String, String> given = given(arguments);
    return new StandaloneOptions(
        port(given, "--port", 2197),
        port(given, "--sandbox-port", 2198),
        given.containsKey("--web") ? OptionalInt.of(port(given, "--web", 0)) : OptionalInt.empty(),
        directory(given.getOrDefault("--credentials", "apns-credentials")),
        matching(
            given,
            "--bundle-id",
            "com.example.app",
            RequestRules::isBundleId,
            RequestRules.BUNDLE_ID_RULE,
            "the app's id without .voip"),
        matching(given, "--team-id", "A1B2C3D4E5", APPLE_ID, TEN, "one like A1B2C3D4E5"),
        matching(given, "--key-id", "ABC123DEFG", APPLE_ID, TEN, "one like A1B2C3D4E5"),
        number(given, "--phones", 1, 1, 1000, "one of these"),
        given.containsKey(WITHOUT_ALPN));
  }

  private static int port(Map<String, String> given, String name, int byDefault) {
    return number(given, name, byDefault, 0, 65535, "a free port, or 0 for any free one");
  }

  private static final String TEN = "10 capital letters and digits";

  private static Map<String, String> given(List<String> arguments) {
    Map<String, String> given = new HashMap<>();
    Iterator<String> rest = arguments.iterator();
    while (rest.hasNext()) {
      String argument = rest.next();
      if (argument.equals(WITHOUT_ALPN)) {
        given.put(argument, "");
        continue;
      }
      int equals = argument.indexOf('=');
      String name = equals < 0 ? argument : argument.substring(0, equals);
      if (!WITH_VALUE.contains(name)) {
        throw wrong("options", "be those that --help lists", name, "see --help");
      }
      if (equals < 0 && !rest.hasNext()) {
        throw wrong(name, "be followed by its value", "the last word", "add the value");
      }
      String value = equals < 0 ? rest.next() : argument.substring(equals + 1);
      if (given.putIfAbsent(name, value) != null) {
        throw wrong(name, "be given once", "given twice", "leave one out");
      }
    }
    return given;
  }

  private static int number(
      Map<String, String> given, String name, int byDefault, int min, int max, String fix) {
    String value = given.getOrDefault(name, "" + byDefault);
    try {
      int number = Integer.parseInt(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // as wrong as a number out of range
    }
    throw wrong(name, "be a number from " + min + " to " + max, value, "give " + fix);
  }

  private static String matching(
      Map<String, String> given,
      String name,
      String byDefault,
      Predicate<String> fits,
      String rule,
      String fix) {
    String value = given.getOrDefault(name, byDefault);
    if (!fits.test(value)) {
      throw wrong(name, "be " + rule, value, "give " + fix);
    }
    return value;
  }

  private static Path directory(String value) {
    try {
      if (!value.isEmpty()) {
        return Path.of(value).toAbsolutePath().normalize();
      }
    } catch (InvalidPathException e) {
      // as wrong as none
    }
    throw wrong("--credentials", "be a directory", value, "give one that may be written to");
  }

  private static IllegalArgumentException wrong(
      String name, String rule, String found, String fix) {
    return new IllegalArgumentException(
        name + " must " + rule + ", but was " + (found.isEmpty() ? "empty" : found) + "; " + fix);
  }
}
