// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.misc.MiscObjectIdentifiers;
import org.bouncycastle.asn1.misc.ScryptParams;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.KeyDerivationFunc;
import org.bouncycastle.asn1.pkcs.MacData;
import org.bouncycastle.asn1.pkcs.PBEParameter;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCS12PBEParams;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.crypto.BlockCipher;
import org.bouncycastle.crypto.CipherParameters;
import org.bouncycastle.crypto.Digest;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.PBEParametersGenerator;
import org.bouncycastle.crypto.StreamCipher;
import org.bouncycastle.crypto.engines.AESEngine;
import org.bouncycastle.crypto.engines.DESEngine;
import org.bouncycastle.crypto.engines.DESedeEngine;
import org.bouncycastle.crypto.engines.RC2Engine;
import org.bouncycastle.crypto.engines.RC4Engine;
import org.bouncycastle.crypto.generators.OpenSSLPBEParametersGenerator;
import org.bouncycastle.crypto.generators.PKCS12ParametersGenerator;
import org.bouncycastle.crypto.generators.PKCS5S1ParametersGenerator;
import org.bouncycastle.crypto.generators.PKCS5S2ParametersGenerator;
import org.bouncycastle.crypto.generators.SCrypt;
import org.bouncycastle.crypto.macs.HMac;
import org.bouncycastle.crypto.modes.CBCBlockCipher;
import org.bouncycastle.crypto.paddings.PaddedBufferedBlockCipher;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithIV;
import org.bouncycastle.crypto.util.DigestFactory;
import org.bouncycastle.util.encoders.DecoderException;
import org.bouncycastle.util.encoders.Hex;

/**
 * Opens what a password protects, in every way that Keychain, openssl and the JDK protect it. Works
 * on Bouncy Castle's lightweight classes: the JDK lacks half of these ciphers, and no provider has
 * to be registered.
 *
 * <p>All derivations of one file share a budget. What is over it is refused before anything is
 * derived: the file itself says how many iterations it wants, and the file may be hostile.
 */
final class Decryptor {
  private static final int MOST_ITERATIONS = 5_000_000;
  private static final int MOST_SCRYPT_BYTES = 64 << 20;

  /**
   * The password does not fit. Becomes a {@link CredentialsException} once no other form of it is
   * left to try.
   */
  static final class WrongPasswordException extends Exception {
    private static final long serialVersionUID = 1;
  }

  /**
   * A cipher, with its key length in bits as the object identifier or the PEM header implies it.
   */
  private record Cipher(Supplier<BlockCipher> engine, int keyBits) {}

  private static final Cipher DES = new Cipher(DESEngine::new, 64);
  private static final Cipher TRIPLE_DES = new Cipher(DESedeEngine::new, 192);
  private static final Cipher AES_128 = new Cipher(AESEngine::newInstance, 128);
  private static final Cipher AES_192 = new Cipher(AESEngine::newInstance, 192);
  private static final Cipher AES_256 = new Cipher(AESEngine::newInstance, 256);

