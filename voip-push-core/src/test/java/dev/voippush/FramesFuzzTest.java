// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.voippush.credentials.ApnsCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.HandshakeCompletedListener;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Whatever bytes a server sends while pushes wait for answers, each of these ends once, and nothing
 * but a breach of the protocol or the end of the connection ends the reader.
 */
class FramesFuzzTest {
  @RegisterExtension static final FuzzRun RUN = new FuzzRun("frames");

  private static final int PUSHES = 3;
  private static final byte[] SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};
  private static final DeadlineTimer TIMER = new DeadlineTimer();
  private static final Callbacks CALLBACKS = new Callbacks(TIMER);
  private static final Identity IDENTITY =
      new Identity(
          VirtualClient.signingKey(), TlsSettings.of(VirtualClient.signingKey(), List.of()));

  @FuzzTest
  void everyPushEndsOnce(byte[] data) throws Exception {
    RUN.input(() -> receive(data));
  }

  private static void receive(byte[] data) throws Exception {
    Exchange exchange = new Exchange(data);
    StreamTransport transport =
        new StreamTransport(
            new StreamTransport.Config(
                exchange.new MemoryDialer(),
                "apns.test",
                "com.example.app",
                Duration.ofSeconds(10),
                Duration.ofMinutes(1),
                100,
                1,
                CALLBACKS,
                TIMER,
                new Unheard()),
            IDENTITY);
    for (int i = 0; i < PUSHES; i++) {
      transport.enqueue(exchange.new Waiting(), false);
    }
    // What GOAWAY says was not processed has ended, too: to try again is not the transport's part.
    assertTrue(exchange.ended.await(20, TimeUnit.SECONDS), "a push never ended");
    transport.close(Duration.ZERO);
    assertEquals(PUSHES, exchange.endings.get(), "ends of pushes");
    Throwable fault = exchange.fault.get();
    if (fault != null) {
      throw new AssertionError("not a breach of the protocol", fault);
    }
  }

  private static final class Unheard implements Transport.Observer {
    @Override
    public void connected(Duration took) {}

    @Override
    public void connectFailed(AttemptFailure failure, Duration took) {}

    @Override
    public void disconnected(String why, Duration lifetime) {}
  }

  /** A server that sends its bytes once all pushes are written, and then closes. */
  private static final class Exchange {
    private final byte[] sent;
    private final CountDownLatch written = new CountDownLatch(PUSHES);
    private final CountDownLatch ended = new CountDownLatch(PUSHES);
    private final AtomicInteger endings = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> fault = new AtomicReference<>();

    Exchange(byte[] sent) {
      this.sent = sent;
    }

    private final class Waiting implements Transport.Handler {
      @Override
      public PushRequest begin(ApnsCredentials credentials) {
        return new PushRequest(
            PushType.VOIP,
            "ab".repeat(32),
            new UUID(1, 2),
            0,
            null,
            "e.e.e",
            new byte[] {'{', '}'});
      }

      @Override
      public boolean mayWrite() {
        written.countDown();
        return true;
      }

      @Override
      public void answered(PushResponse response) {
        if (response.body().length > PushResponse.MAX_BODY) {
          fault.set(new AssertionError("too much is kept"));
        }
        end();
      }

      @Override
      public void failed(AttemptFailure failure) {
        if (!(failure.cause() instanceof IOException)) {
          fault.set(failure.cause());
        }
        for (Throwable cause = failure.cause(); cause != null; cause = cause.getCause()) {
          if (!(cause instanceof IOException) && !isOfCodec(cause)) {
            fault.set(cause);
          }
        }
        end();
      }

      private static boolean isOfCodec(Throwable cause) {
        return Arrays.stream(cause.getStackTrace())
            .map(StackTraceElement::getClassName)
            .filter(name -> !name.startsWith("java."))
            .findFirst()
            .filter(name -> name.startsWith("okhttp3.") || name.startsWith("okio."))
            .isPresent();
      }

      private void end() {
        endings.incrementAndGet();
        ended.countDown();
      }
    }

    private final class MemoryDialer extends Dialer {
      private boolean dialled;

      MemoryDialer() {
        super("apns.test", 443, new ProxySettings(null, null), host -> new InetAddress[0]);
      }

      @Override
      Dial dial(TlsSettings tls) {
        return new Dial(tls) {
          @Override
          SSLSocket open() throws IOException {
            if (dialled) {
              throw new ConnectException("once only");
            }
            dialled = true;
            return new MemorySocket(new Bytes());
          }
        };
      }
    }

    private final class Bytes extends InputStream {
      private final InputStream settings = new ByteArrayInputStream(SETTINGS);
      private final InputStream rest = new ByteArrayInputStream(sent);

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        int count = settings.read(into, offset, length);
        if (count >= 0) {
          return count;
        }
        try {
          if (!written.await(20, TimeUnit.SECONDS)) {
            fault.set(new AssertionError("not written"));
          }
        } catch (InterruptedException e) {
          throw new InterruptedIOException();
        }
        return rest.read(into, offset, length);
      }
    }
  }

  /** TLS without a network. */
  private static final class MemorySocket extends SSLSocket {
    private final InputStream in;

    MemorySocket(InputStream in) {
      this.in = in;
    }

    @Override
    public InputStream getInputStream() {
      return in;
    }

    @Override
    public OutputStream getOutputStream() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public void startHandshake() {}

    @Override
    public String[] getSupportedCipherSuites() {
      return new String[0];
    }

    @Override
    public String[] getEnabledCipherSuites() {
      return new String[0];
    }

    @Override
    public void setEnabledCipherSuites(String[] suites) {}

    @Override
    public String[] getSupportedProtocols() {
      return new String[0];
    }

    @Override
    public String[] getEnabledProtocols() {
      return new String[0];
    }

    @Override
    public void setEnabledProtocols(String[] protocols) {}

    @Override
    public SSLSession getSession() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void addHandshakeCompletedListener(HandshakeCompletedListener listener) {}

    @Override
    public void removeHandshakeCompletedListener(HandshakeCompletedListener listener) {}

    @Override
    public void setUseClientMode(boolean mode) {}

    @Override
    public boolean getUseClientMode() {
      return false;
    }

    @Override
    public void setNeedClientAuth(boolean need) {}

    @Override
    public boolean getNeedClientAuth() {
      return false;
    }

    @Override
    public void setWantClientAuth(boolean want) {}

    @Override
    public boolean getWantClientAuth() {
      return false;
    }

    @Override
    public void setEnableSessionCreation(boolean flag) {}

    @Override
    public boolean getEnableSessionCreation() {
      return false;
    }
  }
}
