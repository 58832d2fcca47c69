// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import com.eatthepath.pushy.apns.ApnsClient;
import com.eatthepath.pushy.apns.ApnsClientBuilder;
import com.eatthepath.pushy.apns.DeliveryPriority;
import com.eatthepath.pushy.apns.PushNotificationResponse;
import com.eatthepath.pushy.apns.PushType;
import com.eatthepath.pushy.apns.util.SimpleApnsPushNotification;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Pushy with its defaults: one connection, the JDK's TLS. */
final class PushySender implements Sender {
  private final String[] tokens = Workload.tokens();
  private final ApnsClient client;

  PushySender(Credentials credentials, int port, Duration connectTimeout, int connections)
      throws IOException {
    client =
        new ApnsClientBuilder()
            .setApnsServer("127.0.0.1", port)
            .setClientCredentials(credentials.clientP12().toFile(), Credentials.PASSWORD)
            .setTrustedServerCertificateChain(credentials.serverPem().toFile())
            .setConnectionTimeout(connectTimeout)
            .setConcurrentConnections(connections)
            .build();
  }

  @Override
  public Call call(UUID id) {
    Instant sentAt = Instant.now();
    String json = Workload.json(id, sentAt.toEpochMilli());
    Instant expiration = sentAt.plusSeconds(10);
    return new Call() {
      private SimpleApnsPushNotification notification(int device) {
        return new SimpleApnsPushNotification(
            tokens[device % Workload.DEVICES],
            Credentials.TOPIC,
            json,
            expiration,
            DeliveryPriority.IMMEDIATE,
            PushType.VOIP,
            null,
            Workload.cheapId());
      }

      @Override
      public void push(int device, Consumer<@Nullable Throwable> end) {
        var unused =
            client
                .sendNotification(notification(device))
                .whenComplete(
                    (response, failure) ->
                        end.accept(
                            failure == null && !response.isAccepted()
                                ? refused(response)
                                : failure));
      }

      @Override
      public void pushAndWait(int device) throws Exception {
        PushNotificationResponse<SimpleApnsPushNotification> response =
            client.sendNotification(notification(device)).get();
        if (!response.isAccepted()) {
          throw refused(response);
        }
      }
    };
  }

  private static IOException refused(PushNotificationResponse<?> response) {
    return new IOException(response.getRejectionReason().orElse("not accepted"));
  }

  @Override
  public void connect() throws Exception {
    call(Workload.cheapId()).pushAndWait(0);
  }

  @Override
  public boolean connects() {
    return false;
  }

  @Override
  public void close() {
    client.close().join();
  }
}
