// SPDX-License-Identifier: Apache-2.0
/** A local APNs with phones that ring. */
@SuppressWarnings("requires-automatic") // Moshi and Netty have no module descriptors
@org.jspecify.annotations.NullMarked
module dev.voippush.simulator {
  requires com.squareup.moshi;
  requires io.netty.buffer;
  requires io.netty.codec.http2;
  requires io.netty.codec.http;
  requires io.netty.codec;
  requires io.netty.common;
  requires io.netty.handler;
  requires io.netty.transport;
  requires java.net.http;
  requires okio;
  requires org.bouncycastle.pkix;
  requires org.bouncycastle.provider;
  requires org.slf4j;
  requires static org.jspecify;
  requires static org.junit.jupiter.api;

  exports dev.voippush.simulator;
}
