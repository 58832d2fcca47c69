// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Pairs keys with their certificates, and chooses the pair that can send VoIP pushes. */
final class Identities {
  private Identities() {}

  /**
   * Returns one identity for each certificate whose key is there. Both files may have issuers for
   * the chains.
   */
  static List<PushCertificate> pair(Contents certificates, Contents keys) {
    List<X509Certificate> pool = new ArrayList<>(certificates.certificates());
    pool.addAll(keys.certificates());
    List<PushCertificate> identities = new ArrayList<>();
    for (X509Certificate leaf : new LinkedHashSet<>(certificates.certificates())) {
      for (KeyEntry key : keys.keys()) {
        if (key.fits(leaf.getPublicKey())) {
          identities.add(new PushCertificate(certificates.file(), key.key(), chain(leaf, pool)));
          break;
        }
      }
    }
    return identities;
  }

  private static List<X509Certificate> chain(X509Certificate leaf, List<X509Certificate> pool) {
    LinkedHashSet<X509Certificate> chain = new LinkedHashSet<>();
    X509Certificate last = leaf;
    while (last != null && chain.add(last)) {
      last = issuer(last, pool);
    }
    return List.copyOf(chain);
  }

  private static @Nullable X509Certificate issuer(
      X509Certificate certificate, List<X509Certificate> pool) {
    for (X509Certificate candidate : pool) {
      if (candidate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())) {
        return candidate;
      }
    }
    return null;
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
