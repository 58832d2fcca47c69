// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import dev.voippush.credentials.Decryptor.WrongPasswordException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.pkcs.CertBag;
import org.bouncycastle.asn1.pkcs.ContentInfo;
import org.bouncycastle.asn1.pkcs.EncryptedData;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.MacData;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.Pfx;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.SafeBag;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.jspecify.annotations.Nullable;

/**
 * Reads the bags of a PKCS#12 file. Java's own key store is not used: of several entries with the
 * same friendly name, which is what Keychain writes, it keeps one and drops the others without a
 * word.
 */
final class Pkcs12 {
  private static final int DEEPEST = 8;

  private final String file;
  private final Decryptor decryptor;
  private final List<X509Certificate> certificates = new ArrayList<>();
  private final List<KeyEntry> keys = new ArrayList<>();
  private @Nullable CredentialsException failure;
  private int entries;
  private boolean encrypted;
  private boolean passwordProved;

  private Pkcs12(String file, Decryptor decryptor) {
    this.file = file;
    this.decryptor = decryptor;
  }

  static Contents read(ASN1Sequence sequence, String file, Decryptor decryptor)
      throws CredentialsException, WrongPasswordException {
    Pfx pfx = Pfx.getInstance(sequence);
    try {
      return new Pkcs12(file, decryptor).read(pfx);
    } catch (WrongPasswordException e) {
      if (!decryptor.useBareEmptyPassword()) {
        throw e;
      }
      return new Pkcs12(file, decryptor).read(pfx);
    }
  }

  private Contents read(Pfx pfx) throws CredentialsException, WrongPasswordException {
    if (!PKCSObjectIdentifiers.data.equals(pfx.getAuthSafe().getContentType())) {
      throw Problem.UNSUPPORTED_ENCRYPTION.in(file, "a public key instead of a password");
    }
    byte[] safes = octets(pfx.getAuthSafe().getContent());
    MacData mac = pfx.getMacData();
    if (mac != null) {
      if (!decryptor.verifies(mac, safes)) {
        throw new WrongPasswordException();
      }
      encrypted = true;
      passwordProved = true;
    }
    for (ASN1Encodable safe : Der.sequence(safes, file)) {
      readSafe(ContentInfo.getInstance(safe));
    }
    return new Contents(file, Contents.Format.PKCS12, certificates, keys, encrypted, failure);
  }

  private void readSafe(ContentInfo safe) throws CredentialsException, WrongPasswordException {
    ASN1ObjectIdentifier type = safe.getContentType();
    if (PKCSObjectIdentifiers.data.equals(type)) {
      readBags(Der.sequence(octets(safe.getContent()), file), 0);
    } else if (PKCSObjectIdentifiers.encryptedData.equals(type)) {
      EncryptedData data = EncryptedData.getInstance(safe.getContent());
      ASN1OctetString content = data.getContent();
      if (content != null) {
        encrypted = true;
        readBags(decrypt(data.getEncryptionAlgorithm(), content.getOctets()), 0);
      }
    } else {
      throw Problem.UNSUPPORTED_ENCRYPTION.in(file, "a public key instead of a password");
    }
  }

  private void readBags(ASN1Sequence bags, int depth)
      throws CredentialsException, WrongPasswordException {
    for (ASN1Encodable encoded : bags) {
      Contents.requireFewEntries(++entries, file);
      SafeBag bag = SafeBag.getInstance(encoded);
      ASN1ObjectIdentifier type = bag.getBagId();
      if (PKCSObjectIdentifiers.certBag.equals(type)) {
        CertBag certificate = CertBag.getInstance(bag.getBagValue());
        if (PKCSObjectIdentifiers.x509Certificate.equals(certificate.getCertId())) {
          byte[] der = octets(certificate.getCertValue());
          add(certificates, () -> Contents.certificate(der, file));
        }
      } else if (PKCSObjectIdentifiers.keyBag.equals(type)) {
        PrivateKeyInfo key = PrivateKeyInfo.getInstance(bag.getBagValue());
        add(keys, () -> KeyEntry.of(key, encrypted, bag.getBagAttributes(), file));
      } else if (PKCSObjectIdentifiers.pkcs8ShroudedKeyBag.equals(type)) {
        encrypted = true;
        EncryptedPrivateKeyInfo key = EncryptedPrivateKeyInfo.getInstance(bag.getBagValue());
        PrivateKeyInfo plain =
            PrivateKeyInfo.getInstance(
                decrypt(key.getEncryptionAlgorithm(), key.getEncryptedData()));
        add(keys, () -> KeyEntry.of(plain, true, bag.getBagAttributes(), file));
      } else if (PKCSObjectIdentifiers.safeContentsBag.equals(type) && depth < DEEPEST) {
        readBags(ASN1Sequence.getInstance(bag.getBagValue()), depth + 1);
      }
    }
  }

  @FunctionalInterface
  private interface Entry<T> {
    T read() throws CredentialsException;
  }

  /** An entry that cannot be read does no harm to the others. */
  private <T> void add(List<T> entries, Entry<T> entry) {
    try {
      entries.add(entry.read());
    } catch (CredentialsException e) {
      if (failure == null) {
        failure = e;
      }
    }
  }

  private ASN1Sequence decrypt(AlgorithmIdentifier algorithm, byte[] data)
      throws CredentialsException, WrongPasswordException {
    try {
      return Contents.decrypted(decryptor.decrypt(algorithm, data));
    } catch (WrongPasswordException e) {
      if (passwordProved) {
        throw Problem.DAMAGED.because(
            e, file, "its password is right, but a part of it does not open");
      }
      throw e;
    }
  }

  private byte[] octets(@Nullable ASN1Encodable content) throws CredentialsException {
    if (content instanceof ASN1OctetString octets) {
      return octets.getOctets();
    }
    throw Problem.DAMAGED.in(file, "content missing");
  }
}
