// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DialerTest {
  private static List<InetAddress> addresses(String... literals) throws Exception {
    List<InetAddress> addresses = new ArrayList<>();
    for (String literal : literals) {
      addresses.add(InetAddress.getByName(literal));
    }
    return addresses;
  }

  @Test
  void familiesAreTriedInTurn() throws Exception {
    assertEquals(
        addresses("::1", "10.0.0.1", "::2", "10.0.0.2", "10.0.0.3"),
        Dialer.alternating(addresses("::1", "::2", "10.0.0.1", "10.0.0.2", "10.0.0.3")));
    assertEquals(
        addresses("10.0.0.1", "::1", "10.0.0.2"),
        Dialer.alternating(addresses("10.0.0.1", "10.0.0.2", "::1")));
    assertEquals(addresses("10.0.0.1"), Dialer.alternating(addresses("10.0.0.1")));
  }

  @Test
  void addressesOfVersionSixStandInBrackets() {
    assertEquals("api.push.apple.com:443", Dialer.hostAndPort("api.push.apple.com", 443));
    assertEquals("[::1]:2197", Dialer.hostAndPort("::1", 2197));
  }
}
