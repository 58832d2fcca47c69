// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.io.InputStream;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loads a push certificate and its private key from the files that Apple, Keychain and openssl
 * write. What a file is, is decided by what is in it and not by its name.
 *
 * <p>PKCS#12 is read with every encryption from Keychain's RC2-40 to AES-256, PEM with its blocks
 * in any order and any text around them, keys plain or encrypted. {@code docs/certificates.md}
 * lists every format.
 *
 * <p>Passwords are not kept and not changed; the caller may wipe them after the call. For files
 * without password pass null or an empty array. Files above 1 MiB are refused, and so are files
 * that ask for more than 5,000,000 iterations of key derivation or 64 MiB for scrypt, in all, or
 * have more than 2,000 certificates and keys. A chain has 10 certificates at most.
 *
 * <p>A certificate that has expired or is not for VoIP is loaded all the same, so that it can be
 * looked at; the client refuses it. Everything that is wrong with a file is a {@link
 * CredentialsException}.
 */
public final class CertificateLoader {
  private static final String PKCS12_INPUT = "PKCS#12 input";
  private static final String PEM_INPUT = "PEM input";

  private CertificateLoader() {}

  /**
   * Loads a {@code .p12} or {@code .pem} file that holds a certificate and its key. Of several the
   * one that can send VoIP pushes is chosen; two that can are an error which lists them.
   *
   * @param password null or empty if the file has none
   */
  public static PushCertificate load(Path file, char @Nullable [] password)
      throws CredentialsException {
    return load(Source.of(file), password, null);
  }

  /**
   * Loads the certificate of one app from a file that holds several. If the file has more than one
   * for that app, the one for VoIP that ends last is taken.
   *
   * @param password null or empty if the file has none
   * @param bundleId with or without {@code .voip}
   */
  public static PushCertificate load(Path file, char @Nullable [] password, String bundleId)
      throws CredentialsException {
    return load(Source.of(file), password, bundleId);
  }

  /**
   * Loads what {@link #load(Path, char[])} loads, from a stream, which is read to its end and not
   * closed.
   *
   * @param password null or empty if the file has none
   */
  public static PushCertificate fromPkcs12(InputStream in, char @Nullable [] password)
      throws CredentialsException {
    return load(Source.of(in, PKCS12_INPUT), password, null);
  }

  /**
   * Loads what {@link #load(Path, char[])} loads, from a stream, which is read to its end and not
   * closed.
   *
   * @param passphrase null or empty if the key has none
   */
  public static PushCertificate fromPem(InputStream in, char @Nullable [] passphrase)
      throws CredentialsException {
    return load(Source.of(in, PEM_INPUT), passphrase, null);
  }

  /**
   * Loads the certificate that Apple gave and the key that Keychain exported, without converting
   * them first.
   *
   * @param cer DER or PEM
   * @param p12 the private key; other entries in it do no harm
   * @param password of the .p12; null or empty if it has none
   */
  public static PushCertificate fromCerAndPkcs12(Path cer, Path p12, char @Nullable [] password)
      throws CredentialsException {
    Contents certificate = readCertificate(cer);
    Contents key = readPkcs12(p12, password);
    return join(certificate, key);
  }

  /**
   * Loads a certificate and its key from a file each.
   *
   * @param certificate DER or PEM
   * @param key DER or PEM: PKCS#8, or the older forms of openssl
   * @param passphrase of the key; null or empty if it has none
   */
  public static PushCertificate fromCertificateAndKey(
      Path certificate, Path key, char @Nullable [] passphrase) throws CredentialsException {
    Contents first = readCertificate(certificate);
    Contents second = Contents.read(Source.of(key), passphrase);
    requirePasswordNeeded(second, passphrase);
    return join(first, second);
  }

  /**
   * Returns whether a file opens with a password only, so that nobody has to be asked for one in
   * vain.
   *
   * @throws CredentialsException if the file cannot be read at all
   */
  public static boolean needsPassword(Path file) throws CredentialsException {
    return Contents.needsPassword(Source.of(file));
  }

  static Contents readCertificate(Path cer) throws CredentialsException {
    return readCertificate(Source.of(cer));
  }

  static Contents readCertificate(Source source) throws CredentialsException {
    if (Contents.isPkcs12(source)) {
      throw Problem.PKCS12_NOT_CERTIFICATE.in(source.name());
    }
    Contents contents = Contents.readCertificates(source);
    if (contents.certificates().isEmpty()) {
      throw noCertificate(contents);
    }
    return contents;
  }

  static Contents readPkcs12(Path p12, char @Nullable [] password) throws CredentialsException {
    Contents contents = Contents.read(Source.of(p12), password);
    if (contents.format() != Contents.Format.PKCS12) {
      String found = contents.keys().isEmpty() ? "a certificate" : contents.format().words();
      throw Problem.CERTIFICATE_NOT_PKCS12.in(contents.file(), found);
    }
    requirePasswordNeeded(contents, password);
    return contents;
  }

  private static PushCertificate load(
      Source source, char @Nullable [] password, @Nullable String bundleId)
      throws CredentialsException {
    Contents contents = Contents.read(source, password);
    if (contents.certificates().isEmpty() && !contents.keys().isEmpty()) {
      throw noCertificate(contents);
    }
    List<PushCertificate> identities = pair(contents, contents);
    requirePasswordNeeded(contents, password);
    return Identities.choose(contents.file(), identities, bundleId).requireMatch();
  }

  private static PushCertificate join(Contents certificate, Contents key)
      throws CredentialsException {
    return Identities.choose(certificate.file(), pair(certificate, key), null).requireMatch();
  }

  private static List<PushCertificate> pair(Contents certificates, Contents keys)
      throws CredentialsException {
    if (keys.keys().isEmpty()) {
      throw noPrivateKey(keys);
    }
    List<PushCertificate> identities = Identities.pair(certificates, keys);
    if (identities.isEmpty()) {
      X509Certificate first = certificates.certificates().get(0);
      throw keys.fault(Problem.KEY_MISMATCH, CertificateDoctor.name(first));
    }
    return identities;
  }

  static CredentialsException noPrivateKey(Contents contents) {
    return contents.fault(
        contents.format() == Contents.Format.PKCS12
            ? Problem.NO_PRIVATE_KEY
            : Problem.CERTIFICATE_ONLY);
  }

  private static CredentialsException noCertificate(Contents contents) {
    return contents.fault(
        isSigningKey(contents) ? Problem.SIGNING_KEY_NOT_CERTIFICATE : Problem.NO_CERTIFICATE);
  }

  /**
   * Apple's .p8 is one PEM block, an EC key without password; nothing in it says what it is for.
   */
  static boolean isSigningKey(Contents contents) {
    return contents.format() == Contents.Format.PEM
        && !contents.encrypted()
        && contents.certificates().isEmpty()
        && contents.keys().size() == 1
        && contents.keys().get(0).key() instanceof ECPrivateKey;
  }

  private static void requirePasswordNeeded(Contents contents, char @Nullable [] password)
      throws CredentialsException {
    if (password != null && password.length > 0 && !contents.encrypted()) {
      throw Problem.PASSWORD_NOT_NEEDED.in(contents.file());
    }
  }
}
