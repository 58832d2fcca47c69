// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECPoint;
import java.security.spec.PKCS8EncodedKeySpec;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;
import org.jspecify.annotations.Nullable;

/**
 * A private key found in a file.
 *
 * @param pkcs8 the key as the file has it, in PKCS#8
 * @param encrypted whether the file protects this key
 * @param attributes friendly name and the like, in the lines that openssl prints above the key
 * @param publicPoint of an EC key: it is compared with every certificate, and takes its time
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record KeyEntry(
    PrivateKey key,
    byte[] pkcs8,
    boolean encrypted,
    String attributes,
    @Nullable ECPoint publicPoint) {

  KeyEntry(PrivateKey key, byte[] pkcs8, boolean encrypted, String attributes) {
    this(
        key, pkcs8, encrypted, attributes, key instanceof ECPrivateKey ec ? publicPoint(ec) : null);
  }

  static KeyEntry of(
      PrivateKeyInfo info, boolean encrypted, @Nullable ASN1Set bagAttributes, String file)
      throws CredentialsException {
    AlgorithmIdentifier algorithm = info.getPrivateKeyAlgorithm();
    try {
      // Without attributes and public key, at which some versions of the JDK stumble.
      byte[] pkcs8 = new PrivateKeyInfo(algorithm, info.parsePrivateKey()).getEncoded();
      PrivateKey key = keyFactory(algorithm, file).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
      if (!(key instanceof RSAPrivateCrtKey || key instanceof ECPrivateKey)) {
        throw Problem.UNSUPPORTED_KEY.in(file, "RSA without its prime factors");
      }
      if (!isPossible(key)) {
        throw Problem.DAMAGED.in(file, "the numbers of its private key cannot be");
      }
      String attributes =
          PemWriter.attributes("Bag Attributes", bagAttributes)
              + PemWriter.attributes("Key Attributes", info.getAttributes());
      return new KeyEntry(key, pkcs8, encrypted, attributes);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      if (e instanceof CredentialsException known) {
        throw known;
      }
      throw Problem.DAMAGED.because(e, file, "its private key has no valid structure");
    }
  }

  /**
   * Looks at the sizes that the JDK leaves open: numbers larger than the key's own size would take
   * minutes to compute with.
   */
  private static boolean isPossible(PrivateKey key) {
    if (key instanceof ECPrivateKey ec) {
      return isBelow(ec.getParams().getOrder(), ec.getS());
    }
    RSAPrivateCrtKey rsa = (RSAPrivateCrtKey) key;
    BigInteger n = rsa.getModulus();
    BigInteger p = rsa.getPrimeP();
    BigInteger q = rsa.getPrimeQ();
    return p.bitLength() + q.bitLength() <= n.bitLength() + 1
        && p.multiply(q).equals(n)
        && isBelow(p, rsa.getPrimeExponentP())
        && isBelow(q, rsa.getPrimeExponentQ())
        && isBelow(p, rsa.getCrtCoefficient());
  }

  private static boolean isBelow(BigInteger limit, BigInteger number) {
    return number.signum() > 0 && number.compareTo(limit) < 0;
  }

  private static KeyFactory keyFactory(AlgorithmIdentifier algorithm, String file)
      throws GeneralSecurityException, CredentialsException {
    ASN1ObjectIdentifier id = algorithm.getAlgorithm();
    if (PKCSObjectIdentifiers.rsaEncryption.equals(id)) {
      return KeyFactory.getInstance("RSA");
    }
    if (!X9ObjectIdentifiers.id_ecPublicKey.equals(id)) {
      throw Problem.UNSUPPORTED_KEY.in(file, id.getId());
    }
    Object curve = algorithm.getParameters();
    if (SECObjectIdentifiers.secp256r1.equals(curve)
        || SECObjectIdentifiers.secp384r1.equals(curve)
        || SECObjectIdentifiers.secp521r1.equals(curve)) {
      return KeyFactory.getInstance("EC");
    }
    String name =
        curve instanceof ASN1ObjectIdentifier named ? named.getId() : "explicit parameters";
    throw Problem.UNSUPPORTED_KEY.in(file, "EC, curve " + name);
  }

  static KeyEntry ofPkcs1(ASN1Sequence rsaKey, boolean encrypted, String file)
      throws CredentialsException {
    return ofInner(
        new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption), rsaKey, encrypted, file);
  }

  static KeyEntry ofSec1(ASN1Sequence ecKey, boolean encrypted, String file)
      throws CredentialsException {
    AlgorithmIdentifier algorithm;
    try {
      algorithm =
          new AlgorithmIdentifier(
              X9ObjectIdentifiers.id_ecPublicKey,
              org.bouncycastle.asn1.sec.ECPrivateKey.getInstance(ecKey).getParametersObject());
    } catch (RuntimeException e) {
      throw Problem.DAMAGED.because(e, file, "its private key has no valid structure");
    }
    return ofInner(algorithm, ecKey, encrypted, file);
  }

  private static KeyEntry ofInner(
      AlgorithmIdentifier algorithm, ASN1Sequence key, boolean encrypted, String file)
      throws CredentialsException {
    try {
      return of(new PrivateKeyInfo(algorithm, key), encrypted, null, file);
    } catch (IOException e) {
      if (e instanceof CredentialsException known) {
        throw known;
      }
      throw Problem.DAMAGED.because(e, file, "its private key has no valid structure");
    }
  }

  /** Returns whether this is the private half of the public key. */
  boolean fits(PublicKey other) {
    if (key instanceof RSAPrivateCrtKey rsa && other instanceof RSAPublicKey publicRsa) {
      return rsa.getModulus().equals(publicRsa.getModulus())
          && rsa.getPublicExponent().equals(publicRsa.getPublicExponent());
    }
    if (key instanceof ECPrivateKey ec && other instanceof ECPublicKey publicEc) {
      return ec.getParams().getOrder().equals(publicEc.getParams().getOrder())
          && publicEc.getW().equals(publicPoint);
    }
    return false;
  }

  /** The private key as a multiple of the curve's base point: what the JDK does not compute. */
  private static ECPoint publicPoint(ECPrivateKey key) {
    X9ECParameters curve =
        CustomNamedCurves.getByName("secp" + key.getParams().getOrder().bitLength() + "r1");
    org.bouncycastle.math.ec.ECPoint point =
        new FixedPointCombMultiplier().multiply(curve.getG(), key.getS()).normalize();
    return point.isInfinity()
        ? ECPoint.POINT_INFINITY
        : new ECPoint(
            point.getAffineXCoord().toBigInteger(), point.getAffineYCoord().toBigInteger());
  }

  /** Keeps what is secret out of logs. */
  @Override
  public String toString() {
    return "KeyEntry[" + key.getAlgorithm() + "]";
  }
}
