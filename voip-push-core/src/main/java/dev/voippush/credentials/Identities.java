// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/** Pairs keys with their certificates, and chooses the pair that can send VoIP pushes. */
final class Identities {
  private static final int LONGEST_CHAIN = 10;

  /** Tried for all chains of a file together. */
  private static final int MOST_SIGNATURES = 200;

  private Identities() {}

  /**
   * Returns one identity for each certificate whose key is there. Both files may have issuers for
   * the chains.
   */
  static List<PushCertificate> pair(Contents certificates, Contents keys) {
    List<X509Certificate> pool = new ArrayList<>(certificates.certificates());
    pool.addAll(keys.certificates());
    Issuers issuers = new Issuers(pool);
    List<PushCertificate> identities = new ArrayList<>();
    for (X509Certificate leaf : new LinkedHashSet<>(certificates.certificates())) {
      for (KeyEntry key : keys.keys()) {
        if (key.fits(leaf.getPublicKey())) {
          identities.add(new PushCertificate(certificates.file(), key.key(), chain(leaf, issuers)));
          break;
        }
      }
    }
    return identities;
  }

  private static List<X509Certificate> chain(X509Certificate leaf, Issuers issuers) {
    Set<X509Certificate> chain = new LinkedHashSet<>();
    X509Certificate last = leaf;
    while (last != null && chain.size() < LONGEST_CHAIN && chain.add(last)) {
      last = issuers.of(last);
    }
    return List.copyOf(chain);
  }

  /** Certificates by name: the old and the new one of an authority often have the same. */
  private static final class Issuers {
    private final Map<X500Principal, List<X509Certificate>> bySubject;
    private int signaturesLeft = MOST_SIGNATURES;

    Issuers(List<X509Certificate> pool) {
      bySubject =
          pool.stream()
              .distinct()
              .sorted(Comparator.comparing(X509Certificate::getNotAfter).reversed())
              .collect(Collectors.groupingBy(X509Certificate::getSubjectX500Principal));
    }

    /** Of several with the issuer's name, the one that signed; of several of these, the newest. */
    @Nullable X509Certificate of(X509Certificate certificate) {
      List<X509Certificate> named =
          bySubject.getOrDefault(certificate.getIssuerX500Principal(), List.of());
      if (named.size() > 1) {
        for (X509Certificate candidate : named) {
          if (signaturesLeft > 0 && signed(candidate, certificate)) {
            return candidate;
          }
        }
      }
      return named.isEmpty() ? null : named.get(0);
    }

    /** Tries only keys of kinds whose size the JDK limits. */
    private boolean signed(X509Certificate issuer, X509Certificate certificate) {
      PublicKey key = issuer.getPublicKey();
      if (!(key instanceof RSAPublicKey || key instanceof ECPublicKey)) {
        return false;
      }
      signaturesLeft--;
      try {
        certificate.verify(key);
        return true;
      } catch (GeneralSecurityException | RuntimeException e) {
        return false;
      }
    }
  }

  /**
   * Chooses the only identity, or the only one for VoIP, or the one of the bundle id; when an app's
   * old certificate is there beside its new one, then the one that ends last.
   */
  static PushCertificate choose(
      String file, List<PushCertificate> identities, @Nullable String bundleId)
      throws CredentialsException {
    if (bundleId != null) {
      String wanted = Purpose.withoutVoip(bundleId);
      return identities.stream()
          .filter(identity -> identity.bundleId().equals(wanted))
          .max(
              Comparator.comparing((PushCertificate identity) -> identity.voipTopic().isPresent())
                  .thenComparing(PushCertificate::expiresAt))
          .orElseThrow(() -> Problem.OTHER_BUNDLE_ID.in(file, wanted, list(identities)));
    }
    if (identities.size() == 1) {
      return identities.get(0);
    }
    List<PushCertificate> voip =
        identities.stream().filter(identity -> identity.voipTopic().isPresent()).toList();
    if (voip.size() == 1) {
      return voip.get(0);
    }
    throw voip.isEmpty()
        ? Problem.NO_VOIP_IDENTITY.in(file, identities.size(), list(identities))
        : Problem.SEVERAL_IDENTITIES.in(file, voip.size(), list(voip));
  }

  private static String list(List<PushCertificate> identities) {
    return identities.stream()
        .map(
            identity ->
                identity.bundleId().isEmpty()
                    ? CertificateDoctor.name(identity.certificate())
                    : identity.bundleId())
        .collect(Collectors.joining(", "));
  }
}
