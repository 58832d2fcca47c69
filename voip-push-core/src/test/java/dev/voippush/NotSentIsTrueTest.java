// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static dev.voippush.TestClients.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.credentials.SigningKey;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.Buffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a transport says was not sent never reaches the server, and nothing is sent twice, also when
 * the end of an attempt crosses with its writing.
 */
@Timeout(60)
class NotSentIsTrueTest {
  private final DeadlineTimer timer = new DeadlineTimer();
  private final Callbacks callbacks = new Callbacks(timer);
  private final AtomicBoolean noThreads = new AtomicBoolean();
  private final ExecutorService threads =
      new ThreadPoolExecutor(0, 200, 1, TimeUnit.SECONDS, new SynchronousQueue<>()) {
        @Override
        public void execute(Runnable task) {
          if (noThreads.get()) {
            throw new OutOfMemoryError("unable to create native thread");
          }
          super.execute(task);
        }
      };
  private RawApns apns;
  private Identity identity;
  private Transport transport;

  @BeforeEach
  void startApns() throws Exception {
    apns = new RawApns();
    SigningKey key = VirtualClient.signingKey();
    identity = new Identity(key, TlsSettings.of(key, List.of(apns.root())));
  }

  @AfterEach
  void close() throws Exception {
    transport.close(Duration.ZERO);
    timer.close();
    callbacks.close();
    apns.close();
  }

  private void streams() {
    transport = TestClients.streams(apns, identity, callbacks, timer);
  }

  private void calls(OkHttpClient users, Duration connectTimeout, Transport.Observer observer) {
    transport =
        new CallTransport(
            HttpUrl.get(apns.endpoint()),
            "com.example.app",
            users,
            identity,
            connectTimeout,
            Duration.ofSeconds(60),
            100,
            timer,
            threads,
            observer);
  }

  private void calls(OkHttpClient users) {
    calls(users, Duration.ofSeconds(10), TestClients.NOBODY);
  }

  /** Until the server has read all that there was. */
  private void awaitRecord() {
    transport.close(Duration.ZERO);
    await(() -> apns.connections().stream().noneMatch(RawApns.Connection::isOpen));
  }

