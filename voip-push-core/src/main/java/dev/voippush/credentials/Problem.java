// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Everything that can be wrong with a credentials file, in the words the user reads. The name of
 * each is the anchor of its section in {@code docs/troubleshooting.md}: {@code WRONG_PASSWORD} is
 * explained at {@code #wrong-password}.
 */
enum Problem {
  NO_SUCH_FILE("no such file", "check the path and the working directory"),
  A_DIRECTORY("a directory", "name the file inside it"),
  UNREADABLE_FILE("cannot be read (%s)", "let the user that runs this process read it"),
  EMPTY_FILE(
      "empty file",
      "openssl 3 leaves one when it refuses Keychain's .p12 without -legacy: write it again with"
          + " CertificateConverter"),
  TOO_LARGE("larger than 1 MiB", "name a .p12, .pem, .cer or .p8 file; these have a few kilobytes"),
  TRUNCATED("truncated: %s", "copy it again from where it was whole"),
  DAMAGED("damaged: %s", "copy it again from where it was whole, in binary mode"),
  UNKNOWN_FORMAT(
      "neither PKCS#12 nor PEM nor a DER certificate or key",
      "name a .p12, .pem, .cer or .p8 file"),
  PROVISIONING_PROFILE(
      "a provisioning profile",
      "that belongs into the app; the server needs the VoIP certificate's .p12"),
  SIGNING_REQUEST(
      "a certificate signing request",
      "upload it at developer.apple.com and use the .cer that Apple makes of it"),
  UNUSABLE_CONTENT("holds only %s", "name the file with the certificate and its private key"),
  WRONG_PASSWORD(
      "the password does not open it", "use the one chosen when this file was exported or written"),
  PASSWORD_MISSING(
      "encrypted, but no password was given",
      "use the one chosen when this file was exported or written"),
  PASSWORD_NOT_NEEDED(
      "a password was given, but its private key is not encrypted",
      "pass null, or protect the key with CertificateConverter"),
  TOO_COSTLY("asks for %s", "export it again with ordinary settings"),
  UNSUPPORTED_ENCRYPTION("encrypted with %s, which is not supported", "export it again as AES-256"),
  UNSUPPORTED_KEY("a private key of a kind that is not supported (%s)", "use RSA or EC P-256"),
  NO_PRIVATE_KEY("no private key entry", "export the identity, not only the certificate"),
  CERTIFICATE_ONLY(
      "a certificate without its private key",
      "add the key from Keychain's .p12 with CertificateConverter.toPem"),
  NO_CERTIFICATE(
      "a private key without its certificate",
      "add Apple's .cer: CertificateLoader.fromCerAndPkcs12"),
  KEY_MISMATCH(
      "the private key belongs to another certificate than %s",
      "use the key of the signing request that this certificate was made from"),
  KEY_CANNOT_SIGN(
      "the private key cannot sign (%s)",
      "check the provider or the hardware module that holds it"),
  SEVERAL_IDENTITIES(
      "%1$d identities that can send VoIP pushes: %2$s",
      "choose one with CertificateLoader.load(file, password, bundleId)"),
  NO_VOIP_IDENTITY(
      "%1$d identities, but none that can send VoIP pushes: %2$s",
      "export the one named \"VoIP Services: <bundle id>\""),
  OTHER_BUNDLE_ID(
      "no identity for %1$s, only for %2$s", "name one of these, or the file of that app"),
  PKCS12_NOT_CERTIFICATE(
      "a PKCS#12 file where a certificate belongs",
      "name Apple's .cer here, and the .p12 after it"),
  CERTIFICATE_NOT_PKCS12(
      "%s where a PKCS#12 file belongs", "name Keychain's .p12 here, and the .cer before it"),
  NOT_PEM(
      "not a PEM file",
      "convert it first, or make ck.pem in one step with CertificateConverter.toPem"),
  SIGNING_KEY_NOT_CERTIFICATE(
      "an APNs signing key (.p8) where a certificate belongs",
      "use SigningKey.load with its key id and team id"),
  CERTIFICATE_NOT_SIGNING_KEY(
      "%s where an APNs signing key (.p8) belongs", "use CertificateLoader for certificates"),
  NOT_A_SIGNING_KEY("not an APNs signing key: %s", "download the AuthKey_….p8 that Apple made"),
  EXPIRED(
      "expired on %s",
      "create a new one at https://developer.apple.com/account/resources/certificates"),
  NOT_YET_VALID("not valid before %s", "check this machine's clock"),
  WRONG_CERTIFICATE(
      "%s, which cannot send VoIP pushes",
      "create a VoIP Services Certificate at https://developer.apple.com/account/resources/certificates"),
  FILE_EXISTS("exists already", "choose another name or pass StandardCopyOption.REPLACE_EXISTING"),
  CANNOT_WRITE("cannot be written (%s)", "check the folder, its permissions and the space left");

  /** Control characters, line separators, and what turns the direction of text. */
  private static final Pattern LINE_BREAKING =
      Pattern.compile("[\\p{Cc}\\p{Zl}\\p{Zp}\\u202a-\\u202e\\u2066-\\u2069]");

  private static final int LONGEST_SHOWN = 1_000;

  private final String fault;
  private final String fix;

  Problem(String fault, String fix) {
    this.fault = fault;
    this.fix = fix;
  }

  String anchor() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  CredentialsException in(String file, Object... details) {
    return because(null, file, details);
  }

  CredentialsException because(@Nullable Throwable cause, String file, Object... details) {
    Object[] shown =
        Arrays.stream(details)
            .map(detail -> detail instanceof String text ? shown(text) : detail)
            .toArray();
    return new CredentialsException(
        file, String.format(Locale.ROOT, fault, shown), fix, anchor(), cause);
  }

  /** What a file says of itself, as people may read it: in one line, and not without end. */
  static String shown(String text) {
    String line = LINE_BREAKING.matcher(text).replaceAll("?");
    return line.length() > LONGEST_SHOWN ? line.substring(0, LONGEST_SHOWN) + "…" : line;
  }
}
