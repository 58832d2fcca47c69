// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

/** A local APNs. */
public final class ApnsSimulator {
  private ApnsSimulator() {}
}
