// SPDX-License-Identifier: Apache-2.0
package consumer;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.CertificateLoader;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.SimulatorFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** Sends a call to the simulator, with the jars of OkHttp, Okio and Kotlin that its arguments name. */
public final class Consumer {
  private static final List<String> CLASSES =
      List.of("okhttp3.OkHttpClient", "okio.Buffer", "kotlin.Unit");

  private Consumer() {}

  public static void main(String[] jars) throws Exception {
    for (int i = 0; i < jars.length; i++) {
      Class<?> type = Class.forName(CLASSES.get(i));
      String location = type.getProtectionDomain().getCodeSource().getLocation().toString();
      check(location.endsWith("/" + jars[i]), "OkHttp is of " + location + ", not of " + jars[i]);
    }
    try (ApnsSimulator apns = ApnsSimulator.start()) {
      DeviceToken device = DeviceToken.of(apns.registerPhone().token());
      SimulatorFiles files = apns.credentials().writeTo(Path.of("target", "credentials"));
      char[] password = apns.credentials().password().toCharArray();
      try (VoipPushClient client =
          VoipPushClient.builder()
              .credentials(CertificateLoader.load(files.voipP12(), password))
              .endpoint(apns.endpoint())
              .trustedCertificates(apns.credentials().caCertificate())
              .build()) {
        PushResult result = client.send(device, CallPayload.incoming(UUID.randomUUID()).build());
        check(result.accepted(), "APNs says " + result);
      }
    }
    System.out.println(
        "accepted, on Java " + Runtime.version().feature() + " in " + Consumer.class.getModule());
  }

  private static void check(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }
}
