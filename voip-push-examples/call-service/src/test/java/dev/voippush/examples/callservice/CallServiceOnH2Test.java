// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples.callservice;

import java.util.Map;

/** On the database that is there without any setting. */
class CallServiceOnH2Test extends EndToEnd {
  @Override
  Map<String, ?> database() {
    return Map.of();
  }

  @Override
  void closeDatabase() {
    // closed with the service
  }
}
