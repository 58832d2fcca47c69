// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.credentials.ApnsCredentials;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** An attempt that does something while it is asked whether its body may be written: it may. */
final class Asked implements Transport.Handler {
  final CompletableFuture<String> end = new CompletableFuture<>();
  private final byte[] body;
  private final Runnable whenAsked;

  Asked(int bytes, Runnable whenAsked) {
    this.body = ("{" + " ".repeat(bytes - 2) + "}").getBytes(StandardCharsets.US_ASCII);
    this.whenAsked = whenAsked;
  }

  Asked(Runnable whenAsked) {
    this(2, whenAsked);
  }

  Asked() {
    this(() -> {});
  }

  /** Returns how an attempt ends on this transport. */
  static String endOn(Transport transport) throws Exception {
    Asked attempt = new Asked();
    transport.enqueue(attempt, false);
    return attempt.awaitEnd();
  }

  @Override
  public PushRequest begin(ApnsCredentials credentials) {
    return new PushRequest(
        PushType.VOIP, "ab".repeat(32), UUID.randomUUID(), 0, null, "e.e.e", body);
  }

  @Override
  public boolean mayWrite() {
    whenAsked.run();
    return true;
  }

  @Override
  public void answered(PushResponse response) {
    end.complete("answered " + response.status());
  }

  @Override
  public void failed(AttemptFailure failure) {
    end.complete(failure.delivery().toString());
  }

  /** The status that was answered, or what is known of the delivery. */
  String awaitEnd() throws Exception {
    return end.get(20, TimeUnit.SECONDS);
  }
}
