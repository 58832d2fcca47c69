// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.KeyDerivationFunc;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;

/** PEM blocks as OpenSSL 3 writes them. */
final class PemFile {
  private static final int ITERATIONS = 2048;
  private static final SecureRandom random = new SecureRandom();

  private PemFile() {}

  static String certificate(X509Certificate certificate) {
    try {
      return block("CERTIFICATE", certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e); // it was made or parsed from its encoding
    }
  }

  /** A P-256 key as in Apple's .p8 files, which repeat the curve and hold the public key too. */
  static String signingKey(KeyPair key) {
    byte[] point =
        SubjectPublicKeyInfo.getInstance(key.getPublic().getEncoded())
            .getPublicKeyData()
            .getOctets();
    BigInteger secret = ((java.security.interfaces.ECPrivateKey) key.getPrivate()).getS();
    ASN1ObjectIdentifier curve = SECObjectIdentifiers.secp256r1;
    try {
      return block(
          "PRIVATE KEY",
          new PrivateKeyInfo(
                  new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, curve),
                  new ECPrivateKey(256, secret, new DERBitString(point), curve))
              .getEncoded());
    } catch (IOException e) {
      throw new IllegalStateException(e); // all in memory
    }
  }

  /** What {@code openssl pkcs12 -nocerts} prints: the bag's attributes, then the encrypted key. */
  static String encryptedKey(PrivateKey key, String friendlyName, byte[] keyId, char[] password) {
    String id = HexFormat.ofDelimiter(" ").withUpperCase().formatHex(keyId);
    return "Bag Attributes\n    friendlyName: "
        + friendlyName
        + "\n    localKeyID: "
        + id
        + " \nKey Attributes: <No Attributes>\n"
        + block("ENCRYPTED PRIVATE KEY", encrypt(key.getEncoded(), password));
  }

  private static byte[] encrypt(byte[] key, char[] password) {
    byte[] salt = new byte[8];
    byte[] iv = new byte[16];
    random.nextBytes(salt);
    random.nextBytes(iv);
    try {
      byte[] aesKey =
          SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
              .generateSecret(new PBEKeySpec(password, salt, ITERATIONS, 256))
              .getEncoded();
      Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding");
      cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(aesKey, "AES"), new IvParameterSpec(iv));
      AlgorithmIdentifier hmac =
          new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE);
      PBES2Parameters parameters =
          new PBES2Parameters(
              new KeyDerivationFunc(
                  PKCSObjectIdentifiers.id_PBKDF2, new PBKDF2Params(salt, ITERATIONS, hmac)),
              new EncryptionScheme(NISTObjectIdentifiers.id_aes256_CBC, new DEROctetString(iv)));
      return new EncryptedPrivateKeyInfo(
              new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBES2, parameters),
              cipher.doFinal(key))
          .getEncoded();
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e); // all in memory, all algorithms in every JDK
    }
  }

  private static String block(String type, byte[] der) {
    byte[] newline = {'\n'};
    return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
        .formatted(type, Base64.getMimeEncoder(64, newline).encodeToString(der));
  }
}
