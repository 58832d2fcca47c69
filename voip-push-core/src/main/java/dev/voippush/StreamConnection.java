// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import dev.voippush.VoipPushException.Delivery;
import dev.voippush.VoipPushException.Failure;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import okhttp3.internal.http2.ErrorCode;
import okhttp3.internal.http2.Header;
import okhttp3.internal.http2.Http2Reader;
import okhttp3.internal.http2.Http2Writer;
import okhttp3.internal.http2.Settings;
import okio.Buffer;
import okio.BufferedSink;
import okio.BufferedSource;
import okio.ByteString;
import okio.Okio;
import okio.Sink;
import okio.Timeout;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One HTTP/2 connection to APNs, from dialling to its end (RFC 9113).
 *
 * <p>Two threads: the writer dials, then writes all that waits and flushes once, so that many
 * pushes share a TLS record and a system call; the reader hands answers on. The reader never
 * writes: it leaves control frames to the writer, and wakes it when there is no further frame to be
 * read at once. The table of open streams tells exactly what was sent: a stream that APNs has not
 * processed, or whose end never reached TLS, is safe to send again.
 *
 * <p>State is guarded by the transport's lock; {@code writing} is held around all output.
 */
final class StreamConnection {
  private static final Logger log = LoggerFactory.getLogger(StreamConnection.class);

  private static final int MAX_BATCH = 64;
  private static final int MAX_STREAM_ID = 0x7fffffff;
  private static final int DEFAULT_WINDOW = 65_535;
  private static final int RECORD = 16 * 1024; // the most that TLS takes at once
  private static final int MAX_REASON = 256;

  /** So many requests refused in a row, without an answer in between: another may do better. */
  private static final int MOST_REFUSALS = 3;

  /** Answers to a server's control frames that wait to be written: more is an attack. */
  static final int MAX_UNWRITTEN_ANSWERS = 10_000;

  private static final long FIRST_BYTES_MILLIS = 1_000;
  private static final long UNANSWERED_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long PING_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long BODY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LAST_ANSWERS_MILLIS = 1_000;
  private static final long GATHERING_NANOS = TimeUnit.MICROSECONDS.toNanos(20);
  private static final long NEVER = Long.MIN_VALUE;

  /** More than HEADERS take without token and JWT, frame headers included. */
  private static final int MOST_HEADERS = 1024;

  // RFC 9113 §6
  private static final int FRAME_HEADER = 9;
  private static final int MAX_FRAME = 16_384;
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int GOAWAY = 7;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;

  private static final ByteString HTTP_1 = ByteString.encodeUtf8("HTTP/");
  private static final ByteString STATUS_OK = ByteString.encodeUtf8("200");
  private static final ByteString UNIQUE_ID = ByteString.encodeUtf8("apns-unique-id");
  private static final ByteString RETRY_AFTER = ByteString.encodeUtf8("retry-after");

  final Identity identity;
  private final StreamTransport transport;
  private final Object lock;
  private final Dialer.Dial dial;
  private final Thread writerThread;
  private @Nullable Thread readerThread;
  private final DeadlineTimer.Deadline watch;
  private final HeaderEncoder headers;
  private final CountDownLatch firstBytes = new CountDownLatch(1);

  private enum State {
    DIALLING,
    OPEN,
    DRAINING
  }

  // Guarded by lock:
  private State state = State.DIALLING;
  private boolean wasOpen;
  private boolean answered;
  private boolean closing;
  private @Nullable Throwable failure; // nothing is written any more
  private @Nullable IOException writeFailure; // of a caller who wrote himself
  private @Nullable String drainReason;
  private final StreamTable streams = new StreamTable();
  private final List<StreamAttempt> heldBack = new ArrayList<>(); // by flow control
  private final ArrayDeque<Control> controls = new ArrayDeque<>();
  private volatile int unwrittenAnswers; // of controls
  private int nextStreamId = 1;
  private int streamLimit = Integer.MAX_VALUE;
  private long connectionWindow = DEFAULT_WINDOW;
  private int initialWindow = DEFAULT_WINDOW;
  private boolean parked;
  private long farewellAt = NEVER;
  private long pingSentAt = NEVER;
  private long watchAt = NEVER;
  private long noRoomSince = NEVER;
  private int refusals; // since the last answer

  private volatile long lastRead;
  private volatile long writingSince = NEVER;

  private final long diallingSince = System.nanoTime();
  private volatile long openSince;

  // Under writing:
  private final ReentrantLock writing = new ReentrantLock();
  private final StreamAttempt[] batch = new StreamAttempt[MAX_BATCH];
  private final Buffer block = new Buffer();
  private volatile @Nullable Output output;

  /** A frame that is not part of a request. */
  @FunctionalInterface
  private interface Control {
    void write(Output output) throws IOException;
  }

  /** The frames to the server, and how many bytes of them TLS has got. */
  private static final class Output {
    final SSLSocket socket;
    final BufferedSink sink;
    final Http2Writer http2;
    private final byte[] record = new byte[RECORD];
    private int gathered;
    private volatile long handedOver;

    /** Odd while requests are gathered that TLS has not got; no I/O is done meanwhile. */
    private volatile int phase;

