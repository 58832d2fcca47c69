// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.misc.MiscObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.KeyDerivationFunc;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.RSAPrivateKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.util.BigIntegers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that ask for more than a file may: each is refused before it costs anything. */
class HostileFilesTest {
  private static final String TOO_COSTLY =
      "; export it again with ordinary settings (docs/troubleshooting.md#too-costly)";

  private static final KeyPair OTHER_EC = Apple.ec("secp256r1");
  private static final String IMPOSSIBLE_KEY = "damaged: the numbers of its private key cannot be";

  @ParameterizedTest
  @ValueSource(strings = {"5000001", "2147483648", "99999999999999999999"})
  void iterationsAboveTheLimit(String iterations) {
    assertRefused(
        pbkdf2Key(new BigInteger(iterations)),
        "asks for "
            + iterations
            + " key derivation iterations, where 5000000 are the limit"
            + TOO_COSTLY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1"})
  void iterationsThatCannotBe(String iterations) {
    assertRefused(
        pbkdf2Key(new BigInteger(iterations)),
        "damaged: "
            + iterations
            + " key derivation iterations; copy it again from where it was whole, in binary mode"
            + " (docs/troubleshooting.md#damaged)");
  }

  /**
   * Many derivations within the limit are as costly as one above it: all of a file count together.
   */
  @Test
  void iterationsOfAllKeysTogether() {
    char[] password = "x".toCharArray();
    KeyEntry key =
        new KeyEntry(Apple.EC.getPrivate(), Apple.EC.getPrivate().getEncoded(), false, "");
    String first = new String(PemWriter.key(key, password), US_ASCII); // 600,000 iterations
    String second = Pem.block("ENCRYPTED PRIVATE KEY", pbkdf2Key(BigInteger.valueOf(5_000_000)));

    assertRefused(
        (first + second).getBytes(US_ASCII),
        "asks for 5600000 key derivation iterations, where 5000000 are the limit" + TOO_COSTLY);
  }

  @ParameterizedTest
  @CsvSource({
    "131072, 8, 1", // 128 MiB
    "16384, 8, 5", // 16 MiB, five times
    "2, 1, 2147483648",
    "1073741824, 1073741824, 1073741824"
  })
  void scryptAboveTheLimit(long n, long r, long p) {
    assertRefused(
        scryptKey(n, r, p), "asks for more than the 64 MiB that scrypt may use" + TOO_COSTLY);
  }

  @ParameterizedTest
  @CsvSource({"0, 8, 1", "16383, 8, 1", "16384, 0, 1", "16384, 8, -1", "16384, 8, 0", "1, 1, 1"})
  void scryptThatCannotBe(long n, long r, long p) {
    CredentialsException e =
        assertThrows(CredentialsException.class, () -> read(scryptKey(n, r, p)));
    assertEquals("damaged: impossible scrypt parameters", e.fault());
  }

  @Test
  void scryptOfJust64MiBIsTried() {
    CredentialsException e =
        assertThrows(CredentialsException.class, () -> read(scryptKey(65_536, 8, 1)));
    assertEquals("the password does not open it", e.fault());
  }

  @Test
  void nestedWithoutEnd() {
    byte[] indefinite = new byte[1 << 20];
    for (int i = 0; i < indefinite.length; i += 2) {
      indefinite[i] = 0x30;
      indefinite[i + 1] = (byte) 0x80;
    }
    assertFault(indefinite, "damaged: no valid ASN.1 structure");

    byte[] definite = new byte[1 << 20];
    for (int i = 0, left = definite.length - 5; left >= 0; i += 5, left -= 5) {
      definite[i] = 0x30;
      definite[i + 1] = (byte) 0x83;
      definite[i + 2] = (byte) (left >> 16);
      definite[i + 3] = (byte) (left >> 8);
      definite[i + 4] = (byte) left;
    }
    assertFault(definite, "damaged: no valid ASN.1 structure");
  }

  @Test
  void thousandsOfBlocks() {
    String pem = Pem.of(Apple.voip(Apple.RSA, Apple.BUNDLE)) + Pem.of(Apple.EC.getPrivate());
    String many = pem.repeat((1 << 20) / pem.length());

    assertFault(
        many.getBytes(US_ASCII),
        "the private key belongs to another certificate than \"VoIP Services: com.example.app\"");
  }

  @Test
  void manyCertificatesAndManyOtherKeys() {
    KeyPair key = Apple.ec("secp521r1");
    StringBuilder pem = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      pem.append(Pem.of(Apple.unnamed(key)));
    }
    pem.append(Pem.of(Apple.ec("secp521r1").getPrivate()).repeat(600));
    byte[] file = pem.toString().getBytes(US_ASCII);

    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> assertFault(file, "the private key belongs to another certificate than \"unnamed\""));
  }

