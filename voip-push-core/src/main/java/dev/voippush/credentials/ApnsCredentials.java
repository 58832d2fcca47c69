// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

/**
 * What a server shows APNs to prove that it may push: a {@link PushCertificate} in the TLS
 * handshake, or a {@link SigningKey} whose token travels with every push.
 *
 * <p>Both are immutable to their users and safe for use by many threads.
 */
public sealed interface ApnsCredentials permits PushCertificate, SigningKey {}
