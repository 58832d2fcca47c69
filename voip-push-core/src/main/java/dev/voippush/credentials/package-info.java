// SPDX-License-Identifier: Apache-2.0
/**
 * Certificates and signing keys: everything that Apple, Keychain and openssl write goes in, {@code
 * ck.pem} comes out.
 *
 * <p>Read in this order:
 *
 * <ol>
 *   <li>{@link dev.voippush.credentials.CertificateLoader} makes a {@link
 *       dev.voippush.credentials.PushCertificate} of files, {@link
 *       dev.voippush.credentials.SigningKey} loads a .p8 and keeps its bearer token; both are
 *       {@link dev.voippush.credentials.ApnsCredentials}, which the client takes.
 *   <li>Behind them, a file becomes bytes ({@code Source}), the bytes become certificates and keys
 *       ({@code Contents}, by way of {@code Der}, {@code PemBlock} and {@code Pkcs12}), {@code
 *       Decryptor} opens what a {@code Password} protects, {@code KeyEntry} is one private key.
 *   <li>{@code Identities} pairs keys with certificates and chooses; {@code Purpose} says what
 *       Apple made a certificate for.
 *   <li>{@link dev.voippush.credentials.CertificateConverter} writes PEM: {@code PemWriter} makes
 *       the bytes, {@code PrivateFile} puts them on disk whole or not at all.
 *   <li>{@link dev.voippush.credentials.CertificateDoctor} explains a file to people.
 *   <li>Everything that can be wrong is listed, with its words, in {@code Problem}; users see it as
 *       {@link dev.voippush.credentials.CredentialsException}.
 * </ol>
 */
@NullMarked
package dev.voippush.credentials;

import org.jspecify.annotations.NullMarked;
