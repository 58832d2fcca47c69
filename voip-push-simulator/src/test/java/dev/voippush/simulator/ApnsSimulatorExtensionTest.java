// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** Which tests share a simulator, and when it is closed; and a test that uses one as users do. */
@ExtendWith(ApnsSimulatorExtension.class)
final class ApnsSimulatorExtensionTest {
  /** What the test classes below got, while they are run by a launcher of their own. */
  private static final List<ApnsSimulator> given = new ArrayList<>();

  private static TestExecutionSummary run(Class<?> tests) {
    given.clear();
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(tests))
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "false")
                .build(),
            listener);
    TestExecutionSummary summary = listener.getSummary();
    summary.getFailures().forEach(failure -> Assertions.fail(failure.getException()));
    return summary;
  }

  private static void assertClosed(ApnsSimulator simulator) {
    Assertions.assertThrows(
        ConnectException.class,
        () -> new Socket(InetAddress.getLoopbackAddress(), simulator.port()).close());
  }

  private static void assertOpen(ApnsSimulator simulator) throws Exception {
    new Socket(InetAddress.getLoopbackAddress(), simulator.port()).close();
  }

  @Test
  void calleeHearsTheCall(ApnsSimulator simulator, SimulatedPhone phone, SimulatedPhone other)
      throws Exception {
    assertEquals(List.of(phone, other), simulator.phones());
    assertEquals(
        200,
        Pushes.withCertificate(simulator).send(Pushes.voip(simulator, phone.token())).status());
    assertEquals("Ada Lovelace", phone.awaitCall(Pushes.PATIENCE).callerName());
    assertEquals(List.of(), other.calls());
  }

  @ExtendWith(ApnsSimulatorExtension.class)
  static final class OneForEachTest {
    private final ApnsSimulator mine;

    OneForEachTest(ApnsSimulator simulator) throws Exception {
      if (!given.isEmpty()) {
        assertClosed(given.get(given.size() - 1));
      }
      mine = simulator;
      given.add(simulator);
    }

    @BeforeEach
    void before(ApnsSimulator simulator, SimulatedPhone phone) {
      assertSame(mine, simulator);
      assertEquals(List.of(phone), simulator.phones());
    }

    @Test
    void first(SimulatedPhone phone, ApnsSimulator simulator) throws Exception {
      assertSame(mine, simulator);
      assertEquals(phone, simulator.phones().get(1));
    }

    @Test
    void second() {}

    @AfterEach
    void after(ApnsSimulator simulator) throws Exception {
      assertSame(mine, simulator);
      assertOpen(simulator);
    }
  }

  @Test
  void eachTestHasASimulatorThatIsClosedAfterIt() {
    assertEquals(2, run(OneForEachTest.class).getTestsSucceededCount());
    assertEquals(2, given.size());
    assertNotSame(given.get(0), given.get(1));
    given.forEach(ApnsSimulatorExtensionTest::assertClosed);
  }

  @ExtendWith(ApnsSimulatorExtension.class)
  static final class OneForAllTests {
    @BeforeAll
    static void beforeAll(ApnsSimulator simulator) {
      given.add(simulator);
    }

    @Test
    void first(ApnsSimulator simulator, SimulatedPhone phone) {
      given.add(simulator);
    }

    @Nested
    final class Inner {
      @Test
      void second(ApnsSimulator simulator, SimulatedPhone phone) throws Exception {
        given.add(simulator);
        assertOpen(simulator);
      }
    }
  }

  @Test
  void simulatorOfBeforeAllIsShared() {
    assertEquals(2, run(OneForAllTests.class).getTestsSucceededCount());
    assertShared();
  }

  @ExtendWith(ApnsSimulatorExtension.class)
  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  static final class OneInstance {
    OneInstance(ApnsSimulator simulator) {
      given.add(simulator);
    }

    @Test
    void first(ApnsSimulator simulator, SimulatedPhone phone) {
      given.add(simulator);
    }

    @Test
    void second(ApnsSimulator simulator, SimulatedPhone phone) {
      given.add(simulator);
    }
  }

  @Test
  void simulatorOfAnInstanceForAllTestsIsShared() {
    assertEquals(2, run(OneInstance.class).getTestsSucceededCount());
    assertShared();
  }

  private static void assertShared() {
    assertEquals(3, given.size());
    assertEquals(1, given.stream().distinct().count());
    assertEquals(2, given.get(0).phones().size());
    assertClosed(given.get(0));
  }

  @ExtendWith(ApnsSimulatorExtension.class)
  static final class OtherParameter {
    @Test
    void test(String other) {}
  }

  @Test
  void otherParametersAreNotItsBusiness() {
    Throwable failure = Assertions.assertThrows(Throwable.class, () -> run(OtherParameter.class));
    assertTrue(failure.getCause().getMessage().contains("No ParameterResolver"), "" + failure);
  }
}
