// SPDX-License-Identifier: Apache-2.0
package dev.voippush.consumers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

/** What is published of core and the simulator beside their classes: licences, notices, SBOMs. */
class PublishedFilesTest {
  private static final String VERSION = System.getProperty("version");
  private static final Path ROOT = Path.of("../..");
  private static final XPath XPATH = XPathFactory.newInstance().newXPath();

  private static final Set<String> OF_BOTH =
      Set.of(
          "annotations",
          "bcpkix-jdk18on",
          "bcprov-jdk18on",
          "bcutil-jdk18on",
          "jspecify",
          "kotlin-stdlib",
          "moshi",
          "okio-jvm",
          "slf4j-api");
  private static final Set<String> OF_THE_SIMULATOR =
      Set.of(
          "netty-buffer",
          "netty-codec",
          "netty-codec-http",
          "netty-codec-http2",
          "netty-common",
          "netty-handler",
          "netty-resolver",
          "netty-transport",
          "netty-transport-native-unix-common");
  private static final Set<String> OF_ITS_EXTENSION =
      Set.of("apiguardian-api", "junit-jupiter-api", "junit-platform-commons", "opentest4j");

  @ParameterizedTest
  @CsvSource({
    "voip-push-core, .jar",
    "voip-push-core, -sources.jar",
    "voip-push-core, -javadoc.jar",
    "voip-push-simulator, .jar",
    "voip-push-simulator, -sources.jar",
    "voip-push-simulator, -javadoc.jar",
    "voip-push-simulator, -standalone.jar",
  })
  void jarHasLicenceAndNotice(String module, String kind) throws Exception {
    Path path = target(module).resolve(module + "-" + VERSION + kind);
    try (JarFile jar = new JarFile(path.toFile())) {
      for (String name : List.of("LICENSE", "NOTICE")) {
        assertEquals(Files.readString(ROOT.resolve(name)), text(jar, "META-INF/" + name));
      }
    }
  }

  @Test
  void sbomOfCoreIsWhatItNeedsToRun() throws Exception {
    Set<String> expected = new TreeSet<>(OF_BOTH);
    expected.add("okhttp-jvm");
    assertEquals(expected, componentsOnTheClassPath(sbom("voip-push-core")));
  }

  @Test
  void sbomOfTheSimulatorIsWhatItNeedsToRun() throws Exception {
    Set<String> expected = new TreeSet<>(OF_BOTH);
    expected.addAll(OF_THE_SIMULATOR);
    expected.addAll(OF_ITS_EXTENSION);
    assertEquals(expected, componentsOnTheClassPath(sbom("voip-push-simulator")));
  }

  @Test
  void licencesAreThoseThatWereLookedAt() throws Exception {
    Set<String> allowed = Set.of("Apache-2.0", "Bouncy Castle Licence", "MIT");
    for (String module : List.of("voip-push-core", "voip-push-simulator")) {
      Document sbom = sbom(module);
      for (String name : texts(sbom, "/bom/components/component/name")) {
        String licences = "/bom/components/component[name='" + name + "']/licenses/license/";
        List<String> found = texts(sbom, licences + "id | " + licences + "name");
        assertEquals(1, found.size(), name);
        // JUnit is of those who have it: no jar of ours contains it.
        boolean known = allowed.contains(found.get(0)) || OF_ITS_EXTENSION.contains(name);
        assertTrue(known, name + ": " + found);
      }
    }
  }

  @Test
  void copyOfTheCodecIsNamedWithTheReleaseOfOkHttpThatItIsFrom() throws Exception {
    Document sbom = sbom("voip-push-core");
    String okhttp = XPATH.evaluate("//component[name='okhttp-jvm']/version", sbom);
    assertEquals(
        "The jar contains the HTTP/2 frame codec of okhttp-jvm "
            + okhttp
            + " as dev.voippush.internal.okhttp3",
        XPATH.evaluate("/bom/metadata/component/externalReferences/reference/comment", sbom));
    Path path = target("voip-push-core").resolve("voip-push-core-" + VERSION + ".jar");
    try (JarFile jar = new JarFile(path.toFile())) {
      String notice = text(jar, "META-INF/okhttp/NOTICE");
      assertTrue(notice.contains("codec of OkHttp " + okhttp + ","), notice);
    }
  }

  /** The names of an SBOM's components, each of which this module has in the same version. */
  private static Set<String> componentsOnTheClassPath(Document sbom) throws Exception {
    Set<String> jars =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(entry -> Path.of(entry).getFileName().toString())
            .collect(Collectors.toSet());
    List<String> names = texts(sbom, "/bom/components/component/name");
    List<String> versions = texts(sbom, "/bom/components/component/version");
    for (int i = 0; i < names.size(); i++) {
      String jar = names.get(i) + "-" + versions.get(i) + ".jar";
      assertTrue(jars.contains(jar), jar + " is not in " + jars);
    }
    return new TreeSet<>(names);
  }

  private static Document sbom(String module) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(target(module).resolve("bom.xml").toFile());
  }

  private static List<String> texts(Document sbom, String path) throws Exception {
    NodeList found = (NodeList) XPATH.evaluate(path, sbom, XPathConstants.NODESET);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < found.getLength(); i++) {
      texts.add(found.item(i).getTextContent());
    }
    return texts;
  }

  private static Path target(String module) {
    return ROOT.resolve(module).resolve("target");
  }

  private static String text(JarFile jar, String name) throws Exception {
    return new String(
        jar.getInputStream(jar.getJarEntry(name)).readAllBytes(), StandardCharsets.UTF_8);
  }
}
