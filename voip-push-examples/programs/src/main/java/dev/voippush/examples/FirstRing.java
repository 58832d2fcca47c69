// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

/** A first ring. */
public final class FirstRing {
  private FirstRing() {}

  public static void main(String[] args) {
    System.out.println("ring");
  }
}
