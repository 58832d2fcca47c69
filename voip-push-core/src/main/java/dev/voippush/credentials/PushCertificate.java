// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import dev.voippush.ApnsEnvironment;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A push certificate with its private key, which are known to belong together. Immutable and safe
 * for use by many threads.
 *
 * <p>Having one does not mean that APNs accepts it: it may have expired, or be for something else
 * than VoIP. See {@link #requireUsable(Instant)} and {@link #describe()}.
 */
public final class PushCertificate implements ApnsCredentials {
  private static final String IN_MEMORY = "key and certificate";
  private static final byte[] MESSAGE = {1, 2, 3};

  private final String file;
  private final PrivateKey privateKey;
  private final List<X509Certificate> chain;
  private final Purpose purpose;

  PushCertificate(String file, PrivateKey privateKey, List<X509Certificate> chain) {
    this.file = file;
    this.privateKey = privateKey;
    this.chain = List.copyOf(chain);
    this.purpose = Purpose.of(chain.get(0));
  }

  /**
   * Joins a key and its certificate that are in memory already, or whose key never leaves a
   * hardware module: the key needs no encoded form, only a provider that signs with it.
   *
   * @param chain the key's own certificate first, then those of its issuers as far as there are any
   * @throws IllegalArgumentException if the chain is empty
   * @throws CredentialsException if the key does not belong to the first certificate, which is
   *     tried by signing with it
   */
  public static PushCertificate of(PrivateKey key, List<X509Certificate> chain)
      throws CredentialsException {
    if (chain.isEmpty()) {
      throw new IllegalArgumentException(
          "chain must start with the key's certificate, but was empty");
    }
    return new PushCertificate(IN_MEMORY, key, chain).requireMatch();
  }

  PushCertificate requireMatch() throws CredentialsException {
    PublicKey publicKey = certificate().getPublicKey();
    String algorithm = publicKey.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
    boolean sameKind =
        publicKey.getAlgorithm().equals("EC") == privateKey.getAlgorithm().startsWith("EC");
    if (!sameKind || !verifies(publicKey, algorithm, sign(algorithm))) {
      throw Problem.KEY_MISMATCH.in(file, CertificateDoctor.name(certificate()));
    }
    return this;
  }

  private byte[] sign(String algorithm) throws CredentialsException {
    try {
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(privateKey);
      signer.update(MESSAGE);
      return signer.sign();
    } catch (GeneralSecurityException | RuntimeException e) {
      throw Problem.KEY_CANNOT_SIGN.because(e, file, String.valueOf(e.getMessage()));
    }
  }

  private static boolean verifies(PublicKey publicKey, String algorithm, byte[] signature) {
    try {
      Signature verifier = Signature.getInstance(algorithm);
      verifier.initVerify(publicKey);
      verifier.update(MESSAGE);
      return verifier.verify(signature);
    } catch (GeneralSecurityException | RuntimeException e) {
      return false; // a signature by another kind of key
    }
  }

  /** The certificate of the private key: the first of the chain. */
  public X509Certificate certificate() {
    return chain.get(0);
  }

  /** The certificate, then its issuers as far as the file has them; unmodifiable. */
  public List<X509Certificate> chain() {
    return chain;
  }

  /** The private key: RSA or EC. */
  public PrivateKey privateKey() {
    return privateKey;
  }

  /**
   * The app's bundle id, without {@code .voip}. Taken from Apple's extensions, else from the
   * subject's UID; the empty string when the certificate has neither, and then the client has to be
   * told.
   */
  public String bundleId() {
    return purpose.bundleId();
  }

  /**
   * The topics that the certificate names, in its order; unmodifiable. Empty when it names none,
   * which says nothing about what APNs will accept.
   */
  public Set<String> topics() {
    return purpose.topics();
  }

  /** The topic among {@link #topics()} that VoIP pushes carry: {@code <bundle id>.voip}. */
  public Optional<String> voipTopic() {
    return purpose.voipTopic();
  }

  /** The environments that the certificate names; unmodifiable. Empty when it names none. */
  public Set<ApnsEnvironment> environments() {
    return purpose.environments();
  }

  /** The ten characters of the team, where the subject has them. */
  public Optional<String> teamId() {
    return purpose.teamId();
  }

  /** When the certificate ends. APNs closes connections made with it some time after. */
  public Instant expiresAt() {
    return certificate().getNotAfter().toInstant();
  }

  /**
   * Returns if VoIP pushes can be sent with this at the given time. The client asks when it is
   * built.
   *
   * @throws CredentialsException if the certificate has expired, is not yet valid, or names topics
   *     of which none is for VoIP
   */
  public void requireUsable(Instant now) throws CredentialsException {
    if (now.isAfter(expiresAt())) {
      throw Problem.EXPIRED.in(file, expiresAt());
    }
    Instant start = certificate().getNotBefore().toInstant();
    if (now.isBefore(start)) {
      throw Problem.NOT_YET_VALID.in(file, start);
    }
    if (!topics().isEmpty() && voipTopic().isEmpty()) {
      throw Problem.WRONG_CERTIFICATE.in(
          file, purpose.kind().words() + " (" + CertificateDoctor.name(certificate()) + ")");
    }
  }

  /**
   * Describes this certificate in lines of text for people: what it is, its bundle id, topics, team
   * and environments, how long it is valid, its key, its chain, and advice where something is to be
   * done. The wording may change.
   */
  public String describe() {
    return CertificateDoctor.describe(this, Instant.now());
  }

  String file() {
    return file;
  }

  @Override
  public String toString() {
    return "PushCertificate[bundleId="
        + Problem.shown(bundleId())
        + ", expiresAt="
        + expiresAt()
        + "]";
  }
}
