// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

/** What a server shows APNs to prove that it may push. */
public interface ApnsCredentials {}
