// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.voippush.FuzzRun;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.security.cert.X509Certificate;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever bytes are given, every reader returns or throws {@link CredentialsException}. In a build
 * without {@code JAZZER_FUZZ=1} only the seeds are tried. Jazzer prints its own seed, and a finding
 * goes to {@code target/fuzz}, from where it can be tried again.
 */
class CredentialsFuzzTest {
  @RegisterExtension static final FuzzRun RUN = new FuzzRun("certificates");

  private static final char[] PASSWORD = "secret".toCharArray();

  static Stream<byte[]> seeds() {
    X509Certificate rsa = Apple.voip(Apple.RSA, Apple.BUNDLE);
    X509Certificate ec = Apple.universal(Apple.EC, Apple.BUNDLE, "app", "voip");
    Keychain keychain =
        new Keychain().identity("a", Apple.EC, ec).certificate("b", Apple.ISSUER).iterations(1);
    String dekInfo =
        """
        -----BEGIN EC PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0F

        AAAAAAAAAAAAAAAAAAAAAA==
        -----END EC PRIVATE KEY-----
        """;
    return Stream.of(
        keychain.write("secret"),
        keychain.indefiniteLength().withoutMac().write("secret"),
        utf8(Pem.of(rsa) + Pem.of(Apple.RSA.getPrivate())),
        utf8(Pem.of(ec) + dekInfo),
        utf8(Pem.of(Apple.EC.getPrivate())),
        Apple.EC.getPrivate().getEncoded(),
        der(ec));
  }

  @MethodSource("seeds")
  @FuzzTest
  void everyReaderReturnsOrThrowsCredentialsException(byte[] data) throws Exception {
    RUN.input(() -> read(data));
  }

  private static void read(byte[] data) {
    Source source = new Source("fuzz", data);
    attempt(() -> CertificateLoader.fromPkcs12(in(data), PASSWORD));
    attempt(() -> CertificateLoader.fromPem(in(data), null).describe());
    attempt(() -> SigningKey.fromPem(in(data), "ABCDEFGH12", Apple.TEAM));
    if (data.length > 0) {
      attempt(() -> CertificateDoctor.describe(source, PASSWORD, Apple.START));
      attempt(() -> Contents.readCertificates(source));
      attempt(() -> Contents.isPkcs12(source));
    }
  }

  private interface Reader {
    Object read() throws CredentialsException;
  }

  private static void attempt(Reader reader) {
    try {
      reader.read();
    } catch (CredentialsException e) {
      assertFalse(e.fault().isEmpty());
    }
  }

  private static InputStream in(byte[] data) {
    return new ByteArrayInputStream(data);
  }

  private static byte[] der(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }
}