    Output(SSLSocket socket) throws IOException {
      this.socket = socket;
      OutputStream out = socket.getOutputStream();
      // Gathers what makes a full TLS record. And Okio's own sink would refuse to write on the
      // thread of a caller who was interrupted.
      Sink counting =
          new Sink() {
            @Override
            public void write(Buffer source, long byteCount) throws IOException {
              long left = byteCount;
              while (left > 0) {
                int count = source.read(record, gathered, (int) Math.min(left, RECORD - gathered));
                gathered += count;
                left -= count;
                if (gathered == RECORD) {
                  handOver();
                }
              }
            }

            @SuppressWarnings("NonAtomicVolatileUpdate") // one writes at a time
            private void handOver() throws IOException {
              int count = gathered;
              gathered = 0;
              handedOver += count; // before: what fails may have got through
              boolean more = isGathering();
              endGathering();
              out.write(record, 0, count);
              if (more) {
                beginGathering();
              }
            }

            @Override
            public void flush() throws IOException {
              if (gathered > 0) {
                handOver();
              }
              out.flush();
            }

            @Override
            public Timeout timeout() {
              return Timeout.NONE;
            }

            @Override
            public void close() throws IOException {
              out.close();
            }
          };
      this.sink = Okio.buffer(counting);
      this.http2 = new Http2Writer(sink, true);
    }

    private long waiting() {
      return gathered + sink.getBuffer().size();
    }

    long position() {
      return handedOver + waiting();
    }

    /** Makes room, so that the next bytes are all gathered before any of them is handed over. */
    void makeRoomFor(long bytes) throws IOException {
      if (waiting() + bytes > RECORD) {
        sink.flush();
      }
    }

