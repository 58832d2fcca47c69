// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.security.Key;
import java.security.cert.Certificate;
import java.util.Base64;

/** PEM as it is written everywhere, made without the code under test. */
final class Pem {
  private Pem() {}

  static String of(Certificate certificate) {
    try {
      return block("CERTIFICATE", certificate.getEncoded());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  static String of(Key key) {
    return block("PRIVATE KEY", key.getEncoded());
  }

  static String block(String type, byte[] der) {
    StringBuilder pem = new StringBuilder("-----BEGIN " + type + "-----\n");
    String base64 = Base64.getEncoder().encodeToString(der);
    for (int i = 0; i < base64.length(); i += 64) {
      pem.append(base64, i, Math.min(i + 64, base64.length())).append('\n');
    }
    return pem.append("-----END " + type + "-----\n").toString();
  }

  /** Returns the first block of a type. */
  static byte[] decode(String type, String pem) {
    String begin = "-----BEGIN " + type + "-----";
    int start = pem.indexOf(begin) + begin.length();
    return Base64.getMimeDecoder().decode(pem.substring(start, pem.indexOf("-----END", start)));
  }
}
