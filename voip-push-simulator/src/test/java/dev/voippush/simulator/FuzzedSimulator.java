// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import io.netty.channel.embedded.EmbeddedChannel;

/** A simulator for many inputs, which is begun anew before what they leave behind slows it. */
final class FuzzedSimulator implements AutoCloseable {
  private static final int MOST_PHONES = 50;

  private ApnsSimulator simulator = ApnsSimulator.start();
  private WebState state = new WebState(simulator);
  private PlacedCalls calls = calls();
  private WebApi api = new WebApi(simulator, state, calls);

  private PlacedCalls calls() {
    simulator.registerPhone();
    return new PlacedCalls(simulator, new WebEvents(state, new EmbeddedChannel().eventLoop()));
  }

  WebState state() {
    return state;
  }

  WebApi api() {
    if (simulator.phones().size() > MOST_PHONES) {
      close();
      simulator = ApnsSimulator.start();
      state = new WebState(simulator);
      calls = calls();
      api = new WebApi(simulator, state, calls);
    }
    return api;
  }

  @Override
  public void close() {
    calls.close();
    simulator.close();
  }
}
