// SPDX-License-Identifier: Apache-2.0
package dev.voippush.foreign;

import com.eatthepath.pushy.apns.ApnsClient;
import com.eatthepath.pushy.apns.ApnsClientBuilder;
import com.eatthepath.pushy.apns.DeliveryPriority;
import com.eatthepath.pushy.apns.PushNotificationResponse;
import com.eatthepath.pushy.apns.PushType;
import com.eatthepath.pushy.apns.auth.ApnsSigningKey;
import com.eatthepath.pushy.apns.util.SimpleApnsPushNotification;
import java.io.File;
import java.time.Instant;
import java.util.UUID;

/** Pushes with Pushy to the simulator whose credentials are in a directory. */
final class SendByPushy {
  private SendByPushy() {}

  static PushNotificationResponse<SimpleApnsPushNotification> send(
      File directory, int port, String token, boolean p8) throws Exception {
    ApnsClientBuilder builder =
        new ApnsClientBuilder()
            .setApnsServer("127.0.0.1", port)
            .setTrustedServerCertificateChain(new File(directory, "ca.pem"));
    if (p8) {
      File key = new File(directory, "AuthKey_ABC123DEFG.p8");
      builder.setSigningKey(ApnsSigningKey.loadFromPkcs8File(key, "A1B2C3D4E5", "ABC123DEFG"));
    } else {
      builder.setClientCredentials(new File(directory, "voippush.p12"), "voip-push");
    }
    String json =
        """
        {"callId": "%s", "callerName": "Ada", "video": true}
        """
            .formatted(UUID.randomUUID());
    ApnsClient client = builder.build();
    try {
      return client
          .sendNotification(
              new SimpleApnsPushNotification(
                  token,
                  "com.example.app.voip",
                  json,
                  Instant.now().plusSeconds(10),
                  DeliveryPriority.IMMEDIATE,
                  PushType.VOIP))
          .get();
    } finally {
      var unused = client.close();
    }
  }
}