  @Test
  void chainWithoutEnd() throws Exception {
    int certificates = 1_500;
    StringBuilder pem = new StringBuilder(Pem.of(Apple.EC.getPrivate()));
    for (int i = 0; i < certificates; i++) {
      X500Name issuer = new X500Name("CN=" + (i + 1));
      X500Name subject = new X500Name("CN=" + i);
      pem.append(Pem.of(Apple.issued(issuer, Apple.EC, subject, Apple.EC, Apple.END)));
    }
    Contents contents =
        Contents.read(new Source("chain.pem", pem.toString().getBytes(US_ASCII)), null);

    List<PushCertificate> identities =
        assertTimeoutPreemptively(
            Duration.ofSeconds(20), () -> Identities.pair(contents, contents));

    assertEquals(certificates, identities.size());
    assertEquals(contents.certificates().subList(0, 10), identities.get(0).chain());
    assertEquals(1, identities.get(certificates - 1).chain().size());
  }

  /** Nobody's signature is looked for without end: after 200 the newest of the name is taken. */
  @Test
  void manyAuthoritiesOfOneName() throws Exception {
    X500Name name = new X500Name("CN=x");
    StringBuilder pem = new StringBuilder(Pem.of(Apple.EC.getPrivate()));
    int certificates = 1_500;
    for (int i = 0; i < certificates; i++) {
      Instant end = Apple.START.plusSeconds(i);
      pem.append(Pem.of(Apple.issued(name, OTHER_EC, name, Apple.EC, end)));
    }
    Contents contents =
        Contents.read(new Source("names.pem", pem.toString().getBytes(US_ASCII)), null);

    List<PushCertificate> identities =
        assertTimeoutPreemptively(
            Duration.ofSeconds(20), () -> Identities.pair(contents, contents));

    assertEquals(
        List.of(contents.certificates().get(0), contents.certificates().get(certificates - 1)),
        identities.get(0).chain());
  }

  @Test
  void moreEntriesThanAFileMayHave() throws Exception {
    String message =
        "asks for more than the 2000 certificates and keys that a file may have" + TOO_COSTLY;
    String block = Pem.block("X", new byte[] {1});
    assertRefused(block.repeat(2_001).getBytes(US_ASCII), message);
    assertFault(block.repeat(2_000).getBytes(US_ASCII), "holds only X");

    X500Name name = new X500Name("CN=x");
    X509Certificate small = Apple.issued(name, Apple.EC, name, Apple.EC, Apple.END);
    Keychain keychain = new Keychain().iterations(1);
    for (int i = 0; i < 2_000; i++) {
      keychain.certificate("x", small);
    }
    assertFault(keychain.write("x"), "no private key entry");
    assertRefused(keychain.certificate("x", small).write("x"), message);
  }

  @Test
  void privateNumberOutsideOfItsCurve() throws Exception {
    String certificate = Pem.of(Apple.voip(Apple.EC, Apple.BUNDLE));
    byte[] giant = new byte[8_192];
    giant[0] = (byte) 0x80;
    BigInteger order = ((ECPrivateKey) Apple.EC.getPrivate()).getParams().getOrder();
    for (byte[] number : List.of(new byte[32], unsigned(order), giant)) {
      byte[] key = ecKey(number);
      byte[] pem = (certificate + Pem.block("PRIVATE KEY", key)).getBytes(US_ASCII);

      assertFault(pem, IMPOSSIBLE_KEY);
      CredentialsException e =
          assertThrows(
              CredentialsException.class,
              () ->
                  SigningKey.fromPem(
                      new ByteArrayInputStream(Pem.block("PRIVATE KEY", key).getBytes(US_ASCII)),
                      "ABCDE12345",
                      Apple.TEAM));
      assertEquals(IMPOSSIBLE_KEY, e.fault());
    }
    byte[] last = ecKey(unsigned(order.subtract(BigInteger.ONE)));
    assertFault(
        (certificate + Pem.block("PRIVATE KEY", last)).getBytes(US_ASCII),
        "the private key belongs to another certificate than \"VoIP Services: com.example.app\"");
  }

