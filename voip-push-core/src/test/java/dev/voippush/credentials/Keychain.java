// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.security.KeyPair;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.DERBMPString;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.crypto.engines.DESedeEngine;
import org.bouncycastle.crypto.engines.RC2Engine;
import org.bouncycastle.crypto.modes.CBCBlockCipher;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.pkcs.PKCS12PfxPduBuilder;
import org.bouncycastle.pkcs.PKCS12SafeBag;
import org.bouncycastle.pkcs.PKCS12SafeBagBuilder;
import org.bouncycastle.pkcs.bc.BcPKCS12MacCalculatorBuilder;
import org.bouncycastle.pkcs.bc.BcPKCS12PBEOutputEncryptorBuilder;

/**
 * Writes PKCS#12 files as macOS Keychain exports them: certificates under RC2-40, keys under 3DES,
 * a SHA-1 MAC with one iteration, and as friendly name a label, which is the same for all keys of
 * one person.
 */
final class Keychain {
  private record Item(String label, PublicKey publicKey, Object content) {}

  private final List<Item> certificates = new ArrayList<>();
  private final List<Item> keys = new ArrayList<>();
  private int iterations = 2048;
  private boolean mac = true;
  private String encoding = "DER";

  static byte[] export(KeyPair key, X509Certificate certificate, String password) {
    return new Keychain().identity("My Key", key, certificate).write(password);
  }

  Keychain identity(String label, KeyPair key, X509Certificate certificate) {
    return certificate(label, certificate).key(label, key);
  }

  Keychain certificate(String label, X509Certificate certificate) {
    try {
      return certificate(
          label, certificate.getPublicKey(), new JcaX509CertificateHolder(certificate));
    } catch (CertificateEncodingException e) {
      throw new AssertionError(e);
    }
  }

  Keychain certificate(String label, PublicKey key, X509CertificateHolder certificate) {
    certificates.add(new Item(label, key, certificate));
    return this;
  }

  Keychain key(String label, KeyPair key) {
    keys.add(
        new Item(
            label, key.getPublic(), PrivateKeyInfo.getInstance(key.getPrivate().getEncoded())));
    return this;
  }

  Keychain iterations(int iterations) {
    this.iterations = iterations;
    return this;
  }

  /** With lengths left open, as some writers do. */
  Keychain indefiniteLength() {
    encoding = "BER";
    return this;
  }

  Keychain withoutMac() {
    mac = false;
    return this;
  }

  byte[] write(String password) {
    char[] chars = password.toCharArray();
    try {
      PKCS12PfxPduBuilder file = new PKCS12PfxPduBuilder();
      if (!certificates.isEmpty()) {
        PKCS12SafeBag[] bags = new PKCS12SafeBag[certificates.size()];
        for (int i = 0; i < bags.length; i++) {
          Item item = certificates.get(i);
          bags[i] = label(new PKCS12SafeBagBuilder((X509CertificateHolder) item.content()), item);
        }
        OutputEncryptor rc2 =
            new BcPKCS12PBEOutputEncryptorBuilder(
                    PKCSObjectIdentifiers.pbeWithSHAAnd40BitRC2_CBC,
                    CBCBlockCipher.newInstance(new RC2Engine()))
                .setIterationCount(iterations)
                .build(chars);
        file.addEncryptedData(rc2, bags);
      }
      for (Item key : keys) {
        OutputEncryptor tripleDes =
            new BcPKCS12PBEOutputEncryptorBuilder(
                    PKCSObjectIdentifiers.pbeWithSHAAnd3_KeyTripleDES_CBC,
                    CBCBlockCipher.newInstance(new DESedeEngine()))
                .setIterationCount(iterations)
                .build(chars);
        file.addData(
            label(new PKCS12SafeBagBuilder((PrivateKeyInfo) key.content(), tripleDes), key));
      }
      BcPKCS12MacCalculatorBuilder sha1 = new BcPKCS12MacCalculatorBuilder().setIterationCount(1);
      return file.build(mac ? sha1 : null, chars).getEncoded(encoding);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static PKCS12SafeBag label(PKCS12SafeBagBuilder bag, Item item) throws Exception {
    return bag.addBagAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_friendlyName, new DERBMPString(item.label()))
        .addBagAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_localKeyId,
            new JcaX509ExtensionUtils().createSubjectKeyIdentifier(item.publicKey()))
        .build();
  }
}
