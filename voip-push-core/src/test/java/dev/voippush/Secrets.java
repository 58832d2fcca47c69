// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What must not be said, by name, and the forms in which it could be said all the same: as text, in
 * hexadecimal, in base64 at any place in what is encoded, as a list of bytes, as a decimal number.
 * A part of a key, or the second half of a token, is enough. Not thread-safe.
 */
final class Secrets {
  private static final int KEY_PART_BYTES = 20;
  private static final int KEY_PARTS_APART = 28; // one in each line of PEM
  private static final int DIGITS = 30;

  private final Map<String, Set<String>> exact = new LinkedHashMap<>();
  private final Map<String, Set<String>> hexadecimal = new LinkedHashMap<>();

  void text(String name, String secret) {
    add(name, secret);
    bytes(name, secret.getBytes(StandardCharsets.UTF_8));
  }

  void key(String name, PrivateKey key) {
    for (BigInteger number : privateNumbers(key)) {
      add(name, number.toString().substring(0, DIGITS));
      byte[] bytes = number.toByteArray();
      for (int i = 1; i + KEY_PART_BYTES <= bytes.length; i += KEY_PARTS_APART) {
        bytes(name, Arrays.copyOfRange(bytes, i, i + KEY_PART_BYTES));
      }
    }
  }

  static List<BigInteger> privateNumbers(PrivateKey key) {
    if (key instanceof RSAPrivateCrtKey rsa) {
      return List.of(rsa.getPrivateExponent(), rsa.getPrimeP(), rsa.getPrimeQ());
    }
    return List.of(((ECPrivateKey) key).getS());
  }

  void jwt(String jwt) {
    String signature = jwt.substring(jwt.lastIndexOf('.') + 1);
    add("JWT", signature);
    bytes("JWT", Base64.getUrlDecoder().decode(signature));
  }

  /** Its begin may be shown, to tell devices apart. */
  void token(DeviceToken token) {
    String hex = token.hex();
    bytes("device token", HexFormat.of().parseHex(hex.substring(hex.length() / 2)));
  }

  private void bytes(String name, byte[] bytes) {
    hexadecimal.computeIfAbsent(name, n -> new HashSet<>()).add(HexFormat.of().formatHex(bytes));
    add(name, withoutSpace(Arrays.toString(bytes)).replaceAll("[\\[\\]]", ""));
    for (int skipped = 0; skipped < 3; skipped++) { // what comes before it shifts base64
      int end = bytes.length - (bytes.length - skipped) % 3;
      byte[] whole = Arrays.copyOfRange(bytes, skipped, Math.max(skipped, end));
      if (whole.length >= 6) {
        add(name, Base64.getEncoder().encodeToString(whole));
        add(name, Base64.getUrlEncoder().encodeToString(whole));
      }
    }
  }

  private void add(String name, String form) {
    exact.computeIfAbsent(name, n -> new HashSet<>()).add(withoutSpace(form));
  }

  Set<String> names() {
    return exact.keySet();
  }

  /** Returns the names of those that the text tells. */
  Set<String> in(String text) {
    Set<String> found = new TreeSet<>();
    find(exact, withoutSpace(text), found);
    find(hexadecimal, withoutSpace(text).replace(":", "").toLowerCase(Locale.ROOT), found);
    return found;
  }

  private static void find(Map<String, Set<String>> forms, String text, Set<String> found) {
    forms.forEach(
        (name, those) -> {
          if (those.stream().anyMatch(text::contains)) {
            found.add(name);
          }
        });
  }

  /** Lines of PEM are one text; and text of ASCII alone is searched faster. */
  private static String withoutSpace(String text) {
    return text.replaceAll("[^!-~]+", "");
  }
}
