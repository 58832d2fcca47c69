// SPDX-License-Identifier: Apache-2.0
/** Rings iPhones: Apple VoIP pushes over APNs. */
@SuppressWarnings("requires-automatic") // Moshi has no module descriptor
@org.jspecify.annotations.NullMarked
module dev.voippush {
  requires transitive okhttp3;
  requires com.squareup.moshi;
  requires java.logging; // OkHttp's frame codec, a copy of which is in the packaged jar
  requires okio;
  requires org.bouncycastle.pkix;
  requires org.bouncycastle.provider;
  requires org.slf4j;
  requires static transitive org.jspecify;

  exports dev.voippush;
  exports dev.voippush.credentials;
}
