// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;

/**
 * What a client of the simulator needs: the root to trust, a VoIP certificate with its key, and a
 * signing key for provider tokens. Made in memory at each start, except for the certificate's key,
 * which the simulators of one JVM share; worth nothing anywhere else. Immutable.
 */
public final class SimulatorCredentials {
  private static final String PASSWORD = "voip-push";
  private static final String KEY_LABEL = "Example Developer";

  private final CertificateAuthority authority;
  private final KeyPair serverKey;
  private final X509Certificate serverCertificate;
  private final KeyPair key;
  private final KeyPair signingKey;
  private final String bundleId;
  private final String teamId;
  private final String keyId;
  private final X509Certificate certificate;

  /** The certificates' key of all simulators: to make it takes as long as all else of a start. */
  private static final class SharedKey {
    static final KeyPair PAIR = CertificateAuthority.newRsaKey();
  }

  SimulatorCredentials(String bundleId, String teamId, String keyId) {
    key = SharedKey.PAIR;
    authority = new CertificateAuthority();
    serverKey = CertificateAuthority.newEcKey();
    serverCertificate = authority.server(serverKey);
    signingKey = CertificateAuthority.newEcKey();
    this.bundleId = bundleId;
    this.teamId = teamId;
    this.keyId = keyId;
    certificate = authority.voipServices(key, bundleId, teamId);
  }

  private SimulatorCredentials(SimulatorCredentials before, String bundleId) {
    key = CertificateAuthority.newRsaKey();
    authority = before.authority;
    serverKey = before.serverKey;
    serverCertificate = before.serverCertificate;
    signingKey = before.signingKey;
    this.bundleId = bundleId;
    teamId = before.teamId;
    keyId = before.keyId;
    certificate = authority.voipServices(key, bundleId, teamId);
  }

  /**
   * Makes the same credentials with a new certificate and a new key for it, as after a renewal at
   * Apple: the one before stays valid, too.
   */
  public SimulatorCredentials renewed() {
    return new SimulatorCredentials(this, bundleId);
  }

  /** The same, with a certificate of its own for another app of the team. */
  SimulatorCredentials ofApp(String bundleId) {
    return new SimulatorCredentials(this, bundleId);
  }

  /** The root that signed the server's certificate; clients must trust it. */
  public X509Certificate caCertificate() {
    return authority.root();
  }

  /** The client certificate, "VoIP Services: …", RSA 2048, with Apple's extensions. */
  public X509Certificate certificate() {
    return certificate;
  }

  /** The client certificate and its issuer. */
  public List<X509Certificate> chain() {
    return List.of(certificate, authority.issuer());
  }

  /** The key of {@link #certificate()}. */
  public PrivateKey privateKey() {
    return key.getPrivate();
  }

  /** The password of {@code voippush.p12} and of the key in {@code ck.pem}. */
  public String password() {
    return PASSWORD;
  }

  /** The id of {@link #signingKeyPem()}. */
  public String keyId() {
    return keyId;
  }

  /** The team that owns certificate and signing key. */
  public String teamId() {
    return teamId;
  }

  /** The app's bundle id; the VoIP topic is this with {@code .voip}. */
  public String bundleId() {
    return bundleId;
  }

  /** The text of the .p8 file: a P-256 key in PKCS#8, not encrypted. */
  public String signingKeyPem() {
    return PemFile.signingKey(signingKey);
  }

  /**
   * Writes the files that Apple, Keychain and the classical openssl steps would give, replacing
   * those of an earlier run. Files with keys are readable by their owner only, where the file
   * system has owners; so is the directory, if it does not exist and is created here.
   */
  public SimulatorFiles writeTo(Path directory) throws IOException {
    Files.createDirectories(directory, only("rwx------", directory));
    SimulatorFiles files =
        new SimulatorFiles(
            directory,
            directory.resolve("ca.pem"),
            directory.resolve("voip.cer"),
            directory.resolve("voippush.p12"),
            directory.resolve("ck.pem"),
            directory.resolve("AuthKey_" + keyId + ".p8"));
    Files.writeString(files.caPem(), caPem());
    try {
      Files.write(files.voipCer(), certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e); // it was made from its encoding
    }
    char[] password = PASSWORD.toCharArray();
    writeSecret(
        files.voipP12(),
        KeychainFile.encode(
            certificate, "VoIP Services: " + bundleId, privateKey(), KEY_LABEL, password));
    writeSecret(files.ckPem(), ckPem().getBytes(StandardCharsets.UTF_8));
    writeSecret(files.signingKey(), signingKeyPem().getBytes(StandardCharsets.US_ASCII));
    return files;
  }

  /** The text of {@code ca.pem}. */
  String caPem() {
    return PemFile.certificate(caCertificate());
  }

  /** The text of {@code ck.pem}. */
  String ckPem() {
    return PemFile.certificate(certificate)
        + PemFile.encryptedKey(
            privateKey(), KEY_LABEL, localKeyId(certificate), PASSWORD.toCharArray());
  }

  /** Shows ids, no keys. */
  @Override
  public String toString() {
    return "credentials of " + bundleId + ", team " + teamId + ", key " + keyId;
  }

  CertificateAuthority authority() {
    return authority;
  }

  KeyPair serverKey() {
    return serverKey;
  }

  X509Certificate serverCertificate() {
    return serverCertificate;
  }

  KeyPair signingKey() {
    return signingKey;
  }

  /** How Keychain and Apple name a key: the SHA-1 of the public key. */
  static byte[] localKeyId(X509Certificate certificate) {
    try {
      return MessageDigest.getInstance("SHA-1")
          .digest(
              SubjectPublicKeyInfo.getInstance(certificate.getPublicKey().getEncoded())
                  .getPublicKeyData()
                  .getOctets());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every JDK has SHA-1
    }
  }

  /**
   * Never readable by others, not even for a moment, whatever was there: the old file goes first.
   */
  private static void writeSecret(Path file, byte[] content) throws IOException {
    Files.deleteIfExists(file);
    try (SeekableByteChannel out =
        Files.newByteChannel(file, Set.of(CREATE_NEW, WRITE), only("rw-------", file))) {
      Channels.newOutputStream(out).write(content);
    }
  }

  /** The permissions to create something with; none where the file system does not know them. */
  private static FileAttribute<?>[] only(String permissions, Path place) {
    return place.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }
}
