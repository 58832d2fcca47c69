// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What stands between a BEGIN and an END line, with the value of its DEK-Info header if it has one.
 * Everything outside of blocks is ignored, and so is how lines end.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PemBlock(String type, @Nullable String dekInfo, byte[] der) {
  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";

  private static final Set<String> CERTIFICATES =
      Set.of("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE");
  private static final String ENCRYPTED = "ENCRYPTED PRIVATE KEY";
  private static final Set<String> KEYS =
      Set.of("PRIVATE KEY", ENCRYPTED, "RSA PRIVATE KEY", "EC PRIVATE KEY");

  boolean isCertificate() {
    return CERTIFICATES.contains(type);
  }

  boolean isKey() {
    return KEYS.contains(type);
  }

  boolean isEncrypted() {
    return type.equals(ENCRYPTED) || dekInfo != null;
  }

  boolean isSigningRequest() {
    return type.equals("CERTIFICATE REQUEST") || type.equals("NEW CERTIFICATE REQUEST");
  }

  static boolean isPem(byte[] bytes) {
    return text(bytes).contains(BEGIN);
  }

  static List<PemBlock> parse(byte[] bytes, String file) throws CredentialsException {
    List<PemBlock> blocks = new ArrayList<>();
    String type = null;
    String dekInfo = null;
    StringBuilder base64 = new StringBuilder();
    // "cat" glues a BEGIN to the END before it when that line is not ended.
    String text = text(bytes).replace(DASHES + BEGIN, DASHES + '\n' + BEGIN);
    for (String line : text.lines().map(String::strip).toList()) {
      if (type == null) {
        if (line.startsWith(BEGIN)) {
          type = label(line.substring(BEGIN.length()), file);
          dekInfo = null;
          base64.setLength(0);
        }
      } else if (line.startsWith(END)) {
        String end = label(line.substring(END.length()), file);
        if (!end.equals(type)) {
          throw Problem.DAMAGED.in(file, "BEGIN " + type + " ends with END " + end);
        }
        blocks.add(new PemBlock(type, dekInfo, decode(base64, type, file)));
        Contents.requireFewEntries(blocks.size(), file);
        type = null;
      } else if (line.startsWith("DEK-Info:")) {
        dekInfo = line.substring("DEK-Info:".length()).strip();
      } else if (line.indexOf(':') < 0) {
        base64.append(line);
      }
    }
    if (type != null) {
      throw Problem.TRUNCATED.in(file, "the block " + type + " has no END line");
    }
    return blocks;
  }

  private static String label(String rest, String file) throws CredentialsException {
    int end = rest.indexOf(DASHES);
    if (end < 0) {
      throw Problem.TRUNCATED.in(file, "a BEGIN or END line is not complete");
    }
    return rest.substring(0, end);
  }

  private static byte[] decode(CharSequence base64, String type, String file)
      throws CredentialsException {
    byte[] der;
    try {
      der = Base64.getDecoder().decode(base64.toString().getBytes(ISO_8859_1));
    } catch (IllegalArgumentException e) {
      throw Problem.DAMAGED.because(e, file, "the block " + type + " is not valid base64");
    }
    if (der.length == 0) {
      throw Problem.DAMAGED.in(file, "the block " + type + " is empty");
    }
    return der;
  }

  /**
   * Returns the file as other programs want it: no byte order mark, one byte a character, the last
   * line ended.
   */
  static byte[] ascii(byte[] bytes) {
    String text = text(bytes);
    return (text.endsWith("\n") ? text : text + '\n').getBytes(ISO_8859_1);
  }

  /** PowerShell's {@code >} writes UTF-16; everything else that matters here is ASCII. */
  private static String text(byte[] bytes) {
    if (startsWith(bytes, 0xff, 0xfe)) {
      return new String(bytes, 2, bytes.length - 2, UTF_16LE);
    }
    if (startsWith(bytes, 0xfe, 0xff)) {
      return new String(bytes, 2, bytes.length - 2, UTF_16BE);
    }
    int mark = startsWith(bytes, 0xef, 0xbb, 0xbf) ? 3 : 0;
    return new String(bytes, mark, bytes.length - mark, ISO_8859_1);
  }

  private static boolean startsWith(byte[] bytes, int... mark) {
    for (int i = 0; i < mark.length; i++) {
      if (i >= bytes.length || (bytes[i] & 0xff) != mark[i]) {
        return false;
      }
    }
    return true;
  }
}
