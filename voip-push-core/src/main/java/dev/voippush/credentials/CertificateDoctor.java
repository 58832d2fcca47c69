// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.nio.file.Path;
import java.security.Key;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.jspecify.annotations.Nullable;

/**
 * Says in plain text what a credentials file is, whether it can send VoIP pushes, and what to do if
 * it cannot. Made for files that do not load: for one that does, {@link PushCertificate#describe()}
 * says the same.
 */
public final class CertificateDoctor {
  private static final int DAYS_OF_WARNING = 30;

  private CertificateDoctor() {}

  /**
   * Describes a file of any kind: every identity in it, certificates without key, keys without
   * certificate, signing keys, and what is wrong with a file that cannot be read. The text has one
   * fact a line, in English, and its wording may change.
   *
   * @param password null or empty if the file has none; one that is not needed does no harm here
   */
  public static String describe(Path file, char @Nullable [] password) {
    try {
      return describe(Source.of(file), password, Instant.now());
    } catch (CredentialsException e) {
      return e.getMessage() + "\n";
    }
  }

  static String describe(Source source, char @Nullable [] password, Instant now)
      throws CredentialsException {
    Contents contents = Contents.read(source, password);
    if (contents.certificates().isEmpty()) {
      return describeKeys(contents);
    }
    StringBuilder text = new StringBuilder();
    List<X509Certificate> rest = new ArrayList<>(contents.certificates());
    for (PushCertificate identity : Identities.pair(contents, contents)) {
      text.append(describe(identity, now));
      rest.removeAll(identity.chain());
    }
    for (X509Certificate certificate : rest) {
      new Report(contents.file(), certificate).describe(text, now, contents);
    }
    return text.toString();
  }

  static String describe(PushCertificate identity, Instant now) {
    StringBuilder text = new StringBuilder();
    new Report(identity.file(), identity.certificate()).describe(text, now, identity);
    return text.toString();
  }

  private static String describeKeys(Contents contents) {
    if (CertificateLoader.isSigningKey(contents)) {
      return contents.file()
          + ": EC private key on its own, as in Apple's AuthKey_….p8\n"
          + line("key", keyType(contents.keys().get(0).key()))
          + line("advice", "if Apple made it as an APNs key: load it with SigningKey.load");
    }
    CredentialsException problem = contents.fault(Problem.NO_CERTIFICATE);
    String keys =
        contents.keys().stream()
            .map(
                entry ->
                    keyType(entry.key()) + (entry.encrypted() ? ", encrypted" : ", not encrypted"))
            .collect(Collectors.joining("; "));
    return contents.file()
        + ": "
        + problem.fault()
        + "\n"
        + (keys.isEmpty() ? "" : line("key", keys))
        + line("advice", problem.fix());
  }

  /** The name by which people know a certificate. */
  static String name(X509Certificate certificate) {
    return name(certificate.getSubjectX500Principal());
  }

  private static String name(X500Principal principal) {
    String name =
        Purpose.names(principal, BCStyle.CN).stream().findFirst().orElse(principal.toString());
    return '"' + Problem.shown(name) + '"';
  }

  private static String keyType(Key key) {
    if (key instanceof RSAKey rsa) {
      return "RSA, " + rsa.getModulus().bitLength() + " bits";
    }
    if (key instanceof ECKey ec) {
      return "EC, " + ec.getParams().getOrder().bitLength() + " bits";
    }
    return key.getAlgorithm();
  }

  private static String line(String title, String value) {
    return String.format(Locale.ROOT, "  %-13s %s\n", title, value);
  }

  /** The lines about one certificate. */
  private record Report(String file, X509Certificate certificate, Purpose purpose) {
    Report(String file, X509Certificate certificate) {
      this(file, certificate, Purpose.of(certificate));
    }

    void describe(StringBuilder text, Instant now, PushCertificate identity) {
      appendFacts(text, now);
      text.append(
          line(
              "key",
              keyType(certificate.getPublicKey()) + ", here, and it belongs to the certificate"));
      appendChain(text, identity.chain());
      try {
        identity.requireUsable(now);
      } catch (CredentialsException e) {
        appendAdvice(text, e);
        return;
      }
      long days = daysLeft(now);
      if (days <= DAYS_OF_WARNING) {
        text.append(
            line("advice", "expires in " + days + " days: " + Problem.EXPIRED.in(file, "").fix()));
      }
      if (purpose.topics().isEmpty()) {
        text.append(line("advice", "it names no topic: tell the client with bundleId(…)"));
      } else if (purpose.environments().size() == 1) {
        text.append(line("advice", "APNs refuses it in the other environment"));
      }
    }

    void describe(StringBuilder text, Instant now, Contents contents) {
      appendFacts(text, now);
      boolean otherKey = !contents.keys().isEmpty();
      text.append(
          line(
              "key",
              keyType(certificate.getPublicKey())
                  + (otherKey
                      ? ", but the private key here is another one"
                      : ", the private key is not here")));
      text.append(line("issuer", issuer(certificate)));
      appendAdvice(
          text,
          otherKey
              ? contents.fault(Problem.KEY_MISMATCH, name(certificate))
              : CertificateLoader.noPrivateKey(contents));
      if (contents.format() == Contents.Format.PEM && !otherKey) {
        text.append(
            line(
                "advice",
                "if openssl 3 wrote the key: without -legacy it leaves an empty file of Keychain's .p12"));
      }
    }

    private void appendFacts(StringBuilder text, Instant now) {
      text.append(file).append(": ").append(purpose.kind().words()).append('\n');
      text.append(line("name", name(certificate)));
      text.append(line("bundle id", orNone(purpose.bundleId())));
      text.append(line("topics", orNone(String.join(", ", purpose.topics()))));
      text.append(line("team", orNone(purpose.teamId().orElse(""))));
      text.append(
          line(
              "environments",
              orNone(
                  purpose.environments().stream()
                      .map(environment -> environment.name().toLowerCase(Locale.ROOT))
                      .collect(Collectors.joining(", ")))));
      text.append(
          line(
              "valid",
              date(certificate.getNotBefore().toInstant())
                  + " to "
                  + date(certificate.getNotAfter().toInstant())
                  + ", "
                  + daysLeft(now)
                  + " days left"));
    }

    private void appendChain(StringBuilder text, List<X509Certificate> chain) {
      String issuers =
          chain.stream()
              .skip(1)
              .map(CertificateDoctor::name)
              .collect(Collectors.joining(", then "));
      text.append(
          line(
              "issuer",
              issuers.isEmpty() ? issuer(certificate) + ", not here (not needed)" : issuers));
    }

    private long daysLeft(Instant now) {
      return Math.max(0, ChronoUnit.DAYS.between(now, certificate.getNotAfter().toInstant()));
    }

    private static void appendAdvice(StringBuilder text, CredentialsException problem) {
      text.append(line("advice", problem.fault() + ": " + problem.fix()));
    }

    private static String issuer(X509Certificate certificate) {
      return CertificateDoctor.name(certificate.getIssuerX500Principal());
    }

    private static LocalDate date(Instant instant) {
      return LocalDate.ofInstant(instant, ZoneOffset.UTC);
    }

    private static String orNone(String value) {
      return value.isEmpty() ? "not named" : Problem.shown(value);
    }
  }
}
