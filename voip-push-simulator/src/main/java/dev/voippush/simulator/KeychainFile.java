// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.DERBMPString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.DLSequence;
import org.bouncycastle.asn1.DLSet;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.CertBag;
import org.bouncycastle.asn1.pkcs.ContentInfo;
import org.bouncycastle.asn1.pkcs.EncryptedData;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.MacData;
import org.bouncycastle.asn1.pkcs.PKCS12PBEParams;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.Pfx;
import org.bouncycastle.asn1.pkcs.SafeBag;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.DigestInfo;
import org.bouncycastle.crypto.BlockCipher;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.PBEParametersGenerator;
import org.bouncycastle.crypto.digests.SHA1Digest;
import org.bouncycastle.crypto.engines.DESedeEngine;
import org.bouncycastle.crypto.engines.RC2Engine;
import org.bouncycastle.crypto.generators.PKCS12ParametersGenerator;
import org.bouncycastle.crypto.modes.CBCBlockCipher;
import org.bouncycastle.crypto.paddings.PaddedBufferedBlockCipher;
import org.bouncycastle.crypto.params.KeyParameter;

/**
 * A .p12 exactly as macOS Keychain Access exports an identity: the certificate encrypted with
 * 40-bit RC2, the key with 3DES (2048 iterations, salts of 8 bytes), an HMAC-SHA1 of one iteration,
 * and on both bags a friendlyName and the SHA-1 of the public key as localKeyID. OpenSSL 3 reads it
 * only with {@code -legacy}, which is why we need one like it.
 */
final class KeychainFile {
  private static final int ITERATIONS = 2048;
  private static final SecureRandom random = new SecureRandom();

  private final char[] password;

  private KeychainFile(char[] password) {
    this.password = password;
  }

  static byte[] encode(
      X509Certificate certificate,
      String certificateLabel,
      PrivateKey key,
      String keyLabel,
      char[] password) {
    try {
      return new KeychainFile(password).pfx(certificate, certificateLabel, key, keyLabel);
    } catch (IOException | GeneralSecurityException | InvalidCipherTextException e) {
      throw new IllegalStateException(e); // all in memory, all algorithms at hand
    }
  }

  private byte[] pfx(
      X509Certificate certificate, String certificateLabel, PrivateKey key, String keyLabel)
      throws IOException, GeneralSecurityException, InvalidCipherTextException {
    byte[] keyId = SimulatorCredentials.localKeyId(certificate);
    SafeBag certificateBag =
        new SafeBag(
            PKCSObjectIdentifiers.certBag,
            new CertBag(
                PKCSObjectIdentifiers.x509Certificate,
                new DEROctetString(certificate.getEncoded())),
            attributes(certificateLabel, keyId));
    PKCS12PBEParams rc2 = parameters();
    EncryptedData certificates =
        new EncryptedData(
            PKCSObjectIdentifiers.data,
            new AlgorithmIdentifier(PKCSObjectIdentifiers.pbeWithSHAAnd40BitRC2_CBC, rc2),
            new DEROctetString(
                encrypt(new RC2Engine(), 40, rc2, encode(new DLSequence(certificateBag)))));

    PKCS12PBEParams tripleDes = parameters();
    SafeBag keyBag =
        new SafeBag(
            PKCSObjectIdentifiers.pkcs8ShroudedKeyBag,
            new EncryptedPrivateKeyInfo(
                new AlgorithmIdentifier(
                    PKCSObjectIdentifiers.pbeWithSHAAnd3_KeyTripleDES_CBC, tripleDes),
                encrypt(new DESedeEngine(), 192, tripleDes, key.getEncoded())),
            attributes(keyLabel, keyId));

    byte[] safe =
        encode(
            new DLSequence(
                new ASN1Encodable[] {
                  new ContentInfo(PKCSObjectIdentifiers.encryptedData, certificates),
                  new ContentInfo(
                      PKCSObjectIdentifiers.data,
                      new DEROctetString(encode(new DLSequence(keyBag))))
                }));
    return encode(
        new Pfx(new ContentInfo(PKCSObjectIdentifiers.data, new DEROctetString(safe)), mac(safe)));
  }

  private MacData mac(byte[] safe) throws GeneralSecurityException {
    byte[] salt = salt();
    PKCS12ParametersGenerator generator = generator(salt, 1);
    byte[] macKey = ((KeyParameter) generator.generateDerivedMacParameters(160)).getKey();
    Mac mac = Mac.getInstance("HmacSHA1");
    mac.init(new SecretKeySpec(macKey, "HmacSHA1"));
    AlgorithmIdentifier sha1 =
        new AlgorithmIdentifier(OIWObjectIdentifiers.idSHA1, DERNull.INSTANCE);
    return new MacData(new DigestInfo(sha1, mac.doFinal(safe)), salt, 1);
  }

  private byte[] encrypt(BlockCipher engine, int keyBits, PKCS12PBEParams parameters, byte[] plain)
      throws InvalidCipherTextException {
    PaddedBufferedBlockCipher cipher =
        new PaddedBufferedBlockCipher(CBCBlockCipher.newInstance(engine));
    cipher.init(
        true,
        generator(parameters.getIV(), parameters.getIterations().intValueExact())
            .generateDerivedParameters(keyBits, 64));
    byte[] out = new byte[cipher.getOutputSize(plain.length)];
    int length = cipher.processBytes(plain, 0, plain.length, out, 0);
    length += cipher.doFinal(out, length);
    return Arrays.copyOf(out, length);
  }

  private PKCS12ParametersGenerator generator(byte[] salt, int iterations) {
    PKCS12ParametersGenerator generator = new PKCS12ParametersGenerator(new SHA1Digest());
    generator.init(PBEParametersGenerator.PKCS12PasswordToBytes(password), salt, iterations);
    return generator;
  }

  private static PKCS12PBEParams parameters() {
    return new PKCS12PBEParams(salt(), ITERATIONS);
  }

  private static byte[] salt() {
    byte[] salt = new byte[8];
    random.nextBytes(salt);
    return salt;
  }

  /** In Keychain's order, which is not DER's. */
  private static ASN1Set attributes(String friendlyName, byte[] keyId) {
    return new DLSet(
        new ASN1Encodable[] {
          attribute(PKCSObjectIdentifiers.pkcs_9_at_friendlyName, new DERBMPString(friendlyName)),
          attribute(PKCSObjectIdentifiers.pkcs_9_at_localKeyId, new DEROctetString(keyId))
        });
  }

  private static DLSequence attribute(ASN1ObjectIdentifier type, ASN1Encodable value) {
    return new DLSequence(new ASN1Encodable[] {type, new DERSet(value)});
  }

  private static byte[] encode(ASN1Encodable value) throws IOException {
    return value.toASN1Primitive().getEncoded(ASN1Encoding.DL);
  }
}
