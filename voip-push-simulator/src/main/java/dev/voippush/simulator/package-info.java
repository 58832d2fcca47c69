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
 *   <li>{@code ApnsServer} listens and does TLS ({@code ClientTrust} judges client certificates),
 *       with {@code Freezer} between TLS and the socket.
 *   <li>{@code ApnsConnection} is HTTP/2: it collects each {@code ApnsStream}, keeps the {@code
 *       StreamLimit}, asks the {@code Scripts} whether to answer, to be silent or to break
 *       something, and answers.
 *   <li>{@code RequestRules} decides on an {@code ApnsRequest}: a {@code Verdict}. Who may push is
 *       the {@code Provider}'s part: {@code CertificateProvider}, or {@code TokenProvider} with its
 *       {@code SigningKeys}. {@code Devices} knows the tokens.
 *   <li>{@code RequestLog} keeps a {@code RecordedRequest} of everything.
 *   <li>{@code SimulatedPhone} receives what was accepted, reads it as a {@code PushedCall} and
 *       makes a {@code SimulatedCall} ring: {@code RingTimer} refills its {@code RingTone}.
 * </ol>
 */
@org.jspecify.annotations.NullMarked
package dev.voippush.simulator;
