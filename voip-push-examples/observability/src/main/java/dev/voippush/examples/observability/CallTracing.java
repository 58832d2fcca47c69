// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.observability;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.Ring;
import dev.voippush.RingOutcome;
import dev.voippush.VoipPushClient;
import dev.voippush.VoipPushException;
import dev.voippush.VoipPushException.Failure;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Rings calls, and makes an OpenTelemetry span of each.
 *
 * <p>The span is a child of whatever is current in the calling thread, such as the server's span of
 * the request that starts the call. It ends when every device has its end, and has an event for
 * each. It is never made current, so that no scope is left open on any thread. Device tokens and
 * payloads stay out of it. Thread-safe.
 */
public final class CallTracing {
  private static final AttributeKey<String> CALL_ID = AttributeKey.stringKey("voip.push.call.id");
  private static final AttributeKey<Long> DEVICES = AttributeKey.longKey("voip.push.devices");
  private static final AttributeKey<Long> REACHED = AttributeKey.longKey("voip.push.reached");
  private static final AttributeKey<Long> REJECTED = AttributeKey.longKey("voip.push.rejected");
  private static final AttributeKey<Long> FAILED = AttributeKey.longKey("voip.push.failed");

  private static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("voip.push.outcome");
  private static final AttributeKey<String> REASON = AttributeKey.stringKey("voip.push.reason");
  private static final AttributeKey<String> DELIVERY = AttributeKey.stringKey("voip.push.delivery");
  private static final AttributeKey<String> APNS_ID = AttributeKey.stringKey("voip.push.apns.id");
  private static final AttributeKey<Long> ATTEMPTS = AttributeKey.longKey("voip.push.attempts");

  private final VoipPushClient client;
  private final Tracer tracer;

  /** Traces the calls that this client rings; closing the client stays with you. */
  public CallTracing(VoipPushClient client, OpenTelemetry openTelemetry) {
    this.client = client;
    this.tracer = openTelemetry.getTracer("dev.voippush");
  }

  /** Rings all devices, as {@link VoipPushClient#ring} does. */
  public Ring ring(CallPayload call, Collection<DeviceToken> devices) {
    List<DeviceToken> checked = List.copyOf(devices); // throws before there is a span
    Span span =
        tracer
            .spanBuilder("voip.push.ring")
            .setSpanKind(SpanKind.CLIENT)
            .setAttribute(CALL_ID, call.callId().toString())
            .startSpan();
    Ring ring = client.ring(call, checked);
    span.setAttribute(DEVICES, (long) ring.results().size());
    CompletableFuture<?>[] told =
        ring.results().values().stream()
            .map(result -> result.handle((verdict, failure) -> tell(span, verdict, failure)))
            .toArray(CompletableFuture<?>[]::new);
    var unused =
        CompletableFuture.allOf(told)
            .thenCombine(ring.outcome(), (all, outcome) -> end(span, outcome));
    return ring;
  }

  private static Span tell(Span span, @Nullable PushResult verdict, @Nullable Throwable failure) {
    AttributesBuilder event = Attributes.builder();
    if (verdict != null) {
      describe(verdict, event);
    } else if (failure instanceof VoipPushException none) {
      event.put(OUTCOME, "failed");
      event.put(REASON, none.failure().name());
      event.put(DELIVERY, none.delivery().name());
      event.put(APNS_ID, none.apnsId().toString());
      event.put(ATTEMPTS, (long) none.attempts());
    } else { // the caller has cancelled this future
      event.put(OUTCOME, "failed");
      event.put(REASON, Failure.CANCELLED.name());
    }
    return span.addEvent("voip.push.result", event.build());
  }

  private static void describe(PushResult verdict, AttributesBuilder event) {
    event.put(OUTCOME, verdict.accepted() ? "accepted" : "rejected");
    if (verdict instanceof PushResult.Rejected rejected) {
      event.put(REASON, rejected.reason().name());
    }
    event.put(APNS_ID, verdict.apnsId().toString());
    event.put(ATTEMPTS, (long) verdict.attempts());
  }

  private static Span end(Span span, RingOutcome outcome) {
    span.setAttribute(REACHED, (long) outcome.reached().size());
    span.setAttribute(REJECTED, (long) outcome.rejected().size());
    span.setAttribute(FAILED, (long) outcome.failed().size());
    if (!outcome.mayRing() && !givenUp(outcome)) {
      span.setStatus(StatusCode.ERROR, "no phone rings");
    }
    span.end();
    return span;
  }

  /** True if the caller ended it before APNs could say something, which is no error. */
  private static boolean givenUp(RingOutcome outcome) {
    return outcome.failed().values().stream()
        .map(VoipPushException::failure)
        .anyMatch(failure -> failure == Failure.STOPPED || failure == Failure.CANCELLED);
  }
}
