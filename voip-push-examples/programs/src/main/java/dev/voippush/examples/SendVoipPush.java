// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import dev.voippush.ApnsEnvironment;
import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.VoipPushClient;
import dev.voippush.VoipPushException;
import dev.voippush.credentials.ApnsCredentials;
import dev.voippush.credentials.CertificateLoader;
import dev.voippush.credentials.SigningKey;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rings one real phone from the command line: {@code SendVoipPush [options] CREDENTIALS TOKEN},
 * where CREDENTIALS is a {@code ck.pem}, a {@code .p12} or an {@code AuthKey_….p8}, and TOKEN the
 * VoIP token in hex that the app has uploaded.
 *
 * <p>The password, if the file has one, comes from {@code CERTIFICATE_PASSWORD}, from the file that
 * {@code CERTIFICATE_PASSWORD_FILE} names, or from the console.
 */
public final class SendVoipPush {
  private static final String USAGE =
      """
      usage: SendVoipPush [options] CREDENTIALS TOKEN
        CREDENTIALS         ck.pem, a .p12, or AuthKey_<key id>.p8
        TOKEN               the device's VoIP token, in hex
        --sandbox           the token is of a development build from Xcode
        --cer FILE          the certificate to a .p12 with nothing but the key
        --bundle ID         the app; needed with a .p8
        --team ID           needed with a .p8
        --key ID            of a .p8 whose file name does not say it
        --caller NAME       what the phone shows
        --video             a video call
        --ring SECONDS      how long it rings, 1 to 3600; 45
        --host HOST[:PORT]  a simulator or a relay in place of Apple's host; port 443
        --ca FILE           the certificate authority of that host""";

  private static final Set<String> WITH_VALUE =
      Set.of("--cer", "--bundle", "--team", "--key", "--caller", "--ring", "--host", "--ca");
  private static final Set<String> SWITCHES = Set.of("--sandbox", "--video");
  private static final Pattern KEY_FILE = Pattern.compile("AuthKey_([A-Z0-9]{10})\\.p8");

  private final Map<String, String> options = new HashMap<>();
  private final Set<String> switches = new HashSet<>();
  private final PasswordSource passwords;
  private Path file = Path.of("");
  private String token = "";

  private SendVoipPush(Map<String, String> environment) {
    passwords = new PasswordSource(environment);
  }

  public static void main(String[] args) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    System.exit(run(args, System.getenv(), out, err));
  }

  /** Returns the exit code: 0 accepted by APNs, 1 not accepted, 2 wrong arguments. */
  static int run(String[] args, Map<String, String> environment, PrintStream out, PrintStream err) {
    SendVoipPush program = new SendVoipPush(environment);
    Optional<String> wrong = program.read(args);
    if (wrong.isPresent()) {
      err.println(wrong.get());
      err.println(USAGE);
      return 2;
    }
    try {
      return program.send(out, err);
    } catch (VoipPushException e) {
      err.println(
          "no verdict from APNs, " + e.failure() + ", " + e.delivery() + ": " + e.getMessage());
    } catch (IOException | CertificateException | IllegalArgumentException e) {
      err.println(e.getMessage()); // it names the file or the value, and the fix
    }
    return 1;
  }

  /** Returns what is wrong with the arguments. */
  private Optional<String> read(String[] args) {
    int files = 0;
    for (int i = 0; i < args.length; i++) {
      if (SWITCHES.contains(args[i])) {
        switches.add(args[i]);
      } else if (WITH_VALUE.contains(args[i])) {
        if (i + 1 == args.length) {
          return Optional.of(args[i] + " needs a value");
        }
        options.put(args[i], args[++i]);
      } else if (args[i].startsWith("--")) {
        return Optional.of(args[i] + " is no option");
      } else if (files == 0) {
        file = Path.of(args[i]);
        files++;
      } else {
        token = args[i];
        files++;
      }
    }
    return files == 2
        ? Optional.empty()
        : Optional.of("CREDENTIALS and TOKEN are needed, but there were " + files + " of the two");
  }

  private int send(PrintStream out, PrintStream err) throws IOException, CertificateException {
    DeviceToken device = DeviceToken.of(token);
    CallPayload.Builder call =
        CallPayload.incoming(UUID.randomUUID())
            .callerName(options.getOrDefault("--caller", "voip-push"))
            .video(switches.contains("--video"));
    if (options.containsKey("--ring")) {
      call.ringFor(Duration.ofSeconds(seconds(options.get("--ring"))));
    }
    try (VoipPushClient client = client()) {
      PushResult result = client.send(device, call.build());
      if (result instanceof PushResult.Rejected rejected) {
        err.println(rejected.explanation() + ", remedy " + rejected.remedy());
        return 1;
      }
      out.println("accepted by APNs, apns-id " + result.apnsId() + ": the phone rings");
      return 0;
    }
  }

  private static long seconds(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("--ring must be seconds, but was " + text, e);
    }
  }

  private VoipPushClient client() throws IOException, CertificateException {
    VoipPushClient.Builder builder = VoipPushClient.builder().credentials(credentials());
    if (options.containsKey("--bundle")) {
      builder.bundleId(options.get("--bundle"));
    }
    if (switches.contains("--sandbox")) {
      builder.environment(ApnsEnvironment.SANDBOX);
    }
    if (options.containsKey("--host")) {
      builder.endpoint(URI.create("https://" + options.get("--host")));
    }
    if (options.containsKey("--ca")) {
      try (InputStream ca = Files.newInputStream(Path.of(options.get("--ca")))) {
        builder.trustedCertificates(
            (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(ca));
      }
    }
    return builder.build();
  }

  private ApnsCredentials credentials() throws IOException {
    if (file.toString().endsWith(".p8")) {
      Matcher name = KEY_FILE.matcher(String.valueOf(file.getFileName()));
      String keyId = options.getOrDefault("--key", name.matches() ? name.group(1) : "");
      return SigningKey.load(file, keyId, options.getOrDefault("--team", ""));
    }
    char[] password = null;
    try {
      if (CertificateLoader.needsPassword(file)) {
        password = passwords.read("Password of " + file, "CERTIFICATE_PASSWORD");
      }
      String cer = options.get("--cer");
      return cer == null
          ? CertificateLoader.load(file, password)
          : CertificateLoader.fromCerAndPkcs12(Path.of(cer), file, password);
    } finally {
      if (password != null) {
        Arrays.fill(password, '\0');
      }
    }
  }
}
