// SPDX-License-Identifier: Apache-2.0
/** Certificates. */
@org.jspecify.annotations.NullMarked
package dev.voippush.credentials;
