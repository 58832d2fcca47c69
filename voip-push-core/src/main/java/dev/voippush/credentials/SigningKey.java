// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.InputStream;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An APNs signing key (.p8) with its key id and team id, and the one bearer token that all
 * connections made with it share. Safe for use by many threads.
 *
 * <p>Apple wants a token renewed after 20 minutes at the earliest and 60 at the latest. A new one
 * is made after 50.
 */
public final class SigningKey implements ApnsCredentials {
  private static final Pattern ID = Pattern.compile("[A-Z0-9]{10}");
  private static final int LONGEST_SHOWN = 20;
  private static final Duration RENEW_AFTER = Duration.ofMinutes(50);
  private static final Duration RENEW_REFUSED_AFTER = Duration.ofMinutes(20);
  private static final Duration CLOCK_TOLERANCE = Duration.ofMinutes(1);
  private static final Base64.Encoder BASE64URL = Base64.getUrlEncoder().withoutPadding();

  private final PrivateKey key;
  private final String keyId;
  private final String teamId;
  private final LongSupplier nanoTime;
  private final ReentrantLock minting = new ReentrantLock();
  private volatile @Nullable Token current;

  /**
   * A token with its birth by both clocks: the wall clock may be set, the other cannot be told from
   * outside.
   */
  private record Token(String jwt, Instant issuedAt, long nanos) {
    /** Never the JWT. */
    @Override
    public String toString() {
      return "Token[issuedAt=" + issuedAt + "]";
    }
  }

  private SigningKey(PrivateKey key, String keyId, String teamId, LongSupplier nanoTime) {
    this.key = key;
    this.keyId = keyId;
    this.teamId = teamId;
    this.nanoTime = nanoTime;
  }

  /**
   * Loads the {@code AuthKey_<key id>.p8} that Apple made.
   *
   * @param keyId 10 upper-case letters and digits, as in the file's name
   * @param teamId 10 upper-case letters and digits, from the membership page of the developer
   *     account
   * @throws IllegalArgumentException if one of the ids has another form
   * @throws CredentialsException if the file is not an unencrypted EC key on the curve P-256
   */
  public static SigningKey load(Path p8, String keyId, String teamId) throws CredentialsException {
    requireIds(keyId, teamId);
    return load(Source.of(p8), keyId, teamId, System::nanoTime);
  }

  /**
   * Loads what {@link #load(Path, String, String)} loads, from a stream, which is read to its end
   * and not closed.
   *
   * @throws IllegalArgumentException if one of the ids does not have 10 upper-case letters and
   *     digits
   * @throws CredentialsException if the input is not an unencrypted EC key on the curve P-256
   */
  public static SigningKey fromPem(InputStream in, String keyId, String teamId)
      throws CredentialsException {
    requireIds(keyId, teamId);
    return load(Source.of(in, "signing key input"), keyId, teamId, System::nanoTime);
  }

  static SigningKey load(Source source, String keyId, String teamId, LongSupplier nanoTime)
      throws CredentialsException {
    String file = source.name();
    if (Contents.isPkcs12(source)) {
      throw Problem.CERTIFICATE_NOT_SIGNING_KEY.in(file, Der.PKCS12.words());
    }
    if (Contents.needsPassword(source)) {
      throw Problem.NOT_A_SIGNING_KEY.in(file, "an encrypted key");
    }
    Contents contents = Contents.read(source, null);
    if (!contents.certificates().isEmpty()) {
      throw Problem.CERTIFICATE_NOT_SIGNING_KEY.in(file, Der.CERTIFICATE.words());
    }
    if (contents.keys().size() != 1) {
      throw Problem.NOT_A_SIGNING_KEY.in(file, contents.keys().size() + " keys");
    }
    if (!(contents.keys().get(0).key() instanceof ECPrivateKey key)) {
      throw Problem.NOT_A_SIGNING_KEY.in(file, "an RSA key");
    }
    // Of the curves that are read at all, only P-256 has an order of 256 bits.
    if (key.getParams().getOrder().bitLength() != 256) {
      throw Problem.NOT_A_SIGNING_KEY.in(file, "an EC key, but not on the curve P-256");
    }
    return new SigningKey(key, keyId, teamId, nanoTime);
  }

