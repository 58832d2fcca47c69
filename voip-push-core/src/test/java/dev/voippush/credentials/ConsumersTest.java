// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The programs that people give ck.pem to: each opens it with its passphrase and shows it to a
 * server that wants a client certificate, and that answers with the digest of the one it saw.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConsumersTest {
  private static final String PASSPHRASE = "secret";
  private static final String PHP =
      """
      $context = stream_context_create(['ssl' => [
          'local_cert' => $argv[1], 'passphrase' => $argv[2], 'cafile' => $argv[3], 'peer_name' => 'localhost']]);
      $stream = stream_socket_client("tls://127.0.0.1:$argv[4]", $code, $message, 10, STREAM_CLIENT_CONNECT, $context);
      if (!$stream) exit(1);
      fwrite($stream, "GET / HTTP/1.0\\r\\n\\r\\n");
      echo stream_get_contents($stream);
      """;
  private static final String NODE =
      """
      const [ck, passphrase, ca, port] = process.argv.slice(1);
      const pem = require('fs').readFileSync(ck);
      require('https').get({host: '127.0.0.1', servername: 'localhost', port, cert: pem, key: pem, passphrase,
          ca: require('fs').readFileSync(ca)}, answer => answer.pipe(process.stdout));
      """;
  private static final String NGINX =
      """
      daemon off;
      master_process off;
      pid nginx.pid;
      error_log stderr;
      events {}
      http {
        access_log off;
        client_body_temp_path body;
        proxy_temp_path proxy;
        fastcgi_temp_path fastcgi;
        uwsgi_temp_path uwsgi;
        scgi_temp_path scgi;
        server {
          listen unix:socket;
          location / {
            proxy_pass https://127.0.0.1:PORT;
            proxy_ssl_name localhost;
            proxy_ssl_verify on;
            proxy_ssl_verify_depth 2;
            proxy_ssl_trusted_certificate CA;
            proxy_ssl_certificate CK;
            proxy_ssl_certificate_key CK;
            proxy_ssl_password_file PASSPHRASE;
          }
        }
      }
      """;

  private final X509Certificate certificate = Apple.voip(Apple.RSA, Apple.BUNDLE);
  private Path folder;
  private Path ck;
  private Path ca;
  private Path passphrase;
  private ClientCertificateServer server;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    this.folder = folder;
    ck = folder.resolve("ck.pem");
    ca = Files.writeString(folder.resolve("ca.pem"), Pem.of(Apple.ROOT));
    passphrase = Files.writeString(folder.resolve("passphrase"), PASSPHRASE + "\n");
    Path cer = Files.write(folder.resolve("voip.cer"), certificate.getEncoded());
    Path p12 =
        Files.write(folder.resolve("voip.p12"), Keychain.export(Apple.RSA, certificate, "x"));
    CertificateConverter.toPem(cer, p12, "x".toCharArray(), ck, PASSPHRASE.toCharArray());
    server = new ClientCertificateServer();
  }

  @AfterAll
  void stop() throws Exception {
    server.close();
  }

  @Test
  void openssl() {
    Program.require("openssl");
    assertSeen(
        Program.run(
            List.of(
                program("openssl"),
                "s_client",
                "-quiet",
                "-verify_return_error",
                "-connect",
                "127.0.0.1:" + server.port(),
                "-CAfile",
                ca.toString(),
                "-cert",
                ck.toString(),
                "-key",
                ck.toString(),
                "-pass",
                "file:" + passphrase),
            Map.of(),
            "GET / HTTP/1.0\r\n\r\n"));
  }

  @Test
  void curl() {
    assertSeen(
        Program.run(
            "curl",
            "--silent",
            "--show-error",
            "--cacert",
            ca.toString(),
            "--cert",
            ck + ":" + PASSPHRASE,
            "https://127.0.0.1:" + server.port() + "/"));
  }

  @Test
  void php() {
    assertSeen(
        Program.run("php", "-r", PHP, ck.toString(), PASSPHRASE, ca.toString(), server.port()));
  }

  @Test
  void node() {
    assertSeen(
        Program.run("node", "-e", NODE, ck.toString(), PASSPHRASE, ca.toString(), server.port()));
  }

  @Test
  void nginx() throws Exception {
    Program.require("nginx");
    Program.require("curl");
    String configuration =
        NGINX
            .replace("PORT", server.port())
            .replace("CA;", ca + ";")
            .replace("CK;", ck + ";")
            .replace("PASSPHRASE;", passphrase + ";")
            .replace("unix:socket", "unix:" + folder.resolve("socket"));
    Path file = Files.writeString(folder.resolve("nginx.conf"), configuration);
    Path log = folder.resolve("nginx.log");
    Process nginx =
        new ProcessBuilder(program("nginx"), "-p", folder.toString(), "-c", file.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      Program.Result answer =
          Program.run(
              "curl",
              "--silent",
              "--show-error",
              "--retry",
              "20",
              "--retry-delay",
              "1",
              "--retry-all-errors",
              "--retry-max-time",
              "20",
              "--unix-socket",
              folder.resolve("socket").toString(),
              "http://localhost/");
      if (answer.status() != 0) {
        fail(answer.output() + Files.readString(log));
      }
      assertSeen(answer);
    } finally {
      nginx.destroy();
      assertTrue(nginx.waitFor(10, TimeUnit.SECONDS));
    }
  }

  /** The test can fail: without the right passphrase nobody gets through. */
  @ParameterizedTest
  @ValueSource(strings = {"curl", "php", "node"})
  void wrongPassphraseIsRefused(String program) {
    Program.Result result =
        switch (program) {
          case "curl" ->
              Program.run(
                  program,
                  "--cacert",
                  ca.toString(),
                  "--cert",
                  ck + ":wrong",
                  "https://127.0.0.1:" + server.port());
          case "php" ->
              Program.run(program, "-r", PHP, ck.toString(), "wrong", ca.toString(), server.port());
          default ->
              Program.run(
                  program, "-e", NODE, ck.toString(), "wrong", ca.toString(), server.port());
        };

    assertTrue(result.status() != 0, result.output());
  }

  private void assertSeen(Program.Result result) {
    String digest = ClientCertificateServer.digest(certificate);
    assertTrue(result.requireSuccess().output().contains(digest), result.output());
  }

  private static String program(String name) {
    return Program.find(name).orElseThrow().toString();
  }
}
