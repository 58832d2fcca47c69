// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.voippush.credentials.SigningKey;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.Test;

/** What a client with a signing key is told; of certificates VoipPushClientTest knows. */
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
