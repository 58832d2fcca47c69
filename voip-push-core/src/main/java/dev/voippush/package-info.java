// SPDX-License-Identifier: Apache-2.0
/**
 * Rings iPhones: a call goes in, the verdict of APNs comes out.
 *
 * <p>To read the code, in this order:
 *
 * <ol>
 *   <li>{@link dev.voippush.VoipPushClient}: what users hold. Its builder checks everything that
 *       can be checked before the network is touched.
 *   <li>{@link dev.voippush.CallPayload}: one call, with its deadline; {@link
 *       dev.voippush.PayloadFormat} says under which JSON keys the app reads it, {@code
 *       PayloadFields} keeps other fields off these keys. A {@link dev.voippush.Device} is whom it
 *       rings: a {@link dev.voippush.DeviceToken} or an {@link dev.voippush.AlertDevice}.
 *   <li>{@link dev.voippush.PushResult}: what APNs said, with {@link dev.voippush.RejectionReason}
 *       and {@link dev.voippush.Remedy}; {@link dev.voippush.VoipPushException}: it said nothing.
 *   <li>{@link dev.voippush.Ring}: one call on several devices, with its {@link
 *       dev.voippush.RingOutcome}.
 *   <li>{@link dev.voippush.AlertRing}: what devices without CallKit get, with its {@link
 *       dev.voippush.AlertText} ({@code AlertWords} by default), until the {@link
 *       dev.voippush.CallEnd}. An {@code AlertCall} sends it to one device.
 *   <li>{@link dev.voippush.DeadTokens}: discards the tokens that results say are dead.
 *   <li>{@code Push}: one push of a {@code Message} from acceptance to its end, over all attempts;
 *       its {@code PushOwner} is the ring or the alerts that it is a part of, its {@code Verdict}
 *       what the user holds. {@code RetryPolicy} and {@code RetryBudget} decide about retries,
 *       without touching anything.
 *   <li>{@code Transport}: where attempts go; its connections are opened as an {@code Identity},
 *       which can be replaced, with a {@code DialPause} after each failure. {@code StreamTransport}
 *       has the queue and decides when to dial; {@code StreamConnection} is one HTTP/2 connection,
 *       with {@code HeaderEncoder} for what repeats in every request; {@code StreamAttempt} is a
 *       push's stream, which waits in a {@code StreamQueue} and then stands in a {@code
 *       StreamTable}. {@code Dialer} gets through DNS, TCP, {@code ProxySettings} and TLS ({@code
 *       TlsSettings}, {@code IdentityKeyManager}); {@code ConnectFailures} says why not, with what
 *       {@code DialProgress} and {@code ServerTrust} know.
 *   <li>{@code CallTransport}: the same by OkHttp's calls, for {@code httpClient(...)}, with {@code
 *       DialGate} and {@code ObservedSslSocket} to hold it to one connection, and {@code
 *       AnswerCounter} to end it when a server only asks.
 *   <li>{@code ResponseReader}: from an answer to a result; {@code Target} is what it knows of the
 *       client, for the explanation of a refusal.
 *   <li>What all pushes of a client share: {@code DeadlineTimer} for every wait, {@code Callbacks}
 *       for the users' futures, {@code ApnsIds}; {@code HealthRecord} and {@code ExpiryWarning} for
 *       {@link dev.voippush.ClientHealth}, {@code ListenerQueue} for a {@link
 *       dev.voippush.PushListener}, which hears of each {@link dev.voippush.PushEvent} with its
 *       {@link dev.voippush.PushType}.
 * </ol>
 *
 * <p>Only the transport touches the network. Certificates and keys are read in {@link
 * dev.voippush.credentials}.
 */
@org.jspecify.annotations.NullMarked
package dev.voippush;
