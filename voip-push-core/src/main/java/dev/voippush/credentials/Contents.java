// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.voippush.credentials.Decryptor.WrongPasswordException;
import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.jspecify.annotations.Nullable;

/**
 * The certificates and private keys of one file, in the file's order, whatever its format. What
 * they are good for is for others to say.
 *
 * @param file the name that messages give the file
 * @param encrypted whether anything in it needed a password
 * @param failure why an entry of it could not be read, which matters only if it is missed
 */
record Contents(
    String file,
    Format format,
    List<X509Certificate> certificates,
    List<KeyEntry> keys,
    boolean encrypted,
    @Nullable CredentialsException failure) {

  Contents(
      String file,
      Format format,
      List<X509Certificate> certificates,
      List<KeyEntry> keys,
      boolean encrypted) {
    this(file, format, certificates, keys, encrypted, null);
  }

  /** Says what is wrong if nothing in the file serves: the entry that could not be read, if any. */
  CredentialsException fault(Problem otherwise, Object... details) {
    return failure != null ? failure : otherwise.in(file, details);
  }

  private static final int MOST_ENTRIES = 2_000;

  enum Format {
    PKCS12("a PKCS#12 file"),
    PEM("a PEM file"),
    DER("a DER file");

    private final String words;

    Format(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  /** Reads a file of any format; a file that needs no password is also read with one. */
  static Contents read(Source source, char @Nullable [] chars) throws CredentialsException {
    try (Password password = new Password(chars)) {
      try {
        return open(source, password);
      } catch (WrongPasswordException e) {
        throw (password.given() ? Problem.WRONG_PASSWORD : Problem.PASSWORD_MISSING)
            .in(source.name());
      }
    }
  }

  /** Returns whether the file opens with a password only. */
  static boolean needsPassword(Source source) throws CredentialsException {
    try (Password none = new Password(null)) {
      open(source, none);
      return false;
    } catch (WrongPasswordException e) {
      return true;
    }
  }

  /**
   * Reads the certificates only, where there are any; what else the file has may need a password.
   */
  static Contents readCertificates(Source source) throws CredentialsException {
    String file = source.name();
    if (!PemBlock.isPem(source.bytes())) {
      return read(source, null);
    }
    List<X509Certificate> certificates = new ArrayList<>();
    boolean encrypted = false;
    for (PemBlock block : PemBlock.parse(source.bytes(), file)) {
      if (block.isCertificate()) {
        certificates.add(certificate(block.der(), file));
      }
      encrypted |= block.isEncrypted();
    }
    if (certificates.isEmpty()) {
      if (encrypted) {
        throw Problem.NO_CERTIFICATE.in(file);
      }
      return read(source, null);
    }
    return new Contents(file, Format.PEM, certificates, List.of(), false);
  }

  static boolean isPkcs12(Source source) throws CredentialsException {
    byte[] bytes = source.bytes();
    String file = source.name();
    return !PemBlock.isPem(bytes)
        && Der.startsLike(bytes)
        && Der.of(Der.sequence(Der.first(bytes, file), file)) == Der.PKCS12;
  }

  /** Every entry of a file costs time, and each certificate is compared with each key. */
  static void requireFewEntries(int entries, String file) throws CredentialsException {
    if (entries > MOST_ENTRIES) {
      throw Problem.TOO_COSTLY.in(
          file, "more than the " + MOST_ENTRIES + " certificates and keys that a file may have");
    }
  }

  private static Contents open(Source source, Password password)
      throws CredentialsException, WrongPasswordException {
    String file = source.name();
    byte[] bytes = source.bytes();
    Decryptor decryptor = new Decryptor(file, password);
    try {
      if (PemBlock.isPem(bytes)) {
        return readPem(bytes, file, decryptor);
      }
      if (!Der.startsLike(bytes)) {
        throw Problem.UNKNOWN_FORMAT.in(file);
      }
      return readDer(bytes, file, decryptor);
    } catch (RuntimeException e) {
      // Bouncy Castle's, at a structure that is none of those it says it is.
      throw Problem.DAMAGED.because(e, file, "no valid structure");
    }
  }

  private static Contents readPem(byte[] bytes, String file, Decryptor decryptor)
      throws CredentialsException, WrongPasswordException {
    List<X509Certificate> certificates = new ArrayList<>();
    List<KeyEntry> keys = new ArrayList<>();
    Set<String> others = new LinkedHashSet<>();
    for (PemBlock block : PemBlock.parse(bytes, file)) {
      if (block.isCertificate()) {
        certificates.add(certificate(block.der(), file));
      } else if (block.isKey()) {
        keys.add(pemKey(block, file, decryptor));
      } else {
        others.add(block.isSigningRequest() ? Der.SIGNING_REQUEST.words() : block.type());
      }
    }
    if (certificates.isEmpty() && keys.isEmpty()) {
      if (others.contains(Der.SIGNING_REQUEST.words())) {
        throw Problem.SIGNING_REQUEST.in(file);
      }
      throw Problem.UNUSABLE_CONTENT.in(file, String.join(", ", others));
    }
    boolean encrypted = keys.stream().anyMatch(KeyEntry::encrypted);
    return new Contents(file, Format.PEM, certificates, keys, encrypted);
  }

  private static KeyEntry pemKey(PemBlock block, String file, Decryptor decryptor)
      throws CredentialsException, WrongPasswordException {
    String dekInfo = block.dekInfo();
    if (dekInfo == null) {
      return derKey(Der.sequence(Der.first(block.der(), file), file), file, decryptor);
    }
    byte[] plain = decryptor.decryptDekInfo(dekInfo, block.der());
    KeyEntry key = derKey(decrypted(plain), file, decryptor);
    return new KeyEntry(key.key(), key.pkcs8(), true, key.attributes(), key.publicPoint());
  }

  /** What a wrong password leaves is hardly ever a complete structure. */
  static ASN1Sequence decrypted(byte[] plain) throws WrongPasswordException {
    try {
      return Der.sequence(plain, "");
    } catch (CredentialsException e) {
      throw new WrongPasswordException();
    }
  }

  private static KeyEntry derKey(ASN1Sequence key, String file, Decryptor decryptor)
      throws CredentialsException, WrongPasswordException {
    return switch (Der.of(key)) {
      case PKCS8_KEY -> KeyEntry.of(PrivateKeyInfo.getInstance(key), false, null, file);
      case PKCS1_KEY -> KeyEntry.ofPkcs1(key, false, file);
      case SEC1_KEY -> KeyEntry.ofSec1(key, false, file);
      case ENCRYPTED_KEY -> {
        EncryptedPrivateKeyInfo encrypted = EncryptedPrivateKeyInfo.getInstance(key);
        byte[] plain =
            decryptor.decrypt(encrypted.getEncryptionAlgorithm(), encrypted.getEncryptedData());
        yield KeyEntry.of(PrivateKeyInfo.getInstance(decrypted(plain)), true, null, file);
      }
      default -> throw Problem.DAMAGED.in(file, "its private key has no valid structure");
    };
  }

  private static Contents readDer(byte[] bytes, String file, Decryptor decryptor)
      throws CredentialsException, WrongPasswordException {
    byte[] first = Der.first(bytes, file);
    ASN1Sequence sequence = Der.sequence(first, file);
    return switch (Der.of(sequence)) {
      case PKCS12 -> Pkcs12.read(sequence, file, decryptor);
      case CERTIFICATE ->
          new Contents(file, Format.DER, List.of(certificate(first, file)), List.of(), false);
      case PKCS8_KEY, PKCS1_KEY, SEC1_KEY, ENCRYPTED_KEY -> {
        KeyEntry key = derKey(sequence, file, decryptor);
        yield new Contents(file, Format.DER, List.of(), List.of(key), key.encrypted());
      }
      case SIGNING_REQUEST -> throw Problem.SIGNING_REQUEST.in(file);
      case CMS ->
          throw (new String(bytes, ISO_8859_1).contains("<plist")
              ? Problem.PROVISIONING_PROFILE.in(file)
              : Problem.UNUSABLE_CONTENT.in(file, "PKCS#7"));
      case OTHER -> throw Problem.UNKNOWN_FORMAT.in(file);
    };
  }

  static X509Certificate certificate(byte[] der, String file) throws CredentialsException {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(Der.first(der, file)));
    } catch (CertificateException | RuntimeException e) {
      throw Problem.DAMAGED.because(e, file, "its certificate has no valid structure");
    }
  }
}
