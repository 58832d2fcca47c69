// SPDX-License-Identifier: Apache-2.0
package dev.voippush.benchmark;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * OkHttp as a user would write it: {@code execute()} on virtual threads where the JDK has them,
 * else on 64 platform threads, and at most 100 calls at once, because more would make OkHttp open
 * further connections.
 */
final class OkHttpSender implements Sender {
  private static final int PERMITS = 100;
  private static final int THREADS = 64;

  private final String[] tokens = Workload.tokens();
  private final Semaphore permits = new Semaphore(PERMITS);
  private final ExecutorService executor = executor();
  private final OkHttpClient client;
  private final String url;

  OkHttpSender(Credentials credentials, int port, Duration connectTimeout)
      throws IOException, GeneralSecurityException {
    url = "https://127.0.0.1:" + port + "/3/device/";
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(Credentials.load(credentials.clientP12()), Credentials.PASSWORD.toCharArray());
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("server", credentials.serverCertificate());
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    client =
        new OkHttpClient.Builder()
            .sslSocketFactory(
                tls.getSocketFactory(), (X509TrustManager) trust.getTrustManagers()[0])
            .connectTimeout(connectTimeout)
            .readTimeout(connectTimeout)
            .build();
  }

  private static ExecutorService executor() {
    try {
      return (ExecutorService)
          Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    } catch (ReflectiveOperationException e) { // before JDK 21
      return Executors.newFixedThreadPool(THREADS);
    }
  }

  @Override
  public Call call(UUID id) {
    long sentAt = System.currentTimeMillis();
    RequestBody body =
        RequestBody.create(Workload.json(id, sentAt).getBytes(StandardCharsets.UTF_8), null);
    String expiration = Long.toString(sentAt / 1000 + 10);
    return new Call() {
      @Override
      public void push(int device, Consumer<@Nullable Throwable> end) {
        executor.execute(
            () -> {
              try {
                pushAndWait(device);
              } catch (Exception e) {
                end.accept(e);
                return;
              }
              end.accept(null);
            });
      }

      @Override
      public void pushAndWait(int device) throws Exception {
        permits.acquire();
        try (Response response =
            client
                .newCall(
                    new Request.Builder()
                        .url(url + tokens[device % Workload.DEVICES])
                        .header("apns-topic", Credentials.TOPIC)
                        .header("apns-push-type", "voip")
                        .header("apns-priority", "10")
                        .header("apns-expiration", expiration)
                        .header("apns-id", Workload.cheapId().toString())
                        .post(body)
                        .build())
                .execute()) {
          if (response.code() != 200 || response.header("apns-id") == null) {
            throw new IOException("status " + response.code());
          }
        } finally {
          permits.release();
        }
      }
    };
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
    executor.shutdown();
    client.connectionPool().evictAll();
  }
}
