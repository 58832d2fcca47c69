// SPDX-License-Identifier: Apache-2.0
/**
 * A service that rings phones, to copy: read {@code CallService} first, then what it uses. The REST
 * interface is in {@code CallController} and {@code DeviceController}, the client is made in {@code
 * VoipPushConfiguration}.
 */
@org.jspecify.annotations.NullMarked
package dev.voippush.examples.callservice;