  private static final Map<ASN1ObjectIdentifier, Cipher> PKCS12 =
      Map.of(
          PKCSObjectIdentifiers.pbeWithSHAAnd3_KeyTripleDES_CBC, TRIPLE_DES,
          PKCSObjectIdentifiers.pbeWithSHAAnd2_KeyTripleDES_CBC, new Cipher(DESedeEngine::new, 128),
          PKCSObjectIdentifiers.pbeWithSHAAnd128BitRC2_CBC, new Cipher(RC2Engine::new, 128),
          PKCSObjectIdentifiers.pbeWithSHAAnd40BitRC2_CBC, new Cipher(RC2Engine::new, 40));
  private static final Map<ASN1ObjectIdentifier, Integer> PKCS12_RC4 =
      Map.of(
          PKCSObjectIdentifiers.pbeWithSHAAnd128BitRC4, 128,
          PKCSObjectIdentifiers.pbeWithSHAAnd40BitRC4, 40);
  private static final Map<ASN1ObjectIdentifier, Supplier<Digest>> PBES1_DES =
      Map.of(
          PKCSObjectIdentifiers.pbeWithMD5AndDES_CBC, DigestFactory::createMD5,
          PKCSObjectIdentifiers.pbeWithSHA1AndDES_CBC, DigestFactory::createSHA1);
  private static final Map<ASN1ObjectIdentifier, Cipher> PBES2 =
      Map.of(
          PKCSObjectIdentifiers.des_EDE3_CBC, TRIPLE_DES,
          NISTObjectIdentifiers.id_aes128_CBC, AES_128,
          NISTObjectIdentifiers.id_aes192_CBC, AES_192,
          NISTObjectIdentifiers.id_aes256_CBC, AES_256);
  private static final Map<String, Cipher> DEK_INFO =
      Map.of(
          "DES-CBC", DES,
          "DES-EDE3-CBC", TRIPLE_DES,
          "AES-128-CBC", AES_128,
          "AES-192-CBC", AES_192,
          "AES-256-CBC", AES_256);
  private static final Map<ASN1ObjectIdentifier, Supplier<Digest>> HMACS =
      Map.of(
          PKCSObjectIdentifiers.id_hmacWithSHA1, DigestFactory::createSHA1,
          PKCSObjectIdentifiers.id_hmacWithSHA224, DigestFactory::createSHA224,
          PKCSObjectIdentifiers.id_hmacWithSHA256, DigestFactory::createSHA256,
          PKCSObjectIdentifiers.id_hmacWithSHA384, DigestFactory::createSHA384,
          PKCSObjectIdentifiers.id_hmacWithSHA512, DigestFactory::createSHA512);
  private static final Map<ASN1ObjectIdentifier, Supplier<Digest>> MAC_DIGESTS =
      Map.of(
          OIWObjectIdentifiers.idSHA1, DigestFactory::createSHA1,
          NISTObjectIdentifiers.id_sha224, DigestFactory::createSHA224,
          NISTObjectIdentifiers.id_sha256, DigestFactory::createSHA256,
          NISTObjectIdentifiers.id_sha384, DigestFactory::createSHA384,
          NISTObjectIdentifiers.id_sha512, DigestFactory::createSHA512);

  private final String file;
  private final byte[] utf8;
  private byte[] bmp;
  private long iterations;
  private long scryptBytes;

  Decryptor(String file, Password password) {
    this.file = file;
    utf8 = password.utf8();
    bmp = password.bmp();
  }

  /**
   * Some writers encode the empty PKCS#12 password without its final zero, as no bytes at all.
   * Returns whether that is something new to try.
   */
  boolean useBareEmptyPassword() {
    boolean isNew = utf8.length == 0 && bmp.length > 0;
    if (isNew) {
      bmp = new byte[0];
    }
    return isNew;
  }

  /**
   * Returns the plain text, of which a wrong password makes nonsense when it happens to leave valid
   * padding.
   */
  byte[] decrypt(AlgorithmIdentifier algorithm, byte[] data)
      throws CredentialsException, WrongPasswordException {
    ASN1ObjectIdentifier id = algorithm.getAlgorithm();
    if (PKCSObjectIdentifiers.id_PBES2.equals(id)) {
      return decryptPbes2(PBES2Parameters.getInstance(algorithm.getParameters()), data);
    }
    Cipher cipher = PKCS12.get(id);
    if (cipher != null) {
      PBEParametersGenerator key =
          pkcs12Key(PKCS12PBEParams.getInstance(algorithm.getParameters()));
      return decrypt(cipher.engine.get(), key.generateDerivedParameters(cipher.keyBits, 64), data);
    }
    Integer rc4Bits = PKCS12_RC4.get(id);
    if (rc4Bits != null) {
      PBEParametersGenerator key =
          pkcs12Key(PKCS12PBEParams.getInstance(algorithm.getParameters()));
      StreamCipher rc4 = new RC4Engine();
      rc4.init(false, key.generateDerivedParameters(rc4Bits));
      byte[] plain = new byte[data.length];
      rc4.processBytes(data, 0, data.length, plain, 0);
      return plain;
    }
    Supplier<Digest> digest = PBES1_DES.get(id);
    if (digest != null) {
      PBEParameter parameters = PBEParameter.getInstance(algorithm.getParameters());
      int rounds = spendIterations(parameters.getIterationCount());
      PBEParametersGenerator key = new PKCS5S1ParametersGenerator(digest.get());
      key.init(utf8, parameters.getSalt(), rounds);
      return decrypt(DES.engine.get(), key.generateDerivedParameters(DES.keyBits, 64), data);
    }
    throw Problem.UNSUPPORTED_ENCRYPTION.in(file, id.getId());
  }

