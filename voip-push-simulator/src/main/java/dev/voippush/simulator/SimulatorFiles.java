// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.nio.file.Path;

/**
 * Where {@link SimulatorCredentials#writeTo} put the credentials.
 *
 * @param directory the directory of all files
 * @param caPem {@code ca.pem}, the root that clients must trust
 * @param voipCer {@code voip.cer}, the certificate in DER, as downloaded from Apple
 * @param voipP12 {@code voippush.p12}, certificate and key as macOS Keychain exports them
 * @param ckPem {@code ck.pem}, certificate and encrypted key as the openssl steps make them
 * @param signingKey {@code AuthKey_<key id>.p8}, the key for provider tokens
 */
public record SimulatorFiles(
    Path directory, Path caPem, Path voipCer, Path voipP12, Path ckPem, Path signingKey) {}
