// SPDX-License-Identifier: Apache-2.0
package consumer;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.ApnsSimulatorExtension;
import dev.voippush.simulator.SimulatedPhone;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Two tests that get a simulator each, and a main program that looks whether they are closed. */
@ExtendWith(ApnsSimulatorExtension.class)
public final class ExtensionTest {
  private static final List<ApnsSimulator> given = new ArrayList<>();

  private final ApnsSimulator mine;

  ExtensionTest(ApnsSimulator simulator) {
    mine = simulator;
    given.add(simulator);
  }

  @BeforeEach
  void phonesAreRegisteredOneByOne(SimulatedPhone phone, SimulatedPhone other) {
    check(mine.phones().equals(List.of(phone, other)), "the phones are " + mine.phones());
  }

  @Test
  void first(ApnsSimulator simulator) throws Exception {
    check(simulator == mine, "the test's simulator is not that of the constructor");
    connect(simulator);
  }

  @Test
  void second(ApnsSimulator simulator) throws Exception {
    first(simulator);
  }

  public static void main(String[] none) throws Exception {
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(ExtensionTest.class))
                .build(),
            listener);
    listener.getSummary().getFailures().forEach(f -> f.getException().printStackTrace());
    check(listener.getSummary().getTestsSucceededCount() == 2, "not both tests succeeded");
    check(given.size() == 2 && given.get(0) != given.get(1), "the simulators are " + given);
    for (ApnsSimulator simulator : given) {
      try {
        connect(simulator);
        throw new AssertionError(simulator + " is open after its test");
      } catch (ConnectException closed) {
        System.out.println(simulator + " was closed");
      }
    }
  }

  private static void connect(ApnsSimulator simulator) throws Exception {
    new Socket(InetAddress.getLoopbackAddress(), simulator.port()).close();
  }

  private static void check(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }
}
