// SPDX-License-Identifier: Apache-2.0
/**
 * A strict local APNs over real TLS and HTTP/2, with phones that ring.
 *
 * <p>To use it, start with {@link dev.voippush.simulator.ApnsSimulator}. To read it, follow a push:
 *
 * <ol>
 *   <li>{@code ApnsSimulator} puts the parts together; {@code SimulatorCredentials} are what
 *       clients need, made by {@code CertificateAuthority}, {@code KeychainFile} (.p12) and {@code
 *       PemFile}.
 *   <li>{@code ApnsServer} listens, as production and as sandbox, on the {@code Loopback} address
 *       only; {@code ServerTls} does TLS, right or with a {@code TlsFault} ({@code ClientTrust}
 *       judges client certificates), with {@code Freezer} between TLS and the socket.
 *   <li>{@code ApnsConnection} is HTTP/2: it collects each {@code ApnsStream}, keeps the {@code
 *       StreamLimit}, asks the {@code Scripts} whether to answer, to be silent or to break
 *       something, and answers.
 *   <li>{@code RequestRules} decides on an {@code ApnsRequest}: a {@code Verdict}. Who may push is
 *       the {@code Provider}'s part: {@code CertificateProvider}, or {@code TokenProvider} with its
 *       {@code SigningKeys} and {@code Apps}. {@code Devices} knows the tokens.
 *   <li>{@code RequestLog} keeps a {@code RecordedRequest} of everything.
 *   <li>{@code Courier} delivers what was accepted, if a script says so late, twice or newest
 *       first.
 *   <li>{@code SimulatedPhone}, one of the simulator's {@code Phones}, receives it, reads it as a
 *       {@code PushedCall} and makes a {@code SimulatedCall} ring: {@code RingTimer} refills its
 *       {@code RingTone}. By {@code CallSignalling} the phones of one user hear of each other.
 *   <li>{@code ApnsSimulatorExtension} hands simulators and phones to JUnit tests.
 *   <li>{@code WebServer} serves the page ({@code WebFiles}, in the resources) and the HTTP API:
 *       {@code WebConnection} checks where a request comes from, {@code WebApi} answers it with
 *       what {@code WebState} knows, reading it with {@code JsonFields} and {@code WebScripts};
 *       {@code WebEvents} tells browsers what happens. {@code PlacedCalls} has calls sent, by
 *       {@code CallSender} unless somebody else does it.
 * </ol>
 */
@org.jspecify.annotations.NullMarked
package dev.voippush.simulator;