  private static void requireIds(String keyId, String teamId) {
    requireId("keyId", keyId);
    requireId("teamId", teamId);
  }

  private static void requireId(String name, String value) {
    if (!ID.matcher(value).matches()) {
      boolean mayBeSecret = value.length() > LONGEST_SHOWN; // the key in place of its id
      throw new IllegalArgumentException(
          name
              + " must be 10 upper-case letters and digits, but "
              + (mayBeSecret ? "has " + value.length() + " characters" : "was \"" + value + "\""));
    }
  }

  /** The key's id: 10 upper-case letters and digits. */
  public String keyId() {
    return keyId;
  }

  /** The team's id: 10 upper-case letters and digits. */
  public String teamId() {
    return teamId;
  }

  /**
   * Returns the current token, a JWT in the form that follows {@code bearer} in the {@code
   * authorization} header. A new one is made if there is none, if it is 50 minutes old, or if the
   * clock has been set back to more than a minute before it was made; while one thread makes it the
   * others wait, which takes about a millisecond.
   *
   * <p>The client calls this for every push. It is public for senders of one's own.
   *
   * @param clock for the time of issue; elapsed time is also measured by a clock that nobody sets
   */
  public String bearerToken(Clock clock) {
    Token token = current;
    if (token != null && isFresh(token, clock, RENEW_AFTER)) {
      return token.jwt;
    }
    minting.lock();
    try {
      token = current;
      if (token != null && isFresh(token, clock, RENEW_AFTER)) {
        return token.jwt;
      }
      return mint(clock);
    } finally {
      minting.unlock();
    }
  }

  /**
   * Returns the token to try after APNs answered {@code ExpiredProviderToken}: the current one if
   * it is not the refused one, else a new one if the refused one is at least 20 minutes old.
   * However many pushes were refused with one token, one new token is made.
   *
   * @return empty if the refused token is too young to be renewed: then this machine's clock is
   *     wrong
   */
  public Optional<String> replaceRefused(String refused, Clock clock) {
    minting.lock();
    try {
      Token token = current;
      if (token == null) {
        return Optional.of(mint(clock));
      }
      if (!token.jwt.equals(refused)) {
        return Optional.of(token.jwt);
      }
      return isFresh(token, clock, RENEW_REFUSED_AFTER)
          ? Optional.empty()
          : Optional.of(mint(clock));
    } finally {
      minting.unlock();
    }
  }

  private boolean isFresh(Token token, Clock clock, Duration limit) {
    Duration age = Duration.between(token.issuedAt, clock.instant());
    Duration elapsed = Duration.ofNanos(nanoTime.getAsLong() - token.nanos);
    return age.compareTo(limit) < 0
        && elapsed.compareTo(limit) < 0
        && age.plus(CLOCK_TOLERANCE).compareTo(Duration.ZERO) >= 0;
  }

  private String mint(Clock clock) {
    Instant now = clock.instant();
    String header = "{\"alg\":\"ES256\",\"kid\":\"" + keyId + "\"}";
    String claims = "{\"iss\":\"" + teamId + "\",\"iat\":" + now.getEpochSecond() + "}";
    String content =
        base64Url(header.getBytes(US_ASCII)) + "." + base64Url(claims.getBytes(US_ASCII));
    String jwt = content + "." + base64Url(sign(content.getBytes(US_ASCII)));
    current = new Token(jwt, now, nanoTime.getAsLong());
    return jwt;
  }

  private byte[] sign(byte[] content) {
    try {
      Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      signature.initSign(key);
      signature.update(content);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java runtime cannot sign with an EC key on P-256", e);
    }
  }

  private static String base64Url(byte[] bytes) {
    return BASE64URL.encodeToString(bytes);
  }

  /** Names the key; shows neither it nor its token. */
  @Override
  public String toString() {
    return "SigningKey[keyId=" + keyId + ", teamId=" + teamId + "]";
  }
}
