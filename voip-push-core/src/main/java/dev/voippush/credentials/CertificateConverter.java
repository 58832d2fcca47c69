// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.nio.file.CopyOption;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The openssl steps from Apple's and Keychain's files to {@code ck.pem}, in Java: on any system,
 * and without the {@code -legacy} option that openssl 3 needs for Keychain's files.
 *
 * <p>Every file is written whole or not at all, readable by its owner only (mode 0600; an
 * owner-only access list where there are no modes, which is not tested). A file that exists is left
 * alone and reported, unless {@link java.nio.file.StandardCopyOption#REPLACE_EXISTING} is given,
 * the only option there is; a symbolic link is then replaced itself and not followed. Passwords are
 * neither kept nor changed.
 *
 * <p>Keys are encrypted with AES-256 under PBKDF2 with HMAC-SHA256 and 600,000 iterations (openssl
 * itself: 2,048), which openssl, curl, PHP, Node and nginx read. Without passphrase they are
 * written in the clear, as with openssl's {@code -nodes}.
 *
 * <p>Everything that is wrong with a file, one read or one written, is a {@link
 * CredentialsException}.
 */
public final class CertificateConverter {
  private CertificateConverter() {}

  /**
   * Does {@code openssl x509 -inform der -in voip.cer -out VoiPCert.pem}, byte for byte.
   *
   * @param cer DER, or PEM already; of several certificates the first is written
   */
  public static void certificateToPem(Path cer, Path pem, CopyOption... options)
      throws CredentialsException {
    X509Certificate certificate = CertificateLoader.readCertificate(cer).certificates().get(0);
    PrivateFile.write(pem, PemWriter.certificate(certificate), options);
  }

  /**
   * Does {@code openssl pkcs12 -legacy -nocerts -in voippush.p12 -out VoIPKey.pem}. Of several
   * keys, the one whose certificate can send VoIP pushes is written.
   *
   * @param p12Password null or empty if the .p12 has none
   * @param pemPassphrase null or empty to write the key without encryption
   */
  public static void privateKeyToPem(
      Path p12,
      char @Nullable [] p12Password,
      Path pem,
      char @Nullable [] pemPassphrase,
      CopyOption... options)
      throws CredentialsException {
    Contents contents = CertificateLoader.readPkcs12(p12, p12Password);
    PrivateFile.write(pem, PemWriter.key(onlyKey(contents), pemPassphrase), options);
  }

  private static KeyEntry onlyKey(Contents contents) throws CredentialsException {
    List<KeyEntry> keys = contents.keys();
    if (keys.isEmpty()) {
      throw CertificateLoader.noPrivateKey(contents);
    }
    if (keys.size() == 1) {
      return keys.get(0);
    }
    List<PushCertificate> identities = Identities.pair(contents, contents);
    return keyOf(Identities.choose(contents.file(), identities, null).certificate(), contents);
  }

  private static KeyEntry keyOf(X509Certificate certificate, Contents contents)
      throws CredentialsException {
    for (KeyEntry key : contents.keys()) {
      if (key.fits(certificate.getPublicKey())) {
        return key;
      }
    }
    throw contents.fault(Problem.KEY_MISMATCH, CertificateDoctor.name(certificate));
  }

  /**
   * Does {@code cat VoiPCert.pem VoIPKey.pem > ck.pem}, after a look at both: the first must have a
   * certificate and the second a key, which must fit. If a key there is encrypted, nobody can say.
   *
   * <p>Of several keys the first in {@code ck.pem} must fit, and of several certificates the first
   * counts: openssl, curl and nginx take these, and no other.
   */
  public static void combine(Path certificatePem, Path keyPem, Path ckPem, CopyOption... options)
      throws CredentialsException {
    Source certificate = pem(certificatePem);
    Source key = pem(keyPem);
    X509Certificate first = CertificateLoader.readCertificate(certificate).certificates().get(0);
    if (!hasKey(key)) {
      throw Problem.CERTIFICATE_ONLY.in(key.name());
    }
    Source withFirstKey = hasKey(certificate) ? certificate : key;
    if (!Contents.needsPassword(withFirstKey)) {
      Contents contents = Contents.read(withFirstKey, null);
      if (!contents.keys().get(0).fits(first.getPublicKey())) {
        throw Problem.KEY_MISMATCH.in(contents.file(), CertificateDoctor.name(first));
      }
    }
    PrivateFile.write(
        ckPem,
        PemWriter.join(PemBlock.ascii(certificate.bytes()), PemBlock.ascii(key.bytes())),
        options);
  }

  private static boolean hasKey(Source pem) throws CredentialsException {
    return PemBlock.parse(pem.bytes(), pem.name()).stream().anyMatch(PemBlock::isKey);
  }

  private static Source pem(Path file) throws CredentialsException {
    Source source = Source.of(file);
    if (!PemBlock.isPem(source.bytes())) {
      throw Problem.NOT_PEM.in(source.name());
    }
    return source;
  }

  /**
   * Does all three steps at once and leaves no file in between: Apple's .cer and Keychain's .p12
   * become {@code ck.pem}.
   *
   * @param cer DER or PEM; of several certificates the first is used
   * @param p12 the key of that certificate, alone or among others
   * @param p12Password null or empty if the .p12 has none
   * @param pemPassphrase null or empty to write the key without encryption
   */
  public static void toPem(
      Path cer,
      Path p12,
      char @Nullable [] p12Password,
      Path ckPem,
      char @Nullable [] pemPassphrase,
      CopyOption... options)
      throws CredentialsException {
    X509Certificate certificate = CertificateLoader.readCertificate(cer).certificates().get(0);
    Contents contents = CertificateLoader.readPkcs12(p12, p12Password);
    if (contents.keys().isEmpty()) {
      throw CertificateLoader.noPrivateKey(contents);
    }
    byte[] key = PemWriter.key(keyOf(certificate, contents), pemPassphrase);
    PrivateFile.write(ckPem, PemWriter.join(PemWriter.certificate(certificate), key), options);
  }
}
