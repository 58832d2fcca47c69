// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.security.cert.X509Certificate;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Who pushes on one connection, and for which topics. Confined to the connection's event loop. */
interface Provider {
  /** Why the request is not authentic, or null if it is. */
  @Nullable Verdict authenticate(ApnsRequest request);

  /** True if the provider, once authenticated, may push to this topic. */
  boolean mayPushTo(String topic);

  /** What the client showed in its TLS handshake, or in the one whose session it resumed. */
  Optional<X509Certificate> certificate();

  /** The topic of a request without {@code apns-topic}, if there is only one it can mean. */
  Optional<String> onlyTopic();
}
