// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.io.IOException;
import okhttp3.internal.http2.Http2Reader;
import okhttp3.internal.http2.Http2Writer;
import okhttp3.internal.http2.Settings;
import okio.Buffer;

/** Uses the codec until the transport that does is there. */
final class CodecProbe {
  private CodecProbe() {}

  static long probe() throws IOException {
    Buffer buffer = new Buffer();
    try (Http2Writer writer = new Http2Writer(buffer, true);
        Http2Reader reader = new Http2Reader(buffer, true)) {
      writer.connectionPreface();
      writer.settings(new Settings());
      return buffer.size() + reader.hashCode() * 0L;
    }
  }
}