  private PBEParametersGenerator pkcs12Key(PKCS12PBEParams parameters) throws CredentialsException {
    int rounds = spendIterations(parameters.getIterations());
    PBEParametersGenerator key = new PKCS12ParametersGenerator(DigestFactory.createSHA1());
    key.init(bmp, parameters.getIV(), rounds);
    return key;
  }

  private byte[] decryptPbes2(PBES2Parameters parameters, byte[] data)
      throws CredentialsException, WrongPasswordException {
    EncryptionScheme scheme = parameters.getEncryptionScheme();
    Cipher cipher = PBES2.get(scheme.getAlgorithm());
    if (cipher == null) {
      throw Problem.UNSUPPORTED_ENCRYPTION.in(file, scheme.getAlgorithm().getId());
    }
    byte[] iv = ASN1OctetString.getInstance(scheme.getParameters()).getOctets();
    KeyParameter key = pbes2Key(parameters.getKeyDerivationFunc(), cipher.keyBits);
    return decrypt(cipher.engine.get(), new ParametersWithIV(key, iv), data);
  }

  private KeyParameter pbes2Key(KeyDerivationFunc derivation, int keyBits)
      throws CredentialsException {
    ASN1ObjectIdentifier id = derivation.getAlgorithm();
    if (PKCSObjectIdentifiers.id_PBKDF2.equals(id)) {
      PBKDF2Params parameters = PBKDF2Params.getInstance(derivation.getParameters());
      Supplier<Digest> digest = HMACS.get(parameters.getPrf().getAlgorithm());
      if (digest == null) {
        throw Problem.UNSUPPORTED_ENCRYPTION.in(file, parameters.getPrf().getAlgorithm().getId());
      }
      int rounds = spendIterations(parameters.getIterationCount());
      return pbkdf2(digest.get(), utf8, parameters.getSalt(), rounds, keyBits);
    }
    if (MiscObjectIdentifiers.id_scrypt.equals(id)) {
      ScryptParams parameters = ScryptParams.getInstance(derivation.getParameters());
      BigInteger n = parameters.getCostParameter();
      BigInteger r = parameters.getBlockSize();
      BigInteger p = parameters.getParallelizationParameter();
      spendScrypt(n, r, p);
      return new KeyParameter(
          SCrypt.generate(
              utf8, parameters.getSalt(), n.intValue(), r.intValue(), p.intValue(), keyBits / 8));
    }
    throw Problem.UNSUPPORTED_ENCRYPTION.in(file, id.getId());
  }

  static KeyParameter pbkdf2(
      Digest digest, byte[] password, byte[] salt, int iterations, int keyBits) {
    PBEParametersGenerator generator = new PKCS5S2ParametersGenerator(digest);
    generator.init(password, salt, iterations);
    return (KeyParameter) generator.generateDerivedMacParameters(keyBits);
  }

