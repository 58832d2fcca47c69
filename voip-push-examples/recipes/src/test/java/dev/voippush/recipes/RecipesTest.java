// SPDX-License-Identifier: Apache-2.0
package dev.voippush.recipes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.voippush.CallPayload;
import dev.voippush.DeviceToken;
import dev.voippush.PushResult;
import dev.voippush.RingOutcome;
import dev.voippush.VoipPushClient;
import dev.voippush.credentials.PushCertificate;
import dev.voippush.simulator.ApnsSimulator;
import dev.voippush.simulator.SimulatedPhone;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.CoroutineContext;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlin.coroutines.intrinsics.IntrinsicsKt;
import org.jetbrains.kotlin.cli.common.ExitCode;
import org.jetbrains.kotlin.cli.jvm.K2JVMCompiler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Every block of docs/recipes.md is compiled as it stands there, and run where it can be. */
@Timeout(120)
class RecipesTest {
  /** Without what this module does not have: classes of its own. */
  private static final String CLASS_PATH =
      Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
          .filter(entry -> Files.exists(Path.of(entry)))
          .collect(Collectors.joining(File.pathSeparator));

  private static final Pattern TYPE = Pattern.compile("class (\\w+)");

  @TempDir Path directory;

  private static List<String> blocks(String language) throws IOException {
    Path document = Path.of("").toAbsolutePath().resolve("../../docs/recipes.md").normalize();
    return Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
        .matcher(Files.readString(document))
        .results()
        .map((MatchResult block) -> block.group(1))
        .toList();
  }

  /** Compiles it, and returns the name of its class. */
  private String compileJava(String source) throws IOException {
    Matcher type = TYPE.matcher(source);
    assertTrue(type.find(), source);
    Path file = Files.writeString(directory.resolve(type.group(1) + ".java"), source);
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    int code =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                said,
                said,
                "-Xlint:all,-processing",
                "-Werror",
                "-classpath",
                CLASS_PATH,
                "-d",
                directory.toString(),
                file.toString());
    assertEquals(0, code, () -> said.toString(StandardCharsets.UTF_8));
    return type.group(1);
  }

  private URLClassLoader compiled() throws IOException {
    return new URLClassLoader(
        new URL[] {directory.toUri().toURL()}, RecipesTest.class.getClassLoader());
  }

  private static VoipPushClient client(ApnsSimulator apns) throws IOException {
    return VoipPushClient.builder()
        .credentials(
            PushCertificate.of(apns.credentials().privateKey(), apns.credentials().chain()))
        .endpoint(apns.endpoint())
        .trustedCertificates(apns.credentials().caCertificate())
        .build();
  }

  private static CallPayload call() {
    return CallPayload.incoming(UUID.randomUUID()).callerName("Li Lei").build();
  }

  @Test
  void everyJavaBlockCompiles() throws Exception {
    List<String> blocks = blocks("java");
    assertEquals(3, blocks.size());
    for (String block : blocks) {
      compileJava(block);
    }
  }

  @Test
  void theTestRings() throws Exception {
    String name = compileJava(blocks("java").get(2));
    try (URLClassLoader loader = compiled()) {
      SummaryGeneratingListener summary = new SummaryGeneratingListener();
      LauncherFactory.create()
          .execute(
              LauncherDiscoveryRequestBuilder.request()
                  .selectors(DiscoverySelectors.selectClass(loader.loadClass(name)))
                  .build(),
              summary);
      assertEquals(1, summary.getSummary().getTestsSucceededCount());
      assertEquals(0, summary.getSummary().getTotalFailureCount());
    }
  }

  @Test
  void kotlinRings() throws Exception {
    List<String> blocks = blocks("kotlin");
    assertEquals(1, blocks.size());
    Path file = Files.writeString(directory.resolve("Recipe.kt"), blocks.get(0));
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    ExitCode code =
        new K2JVMCompiler()
            .exec(
                new PrintStream(said, true, StandardCharsets.UTF_8),
                "-no-stdlib",
                "-no-reflect",
                "-jvm-target",
                "17",
                "-Werror",
                "-classpath",
                CLASS_PATH,
                "-d",
                directory.toString(),
                file.toString());
    assertEquals(ExitCode.OK, code, () -> said.toString(StandardCharsets.UTF_8));
    try (URLClassLoader loader = compiled();
        ApnsSimulator apns = ApnsSimulator.start();
        VoipPushClient client = client(apns)) {
      Class<?> recipe = loader.loadClass("RecipeKt");
      SimulatedPhone phone = apns.registerPhone();
      DeviceToken device = DeviceToken.of(phone.token());

      Method push =
          recipe.getMethod(
              "push",
              VoipPushClient.class,
              DeviceToken.class,
              CallPayload.class,
              Continuation.class);
      PushResult result = (PushResult) run(push, client, device, call());
      assertTrue(result.accepted());
      assertNotNull(phone.awaitCall(Duration.ofSeconds(10)));

      Method ringAll =
          recipe.getMethod(
              "ringAll",
              VoipPushClient.class,
              CallPayload.class,
              Collection.class,
              Continuation.class);
      RingOutcome outcome = (RingOutcome) run(ringAll, client, call(), List.of(device));
      assertTrue(outcome.reached().contains(device));
    }
  }

  /** Calls a suspending function, and waits for what it returns. */
  private static Object run(Method function, Object... arguments) throws Exception {
    CompletableFuture<Object> returned = new CompletableFuture<>();
    Object[] all = Arrays.copyOf(arguments, arguments.length + 1);
    all[arguments.length] =
        new Continuation<Object>() {
          @Override
          public CoroutineContext getContext() {
            return EmptyCoroutineContext.INSTANCE;
          }

          @Override
          public void resumeWith(Object result) {
            returned.complete(result); // a failure comes as kotlin.Result.Failure: a cast fails
          }
        };
    Object at = function.invoke(null, all);
    return at == IntrinsicsKt.getCOROUTINE_SUSPENDED() ? returned.get(10, TimeUnit.SECONDS) : at;
  }
}
