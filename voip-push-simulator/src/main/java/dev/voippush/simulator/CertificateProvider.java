// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1UTF8String;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.jspecify.annotations.Nullable;

/**
 * The holder of a client certificate. Topics and environments come from Apple's extensions; without
 * topics there, from the subject's UID.
 */
final class CertificateProvider implements Provider {
  private static final String APPLE = "1.2.840.113635.100.6.3.";

  private final X509Certificate certificate;
  private final Set<String> topics;
  private final boolean forThisEnvironment;
  private final boolean forAnyEnvironment;

  CertificateProvider(X509Certificate certificate, boolean sandbox) {
    this.certificate = certificate;
    boolean forSandbox = certificate.getExtensionValue(APPLE + "1") != null;
    boolean forProduction = certificate.getExtensionValue(APPLE + "2") != null;
    topics = topics(certificate);
    forThisEnvironment = sandbox ? forSandbox : forProduction;
    forAnyEnvironment = forSandbox || forProduction;
  }

  @Override
  public @Nullable Verdict authenticate(ApnsRequest request) {
    if (topics.isEmpty() || !forAnyEnvironment) {
      return Verdict.forbidden("BadCertificate");
    }
    return forThisEnvironment ? null : Verdict.forbidden("BadCertificateEnvironment");
  }

  @Override
  public boolean mayPushTo(String topic) {
    return topics.contains(topic);
  }

  @Override
  public Optional<X509Certificate> certificate() {
    return Optional.of(certificate);
  }

  @Override
  public Optional<String> onlyTopic() {
    return topics.size() == 1 ? Optional.of(topics.iterator().next()) : Optional.empty();
  }

  static Set<String> topics(X509Certificate certificate) {
    Set<String> topics = new LinkedHashSet<>();
    // Universal: topic, types, topic, types, …
    if (extension(certificate, APPLE + "6") instanceof ASN1Sequence pairs) {
      for (ASN1Encodable element : pairs) {
        if (element instanceof ASN1UTF8String topic) {
          topics.add(topic.getString());
        }
      }
    }
    // VoIP: all topics in one string
    if (extension(certificate, APPLE + "4") instanceof ASN1UTF8String all) {
      for (String topic : all.getString().split(",", -1)) {
        topics.add(topic.strip());
      }
    }
    if (topics.isEmpty()) {
      X500Name subject = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
      for (RDN uid : subject.getRDNs(BCStyle.UID)) {
        topics.add(uid.getFirst().getValue().toString());
      }
    }
    return topics;
  }

  private static @Nullable ASN1Primitive extension(X509Certificate certificate, String oid) {
    byte[] wrapped = certificate.getExtensionValue(oid);
    if (wrapped == null) {
      return null;
    }
    try {
      return ASN1Primitive.fromByteArray(ASN1OctetString.getInstance(wrapped).getOctets());
    } catch (IOException | IllegalArgumentException e) {
      return null; // real certificates carry odd values there; what cannot be read names no topic
    }
  }
}
