// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.voippush.credentials.Apple;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.credentials.SigningKey;
import java.time.Duration;
import java.util.List;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.Test;

/** What a client is told of its settings; more of certificates in VoipPushClientTest. */
class TargetTest {
  private static final SigningKey KEY = VirtualClient.signingKey();

  private static Target target(PushType type) {
    return Target.of(HttpUrl.get("https://api.push.apple.com/"), "com.example.app", type, KEY);
  }

  @Test
  void keyIsNamedByItsIds() {
    assertEquals(
        "this client sends to PRODUCTION (api.push.apple.com:443) with the signing key ABCDE12345"
            + " of team A1B2C3D4E5",
        target(PushType.VOIP).advice(RejectionReason.FORBIDDEN));
  }

  @Test
  void certificateIsNamedByItsApp() throws Exception {
    PushCertificate certificate =
        PushCertificate.of(
            Apple.EC.getPrivate(),
            List.of(
                Apple.voip(
                    Apple.EC, Apple.BUNDLE, Apple.START, Apple.START.plus(Duration.ofDays(1)))));
    Target target =
        Target.of(HttpUrl.get("https://api.push.apple.com/"), "x.y", PushType.VOIP, certificate);
    assertEquals(
        "this client sends to PRODUCTION (api.push.apple.com:443) with the certificate for "
            + Apple.BUNDLE,
        target.advice(RejectionReason.FORBIDDEN));
  }

  @Test
  void topicIsThatOfThePush() {
    assertEquals(
        "this client sends to the topic com.example.app.voip; is the token the VoIP token (PushKit)"
            + " of this app?",
        target(PushType.VOIP).advice(RejectionReason.DEVICE_TOKEN_NOT_FOR_TOPIC));
    assertEquals(
        "this client sends to the topic com.example.app; is the token the one for notifications,"
            + " not the VoIP token, of this app?",
        target(PushType.ALERT).advice(RejectionReason.DEVICE_TOKEN_NOT_FOR_TOPIC));
  }

  @Test
  void keyThatMayNotPushToTheTopic() {
    assertEquals(
        "the topic is com.example.app, sent with the signing key ABCDE12345 of team A1B2C3D4E5; is"
            + " the app, by its bundle id, one of this team, and the key not restricted to others?",
        target(PushType.ALERT).advice(RejectionReason.TOPIC_DISALLOWED));
  }
}