    private boolean isGathering() {
      return (phase & 1) == 1;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writes at a time
    void beginGathering() {
      phase++;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writes at a time
    void endGathering() {
      if (isGathering()) {
        phase++;
      }
    }

    /** Returns when TLS has got what is gathered now; this takes no I/O. */
    void awaitGathered() {
      int now = phase;
      while ((now & 1) == 1 && phase == now) {
        LockSupport.parkNanos(GATHERING_NANOS);
      }
    }
  }

  StreamConnection(StreamTransport transport, Identity identity) {
    this.identity = identity;
    this.transport = transport;
    this.lock = transport.lock;
    StreamTransport.Config config = transport.config;
    this.dial = config.dialer().dial(identity.tls());
    this.headers = new HeaderEncoder(config.authority(), config.bundleId());
    this.watch = config.timer().deadline(this::check);
    this.writerThread = Threads.daemons("voip-push-writer").newThread(this::run);
  }

  void start() {
    setWatch(transport.config.connectTimeout().toNanos());
    try {
      writerThread.start();
    } catch (OutOfMemoryError e) { // no thread to be had
      IOException cause = new IOException("no thread for the connection: " + e.getMessage(), e);
      broken(cause);
      end();
    }
  }

  // What the transport asks, under lock.

  boolean isDialling() {
    return state == State.DIALLING && failure == null;
  }

  boolean isOpen() {
    return state == State.OPEN && failure == null;
  }

  int streamCount() {
    return streams.size();
  }

  /** True if a stream may be opened now. */
  boolean hasRoom() {
    return isOpen()
        && streams.size() < streamLimit
        && transport.mayOpenStream()
        && connectionWindow > 0;
  }

  /** True if the server takes no stream at all, although none is open. */
  private boolean hasNoRoom() {
    return isOpen() && streams.isEmpty() && (streamLimit == 0 || connectionWindow <= 0);
  }

  /** A push waits: looks soon whether this can take it, or has something in its way. */
  void watchOver() {
    boolean noRoom = hasNoRoom();
    if (noRoom && noRoomSince == NEVER) {
      noRoomSince = System.nanoTime();
    }
    if (noRoom || (isOpen() && writingSince != NEVER)) {
      watchWithin(UNANSWERED_NANOS);
    }
  }

  /** True if nothing is under way, so that a caller may write without spoiling a batch. */
  boolean isQuiet() {
    return streams.isEmpty() && parked && controls.isEmpty() && hasRoom();
  }

  boolean isParked() {
    return parked;
  }

  /** True if the writer sleeps and the caller is the one to wake it, by {@link #wakeUp}. */
  boolean claimWakeUp() {
    boolean claimed = parked;
    parked = false;
    return claimed;
  }

  void wakeUp() {
    LockSupport.unpark(writerThread);
  }

  private void wakeIfWork() {
    boolean wake;
    synchronized (lock) {
      wake = parked && hasWork() && claimWakeUp();
    }
    if (wake) {
      wakeUp();
    }
  }

  private boolean hasWork() {
    return !controls.isEmpty()
        || failure != null
        || writeFailure != null
        || isFinished()
        || (!transport.queue.isEmpty() && hasRoom())
        || (connectionWindow > 0 && heldBack.stream().anyMatch(s -> windowOf(s) > 0));
  }

  private boolean isFinished() {
    return closing || (state == State.DRAINING && streams.isEmpty() && controls.isEmpty());
  }

  // The writer.

  private void run() {
    try {
      open();
      while (true) {
        writing.lock();
        try {
          writePending();
        } finally {
          writing.unlock();
        }
        if (!awaitWork()) {
          break;
        }
      }
      sayFarewell();
    } catch (IOException e) {
      readTheRest(e);
      broken(e);
    } catch (RuntimeException | Error e) {
      broken(e);
    } finally {
      end();
    }
  }

  /**
   * After a write has failed: GOAWAY and answers may still wait to be read, and they tell what was
   * processed.
   */
  private void readTheRest(IOException e) {
    Thread reader = readerThread;
    synchronized (lock) {
      if (reader == null || failure != null || state == State.DIALLING) {
        return;
      }
      state = State.DRAINING;
      if (drainReason == null) {
        drainReason = "writing failed: " + ConnectFailures.message(e);
      }
    }
    transport.dispatch(); // there is need of another connection
    await(reader);
  }

  private void open() throws IOException {
    SSLSocket socket = dial.open();
    Output opened = new Output(socket);
    Input input = new Input(Okio.buffer(Okio.source(socket.getInputStream())));
    Thread reader = Threads.daemons("voip-push-reader").newThread(input);
    readerThread = reader;
    reader.start();
    // In TLS 1.3 only the server's first bytes show that our certificate was accepted, and written
    // to a server that has refused it, ours would be answered by a reset that wipes out its alert.
    try {
      if (!firstBytes.await(FIRST_BYTES_MILLIS, TimeUnit.MILLISECONDS)) {
        log.debug("{} waits for us to speak first", transport.config.authority());
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    synchronized (lock) {
      if (failure != null) {
        throw new IOException(failure);
      }
    }
    writing.lock();
    try {
      output = opened;
      opened.http2.connectionPreface();
      opened.http2.settings(new Settings().set(Settings.ENABLE_PUSH, 0));
    } finally {
      writing.unlock();
    }
  }

  /** Blocks until there is something to write; false if this is to end. */
  private boolean awaitWork() throws IOException {
    while (true) {
      synchronized (lock) {
        if (writeFailure != null) {
          throw writeFailure;
        }
        if (failure != null || isFinished()) {
          return false;
        }
        if (hasWork()) {
          return true;
        }
        parked = true;
      }
      LockSupport.park(this);
      synchronized (lock) {
        parked = false;
      }
    }
  }

  /** Lets a caller write what waits, if nobody writes. */
  void writeHere() {
    if (writing.isHeldByCurrentThread() || !writing.tryLock()) {
      return;
    }
    try {
      writePending();
    } catch (IOException e) {
      synchronized (lock) {
        writeFailure = e; // the writer deals with it
      }
    } catch (RuntimeException | Error e) {
      broken(e);
    } finally {
      writing.unlock();
    }
    wakeIfWork();
  }

  /** Writes what waits, as far as server and flow control allow, and flushes once. */
  private void writePending() throws IOException {
    Output out = output;
    if (out == null) {
      return;
    }
    List<Control> frames = List.of();
    List<StreamAttempt> resumable = List.of();
    int count = 0;
    long window;
    int streamWindow;
    synchronized (lock) {
      if (failure != null || writeFailure != null) {
        return;
      }
      if (!controls.isEmpty()) {
        frames = new ArrayList<>(controls);
        controls.clear();
        unwrittenAnswers = 0;
      }
      if (!heldBack.isEmpty() && connectionWindow > 0) {
        resumable = new ArrayList<>(heldBack);
      }
      count = takeBatch();
      window = connectionWindow;
      streamWindow = initialWindow;
    }
    writingSince = System.nanoTime();
    long left = window;
    for (Control frame : frames) {
      frame.write(out);
    }
    if (count > 0 || !resumable.isEmpty()) {
      out.beginGathering();
      try {
        for (StreamAttempt attempt : resumable) {
          left -= resume(out, attempt, left);
        }
        for (int i = 0; i < count; i++) {
          StreamAttempt attempt = batch[i];
          batch[i] = null;
          left -= write(out, attempt, Math.max(0, Math.min(left, streamWindow)));
        }
        out.sink.flush();
      } finally {
        out.endGathering();
      }
    } else {
      out.sink.flush();
    }
    writingSince = NEVER;
    boolean others;
    synchronized (lock) {
      connectionWindow -= window - left;
      others = count > 0 && !transport.queue.isEmpty() && !hasRoom();
    }
    if (others) {
      transport.dispatch();
    }
  }

  /** Gives streams to as many of the queue as there is room for. */
  private int takeBatch() {
    int count = 0;
    if (!isOpen() || transport.queue.isEmpty()) {
      return 0;
    }
    long now = System.nanoTime();
    boolean first = streams.isEmpty();
    while (count < MAX_BATCH && hasRoom()) {
      StreamAttempt attempt = transport.queue.poll();
      if (attempt == null) {
        break;
      }
      attempt.connection = this;
      attempt.streamId = nextStreamId;
      attempt.startedAt = now;
      attempt.mayBeSent = true;
      streams.add(attempt);
      transport.openStreams++;
      batch[count++] = attempt;
      noRoomSince = NEVER;
      if (nextStreamId >= MAX_STREAM_ID - 1) {
        state = State.DRAINING; // after a thousand million pushes
        drainReason = "it has no stream ids left";
        break;
      }
      nextStreamId += 2;
    }
    if (first && count > 0 && (watchAt == NEVER || watchAt - now > UNANSWERED_NANOS)) {
      setWatch(UNANSWERED_NANOS);
    }
    return count;
  }

  /** Writes a request, or what the window allows of it; returns the bytes of body written. */
  private int write(Output out, StreamAttempt attempt, long window) throws IOException {
    PushRequest request = attempt.handler.begin(identity.credentials());
    if (request == null) {
      release(attempt);
      return 0;
    }
    byte[] body = request.body();
    out.makeRoomFor(MOST_HEADERS + request.size());
    boolean whole = body.length <= window;
    if (whole ? !attempt.handler.mayWrite() : isEnded(attempt)) {
      release(attempt);
      return 0;
    }
    headers.write(block, request);
    out.http2.frameHeader(attempt.streamId, (int) block.size(), HEADERS, END_HEADERS);
    out.sink.write(block, block.size());
    attempt.begun = true;
    if (whole) {
      attempt.endOffset = out.position() + FRAME_HEADER + body.length;
      out.http2.frameHeader(attempt.streamId, body.length, DATA, END_STREAM);
      out.sink.write(body);
      return body.length;
    }
    synchronized (lock) {
      if (attempt.ended) {
        return 0;
      }
      attempt.body = body;
      attempt.mayBeSent = false;
      heldBack.add(attempt);
    }
    return resume(out, attempt, window);
  }

  private boolean isEnded(StreamAttempt attempt) {
    synchronized (lock) {
      return attempt.ended;
    }
  }

  /** Writes what the windows now allow of a body. */
  private int resume(Output out, StreamAttempt attempt, long window) throws IOException {
    byte[] body;
    int from;
    int count;
    boolean last;
    synchronized (lock) {
      body = attempt.body;
      if (body == null || attempt.ended) {
        return 0;
      }
      from = attempt.sent;
      count = (int) Math.min(body.length - from, Math.min(window, windowOf(attempt)));
      last = from + count == body.length;
      attempt.mayBeSent = last;
    }
    if (count <= 0) {
      return 0;
    }
    if (last && !attempt.handler.mayWrite()) {
      reset(attempt);
      return 0;
    }
    if (last) {
      attempt.endOffset = out.position() + FRAME_HEADER + count;
    }
    out.http2.frameHeader(attempt.streamId, count, DATA, last ? END_STREAM : 0);
    out.sink.write(body, from, count);
    synchronized (lock) {
      attempt.sent += count;
      if (last) {
        attempt.body = null;
        heldBack.remove(attempt);
      }
    }
    return count;
  }

  private long windowOf(StreamAttempt attempt) {
    return initialWindow + attempt.windowUpdates - attempt.sent;
  }

  private void sayFarewell() throws IOException {
    synchronized (lock) {
      if (failure != null) {
        return;
      }
      farewellAt = System.nanoTime();
      setWatch(PING_NANOS); // for a write that hangs
    }
    writing.lock();
    try {
      Output out = output;
      if (out != null) {
        out.http2.goAway(0, ErrorCode.NO_ERROR, new byte[0]);
        out.socket.shutdownOutput();
      }
    } finally {
      writing.unlock();
    }
  }

  /** The writer's last act: no byte is written any more, so what was sent is known. */
  private void end() {
    dial.abort();
    Thread reader = readerThread;
    if (reader != null && transport.isClosed()) { // before close() returns
      await(reader);
    }
    List<StreamAttempt> lost;
    writing.lock(); // a caller that writes itself is out by now
    try {
      lost = takeLost();
    } finally {
      writing.unlock();
    }
    Throwable cause = endCause();
    String reason = drainReason;
    String why = reason == null ? ConnectFailures.message(cause) : reason;
    watch.clear();
    for (StreamAttempt attempt : lost) {
      tell(attempt, () -> endLost(attempt, cause, reason));
    }
    long now = System.nanoTime();
    if (wasOpen) {
      transport.ended(this, answered || closing, why, now - openSince);
    } else {
      transport.dialFailed(this, dialFailure(cause), now - diallingSince);
    }
  }

  private AttemptFailure dialFailure(Throwable cause) {
    if (cause instanceof NoSettingsException && cause.getCause() != null) {
      return ConnectFailures.silentAfterHandshake(cause.getCause(), dial.progress());
    }
    AttemptFailure failure = ConnectFailures.of(cause, dial.progress());
    return cause instanceof ProtocolException
        ? new AttemptFailure(Failure.PROTOCOL, Delivery.NOT_SENT, false, failure.message(), cause)
        : failure;
  }

  private Throwable endCause() {
    synchronized (lock) {
      return failure == null ? new IOException("closed") : failure;
    }
  }

  private List<StreamAttempt> takeLost() {
    List<StreamAttempt> lost = new ArrayList<>();
    synchronized (lock) {
      if (failure == null) {
        failure = new IOException("closed");
      }
      for (StreamAttempt attempt : streams.all()) {
        remove(attempt.streamId);
        attempt.ended = true;
        lost.add(attempt);
      }
      heldBack.clear();
      controls.clear();
    }
    return lost;
  }

  /** Lets the reader hand on the last answers. */
  private static void await(Thread reader) {
    try {
      reader.join(LAST_ANSWERS_MILLIS);
    } catch (InterruptedException e) { // nobody of ours does
      log.debug("interrupted", e);
    }
  }

  /** So that whatever goes wrong with one of many, the others hear of their end. */
  static void tell(StreamAttempt attempt, Runnable news) {
    try {
      news.run();
    } catch (RuntimeException | Error e) {
      log.error("{} failed to hear of its end", attempt, e);
    }
  }

  private void endLost(StreamAttempt attempt, Throwable cause, @Nullable String reason) {
    StreamAttempt.Answer answer = attempt.answer;
    if (answer != null) { // its status is the verdict
      attempt.handler.answered(answer.toResponse());
      return;
    }
    Output out = output;
    boolean sent = out != null && attempt.endOffset <= out.handedOver;
    Delivery delivery = sent ? Delivery.UNKNOWN : Delivery.NOT_SENT;
    if (transport.isClosed()) {
      attempt.handler.failed(AttemptFailure.closed(delivery));
      return;
    }
    String message = ConnectFailures.message(cause);
    if (reason != null) {
      message += " (the connection was draining: " + reason + ")";
    }
    boolean protocol = cause instanceof ProtocolException;
    attempt.handler.failed(
        new AttemptFailure(
            protocol ? Failure.PROTOCOL : Failure.CONNECTION_LOST,
            delivery,
            false,
            message,
            cause));
  }

  /** Ends the connection: nothing more is written, and what is open is lost. Never blocks. */
  void broken(Throwable cause) {
    synchronized (lock) {
      if (failure == null) {
        failure = cause;
      }
      parked = false;
    }
    if (!(cause instanceof IOException)) {
      log.error("the connection to {} failed", transport.config.authority(), cause);
    }
    dial.abort();
    firstBytes.countDown();
    wakeUp();
  }

  /** Gives up dialling; a connection that has come about meanwhile goes on. */
  void stopDialling(IOException cause) {
    synchronized (lock) {
      if (!isDialling()) {
        return;
      }
      failure = cause;
    }
    broken(cause);
  }

  /**
   * An attempt got no answer: no new streams any more; ends when those that are open have ended.
   */
  void suspect(StreamAttempt attempt, String reason) {
    synchronized (lock) {
      if (!attempt.ended) {
        giveBackSlot(attempt);
      }
      if (writingSince != NEVER) {
        setWatch(0);
      }
    }
    drain(reason);
  }

  /** Takes no new streams any more, and ends when those that are open have ended. */
  void drain(String reason) {
    synchronized (lock) {
      if (state == State.OPEN) {
        state = State.DRAINING;
        drainReason = reason;
      }
    }
    freed();
  }

  /** Returns when what was being handed to TLS has been; at once on the thread that does it. */
  void awaitHandOver() {
    Output out = output;
    if (out != null && !writing.isHeldByCurrentThread()) {
      out.awaitGathered();
    }
  }

  /** Says goodbye and ends, whatever is open. */
  void close() {
    boolean dialling;
    synchronized (lock) {
      closing = true;
      dialling = state == State.DIALLING;
    }
    if (dialling) {
      broken(new IOException("the client is closed"));
    } else {
      wakeIfWork();
    }
  }

  /** Gives up a stream whose handler hears no more. */
  void reset(StreamAttempt attempt) {
    synchronized (lock) {
      attempt.ended = true;
      if (remove(attempt.streamId) == null) {
        return;
      }
      controls.add(
          out -> {
            if (attempt.begun) {
              out.http2.rstStream(attempt.streamId, ErrorCode.CANCEL);
            }
          });
    }
    freed();
  }

  /** Gives up the stream of an attempt of which nothing was written. */
  private void release(StreamAttempt attempt) {
    synchronized (lock) {
      attempt.ended = true;
      remove(attempt.streamId);
    }
  }

  private @Nullable StreamAttempt remove(int streamId) {
    StreamAttempt attempt = streams.remove(streamId);
    if (attempt != null) {
      giveBackSlot(attempt);
      if (attempt.body != null) {
        heldBack.remove(attempt);
        attempt.body = null;
      }
      if (attempt.answer != null && attempt.answer.deadline != null) {
        attempt.answer.deadline.clear();
      }
      if (transport.isClosed() && transport.openStreams == 0) {
        lock.notifyAll();
      }
    }
    return attempt;
  }

  /** A stream that is no longer waited for leaves room for another on another connection. */
  private void giveBackSlot(StreamAttempt attempt) {
    if (!attempt.slotGivenBack) {
      attempt.slotGivenBack = true;
      transport.openStreams--;
    }
  }

  /** A stream has ended, other than by an answer that the reader has just read. */
  private void freed() {
    wakeIfWork();
    transport.dispatch();
  }

  /** What the server's frames call for. */
  @SuppressWarnings("NonAtomicOperationOnVolatileField") // written under lock
  private void answer(Control frame) {
    synchronized (lock) {
      controls.add(frame);
      unwrittenAnswers++;
    }
  }

  static ProtocolException tooManyUnwrittenAnswers() {
    return new ProtocolException(
        "the server sends PING or SETTINGS without reading the answers: more than "
            + MAX_UNWRITTEN_ANSWERS
            + " wait");
  }

  // The watch: dialling, silence, hanging writes.

  private void watchWithin(long nanos) {
    synchronized (lock) {
      if (watchAt == NEVER || watchAt - System.nanoTime() > nanos) {
        setWatch(nanos);
      }
    }
  }

  private void setWatch(long nanos) {
    synchronized (lock) {
      watchAt = System.nanoTime() + nanos;
      watch.setIn(nanos);
    }
  }

  /** Looks whether the other side is alive, and when to look again. */
  private void check() {
    IOException dead = null;
    boolean useless = false;
    synchronized (lock) {
      watchAt = NEVER;
      if (failure != null) {
        return;
      }
      long now = System.nanoTime();
      if (state == State.DIALLING) {
        dead =
            new SocketTimeoutException("no connection within " + transport.config.connectTimeout());
      } else if (farewellAt != NEVER
          || (writingSince != NEVER && now - writingSince > PING_NANOS)) {
        long left = farewellAt == NEVER ? 0 : PING_NANOS - (now - farewellAt);
        if (left > 0) {
          setWatch(left);
        } else {
          dead = new IOException("the connection takes no data");
        }
      } else if (pingSentAt != NEVER && lastRead - pingSentAt < 0) {
        if (now - pingSentAt >= PING_NANOS) {
          dead = new IOException("the connection is dead: no answer to PING within 2 s");
        } else {
          setWatch(PING_NANOS - (now - pingSentAt));
        }
      } else {
        pingSentAt = NEVER;
        long quietSince = lastRead;
        long patience = transport.config.pingInterval().toNanos();
        StreamAttempt first = streams.oldest();
        if (first != null) {
          long oldest = first.startedAt;
          quietSince = oldest - lastRead > 0 ? oldest : lastRead;
          patience = Math.min(patience, UNANSWERED_NANOS);
        }
        long left = patience - (now - quietSince);
        if (left > 0) {
          setWatch(left);
        } else {
          pingSentAt = now;
          controls.add(out -> out.http2.ping(false, 0, 1));
          setWatch(PING_NANOS);
        }
      }
      if (writingSince != NEVER) {
        watchWithin(PING_NANOS - (now - writingSince) + 1);
      }
      if (transport.queue.isEmpty() || !hasNoRoom()) {
        noRoomSince = NEVER;
      } else {
        noRoomSince = noRoomSince == NEVER ? now : noRoomSince;
        useless = now - noRoomSince >= UNANSWERED_NANOS;
        watchWithin(UNANSWERED_NANOS - (now - noRoomSince));
      }
    }
    if (dead != null) {
      broken(dead);
    } else if (useless) {
      drain("the server takes no more requests on it");
    } else {
      wakeIfWork();
    }
  }

  /** The other side breaks the rules of HTTP/2. */
  private static final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1;

    ProtocolException(String message) {
      super(message);
    }
  }

  /** The connection ended before the server's SETTINGS. */
  private static final class NoSettingsException extends IOException {
    private static final long serialVersionUID = 1;

    NoSettingsException(Throwable cause) {
      super(cause);
    }
  }

  /** The reader: hands answers to their attempts, and control frames to the writer. */
  private final class Input implements Runnable, Http2Reader.Handler {
    private final BufferedSource source;
    private final Buffer buffered;
    private final Http2Reader http2;
    private boolean gathering;
    private int unacknowledged; // bytes of flow control not given back yet

    Input(BufferedSource source) {
      this.source = source;
      this.buffered = source.getBuffer();
      this.http2 = new Http2Reader(source, true);
    }

    @Override
    public void run() {
      try {
        while (true) {
          if (!isFrameBuffered()) {
            gather(false);
            if (transport.config.maxConnections() > 1 || state == State.DRAINING) {
              transport.dispatch(); // the others may have room now
            }
            wakeIfWork();
            if (!source.request(FRAME_HEADER)) {
              throw new EOFException("the server closed the connection");
            }
            lastRead = System.nanoTime();
            firstBytes.countDown();
          }
          gather(isFrameBuffered() && !isContinued()); // not while the rest is awaited
          readFrame();
        }
      } catch (IOException | RuntimeException | Error e) {
        boolean opening;
        synchronized (lock) {
          opening = state == State.DIALLING && failure == null;
        }
        boolean silent =
            e instanceof EOFException || e instanceof SocketException || e instanceof SSLException;
        broken(opening && silent ? new NoSettingsException(e) : e);
      } finally {
        gather(false);
      }
    }

    /** While there are frames at hand, the callbacks of their pushes gather. */
    private void gather(boolean more) {
      if (more && !gathering) {
        transport.config.callbacks().hold();
      } else if (!more && gathering) {
        transport.config.callbacks().release();
      }
      gathering = more;
    }

    private boolean isFrameBuffered() {
      return buffered.size() >= FRAME_HEADER && buffered.size() >= FRAME_HEADER + frameLength();
    }

    /** True of HEADERS whose rest is in frames of its own. */
    private boolean isContinued() {
      return buffered.getByte(3) == HEADERS && (buffered.getByte(4) & END_HEADERS) == 0;
    }

    private int frameLength() {
      return (buffered.getByte(0) & 0xff) << 16
          | (buffered.getByte(1) & 0xff) << 8
          | (buffered.getByte(2) & 0xff);
    }

    /** Leaves all to OkHttp but two frames: it does not take error codes that it does not know. */
    private void readFrame() throws IOException {
      checkLength();
      int type = buffered.getByte(3);
      if (type == DATA) {
        returnWindow(frameLength()); // with its padding, of which we are not told
      }
      if (type == RST_STREAM) {
        int length = frameLength();
        source.skip(FRAME_HEADER - 4);
        int streamId = source.readInt() & MAX_STREAM_ID;
        if (length != 4) {
          throw new ProtocolException("RST_STREAM must have 4 bytes, but had " + length);
        }
        resetByServer(streamId, source.readInt());
      } else if (type == GOAWAY) {
        int length = frameLength();
        source.skip(FRAME_HEADER);
        if (length < 8) {
          throw new ProtocolException("GOAWAY must have 8 bytes, but had " + length);
        }
        int lastStreamId = source.readInt() & MAX_STREAM_ID;
        int errorCode = source.readInt();
        goneAway(lastStreamId, errorCode, source.readByteString(length - 8));
      } else {
        readByOkHttp();
      }
      if (unwrittenAnswers > MAX_UNWRITTEN_ANSWERS) {
        throw tooManyUnwrittenAnswers();
      }
    }

    private void checkLength() throws IOException {
      if (frameLength() <= MAX_FRAME) {
        return;
      }
      if (buffered.rangeEquals(0, HTTP_1)) {
        throw new ProtocolException(
            "the server has agreed to HTTP/2, but answers in HTTP/1; is a proxy in between, or the"
                + " port wrong? (docs/troubleshooting.md#no-http2)");
      }
      throw new ProtocolException(
          "a frame must have " + MAX_FRAME + " bytes at most, but had " + frameLength());
    }

    /** OkHttp's codec fails by exceptions of any kind at header blocks that are no HPACK. */
    private void readByOkHttp() throws IOException {
      try {
        if (!http2.nextFrame(state == State.DIALLING, this)) {
          throw new EOFException("the server closed the connection");
        }
      } catch (IOException e) {
        if (e.getClass() == IOException.class) { // OkHttp's own; those of the socket are subclasses
          throw new ProtocolException("the server breaks the rules of HTTP/2: " + e.getMessage());
        }
        throw e;
      } catch (RuntimeException e) {
        ProtocolException unreadable = new ProtocolException("a frame could not be decoded: " + e);
        unreadable.initCause(e);
        throw unreadable;
      }
    }

    @Override
    public void settings(boolean clearPrevious, Settings settings) {
      boolean opened;
      synchronized (lock) {
        if (settings.isSet(Settings.MAX_CONCURRENT_STREAMS)) {
          int limit = settings.getMaxConcurrentStreams();
          streamLimit = limit < 0 ? Integer.MAX_VALUE : limit; // it is unsigned
        }
        if (settings.isSet(Settings.INITIAL_WINDOW_SIZE)) {
          initialWindow = settings.getInitialWindowSize();
        }
        answer(
            out -> {
              if (settings.isSet(Settings.HEADER_TABLE_SIZE)) {
                headers.tableSize(settings.getHeaderTableSize());
              }
              out.http2.applyAndAckSettings(withoutHeaderTable(settings));
            });
        opened = state == State.DIALLING && failure == null;
        if (opened) {
          state = State.OPEN;
          wasOpen = true;
          openSince = System.nanoTime();
          setWatch(transport.config.pingInterval().toNanos());
        }
      }
      if (opened) {
        transport.opened(StreamConnection.this, openSince - diallingSince);
      }
      transport.dispatch(); // more room, perhaps
    }

    /** Header blocks are ours; OkHttp's table of them fails at a size that is no int. */
    private static Settings withoutHeaderTable(Settings settings) {
      Settings others = new Settings();
      for (int id = 0; id < Settings.COUNT; id++) {
        if (settings.isSet(id) && id != Settings.HEADER_TABLE_SIZE) {
          others.set(id, settings.get(id));
        }
      }
      return others;
    }

    @Override
    public void headers(
        boolean inFinished, int streamId, int associatedStreamId, List<Header> headerBlock) {
      int status = 0;
      int statuses = 0;
      String uniqueId = null;
      String retryAfter = null;
      for (Header header : headerBlock) {
        ByteString name = header.name;
        if (name.equals(Header.RESPONSE_STATUS)) {
          status = ++statuses == 1 ? parseStatus(header.value) : 0;
        } else if (name.equals(UNIQUE_ID)) {
          uniqueId = header.value.utf8();
        } else if (name.equals(RETRY_AFTER)) {
          retryAfter = header.value.utf8();
        }
      }
      StreamAttempt attempt;
      PushResponse response = null;
      boolean malformed = false;
      boolean first = false;
      synchronized (lock) {
        attempt = streams.get(streamId);
        boolean information = status >= 100 && status < 200;
        if (attempt == null || (information && !inFinished)) {
          return; // cancelled meanwhile, or not the final answer
        }
        if (attempt.answer != null) { // trailers
          if (inFinished) {
            response = finish(attempt);
          }
        } else if (status == 0 || information) {
          malformed = true;
        } else {
          first = !answered;
          answered = true;
          refusals = 0;
          attempt.answer = new StreamAttempt.Answer(status, uniqueId, retryAfter);
          if (inFinished) {
            response = finish(attempt);
          } else {
            StreamAttempt waiting = attempt;
            attempt.answer.deadline =
                transport.config.timer().in(BODY_NANOS, () -> endWithoutBody(waiting));
          }
        }
      }
      if (first) {
        transport.proven();
      }
      if (malformed) {
        reset(attempt);
        attempt.handler.failed(
            failure(
                attempt,
                Failure.PROTOCOL,
                "the server answered by headers without a valid final :status"));
      } else if (response != null) {
        attempt.handler.answered(response);
      }
    }

    private static int parseStatus(ByteString value) {
      if (value.equals(STATUS_OK)) {
        return 200;
      }
      int status = 0;
      for (int i = 0; i < value.size(); i++) {
        int digit = value.getByte(i) - '0';
        if (digit < 0 || digit > 9 || i > 2) {
          return 0;
        }
        status = status * 10 + digit;
      }
      return status < 100 ? 0 : status;
    }

    @Override
    public void data(boolean inFinished, int streamId, BufferedSource frame, int length)
        throws IOException {
      StreamAttempt attempt;
      synchronized (lock) {
        attempt = streams.get(streamId);
      }
      StreamAttempt.Answer answer = attempt == null ? null : attempt.answer;
      int left = length;
      if (attempt != null && answer != null) {
        int wanted = (int) Math.min(left, PushResponse.MAX_BODY - answer.body.size());
        byte[] bytes = frame.readByteArray(wanted);
        left -= wanted;
        synchronized (lock) {
          if (!attempt.ended) { // by endWithoutBody
            answer.body.write(bytes);
          }
        }
      }
      frame.skip(left);
      if (attempt == null) {
        return;
      }
      if (answer == null) {
        throw new ProtocolException("DATA before HEADERS on stream " + streamId);
      }
      if (inFinished) {
        PushResponse response;
        synchronized (lock) {
          response = attempt.ended ? null : finish(attempt);
        }
        if (response != null) {
          attempt.handler.answered(response);
        }
      } else if (answer.body.size() >= PushResponse.MAX_BODY) {
        endWithoutBody(attempt);
      }
    }

    private void returnWindow(int length) {
      unacknowledged += length;
      if (unacknowledged > DEFAULT_WINDOW / 2) {
        int credit = unacknowledged;
        unacknowledged = 0;
        answer(out -> out.http2.windowUpdate(0, credit));
      }
    }

    /** The attempt's answer is complete. */
    private @Nullable PushResponse finish(StreamAttempt attempt) {
      StreamAttempt.Answer answer = attempt.answer;
      boolean requestOpen = attempt.body != null;
      if (answer == null || remove(attempt.streamId) == null) {
        return null;
      }
      attempt.ended = true;
      if (requestOpen) { // answered before it was asked in full
        controls.add(out -> out.http2.rstStream(attempt.streamId, ErrorCode.NO_ERROR));
      }
      return answer.toResponse();
    }

    /** The verdict is known, and enough of its body. */
    private void endWithoutBody(StreamAttempt attempt) {
      PushResponse response;
      synchronized (lock) {
        boolean requestOpen = attempt.body != null; // then finish() resets it
        response = attempt.ended ? null : finish(attempt);
        if (response != null && !requestOpen) {
          controls.add(out -> out.http2.rstStream(attempt.streamId, ErrorCode.CANCEL));
        }
      }
      if (response != null) {
        freed();
        attempt.handler.answered(response);
      }
    }

    private AttemptFailure failure(StreamAttempt attempt, Failure failure, String message) {
      Delivery delivery = attempt.mayBeSent ? Delivery.UNKNOWN : Delivery.NOT_SENT;
      return new AttemptFailure(failure, delivery, false, message, new IOException(message));
    }

    private void resetByServer(int streamId, int errorCode) {
      boolean refused = errorCode == ErrorCode.REFUSED_STREAM.getHttpCode();
      boolean useless;
      StreamAttempt attempt;
      PushResponse response;
      synchronized (lock) {
        attempt = streams.get(streamId);
        if (attempt == null) {
          return;
        }
        response = finish(attempt);
        if (response == null) {
          remove(streamId);
          attempt.ended = true;
        }
        useless = refused && ++refusals >= MOST_REFUSALS;
      }
      if (useless) { // before the retry
        drain("the server refuses requests on it");
      }
      if (response != null) {
        attempt.handler.answered(response);
      } else if (refused) {
        attempt.handler.failed(notProcessed("REFUSED_STREAM"));
      } else {
        attempt.handler.failed(
            failure(
                attempt, Failure.PROTOCOL, "the server reset the stream: " + errorName(errorCode)));
      }
    }

    private void goneAway(int lastStreamId, int errorCode, ByteString debugData)
        throws IOException {
      String text = errorName(errorCode);
      String debug = printable(debugData);
      if (!debug.isEmpty()) {
        text += " " + debug;
      }
      List<StreamAttempt> unprocessed = new ArrayList<>();
      Map<StreamAttempt, PushResponse> answered = new LinkedHashMap<>();
      boolean news;
      synchronized (lock) {
        if (state == State.DIALLING) {
          throw new ProtocolException("GOAWAY " + text + " before SETTINGS");
        }
        news = state != State.DRAINING;
        state = State.DRAINING;
        drainReason = "GOAWAY " + text;
        for (StreamAttempt attempt : streams.all()) {
          if (attempt.streamId <= lastStreamId) {
            continue;
          }
          PushResponse response = finish(attempt); // its status is the verdict, whatever this says
          if (response == null) {
            remove(attempt.streamId);
            attempt.ended = true;
            unprocessed.add(attempt);
          } else {
            answered.put(attempt, response);
          }
        }
      }
      if (news || !unprocessed.isEmpty()) {
        log.info("{} closes the connection: GOAWAY {}", transport.config.authority(), text);
      }
      AttemptFailure failure = notProcessed("GOAWAY " + text);
      unprocessed.forEach(attempt -> tell(attempt, () -> attempt.handler.failed(failure)));
      answered.forEach(
          (attempt, response) -> tell(attempt, () -> attempt.handler.answered(response)));
      freed();
    }

    private static AttemptFailure notProcessed(String how) {
      String message = "APNs did not process the push: " + how;
      return new AttemptFailure(
          Failure.CONNECTION_LOST, Delivery.NOT_SENT, false, message, new IOException(message));
    }

    private static String errorName(int errorCode) {
      for (ErrorCode known : ErrorCode.values()) {
        if (known.getHttpCode() == errorCode) {
          return known.name();
        }
      }
      return "error 0x" + Integer.toHexString(errorCode);
    }

    /** A server's text, fit for a log. */
    private static String printable(ByteString debugData) {
      String text = debugData.string(StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", " ").strip();
      return text.length() <= MAX_REASON ? text : text.substring(0, MAX_REASON);
    }

    @Override
    public void windowUpdate(int streamId, long windowSizeIncrement) {
      synchronized (lock) {
        if (streamId == 0) {
          connectionWindow += windowSizeIncrement;
        } else {
          StreamAttempt attempt = streams.get(streamId);
          if (attempt != null) {
            attempt.windowUpdates += windowSizeIncrement;
          }
        }
      }
    }

    @Override
    public void ping(boolean ack, int payload1, int payload2) {
      if (!ack) {
        answer(out -> out.http2.ping(true, payload1, payload2));
      }
    }

    @Override
    public void pushPromise(int streamId, int promisedStreamId, List<Header> requestHeaders)
        throws IOException {
      throw new ProtocolException("PUSH_PROMISE, which our SETTINGS forbid");
    }

    @Override
    public void rstStream(int streamId, ErrorCode errorCode) {
      throw new IllegalStateException("read above");
    }

    @Override
    public void goAway(int lastGoodStreamId, ErrorCode errorCode, ByteString debugData) {
      throw new IllegalStateException("read above");
    }

    @Override
    public void ackSettings() {}

    @Override
    public void priority(int streamId, int streamDependency, int weight, boolean exclusive) {}

    @Override
    public void alternateService(
        int streamId, String origin, ByteString protocol, String host, int port, long maxAge) {}
  }
}