  @Test
  void dialThatComesAboutWhileItTimesOut() throws Exception {
    CountDownLatch speak = new CountDownLatch(1);
    CountDownLatch asked = new CountDownLatch(1);
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void opened(RawApns.Connection connection) throws IOException {
            await(speak);
            connection.settings();
          }
        });
    OkHttpClient patient =
        new OkHttpClient.Builder()
            .addInterceptor(
                chain -> chain.withConnectTimeout(20, TimeUnit.SECONDS).proceed(chain.request()))
            .build();
    calls(
        patient,
        Duration.ofMillis(500),
        new Transport.Observer() {
          @Override
          public void connected(Duration took) {}

          @Override
          public void connectFailed(AttemptFailure failure, Duration took) {
            speak.countDown();
            await(asked);
          }

          @Override
          public void disconnected(String why, Duration lifetime) {}
        });
    Asked attempt = new Asked(asked::countDown);
    transport.enqueue(attempt, false);
    assertEquals("NOT_SENT", attempt.awaitEnd());
    awaitRecord();
    assertEquals(List.of(), apns.requests());
  }

  @Test
  void closeWhileABodyIsAboutToBeWritten() throws Exception {
    CompletableFuture<Asked> asked = new CompletableFuture<>();
    calls(new OkHttpClient());
    asked.complete(
        new Asked(
            () -> {
              new Thread(() -> transport.close(Duration.ZERO)).start();
              await(() -> asked.join().end.isDone());
            }));
    transport.enqueue(asked.join(), false);
    assertEquals("NOT_SENT", asked.join().awaitEnd());
    awaitRecord();
    assertEquals(List.of(), apns.requests());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void interceptorThatProceedsAgainSendsNothingAgain(boolean connected) throws Exception {
    calls(
        intercepting(
            chain -> {
              try {
                return chain.proceed(chain.request());
              } catch (IOException e) {
                return chain.proceed(chain.request());
              }
            }));
    if (connected) {
      assertEquals("answered 200", Asked.endOn(transport));
    }
    int requests = apns.requests().size();
    loseTheNext();
    assertEquals("UNKNOWN", Asked.endOn(transport));
    awaitRecord();
    assertEquals(requests + 1, apns.requests().size());
  }

  private static OkHttpClient intercepting(Interceptor interceptor) {
    return new OkHttpClient.Builder().addInterceptor(interceptor).build();
  }

  /** Ends the connection when it has read one more request, and answers those after it. */
  private void loseTheNext() {
    int before = apns.requests().size();
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            if (apns.requests().size() > before + 1) {
              connection.answer(request);
            } else {
              connection.reset();
            }
          }
        });
  }

  /** The body in its place may be written more often than once, as far as OkHttp knows. */
  @Test
  void interceptorThatReplacesTheBodyAndProceedsAgainSendsNothingAgain() throws Exception {
    loseTheNext();
    calls(
        intercepting(
            chain -> {
              RequestBody other = RequestBody.create("{}", MediaType.get("application/json"));
              Request replaced = chain.request().newBuilder().post(other).build();
              try {
                return chain.proceed(replaced);
              } catch (IOException e) {
                return chain.proceed(replaced);
              }
            }));
    assertEquals("UNKNOWN", Asked.endOn(transport));
    awaitRecord();
    assertEquals(1, apns.requests().size());
  }

  @Test
  void interceptorThatLooksAtTheBodyDoesNotWriteIt() throws Exception {
    calls(
        intercepting(
            chain -> {
              chain.request().body().writeTo(new Buffer());
              return chain.proceed(chain.request());
            }));
    assertEquals("answered 200", Asked.endOn(transport));
    assertEquals(1, apns.requests().size());
    assertEquals("{}", new String(apns.requests().get(0).body(), StandardCharsets.UTF_8));
    assertEquals("application/json", apns.requests().get(0).headers().get("content-type"));
    assertEquals("2", apns.requests().get(0).headers().get("content-length"));
  }

  /** What a server may do once the status was read. */
  private enum AfterTheStatus {
    GOAWAY_WITHOUT_IT {
      @Override
      void act(RawApns.Connection connection, int streamId) throws IOException {
        connection.goAway(0, 0);
      }
    },
    REFUSAL {
      @Override
      void act(RawApns.Connection connection, int streamId) throws IOException {
        connection.rst(streamId, 7);
      }
    },
    SILENCE {
      @Override
      void act(RawApns.Connection connection, int streamId) {}
    };

    abstract void act(RawApns.Connection connection, int streamId) throws IOException;
  }

  @ParameterizedTest
  @EnumSource
  void statusIsTheVerdictThoughAnInterceptorReadsTheBodyThatBreaksOff(AfterTheStatus then)
      throws Exception {
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            connection.headers(request.streamId(), false, ":status", "200");
            then.act(connection, request.streamId());
          }
        });
    calls(
        intercepting(
            chain -> {
              Response response = chain.proceed(chain.request());
              response.body().source().request(Long.MAX_VALUE);
              return response;
            }));
    assertEquals("answered 200", Asked.endOn(transport));
    assertEquals(1, apns.requests().size());
  }

  @Test
  void statusIsTheVerdictThoughAnInterceptorMakesUpAnother() throws Exception {
    calls(
        intercepting(
            chain -> {
              chain.proceed(chain.request()).close();
              return TestClients.unavailable(chain.request());
            }));
    assertEquals("answered 200", Asked.endOn(transport));
    assertEquals(1, apns.requests().size());
  }

  @Test
  void answerOfAnInterceptorIsNoVerdictOnWhatWasWritten() throws Exception {
    loseTheNext();
    calls(
        intercepting(
            chain -> {
              try {
                return chain.proceed(chain.request());
              } catch (IOException e) {
                return TestClients.unavailable(chain.request());
              }
            }));
    assertEquals("UNKNOWN", Asked.endOn(transport));
    assertEquals(1, apns.requests().size());
  }

  /** OkHttp sends again what was answered by 408, if the body allows. */
  @Test
  void statusThatOkHttpTriesAgainByItselfIsTheVerdict() throws Exception {
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            connection.reject(request, 408, "");
          }
        });
    calls(
        intercepting(
            chain ->
                chain.proceed(
                    chain.request().newBuilder().post(RequestBody.create("{}", null)).build())));
    assertEquals("answered 408", Asked.endOn(transport));
    assertEquals(1, apns.requests().size());
  }

  /** They end the one that was answered, or all of the connection. */
  @ParameterizedTest
  @CsvSource({
    ":status, REFUSED_STREAM",
    ":status, stream was reset: REFUSED_STREAM",
    "X-REFUSED_STREAM, y",
    "Xstream was reset: REFUSED_STREAM, y"
  })
  void headersThatSpeakOfRefusalAreNone(String name, String value) throws Exception {
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            connection.headers(request.streamId(), true, name, value);
          }
        });
    calls(new OkHttpClient());
    assertEquals("UNKNOWN", Asked.endOn(transport));
    assertEquals(1, apns.requests().size());
  }

  @Test
  void lookupThatHangsForACancelledAttemptHoldsUpNoOther() throws Exception {
    AtomicInteger lookups = new AtomicInteger();
    CountDownLatch released = new CountDownLatch(1);
    calls(
        new OkHttpClient.Builder()
            .dns(
                name -> {
                  if (lookups.incrementAndGet() == 1) {
                    await(released);
                  }
                  return List.of(InetAddress.getLoopbackAddress());
                })
            .build(),
        Duration.ofSeconds(3),
        TestClients.NOBODY);
    Transport.Attempt hanging = transport.enqueue(new Asked(), false);
    await(() -> lookups.get() == 1);
    hanging.cancel();
    Asked other = new Asked();
    transport.enqueue(other, false);
    try {
      assertEquals("answered 200", other.awaitEnd());
    } finally {
      released.countDown();
    }
    assertEquals(1, apns.requests().size());
  }

  /** Holds back each answer but the first. */
  private void answerLater(CountDownLatch answer) {
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void request(RawApns.Connection connection, RawApns.Request request)
              throws IOException {
            if (apns.requests().size() > 1) {
              await(answer);
            }
            connection.answer(request);
          }
        });
  }

  @Test
  void queueForWhichThereAreNoThreads() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    answerLater(answer);
    calls(new OkHttpClient());
    assertEquals("answered 200", Asked.endOn(transport));
    List<Asked> queue = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      queue.add(new Asked());
      transport.enqueue(queue.get(i), false);
    }
    await(() -> apns.requests().size() == 2);
    noThreads.set(true);
    answer.countDown();
    for (Asked attempt : queue.subList(2, queue.size())) {
      assertEquals("NOT_SENT", attempt.awaitEnd());
    }
    noThreads.set(false);
    assertEquals("answered 200", Asked.endOn(transport));
  }

  @Test
  void cancellationForWhichThereIsNoThread() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    answerLater(answer);
    calls(new OkHttpClient());
    assertEquals("answered 200", Asked.endOn(transport));
    Transport.Attempt attempt = transport.enqueue(new Asked(), false);
    await(() -> apns.requests().size() == 2);
    noThreads.set(true);
    attempt.cancel();
    answer.countDown();
    await(() -> transport.inFlight() == 0);
  }

  /** A server whose windows leave room for half of a body. */
  private void holdBack() {
    apns.behaviour(
        new RawApns.Behaviour() {
          @Override
          public void opened(RawApns.Connection connection) throws IOException {
            connection.settings(RawApns.INITIAL_WINDOW_SIZE, 1);
          }
        });
  }

  @Test
  void answerWithoutStatusWhileTheEndOfTheBodyIsAboutToBeWritten() throws Exception {
    holdBack();
    streams();
    CompletableFuture<Asked> asked = new CompletableFuture<>();
    asked.complete(
        new Asked(
            () -> {
              try {
                RawApns.Connection connection = apns.connections().get(0);
                connection.headers(1, true, "x", "y");
                connection.flush();
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
              await(() -> asked.join().end.isDone());
            }));
    transport.enqueue(asked.join(), false);
    assertEquals("UNKNOWN", asked.join().awaitEnd());
    await(() -> apns.requests().size() == 1);
  }

  /** So does {@link Ring#stop}, after which no request is handed to TLS any more. */
  @Test
  void handOverOfABodyThatWasHeldBackIsWaitedFor() throws Exception {
    holdBack();
    streams();
    CompletableFuture<Boolean> waits = new CompletableFuture<>();
    Asked asked =
        new Asked(
            () -> {
              Thread waiting = new Thread(transport::awaitHandOver);
              waiting.start();
              await(() -> !waiting.isAlive() || waiting.getState() == Thread.State.TIMED_WAITING);
              waits.complete(waiting.isAlive());
            });
    transport.enqueue(asked, false);
    assertEquals("answered 200", asked.awaitEnd());
    assertTrue(waits.join());
  }
}
