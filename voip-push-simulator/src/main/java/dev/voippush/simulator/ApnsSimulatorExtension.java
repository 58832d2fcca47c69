// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives JUnit tests an {@link ApnsSimulator} and {@link SimulatedPhone}s as parameters; tested with
 * JUnit 5.12, 5.14, 6.0 and 6.1.
 *
 * <pre>{@code
 * @ExtendWith(ApnsSimulatorExtension.class)
 * class CallsTest {
 *   @Test
 *   void calleeHearsTheCall(ApnsSimulator simulator, SimulatedPhone phone) {
 *     // push to phone.token() at simulator.endpoint()
 *   }
 * }
 * }</pre>
 *
 * <p>Each test has a simulator of its own, started with all defaults when a parameter first asks
 * for it and closed after the test; {@code @BeforeEach} and {@code @AfterEach} methods and the
 * constructor of the test's instance get the same one. Each {@code SimulatedPhone} is another one,
 * newly registered there. If a {@code @BeforeAll} method, or the constructor of an instance that
 * serves all tests of its class, has such a parameter, the tests of the class share that simulator,
 * and it is closed after the last of them.
 */
@SuppressWarnings("exports") // who uses it requires JUnit anyway; others need not have it
public final class ApnsSimulatorExtension
    implements ParameterResolver, AfterEachCallback, AfterAllCallback {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(ApnsSimulatorExtension.class);

  /** Made by JUnit. */
  public ApnsSimulatorExtension() {}

  /** Makes a constructor's parameters those of the test that it makes an instance for. */
  @Override
  public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext root) {
    return ExtensionContextScope.TEST_METHOD;
  }

  /** True for the two types of parameters that this resolves. */
  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == ApnsSimulator.class || type == SimulatedPhone.class;
  }

  /** The simulator of the test or class, or a new phone of it. */
  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    ApnsSimulator simulator =
        context
            .getStore(NAMESPACE)
            .getOrComputeIfAbsent(
                ApnsSimulator.class, type -> ApnsSimulator.start(), ApnsSimulator.class);
    return parameter.getParameter().getType() == ApnsSimulator.class
        ? simulator
        : simulator.registerPhone();
  }

  /** Closes the simulator of the test. */
  @Override
  public void afterEach(ExtensionContext context) {
    close(context);
  }

  /** Closes the simulator that the tests of the class have shared. */
  @Override
  public void afterAll(ExtensionContext context) {
    close(context);
  }

  /** JUnit 5.12 does not close by itself what is in the store, as later ones do. */
  private static void close(ExtensionContext context) {
    ApnsSimulator simulator =
        context.getStore(NAMESPACE).remove(ApnsSimulator.class, ApnsSimulator.class);
    if (simulator != null) {
      simulator.close();
    }
  }
}