  /** The encryption of {@code DEK-Info: AES-128-CBC,<initialization vector in hex>}. */
  byte[] decryptDekInfo(String dekInfo, byte[] data)
      throws CredentialsException, WrongPasswordException {
    int comma = dekInfo.indexOf(',');
    String name = comma < 0 ? dekInfo : dekInfo.substring(0, comma).strip();
    Cipher cipher = DEK_INFO.get(name);
    if (cipher == null) {
      throw Problem.UNSUPPORTED_ENCRYPTION.in(file, name);
    }
    BlockCipher engine = cipher.engine.get();
    byte[] iv;
    try {
      iv = Hex.decode(dekInfo.substring(comma + 1).strip());
    } catch (DecoderException e) {
      throw Problem.DAMAGED.because(e, file, "DEK-Info is not hexadecimal");
    }
    if (iv.length != engine.getBlockSize()) {
      throw Problem.DAMAGED.in(file, "DEK-Info has the wrong length");
    }
    OpenSSLPBEParametersGenerator generator = new OpenSSLPBEParametersGenerator();
    generator.init(utf8, Arrays.copyOf(iv, 8));
    CipherParameters key = generator.generateDerivedParameters(cipher.keyBits);
    return decrypt(engine, new ParametersWithIV(key, iv), data);
  }

  /** Returns whether the password made the file's MAC. */
  boolean verifies(MacData mac, byte[] content) throws CredentialsException {
    ASN1ObjectIdentifier id = mac.getMac().getAlgorithmId().getAlgorithm();
    Supplier<Digest> digest = MAC_DIGESTS.get(id);
    if (digest == null) {
      throw Problem.UNSUPPORTED_ENCRYPTION.in(file, id.getId());
    }
    int rounds = spendIterations(mac.getIterationCount());
    HMac hmac = new HMac(digest.get());
    PBEParametersGenerator key = new PKCS12ParametersGenerator(digest.get());
    key.init(bmp, mac.getSalt(), rounds);
    hmac.init(key.generateDerivedMacParameters(hmac.getMacSize() * 8));
    hmac.update(content, 0, content.length);
    byte[] computed = new byte[hmac.getMacSize()];
    hmac.doFinal(computed, 0);
    return org.bouncycastle.util.Arrays.constantTimeAreEqual(computed, mac.getMac().getDigest());
  }

  private static byte[] decrypt(BlockCipher engine, CipherParameters key, byte[] data)
      throws WrongPasswordException {
    PaddedBufferedBlockCipher cipher =
        new PaddedBufferedBlockCipher(CBCBlockCipher.newInstance(engine));
    cipher.init(false, key);
    byte[] plain = new byte[cipher.getOutputSize(data.length)];
    try {
      int length = cipher.processBytes(data, 0, data.length, plain, 0);
      length += cipher.doFinal(plain, length);
      return Arrays.copyOf(plain, length);
    } catch (InvalidCipherTextException e) {
      throw new WrongPasswordException();
    } finally {
      Arrays.fill(plain, (byte) 0);
    }
  }

  private int spendIterations(BigInteger wanted) throws CredentialsException {
    if (wanted.signum() <= 0) {
      throw Problem.DAMAGED.in(file, wanted + " key derivation iterations");
    }
    if (wanted.bitLength() > 31 || iterations + wanted.intValue() > MOST_ITERATIONS) {
      BigInteger sum = wanted.add(BigInteger.valueOf(iterations));
      throw Problem.TOO_COSTLY.in(
          file, sum + " key derivation iterations, where " + MOST_ITERATIONS + " are the limit");
    }
    iterations += wanted.intValue();
    return wanted.intValue();
  }

  /**
   * Counts the parallel lanes too: they are computed one after the other, each as costly as the
   * memory says.
   */
  private void spendScrypt(BigInteger n, BigInteger r, BigInteger p) throws CredentialsException {
    if (n.compareTo(BigInteger.ONE) <= 0
        || n.bitCount() != 1
        || r.signum() <= 0
        || p.signum() <= 0) {
      throw Problem.DAMAGED.in(file, "impossible scrypt parameters");
    }
    BigInteger bytes = n.multiply(r).multiply(p).shiftLeft(7);
    if (bytes.bitLength() > 31 || scryptBytes + bytes.intValue() > MOST_SCRYPT_BYTES) {
      throw Problem.TOO_COSTLY.in(
          file, "more than the " + (MOST_SCRYPT_BYTES >> 20) + " MiB that scrypt may use");
    }
    scryptBytes += bytes.intValue();
  }
}
