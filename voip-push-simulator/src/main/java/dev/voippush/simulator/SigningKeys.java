// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The .p8 keys that the simulator knows, and the reading of tokens signed with them. Thread-safe.
 *
 * <p>Lenient where clients are odd and Apple does not mind: DER signatures, padded or standard
 * base64, {@code iat} as a string or with a fraction.
 */
final class SigningKeys {
  private final Map<String, Key> keys = new ConcurrentHashMap<>();

  private record Key(
      String teamId, PublicKey publicKey, boolean forProduction, boolean forSandbox) {}

  /** A token whose signature is right. {@code issuedAt} is in seconds since the epoch. */
  record Token(String keyId, String teamId, long issuedAt) {}

  /** Adds a key for both environments. */
  void add(String keyId, String teamId, PublicKey publicKey) {
    add(keyId, new Key(teamId, publicKey, true, true));
  }

  /** Adds a key for one environment. */
  void add(String keyId, String teamId, PublicKey publicKey, boolean sandbox) {
    add(keyId, new Key(teamId, publicKey, !sandbox, sandbox));
  }

  private void add(String keyId, Key key) {
    if (keys.putIfAbsent(keyId, key) != null) {
      throw new IllegalArgumentException("keyId must be new, but there is a key " + keyId);
    }
  }

  /** True if there is such a key, and it may be used in this environment. */
  boolean isFor(boolean sandbox, String keyId) {
    Key key = keys.get(keyId);
    return key != null && (sandbox ? key.forSandbox : key.forProduction);
  }

  /** The token in a compact JWT, or null if APNs would call it invalid. */
  @Nullable Token read(String jwt) {
    String[] parts = jwt.split("\\.", -1);
    if (parts.length != 3) {
      return null;
    }
    byte[] header = base64(parts[0]);
    byte[] claims = base64(parts[1]);
    byte[] signature = base64(parts[2]);
    if (header == null || claims == null || signature == null) {
      return null;
    }
    Map<String, @Nullable Object> head = Json.object(header);
    Map<String, @Nullable Object> body = Json.object(claims);
    if (head == null || body == null || !"ES256".equals(head.get("alg"))) {
      return null;
    }
    Long issuedAt = seconds(body.get("iat"));
    if (!(head.get("kid") instanceof String keyId)
        || !(body.get("iss") instanceof String teamId)
        || issuedAt == null) {
      return null;
    }
    Key key = keys.get(keyId);
    byte[] signed = (parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII);
    return key != null && key.teamId.equals(teamId) && verifies(key.publicKey, signed, signature)
        ? new Token(keyId, teamId, issuedAt)
        : null;
  }

  private static boolean verifies(PublicKey key, byte[] signed, byte[] signature) {
    String algorithm = signature.length == 64 ? "SHA256withECDSAinP1363Format" : "SHA256withECDSA";
    try {
      Signature verifier = Signature.getInstance(algorithm);
      verifier.initVerify(key);
      verifier.update(signed);
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      return false; // the client's bytes are no signature at all
    }
  }

  private static byte @Nullable [] base64(String text) {
    String url = text.replace('+', '-').replace('/', '_').replace("=", "");
    try {
      return Base64.getUrlDecoder().decode(url);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static @Nullable Long seconds(@Nullable Object value) {
    if (value instanceof Number number) {
      return number.longValue();
    }
    if (value instanceof String text) {
      try {
        return (long) Double.parseDouble(text);
      } catch (NumberFormatException e) {
        return null;
      }
    }
    return null;
  }
}
