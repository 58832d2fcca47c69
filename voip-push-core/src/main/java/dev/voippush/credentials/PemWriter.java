// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.security.SecureRandom;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.ASN1String;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.KeyDerivationFunc;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.engines.AESEngine;
import org.bouncycastle.crypto.modes.CBCBlockCipher;
import org.bouncycastle.crypto.paddings.PaddedBufferedBlockCipher;
import org.bouncycastle.crypto.params.ParametersWithIV;
import org.bouncycastle.crypto.util.DigestFactory;
import org.jspecify.annotations.Nullable;

/** Writes certificates and keys in the words and columns of openssl. */
final class PemWriter {
  /**
   * Makes guessing costly (OWASP's advice for this derivation), and reading take a few tenths of a
   * second.
   */
  private static final int ITERATIONS = 600_000;

  private static final AlgorithmIdentifier HMAC_SHA256 =
      new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE);
  private static final Base64.Encoder BASE64 = Base64.getMimeEncoder(64, new byte[] {'\n'});
  private static final SecureRandom RANDOM = new SecureRandom();

  private PemWriter() {}

  static byte[] certificate(X509Certificate certificate) {
    try {
      return block("CERTIFICATE", certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read has an encoding", e);
    }
  }

  /** Returns the key under its attributes, as {@code openssl pkcs12 -nocerts} prints it. */
  static byte[] key(KeyEntry key, char @Nullable [] passphrase) {
    byte[] text = key.attributes().getBytes(UTF_8);
    try (Password password = new Password(passphrase)) {
      return join(
          text,
          password.given()
              ? block("ENCRYPTED PRIVATE KEY", encrypt(key.pkcs8(), password.utf8()))
              : block("PRIVATE KEY", key.pkcs8()));
    }
  }

  static byte[] join(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static byte[] block(String type, byte[] der) {
    String text =
        "-----BEGIN "
            + type
            + "-----\n"
            + BASE64.encodeToString(der)
            + "\n-----END "
            + type
            + "-----\n";
    return text.getBytes(US_ASCII);
  }

  private static byte[] encrypt(byte[] pkcs8, byte[] password) {
    byte[] salt = random();
    byte[] iv = random();
    var key = Decryptor.pbkdf2(DigestFactory.createSHA256(), password, salt, ITERATIONS, 256);
    PaddedBufferedBlockCipher cipher =
        new PaddedBufferedBlockCipher(CBCBlockCipher.newInstance(AESEngine.newInstance()));
    cipher.init(true, new ParametersWithIV(key, iv));
    byte[] data = new byte[cipher.getOutputSize(pkcs8.length)];
    int length = cipher.processBytes(pkcs8, 0, pkcs8.length, data, 0);
    PBES2Parameters parameters =
        new PBES2Parameters(
            new KeyDerivationFunc(
                PKCSObjectIdentifiers.id_PBKDF2, new PBKDF2Params(salt, ITERATIONS, HMAC_SHA256)),
            new EncryptionScheme(NISTObjectIdentifiers.id_aes256_CBC, new DEROctetString(iv)));
    try {
      cipher.doFinal(data, length);
      return new EncryptedPrivateKeyInfo(
              new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBES2, parameters), data)
          .getEncoded();
    } catch (InvalidCipherTextException | IOException e) {
      throw new IllegalStateException("encrypting in memory does not fail", e);
    }
  }

  private static byte[] random() {
    byte[] bytes = new byte[16];
    RANDOM.nextBytes(bytes);
    return bytes;
  }

  /** Returns attributes as openssl prints them. */
  static String attributes(String title, @Nullable ASN1Set attributes) {
    if (attributes == null) {
      return title + ": <No Attributes>\n";
    }
    if (attributes.size() == 0) {
      return title + ": <Empty Attributes>\n";
    }
    StringBuilder out = new StringBuilder(title).append('\n');
    for (ASN1Encodable encoded : attributes) {
      Attribute attribute = Attribute.getInstance(encoded);
      out.append("    ").append(name(attribute.getAttrType())).append(": ");
      ASN1Set values = attribute.getAttrValues();
      if (values.size() == 0) {
        out.append("<No Values>\n");
      }
      for (ASN1Encodable value : values) {
        appendValue(out, value);
      }
    }
    return out.toString();
  }

  private static void appendValue(StringBuilder out, ASN1Encodable value) {
    if (value instanceof ASN1OctetString octets) {
      for (byte octet : octets.getOctets()) {
        out.append(String.format("%02X ", octet));
      }
    } else if (value instanceof ASN1String string) {
      // In UTF-8, where openssl prints every second byte of a label; a label must not start a line
      // of its own.
      out.append(string.getString().replaceAll("\\p{Cntrl}", " "));
    } else {
      out.append("<Unsupported tag>");
    }
    out.append('\n');
  }

  private static String name(ASN1ObjectIdentifier id) {
    if (PKCSObjectIdentifiers.pkcs_9_at_friendlyName.equals(id)) {
      return "friendlyName";
    }
    return PKCSObjectIdentifiers.pkcs_9_at_localKeyId.equals(id) ? "localKeyID" : id.getId();
  }
}
