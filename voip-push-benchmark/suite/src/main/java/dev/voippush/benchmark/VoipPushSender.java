// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.HandleType;
import dev.voippush.PushResult;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.CertificateLoader;
import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Arrays;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** This library with its defaults; or, given an OkHttpClient, over OkHttp's calls. */
final class VoipPushSender implements Sender {
  private final DeviceToken[] devices =
      Arrays.stream(Workload.tokens()).map(DeviceToken::of).toArray(DeviceToken[]::new);
  private final VoipPushClient client;

  VoipPushSender(
      Credentials credentials, int port, boolean calls, Duration connectTimeout, int connections)
      throws IOException, GeneralSecurityException {
    VoipPushClient.Builder builder =
        VoipPushClient.builder()
            .credentials(
                CertificateLoader.load(credentials.clientP12(), Credentials.PASSWORD.toCharArray()))
            .endpoint(URI.create("https://127.0.0.1:" + port))
            .trustedCertificates(credentials.serverCertificate())
            .connectTimeout(connectTimeout);
    if (calls) {
      builder.httpClient(new OkHttpClient());
    }
    if (calls && connections > 1) {
      throw new UnsupportedOperationException("more than one connection");
    }
    if (!calls) {
      builder.connections(connections);
    }
    client = builder.build();
  }

  static CallPayload payload(UUID id) {
    return CallPayload.incoming(id)
        .callerName(Workload.CALLER)
        .handle(Workload.HANDLE)
        .handleType(HandleType.PHONE)
        .video(true)
        .build();
  }

  @Override
  public Call call(UUID id) {
    CallPayload call = payload(id);
    return new Call() {
      @Override
      public void push(int device, Consumer<@Nullable Throwable> end) {
        tell(client.sendAsync(devices[device % Workload.DEVICES], call), end);
      }

      @Override
      public void ring(int count, Consumer<@Nullable Throwable> end) {
        client
            .ring(call, Arrays.asList(devices).subList(0, count))
            .results()
            .values()
            .forEach(result -> tell(result, end));
      }

      private void tell(CompletableFuture<PushResult> sent, Consumer<@Nullable Throwable> end) {
        var unused =
            sent.whenComplete(
                (result, failure) ->
                    end.accept(failure == null && !result.accepted() ? refused(result) : failure));
      }

      @Override
      public void pushAndWait(int device) throws Exception {
        PushResult result = client.send(devices[device % Workload.DEVICES], call);
        if (!result.accepted()) {
          throw refused(result);
        }
      }
    };
  }

  private static IOException refused(PushResult result) {
    return new IOException(
        result instanceof PushResult.Rejected rejected ? rejected.rawReason() : "not accepted");
  }

  @Override
  public void connect() {
    client.connect().join();
  }

  @Override
  public boolean connects() {
    return true;
  }

  @Override
  public void close() {
    client.close();
  }
}
