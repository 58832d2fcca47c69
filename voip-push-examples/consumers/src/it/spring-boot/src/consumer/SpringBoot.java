// SPDX-License-Identifier: Apache-2.0
package consumer;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathFactory;
import org.slf4j.LoggerFactory;
import org.w3c.dom.Document;

/** Looks whether the class path has the versions of Spring Boot's BOM, and runs the tests there. */
public final class SpringBoot {
  /** A class of each library that the BOM manages, and the BOM's property for its version. */
  private static final Map<String, String> MANAGED =
      new TreeMap<>(
          Map.of(
              "ch.qos.logback.classic.Logger", "logback.version",
              "io.netty.buffer.ByteBuf", "netty.version",
              "io.netty.channel.Channel", "netty.version",
              "io.netty.handler.codec.http.HttpRequest", "netty.version",
              "io.netty.handler.codec.http2.Http2Connection", "netty.version",
              "io.netty.handler.ssl.SslHandler", "netty.version",
              "io.netty.util.Version", "netty.version",
              "kotlin.Unit", "kotlin.version",
              "org.junit.jupiter.api.Test", "junit-jupiter.version",
              "org.slf4j.Logger", "slf4j.version"));

  private SpringBoot() {}

  public static void main(String[] none) throws Exception {
    Path file = Path.of(System.getenv("BOM"));
    Document bom = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile());
    XPath xpath = XPathFactory.newInstance().newXPath();
    for (Map.Entry<String, String> managed : MANAGED.entrySet()) {
      String version = xpath.evaluate("/project/properties/" + managed.getValue(), bom);
      String jar = jar(managed.getKey());
      System.out.println(file.getFileName() + ": " + jar);
      if (version.isEmpty() || !jar.endsWith("-" + version + ".jar")) {
        throw new AssertionError(
            jar + " is not of " + managed.getValue() + " in " + file + ", " + version);
      }
    }
    System.out.println("not managed: " + jar("okhttp3.OkHttpClient") + ", " + jar("okio.Buffer"));
    // Boot's default. Logback's own is DEBUG.
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.INFO);
    ExtensionTest.main(none);
  }

  private static String jar(String type) throws ClassNotFoundException {
    String location =
        Class.forName(type).getProtectionDomain().getCodeSource().getLocation().getPath();
    return location.substring(location.lastIndexOf('/') + 1);
  }
}
