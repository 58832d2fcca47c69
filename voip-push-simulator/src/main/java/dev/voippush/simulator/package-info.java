// SPDX-License-Identifier: Apache-2.0
/** A local APNs. */
@org.jspecify.annotations.NullMarked
package dev.voippush.simulator;
