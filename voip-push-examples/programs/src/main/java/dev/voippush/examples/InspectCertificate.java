// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import dev.voippush.credentials.CertificateDoctor;
import dev.voippush.credentials.CertificateLoader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/**
 * Tells what a certificate or key file is, what it is good for, and what to do about it: {@code
 * InspectCertificate FILE}.
 *
 * <p>The password, if the file has one, comes from {@code CERTIFICATE_PASSWORD}, from the file that
 * {@code CERTIFICATE_PASSWORD_FILE} names, or from the console.
 */
public final class InspectCertificate {
  private InspectCertificate() {}

  public static void main(String[] args) {
    System.exit(run(args, System.getenv(), System.out, System.err));
  }

  /** Returns the exit code: 0 described, 1 a file cannot be read, 2 wrong arguments. */
  static int run(String[] args, Map<String, String> environment, PrintStream out, PrintStream err) {
    if (args.length != 1 || args[0].startsWith("--")) {
      err.println("usage: InspectCertificate FILE");
      return 2;
    }
    Path file = Path.of(args[0]);
    char[] password = null;
    try {
      if (CertificateLoader.needsPassword(file)) {
        PasswordSource passwords = new PasswordSource(environment);
        password = passwords.readIfAny("Password of " + file, "CERTIFICATE_PASSWORD");
      }
      out.print(CertificateDoctor.describe(file, password));
      return 0;
    } catch (IOException e) { // of this file or the password's
      err.println(e.getMessage());
      return 1;
    } finally {
      if (password != null) {
        Arrays.fill(password, '\0');
      }
    }
  }
}