  /** With such numbers one signature takes minutes. */
  @Test
  void primesThatAreNotThoseOfTheModulus() throws Exception {
    String certificate = Pem.of(Apple.voip(Apple.RSA, Apple.BUNDLE));
    RSAPrivateCrtKey key = (RSAPrivateCrtKey) Apple.RSA.getPrivate();
    BigInteger p = key.getPrimeP();
    BigInteger q = key.getPrimeQ();
    BigInteger dp = key.getPrimeExponentP();
    BigInteger dq = key.getPrimeExponentQ();
    BigInteger inverse = key.getCrtCoefficient();
    BigInteger giant = BigInteger.ONE.shiftLeft(1 << 18).subtract(BigInteger.ONE);
    for (byte[] pkcs8 :
        List.of(
            rsaKey(key, giant, q, giant.subtract(BigInteger.TWO), dq, inverse),
            rsaKey(key, p, giant, dp, giant.subtract(BigInteger.TWO), inverse),
            rsaKey(key, p, q, giant, dq, inverse),
            rsaKey(key, p, q, dp, giant, inverse),
            rsaKey(key, p, q, dp, dq, giant),
            rsaKey(key, p.add(BigInteger.TWO), q, dp, dq, inverse))) {
      byte[] pem = (certificate + Pem.block("PRIVATE KEY", pkcs8)).getBytes(US_ASCII);
      CredentialsException e =
          assertThrows(
              CredentialsException.class,
              () ->
                  assertTimeoutPreemptively(
                      Duration.ofSeconds(20),
                      () -> CertificateLoader.fromPem(new ByteArrayInputStream(pem), null)));
      assertEquals(IMPOSSIBLE_KEY, e.fault());
    }
    byte[] right = rsaKey(key, p, q, dp, dq, inverse);
    byte[] pem = (certificate + Pem.block("PRIVATE KEY", right)).getBytes(US_ASCII);
    assertEquals(key, CertificateLoader.fromPem(new ByteArrayInputStream(pem), null).privateKey());
  }

  private static byte[] unsigned(BigInteger number) {
    return BigIntegers.asUnsignedByteArray(32, number);
  }

  private static byte[] ecKey(byte[] number) throws Exception {
    AlgorithmIdentifier p256 =
        new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, SECObjectIdentifiers.secp256r1);
    return new PrivateKeyInfo(p256, sequence(new ASN1Integer(1), new DEROctetString(number)))
        .getEncoded();
  }

  private static byte[] rsaKey(
      RSAPrivateCrtKey key,
      BigInteger p,
      BigInteger q,
      BigInteger dp,
      BigInteger dq,
      BigInteger inverse)
      throws Exception {
    AlgorithmIdentifier rsa = new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption);
    return new PrivateKeyInfo(
            rsa,
            new RSAPrivateKey(
                key.getModulus(),
                key.getPublicExponent(),
                key.getPrivateExponent(),
                p,
                q,
                dp,
                dq,
                inverse))
        .getEncoded();
  }

  private static void assertFault(byte[] file, String fault) {
    CredentialsException e = assertThrows(CredentialsException.class, () -> read(file));
    assertEquals(fault, e.fault());
  }

  private static void assertRefused(byte[] file, String message) {
    CredentialsException e =
        assertThrows(
            CredentialsException.class,
            () -> assertTimeoutPreemptively(Duration.ofSeconds(20), () -> read(file)));
    assertEquals("PKCS#12 input: " + message, e.getMessage());
  }

  private static PushCertificate read(byte[] file) throws CredentialsException {
    return CertificateLoader.fromPkcs12(new ByteArrayInputStream(file), "x".toCharArray());
  }

  private static byte[] pbkdf2Key(BigInteger iterations) {
    return key(
        new KeyDerivationFunc(
            PKCSObjectIdentifiers.id_PBKDF2,
            sequence(new DEROctetString(new byte[8]), new ASN1Integer(iterations))));
  }

  private static byte[] scryptKey(long n, long r, long p) {
    return key(
        new KeyDerivationFunc(
            MiscObjectIdentifiers.id_scrypt,
            sequence(
                new DEROctetString(new byte[8]),
                new ASN1Integer(n),
                new ASN1Integer(r),
                new ASN1Integer(p))));
  }

  private static byte[] key(KeyDerivationFunc derivation) {
    EncryptionScheme aes =
        new EncryptionScheme(NISTObjectIdentifiers.id_aes256_CBC, new DEROctetString(new byte[16]));
    AlgorithmIdentifier algorithm =
        new AlgorithmIdentifier(
            PKCSObjectIdentifiers.id_PBES2, new PBES2Parameters(derivation, aes));
    try {
      return new EncryptedPrivateKeyInfo(algorithm, new byte[32]).getEncoded();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static DERSequence sequence(ASN1Encodable... elements) {
    return new DERSequence(Arrays.copyOf(elements, elements.length));
  }
}
