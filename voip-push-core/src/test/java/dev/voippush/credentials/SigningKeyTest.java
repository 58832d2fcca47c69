// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.MutableClock;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SigningKeyTest {
  private static final String KEY_ID = "ABCDEFGH12";

  private final MutableClock clock =
      new MutableClock(Instant.ofEpochSecond(1_800_000_000, 999_999_999));
  private final AtomicLong nanos = new AtomicLong(-5);

  @Test
  void tokenHasApplesFormAndVerifies() throws Exception {
    String[] parts = key().bearerToken(clock).split("\\.", -1);

    assertEquals(3, parts.length);
    assertEquals("{\"alg\":\"ES256\",\"kid\":\"ABCDEFGH12\"}", decode(parts[0]));
    assertEquals("{\"iss\":\"A1B2C3D4E5\",\"iat\":1800000000}", decode(parts[1]));
    byte[] signature = Base64.getUrlDecoder().decode(parts[2]);
    assertEquals(64, signature.length, "r and s, not DER");
    Signature verifier = Signature.getInstance("SHA256withECDSAinP1363Format");
    verifier.initVerify(Apple.EC.getPublic());
    verifier.update((parts[0] + "." + parts[1]).getBytes(US_ASCII));
    assertTrue(verifier.verify(signature));
    assertFalse(String.join("", parts).contains("="), "no padding");
  }

  @Test
  void tokenIsKeptFor50Minutes() throws Exception {
    SigningKey key = key();
    String first = key.bearerToken(clock);

    pass(Duration.ofMinutes(50).minusMillis(1));
    assertEquals(first, key.bearerToken(clock));
    pass(Duration.ofMillis(1));
    assertNotEquals(first, key.bearerToken(clock));
  }

  @Test
  void refusedTokenYoungerThan20MinutesMeansClockSkew() throws Exception {
    SigningKey key = key();
    String first = key.bearerToken(clock);

    pass(Duration.ofMinutes(20).minusMillis(1));
    assertEquals(Optional.empty(), key.replaceRefused(first, clock));
    pass(Duration.ofMillis(1));
    String second = key.replaceRefused(first, clock).orElseThrow();
    assertNotEquals(first, second);
    assertEquals(second, key.bearerToken(clock));
    assertEquals(
        Optional.of(second), key.replaceRefused(first, clock), "refused late, renewed already");
    assertEquals(Optional.empty(), key.replaceRefused(second, clock));
  }

  @Test
  void clockSetBackRenewsAtOnceAndThenByElapsedTime() throws Exception {
    SigningKey key = key();
    String first = key.bearerToken(clock);

    clock.add(Duration.ofMinutes(-1));
    assertEquals(first, key.bearerToken(clock), "a minute is within tolerance");
    clock.add(Duration.ofDays(-1));
    String second = key.bearerToken(clock);
    assertNotEquals(first, second);
    assertEquals(second, key.bearerToken(clock));
    nanos.addAndGet(Duration.ofMinutes(50).toNanos()); // while the clock stands still
    assertNotEquals(second, key.bearerToken(clock));
  }

  @Test
  void clockSetForwardRenews() throws Exception {
    SigningKey key = key();
    String first = key.bearerToken(clock);

    clock.add(Duration.ofHours(1));
    assertNotEquals(first, key.bearerToken(clock));
  }

  @Test
  void thousandRefusalsAtOnceMintOneToken() throws Exception {
    SigningKey key = key();
    String refused = key.bearerToken(clock);
    pass(Duration.ofMinutes(30));

    Set<String> tokens =
        new HashSet<>(atOnce(1000, () -> key.replaceRefused(refused, clock).orElseThrow()));

    assertEquals(1, tokens.size());
    assertFalse(tokens.contains(refused));
  }

  @Test
  void thousandFirstPushesMintOneToken() throws Exception {
    SigningKey key = key();

    assertEquals(1, new HashSet<>(atOnce(1000, () -> key.bearerToken(clock))).size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "ABCDEFGH1", "ABCDEFGH123", "abcdefgh12", "ABCDEFGH1\n", "ABCDEFGH1É"})
  void idsOfAnotherFormAreRefused(String id) {
    IllegalArgumentException keyId =
        assertThrows(
            IllegalArgumentException.class, () -> SigningKey.load(Path.of("x"), id, Apple.TEAM));
    assertEquals(
        "keyId must be 10 upper-case letters and digits, but was \"" + id + "\"",
        keyId.getMessage());
    IllegalArgumentException teamId =
        assertThrows(
            IllegalArgumentException.class,
            () -> SigningKey.fromPem(new ByteArrayInputStream(new byte[0]), KEY_ID, id));
    assertEquals(
        "teamId must be 10 upper-case letters and digits, but was \"" + id + "\"",
        teamId.getMessage());
  }

  @Test
  void keyGivenForItsIdIsNotShown() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> SigningKey.load(Path.of("x"), "MIGTAgEAMBMGByqGSM49AgEG", Apple.TEAM));
    assertEquals(
        "keyId must be 10 upper-case letters and digits, but has 24 characters", e.getMessage());
  }

  @Test
  void onlyAnUnencryptedP256KeyIsASigningKey(@TempDir Path folder) throws Exception {
    assertMessage(folder, Pem.of(Apple.RSA.getPrivate()), "not an APNs signing key: an RSA key");
    KeyPair p384 = Apple.ec("secp384r1");
    assertMessage(
        folder,
        Pem.of(p384.getPrivate()),
        "not an APNs signing key: an EC key, but not on the curve P-256");
    assertMessage(
        folder,
        Pem.of(p384.getPrivate()) + Pem.of(Apple.EC.getPrivate()),
        "not an APNs signing key: 2 keys");
  }

  private static void assertMessage(Path folder, String pem, String fault) throws Exception {
    Path file = Files.writeString(folder.resolve("AuthKey_ABCDEFGH12.p8"), pem);
    CredentialsException e =
        assertThrows(CredentialsException.class, () -> SigningKey.load(file, KEY_ID, Apple.TEAM));
    assertEquals(
        file
            + ": "
            + fault
            + "; download the AuthKey_….p8 that Apple made (docs/troubleshooting.md#not-a-signing-key)",
        e.getMessage());
  }

  @Test
  void loadsTheFileAndNamesIt(@TempDir Path folder) throws Exception {
    Path p8 =
        Files.writeString(folder.resolve("AuthKey.p8"), Pem.of(Apple.EC.getPrivate()).strip());
    SigningKey key = SigningKey.load(p8, KEY_ID, Apple.TEAM);

    assertEquals(KEY_ID, key.keyId());
    assertEquals(Apple.TEAM, key.teamId());
    key.bearerToken(clock);
    assertEquals("SigningKey[keyId=ABCDEFGH12, teamId=A1B2C3D4E5]", key.toString());
  }

  private SigningKey key() throws CredentialsException {
    Source source = new Source("AuthKey.p8", Pem.of(Apple.EC.getPrivate()).getBytes(US_ASCII));
    return SigningKey.load(source, KEY_ID, Apple.TEAM, nanos::get);
  }

  private void pass(Duration time) {
    clock.add(time);
    nanos.addAndGet(time.toNanos());
  }

  private interface Task {
    String run() throws Exception;
  }

  /** Runs a task on 16 threads which start together. */
  private static List<String> atOnce(int times, Task task) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(16);
    try {
      CountDownLatch start = new CountDownLatch(1);
      List<Future<String>> futures = new ArrayList<>();
      for (int i = 0; i < times; i++) {
        futures.add(
            threads.submit(
                () -> {
                  start.await();
                  return task.run();
                }));
      }
      start.countDown();
      List<String> results = new ArrayList<>();
      for (Future<String> future : futures) {
        results.add(future.get());
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }

  private static String decode(String base64) {
    return new String(Base64.getUrlDecoder().decode(base64), UTF_8);
  }
}
