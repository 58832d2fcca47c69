// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import dev.voippush.credentials.CertificateConverter;
import dev.voippush.credentials.CertificateLoader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.CopyOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Makes {@code ck.pem} of Apple's certificate and Keychain's key: {@code ConvertCertificate
 * [--force] [--nodes] voip.cer voippush.p12 ck.pem}.
 *
 * <p>Asks for the passwords that are needed on the console, or takes them from {@code P12_PASSWORD}
 * and {@code CK_PASSPHRASE}, or from the files that {@code P12_PASSWORD_FILE} and {@code
 * CK_PASSPHRASE_FILE} name. With {@code --nodes} the key in {@code ck.pem} is not encrypted.
 */
public final class ConvertCertificate {
  private static final String USAGE =
      "usage: ConvertCertificate [--force] [--nodes] voip.cer voippush.p12 ck.pem";

  private ConvertCertificate() {}

  public static void main(String[] args) {
    System.exit(run(args, System.getenv(), System.out, System.err));
  }

  /** Returns the exit code: 0 done, 1 not done, 2 wrong arguments. */
  static int run(String[] args, Map<String, String> environment, PrintStream out, PrintStream err) {
    List<String> files = new ArrayList<>(Arrays.asList(args));
    boolean force = files.remove("--force");
    boolean plain = files.remove("--nodes");
    if (files.size() != 3 || files.stream().anyMatch(file -> file.startsWith("--"))) {
      err.println(USAGE);
      return 2;
    }
    Path cer = Path.of(files.get(0));
    Path p12 = Path.of(files.get(1));
    Path ckPem = Path.of(files.get(2));
    PasswordSource passwords = new PasswordSource(environment);
    char[] password = null;
    char[] passphrase = null;
    try {
      if (CertificateLoader.needsPassword(p12)) {
        password = passwords.read("Password of " + p12, "P12_PASSWORD");
      }
      passphrase = plain ? null : passwords.read("New passphrase for " + ckPem, "CK_PASSPHRASE");
      CopyOption[] options =
          force ? new CopyOption[] {StandardCopyOption.REPLACE_EXISTING} : new CopyOption[0];
      CertificateConverter.toPem(cer, p12, password, ckPem, passphrase, options);
    } catch (IOException e) { // CredentialsException too: file, fault and fix in one line
      err.println(e.getMessage());
      return 1;
    } finally {
      wipe(password);
      wipe(passphrase);
    }
    out.println(ckPem + ": written, readable by you only");
    return 0;
  }

  private static void wipe(char[] secret) {
    if (secret != null) {
      Arrays.fill(secret, '\0');
    }
  }
}
