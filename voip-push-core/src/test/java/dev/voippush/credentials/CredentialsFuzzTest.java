// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever bytes are given, every reader returns or throws {@link CredentialsException}. */
class CredentialsFuzzTest {
  private static final String PASSWORD = "secret";

  static Stream<byte[]> seeds() {
    var certificate = Apple.voip(Apple.RSA, Apple.BUNDLE);
    return Stream.of(
        Keychain.export(Apple.RSA, certificate, PASSWORD),
        new Keychain()
            .identity("a", Apple.EC, Apple.voip(Apple.EC, Apple.BUNDLE))
            .iterations(1)
            .withoutMac()
            .write(PASSWORD),
        (Pem.of(certificate) + Pem.of(Apple.RSA.getPrivate())).getBytes(US_ASCII),
        Pem.of(Apple.EC.getPrivate()).getBytes(US_ASCII));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "30s")
  void anything(byte[] data) {
    attempt(
        () -> CertificateLoader.fromPkcs12(new ByteArrayInputStream(data), PASSWORD.toCharArray()));
    attempt(() -> SigningKey.fromPem(new ByteArrayInputStream(data), "ABCDEFGH12", Apple.TEAM));
  }

  private interface Reader {
    Object read() throws CredentialsException;
  }

  private static void attempt(Reader reader) {
    try {
      reader.read();
    } catch (CredentialsException e) {
      // What a reader may say.
    }
  }
}
