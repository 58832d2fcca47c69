// SPDX-License-Identifier: Apache-2.0
package dev.voippush.consumers;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

/** What a user's Maven gets of the core module: its jar and its POM, as installed. */
class InstalledLibraryTest {
  private static final String VERSION = System.getProperty("version");
  private static final Path INSTALLED =
      Path.of(System.getProperty("local.repository"), "dev/voippush/voip-push-core", VERSION);
  private static final Path JAR = INSTALLED.resolve("voip-push-core-" + VERSION + ".jar");
  private static final Path POM = INSTALLED.resolve("voip-push-core-" + VERSION + ".pom");

  private static final String CODEC = "dev/voippush/internal/okhttp3/";

  @Test
  void moduleExportsTheTwoPackagesOfTheApi() {
    ModuleDescriptor module = ModuleFinder.of(JAR).find("dev.voippush").orElseThrow().descriptor();
    assertEquals(
        Set.of("dev.voippush", "dev.voippush.credentials"),
        module.exports().stream().map(ModuleDescriptor.Exports::source).collect(toSet()));
    assertTrue(module.packages().contains("dev.voippush.internal.okhttp3.http2"));
    assertTrue(module.requires().stream().anyMatch(other -> other.name().equals("java.logging")));
  }

  @Test
  void jarHasTheCodecUnderItsOwnNameAndNothingElseOfOthers() throws IOException {
    try (JarFile jar = new JarFile(JAR.toFile())) {
      List<String> files =
          jar.stream().filter(entry -> !entry.isDirectory()).map(JarEntry::getName).toList();
      assertTrue(files.contains(CODEC + "http2/Http2Reader.class"));
      assertTrue(files.contains(CODEC + "http2/Http2Writer.class"));
      assertEquals(
          Set.of(
              "module-info.class",
              "META-INF/LICENSE",
              "META-INF/MANIFEST.MF",
              "META-INF/NOTICE",
              "META-INF/okhttp/LICENSE",
              "META-INF/okhttp/NOTICE"),
          files.stream().filter(name -> !name.startsWith("dev/voippush/")).collect(toSet()));
      assertTrue(text(jar, "META-INF/okhttp/LICENSE").contains("Apache License"));
      assertTrue(text(jar, "META-INF/okhttp/NOTICE").contains("Square, Inc."));
    }
  }

  @Test
  void relocatedCodecIsWholeAndRefersToNothingInternal() {
    String libraries =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> entry.endsWith(".jar") && !entry.contains("voip-push-core"))
            .collect(Collectors.joining(File.pathSeparator));
    StringWriter printed = new StringWriter();
    PrintWriter out = new PrintWriter(printed);
    ToolProvider jdeps = ToolProvider.findFirst("jdeps").orElseThrow();
    int status =
        jdeps.run(
            out,
            out,
            "--multi-release",
            "17",
            "--module-path",
            libraries,
            "--add-modules",
            "org.jspecify",
            "-verbose:class",
            "-filter:none",
            JAR.toString());
    assertEquals(0, status, printed.toString());
    List<String> references =
        printed.toString().lines().filter(line -> line.contains("->")).toList();
    assertTrue(
        references.stream().anyMatch(line -> line.contains("dev.voippush.internal.okhttp3.http2")),
        printed.toString());
    for (String reference : references) {
      assertFalse(reference.contains(" okhttp3.internal."), reference);
      assertFalse(reference.contains("not found"), reference);
    }
  }

  @Test
  void dependenciesStayInThePom() throws Exception {
    Document pom = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(POM.toFile());
    XPath xpath = XPathFactory.newInstance().newXPath();
    NodeList names =
        (NodeList)
            xpath.evaluate(
                "/project/dependencies/dependency[not(scope='test')]/artifactId",
                pom,
                XPathConstants.NODESET);
    List<String> dependencies = new ArrayList<>();
    for (int i = 0; i < names.getLength(); i++) {
      dependencies.add(names.item(i).getTextContent());
    }
    assertEquals(
        List.of("okhttp-jvm", "moshi", "bcpkix-jdk18on", "bcprov-jdk18on", "slf4j-api", "jspecify"),
        dependencies);
    assertEquals("0", xpath.evaluate("count(//exclusion)", pom));
  }

  private static String text(JarFile jar, String name) throws IOException {
    return new String(
        jar.getInputStream(jar.getJarEntry(name)).readAllBytes(), StandardCharsets.UTF_8);
  }
}
