// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.observability;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.Ring;
import dev.voippush.RingOutcome;
import dev.voippush.VoipPushClient;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CallTracingTest {
  private static final AttributeKey<String> APNS_ID = AttributeKey.stringKey("voip.push.apns.id");

  private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
  private final OpenTelemetrySdk openTelemetry =
      OpenTelemetrySdk.builder()
          .setTracerProvider(
              SdkTracerProvider.builder()
                  .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                  .build())
          .build();

  @AfterEach
  void closeSdk() {
    openTelemetry.close();
  }

  private SpanData finishedSpan() {
    TracedApns.await(
        () -> !exporter.getFinishedSpanItems().isEmpty(), () -> "no span has ended in time");
    List<SpanData> spans = exporter.getFinishedSpanItems();
    assertEquals(1, spans.size(), spans::toString);
    return spans.get(0);
  }

  private static Map<String, Object> attributes(Attributes from) {
    Map<String, Object> all = new TreeMap<>();
    from.forEach((key, value) -> all.put(key.getKey(), value));
    return all;
  }

  private static Map<String, Object> counts(
      CallPayload call, long devices, long reached, long rejected, long failed) {
    return Map.of(
        "voip.push.call.id", call.callId().toString(),
        "voip.push.devices", devices,
        "voip.push.reached", reached,
        "voip.push.rejected", rejected,
        "voip.push.failed", failed);
  }

  /** Outcome, reason, delivery and attempts of every event, sorted. */
  private static List<String> ends(SpanData span) {
    List<String> ends = new ArrayList<>();
    for (EventData event : span.getEvents()) {
      assertEquals("voip.push.result", event.getName());
      StringBuilder end = new StringBuilder();
      for (String key : List.of("outcome", "reason", "delivery")) {
        String value = event.getAttributes().get(AttributeKey.stringKey("voip.push." + key));
        end.append(value == null ? "" : value + " ");
      }
      ends.add(
          end.append(event.getAttributes().get(AttributeKey.longKey("voip.push.attempts")))
              .toString());
    }
    ends.sort(null);
    return ends;
  }

  @Test
  void oneSpanTellsOfEveryDevice() throws Exception {
    try (TracedApns apns = new TracedApns();
        VoipPushClient client = apns.client().build()) {
      CallPayload call = apns.call();
      DeviceToken phone = apns.phone();
      List<DeviceToken> devices =
          List.of(
              phone, apns.removed(), apns.acceptedAtTheSecondAttempt(), apns.unanswered(), phone);
      Ring ring = new CallTracing(client, openTelemetry).ring(call, devices);
      RingOutcome outcome = ring.outcome().join();
      SpanData span = finishedSpan();

      assertEquals("voip.push.ring", span.getName());
      assertEquals(SpanKind.CLIENT, span.getKind());
      assertEquals(counts(call, 4, 2, 1, 1), attributes(span.getAttributes()));
      String failure = outcome.failed().values().iterator().next().failure().name();
      assertEquals(
          List.of(
              "accepted 1",
              "accepted 2",
              "failed " + failure + " UNKNOWN 1",
              "rejected UNREGISTERED 1"),
          ends(span));
      String apnsId = ring.results().get(phone).join().apnsId().toString();
      assertEquals(
          1,
          span.getEvents().stream()
              .filter(event -> apnsId.equals(event.getAttributes().get(APNS_ID)))
              .count());
      assertEquals(StatusCode.UNSET, span.getStatus().getStatusCode());
      assertEquals(SpanId.getInvalid(), span.getParentSpanId());
      apns.assertDiscreet(span.toString());
    }
  }

  @Test
  void spanIsAChildOfTheCallersAndNeverCurrent() throws Exception {
    try (TracedApns apns = new TracedApns();
        VoipPushClient client = apns.client().build()) {
      CallTracing tracing = new CallTracing(client, openTelemetry);
      Span request =
          openTelemetry
              .getTracer("server")
              .spanBuilder("POST /calls")
              .setSpanKind(SpanKind.SERVER)
              .startSpan();
      Ring ring =
          Context.root()
              .with(request)
              .wrap(
                  () -> {
                    Ring begun = tracing.ring(apns.call(), List.of(apns.phone()));
                    assertEquals(request, Span.current());
                    return begun;
                  })
              .call();
      assertEquals(Context.root(), Context.current());
      var currentInCallback = ring.outcome().thenApply(outcome -> Context.current());
      assertEquals(Context.root(), currentInCallback.join());
      SpanData span = finishedSpan(); // although the request's is still open
      assertEquals(request.getSpanContext().getSpanId(), span.getParentSpanId());
      assertEquals(request.getSpanContext().getTraceId(), span.getTraceId());
      request.end();
    }
  }

  @Test
  void isAnErrorIfNoPhoneMayRing() throws Exception {
    try (TracedApns apns = new TracedApns();
        VoipPushClient client = apns.client().build()) {
      CallPayload call = apns.call();
      var unused =
          new CallTracing(client, openTelemetry)
              .ring(call, List.of(apns.removed(), apns.removed()));
      SpanData span = finishedSpan();
      assertEquals(StatusCode.ERROR, span.getStatus().getStatusCode());
      assertEquals("no phone rings", span.getStatus().getDescription());
      assertEquals(counts(call, 2, 0, 2, 0), attributes(span.getAttributes()));
      apns.assertDiscreet(span.toString());
    }
  }

  @Test
  void isNoErrorIfAPhoneMayRingAllTheSame() throws Exception {
    try (TracedApns apns = new TracedApns();
        VoipPushClient client = apns.client().build()) {
      var unused =
          new CallTracing(client, openTelemetry).ring(apns.call(), List.of(apns.unanswered()));
      assertEquals(StatusCode.UNSET, finishedSpan().getStatus().getStatusCode());
    }
  }

  @Test
  void isAnErrorWithoutDevices() throws Exception {
    try (TracedApns apns = new TracedApns();
        VoipPushClient client = apns.client().build()) {
      CallPayload call = apns.call();
      var unused = new CallTracing(client, openTelemetry).ring(call, List.of());
      SpanData span = finishedSpan();
      assertEquals(StatusCode.ERROR, span.getStatus().getStatusCode());
      assertEquals(counts(call, 0, 0, 0, 0), attributes(span.getAttributes()));
    }
  }

  @Test
  void isNoErrorIfTheCallerGivesUpBeforeItIsSent() throws Exception {
    try (TracedApns apns = new TracedApns();
        VoipPushClient client = apns.client().build()) {
      apns.simulator.freeze(); // no connection comes about
      CallPayload call = apns.call();
      DeviceToken cancelled = apns.phone();
      Ring ring =
          new CallTracing(client, openTelemetry).ring(call, List.of(apns.phone(), cancelled));
      ring.results().get(cancelled).cancel(true);
      assertTrue(exporter.getFinishedSpanItems().isEmpty(), "one device has no end yet");
      ring.stop();
      SpanData span = finishedSpan();
      assertEquals(StatusCode.UNSET, span.getStatus().getStatusCode());
      assertEquals(counts(call, 2, 0, 0, 2), attributes(span.getAttributes()));
      assertEquals(List.of("failed CANCELLED null", "failed STOPPED NOT_SENT 0"), ends(span));
    }
  }

  @Test
  void refusesNullBeforeThereIsASpan() throws Exception {
    try (TracedApns apns = new TracedApns();
        VoipPushClient client = apns.client().build()) {
      CallTracing tracing = new CallTracing(client, openTelemetry);
      assertThrows(
          NullPointerException.class,
          () -> tracing.ring(apns.call(), Arrays.asList(apns.phone(), null)));
      assertThrows(NullPointerException.class, () -> tracing.ring(null, List.of()));
      assertEquals(List.of(), exporter.getFinishedSpanItems());
      assertEquals(List.of(), apns.simulator.requests());
    }
  }
}
