// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import com.eatthepath.pushy.apns.server.BenchmarkApnsServer;
import com.eatthepath.pushy.apns.server.BenchmarkApnsServerBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;

/**
 * Pushy's own benchmark server in a process of its own: it answers each push with 200 and an
 * apns-id, and takes 1,500 at once. Ends with the process that started it.
 */
final class Server {
  private Server() {}

  /** Takes the directory of {@link Credentials}; prints the port. */
  public static void main(String[] args) throws Exception {
    Credentials credentials = new Credentials(Path.of(args[0]));
    KeyStore store = Credentials.load(credentials.serverP12());
    BenchmarkApnsServer server =
        new BenchmarkApnsServerBuilder()
            .setServerCredentials(
                new X509Certificate[] {credentials.serverCertificate()},
                (PrivateKey) store.getKey("server", Credentials.PASSWORD.toCharArray()),
                null)
            .setTrustedClientCertificateChain(credentials.clientIssuerPem().toFile())
            .setUseAlpn(true)
            .build();
    System.out.println("PORT " + server.start(0).get());
    awaitEndOfInput();
    Runtime.getRuntime().halt(0);
  }

  /** The parent holds the other end of our standard input: if it dies, we end. */
  static void awaitEndOfInput() throws IOException {
    while (System.in.read() >= 0) {
      // the parent never writes
    }
  }
}
