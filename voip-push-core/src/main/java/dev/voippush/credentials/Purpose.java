// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import dev.voippush.ApnsEnvironment;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1String;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.jspecify.annotations.Nullable;

/**
 * What Apple made a certificate for. Apple's extensions decide, then the subject's UID; the common
 * name never does, it is for people.
 *
 * @param bundleId empty when the certificate names none
 * @param environments empty when the certificate names none
 */
record Purpose(
    Kind kind,
    String bundleId,
    Set<String> topics,
    Set<ApnsEnvironment> environments,
    Optional<String> teamId) {

  private static final String APPLE = "1.2.840.113635.100.6.3.";
  private static final String SANDBOX = APPLE + "1";
  private static final String PRODUCTION = APPLE + "2";
  private static final String BUNDLE_ID = APPLE + "3";
  private static final String VOIP_TOPICS = APPLE + "4";
  private static final String TOPICS = APPLE + "6";
  private static final String VOIP = ".voip";
  private static final Pattern TEAM_ID = Pattern.compile("[A-Z0-9]{10}");

  enum Kind {
    VOIP_SERVICES("VoIP Services certificate"),
    UNIVERSAL("universal push certificate (Apple Push Services)"),
    SINGLE_ENVIRONMENT("old push certificate for a single environment"),
    NO_VOIP("push certificate without VoIP"),
    NO_TOPIC("certificate that names no topic"),
    NOT_PUSH("not a push certificate");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  static Purpose of(X509Certificate certificate) {
    Set<ApnsEnvironment> environments = EnumSet.noneOf(ApnsEnvironment.class);
    if (certificate.getExtensionValue(PRODUCTION) != null) {
      environments.add(ApnsEnvironment.PRODUCTION);
    }
    if (certificate.getExtensionValue(SANDBOX) != null) {
      environments.add(ApnsEnvironment.SANDBOX);
    }
    boolean pushExtensions = !environments.isEmpty();
    Set<String> topics = new LinkedHashSet<>();
    boolean universal = false;
    if (extension(certificate, TOPICS) instanceof ASN1Sequence pairs) {
      // topic, types, topic, types, …
      for (ASN1Encodable element : pairs) {
        addTopics(topics, element);
      }
      universal = true;
    }
    if (topics.isEmpty()) {
      addTopics(topics, extension(certificate, VOIP_TOPICS));
    }
    X500Principal subject = certificate.getSubjectX500Principal();
    String uid = names(subject, BCStyle.UID).stream().findFirst().orElse("");
    if (topics.isEmpty()) {
      addTopics(topics, uid);
    }
    String named = text(extension(certificate, BUNDLE_ID));
    String bundleId = bundleId(named, uid, topics);
    Kind kind;
    if (universal) {
      kind = Kind.UNIVERSAL;
    } else if (topics.stream().anyMatch(topic -> topic.endsWith(VOIP))) {
      kind = Kind.VOIP_SERVICES;
    } else if (topics.isEmpty()) {
      kind = Kind.NO_TOPIC;
    } else if (!pushExtensions) {
      kind = Kind.NOT_PUSH;
    } else {
      kind = environments.size() == 1 ? Kind.SINGLE_ENVIRONMENT : Kind.NO_VOIP;
    }
    return new Purpose(
        kind,
        bundleId,
        Collections.unmodifiableSet(topics),
        Collections.unmodifiableSet(environments),
        names(subject, BCStyle.OU).stream()
            .filter(unit -> TEAM_ID.matcher(unit).matches())
            .findFirst());
  }

  /** The topic that VoIP pushes of this app carry, if the certificate allows it. */
  Optional<String> voipTopic() {
    String expected = bundleId + VOIP;
    if (topics.contains(expected)) {
      return Optional.of(expected);
    }
    return topics.stream().filter(topic -> topic.endsWith(VOIP)).findFirst();
  }

  /** A bundle id is accepted with and without the ending that makes it a VoIP topic. */
  static String withoutVoip(String topic) {
    return topic.endsWith(VOIP) ? topic.substring(0, topic.length() - VOIP.length()) : topic;
  }

  private static String bundleId(String named, String uid, Set<String> topics) {
    String name = !named.isEmpty() ? named : uid;
    if (name.isEmpty()) {
      name = topics.stream().findFirst().orElse("");
    }
    boolean itself = topics.contains(name + VOIP); // an app's id may end so
    return itself ? name : withoutVoip(name);
  }

  private static void addTopics(Set<String> topics, @Nullable ASN1Encodable value) {
    addTopics(topics, text(value));
  }

  private static void addTopics(Set<String> topics, String names) {
    for (String name : names.split(",", -1)) {
      if (!name.isBlank()) {
        topics.add(name.strip());
      }
    }
  }

  /**
   * Returns null for an extension that is absent or not what it should be: some are seen as NULL in
   * the wild.
   */
  private static @Nullable ASN1Primitive extension(X509Certificate certificate, String id) {
    byte[] value = certificate.getExtensionValue(id);
    if (value == null) {
      return null;
    }
    try {
      ASN1Primitive content =
          ASN1Primitive.fromByteArray(ASN1OctetString.getInstance(value).getOctets());
      Der.visit(content);
      return content;
    } catch (IOException | RuntimeException e) {
      return null;
    }
  }

  /** Returns the parts of a name that are of one type, as far as they are text. */
  static List<String> names(X500Principal name, ASN1ObjectIdentifier type) {
    List<String> values = new ArrayList<>();
    try {
      for (RDN part : X500Name.getInstance(name.getEncoded()).getRDNs(type)) {
        for (AttributeTypeAndValue value : part.getTypesAndValues()) {
          if (value.getType().equals(type)) {
            values.add(text(value.getValue()));
          }
        }
      }
    } catch (RuntimeException e) {
      // A name that only the JDK takes for one names nothing.
    }
    return values;
  }

  /** Returns the empty string for what is not text, or not in the encoding that it claims. */
  private static String text(@Nullable ASN1Encodable value) {
    try {
      return value instanceof ASN1String string ? string.getString() : "";
    } catch (RuntimeException e) {
      return "";
    }
  }
}
