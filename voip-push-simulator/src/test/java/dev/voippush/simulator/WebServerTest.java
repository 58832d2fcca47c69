// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is served what, and with which headers. */
@Timeout(30)
final class WebServerTest {
  private static ApnsSimulator simulator;
  private static WebClient web;

  @BeforeAll
  static void start() {
    simulator = ApnsSimulator.builder().web(0).start();
    web = new WebClient(simulator);
  }

  @AfterAll
  static void close() {
    simulator.close();
  }

  @ParameterizedTest
  @CsvSource({
    "/, text/html; charset=utf-8",
    "/page.css, text/css; charset=utf-8",
    "/page.js, text/javascript; charset=utf-8",
    "/phone.js, text/javascript; charset=utf-8",
    "/entries.js, text/javascript; charset=utf-8",
    "/ringer.js, text/javascript; charset=utf-8",
    "/texts.js, text/javascript; charset=utf-8",
    "/icon.svg, image/svg+xml",
  })
  void servesThePage(String path, String type) throws Exception {
    WebClient.Answer answer = web.get(path);
    assertEquals(200, answer.status());
    assertEquals(type, answer.header("content-type"));
    assertGuarded(answer);

    WebClient.Answer head = web.send("HEAD", path, "");
    assertEquals(200, head.status());
    assertEquals("", head.body());
    assertEquals(answer.header("content-length"), head.header("content-length"));

    WebClient.Answer post = web.post(path, "{}");
    assertEquals(405, post.status());
    assertEquals("GET, HEAD", post.header("allow"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/index.html/",
        "/favicon.ico",
        "/web/page.js",
        "/../page.js",
        "/%2e%2e/page.js",
        "/..%2f..%2fmodule-info.class",
        "//page.js",
        "/page.js/",
        "/page.js%00",
        "/api",
        "/api/",
        "/api/phones//answer",
        "/api/phones/1/2/answer",
        "/api/state/",
        "http://127.0.0.1/page.js",
        "*"
      })
  void nothingElseExists(String path) throws Exception {
    String answer = web.raw("GET " + path + " HTTP/1.1", "host: localhost");
    assertTrue(answer.startsWith("HTTP/1.1 404 "), answer);
    assertTrue(answer.contains("{\"error\":\"the path must be "), answer);
  }

  @Test
  void onlyTheLoopbackIsAHost() throws Exception {
    int port = simulator.web().orElseThrow().getPort();
    for (String host :
        List.of("127.0.0.1", "localhost", "127.0.0.1:" + port, "localhost:" + port)) {
      String answer = web.raw("GET /api/state HTTP/1.1", "host: " + host);
      assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
    }
    List<String> wrong =
        List.of(
            "host: evil.example",
            "host: evil.example:" + port,
            "host: 127.0.0.1.evil.example",
            "host: 127.0.0.1:1",
            "host: 127.0.0.1@evil.example",
            "host:",
            "x-host: localhost",
            "host: localhost\r\nhost: evil.example");
    for (String host : wrong) {
      for (String path : List.of("/", "/api/state", "/api/events", "/api/credentials")) {
        String answer = web.raw("GET " + path + " HTTP/1.1", host);
        assertTrue(answer.startsWith("HTTP/1.1 403 "), answer);
        assertTrue(answer.contains("the Host header must be that of http://127.0.0.1:"), answer);
        assertFalse(answer.contains("endpoint"), answer);
      }
    }
  }

  /** An image of another site's page, say, has no Origin. */
  @Test
  void readsForOtherSitesAreRefused() throws Exception {
    for (String site : List.of("same-origin", "none")) {
      assertEquals(200, web.send("GET", "/api/state", "", "sec-fetch-site", site).status(), site);
    }
    for (String site : List.of("cross-site", "same-site")) {
      for (String path : List.of("/api/state", "/api/requests", "/api/events")) {
        WebClient.Answer answer = web.send("GET", path, "", "sec-fetch-site", site);
        assertEquals(403, answer.status(), path);
        assertEquals(
            "the Sec-Fetch-Site header must be left out or same-origin or none, but was " + site,
            answer.error());
      }
      assertEquals(200, web.send("GET", "/", "", "sec-fetch-site", site).status(), "a link to it");
    }
  }

  @Test
  void onlyThePageItselfIsAnOrigin() throws Exception {
    int port = simulator.web().orElseThrow().getPort();
    for (String origin : List.of("http://127.0.0.1:" + port, "http://localhost:" + port)) {
      assertEquals(200, web.send("GET", "/api/state", "", "origin", origin).status(), origin);
    }
    List<String> foreign =
        List.of(
            "https://evil.example",
            "null",
            "http://127.0.0.1",
            "http://localhost:1",
            "https://localhost:" + port,
            "http://localhost:" + port + ".evil.example");
    int phones = simulator.phones().size();
    for (String origin : foreign) {
      WebClient.Answer answer =
          web.send(
              "POST", "/api/phones", "{}", "content-type", "application/json", "origin", origin);
      assertEquals(403, answer.status(), origin);
      assertTrue(answer.error().startsWith("the Origin header must be left out or"), origin);
      assertTrue(answer.error().endsWith("but was " + origin), answer.error());
      assertEquals(403, web.send("GET", "/api/state", "", "origin", origin).status(), origin);
      assertEquals("", answer.header("access-control-allow-origin"));
    }
    assertEquals(phones, simulator.phones().size());
  }

  @Test
  void aBrowserMayNotAskWhetherItMay() throws Exception {
    WebClient.Answer answer = web.send("OPTIONS", "/api/phones", "");
    assertEquals(405, answer.status());
    assertEquals("POST", answer.header("allow"));
    assertEquals("", answer.header("access-control-allow-methods"));
  }

  @Test
  void bodiesHaveALimit() throws Exception {
    String limit = " ".repeat(64 * 1024 - 2) + "{}";
    assertEquals(201, web.post("/api/phones", limit).status());
    WebClient.Answer answer = web.post("/api/phones", limit.repeat(20));
    assertEquals(413, answer.status());
    assertEquals(413, web.post("/api/phones", " " + limit).status());
    assertEquals("the body must be at most 65536 bytes, but was larger", answer.error());
    assertGuarded(answer);
    String chunked =
        web.raw(
            "POST /api/phones HTTP/1.1",
            "host: localhost",
            "content-type: application/json",
            "transfer-encoding: chunked",
            "",
            "10001",
            " ".repeat(0x10001),
            "0");
    assertTrue(chunked.startsWith("HTTP/1.1 413 "), chunked);
  }

  @Test
  void whatFollowsARefusedBodyIsNotDone() throws Exception {
    int phones = simulator.phones().size();
    String tooMuch = " ".repeat(64 * 1024 + 1);
    String answer =
        web.raw(
            "POST /api/phones HTTP/1.1",
            "host: localhost",
            "content-type: application/json",
            "content-length: " + tooMuch.length(),
            "",
            tooMuch
                + "POST /api/phones HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json"
                + "\r\ncontent-length: 2\r\n\r\n{}GET /icon.svg HTTP/1.1",
            "host: localhost");
    assertTrue(answer.startsWith("HTTP/1.1 413 "), answer);
    assertEquals(2, answer.split("HTTP/1.1", -1).length, answer);
    assertEquals(phones, simulator.phones().size());
  }

  @Test
  void whoAsksBeforeSendingTooMuchIsToldSoAsWell() throws Exception {
    for (int length : List.of(2, 64 * 1024 + 1)) {
      String answer =
          web.raw(
              "POST /api/phones HTTP/1.1",
              "host: localhost",
              "content-type: application/json",
              "expect: 100-continue",
              "content-length: " + length,
              "connection: close",
              "",
              "{}");
      if (length == 2) {
        assertTrue(answer.startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 "), answer);
      } else {
        assertTrue(answer.startsWith("HTTP/1.1 413 "), answer);
        assertTrue(answer.contains("\r\ncontent-security-policy: default-src 'none'"), answer);
        assertTrue(
            answer.endsWith("{\"error\":\"the body must be at most 65536 bytes, but was larger\"}"),
            answer);
      }
    }
  }

  @Test
  void linesAndHeadersHaveLimits() throws Exception {
    String line = "GET /?%s HTTP/1.1";
    int rest = line.length() - 2;
    assertTrue(
        web.raw(line.formatted("x".repeat(4096 - rest)), "host: localhost")
            .startsWith("HTTP/1.1 200 "));
    String longer = web.raw(line.formatted("x".repeat(4097 - rest)), "host: localhost");
    assertTrue(longer.startsWith("HTTP/1.1 414 "), longer);
    assertTrue(
        longer.endsWith(
            "{\"error\":\"the request line must be at most 4096 bytes, but was longer\"}"),
        longer);
    String more = web.raw("GET / HTTP/1.1", "host: localhost", "x: " + "x".repeat(8192));
    assertTrue(more.startsWith("HTTP/1.1 431 "), more);
    assertTrue(
        more.endsWith("{\"error\":\"all headers must be at most 8192 bytes, but were more\"}"),
        more);
  }

  @Test
  void otherProtocolsAreRefused() throws Exception {
    String answer = web.raw("\u0016\u0003\u0001 nonsense");
    assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
  }

  @Test
  void connectionsAreKept() throws Exception {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), simulator.web().orElseThrow().getPort())) {
      socket.setSoTimeout((int) Pushes.PATIENCE.toMillis());
      String request = "GET /icon.svg HTTP/1.1\r\nhost: localhost\r\n";
      byte[] both =
          (request + "\r\n" + request + "connection: close\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII);
      socket.getOutputStream().write(both);
      String answers = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(3, answers.split("HTTP/1.1 200 OK", -1).length, answers);
    }
  }

  private static long webThreads() {
    return threads().stream().filter(name -> name.startsWith("apns-simulator-web")).count();
  }

  @Test
  void nothingIsServedUnlessAskedFor() {
    long before = webThreads();
    try (ApnsSimulator plain = ApnsSimulator.start()) {
      assertEquals(Optional.empty(), plain.web());
      assertEquals(before, webThreads());
    }
    assertThrows(IllegalArgumentException.class, () -> ApnsSimulator.builder().web(65536));
  }

  @Test
  void listensOnTheLoopbackOnlyAndClosesWithTheSimulator() throws Exception {
    Set<String> before = threads();
    ApnsSimulator other = ApnsSimulator.builder().web(0).start();
    URI page = other.web().orElseThrow();
    assertEquals("http://127.0.0.1:" + page.getPort() + "/", page.toString());
    assertThrows(
        IOException.class,
        () -> new Socket(InetAddress.getByName("127.0.0.2"), page.getPort()).close());
    SimulatedPhone phone = other.registerPhone();
    WebClient client = new WebClient(other);
    try (WebClient.Events events = client.events()) {
      events.await("state", state -> true);
      client.post("/api/calls", "{\"callerName\":\"Ada\"}");
      phone.awaitCall(Pushes.PATIENCE);
      assertNotEquals(before, threads());
      other.close();
      events.awaitEnd();
    }
    assertEquals(before, threads());
    assertThrows(
        IOException.class,
        () -> new Socket(InetAddress.getLoopbackAddress(), page.getPort()).close());
  }

  @Test
  void takenPortIsAnErrorThatLeavesNothingBehind() {
    Set<String> before = threads();
    int port = simulator.web().orElseThrow().getPort();
    ApnsSimulator.Builder builder = ApnsSimulator.builder().web(port);
    UncheckedIOException e = assertThrows(UncheckedIOException.class, builder::start);
    assertEquals("the web server cannot listen on 127.0.0.1:" + port, e.getMessage());
    assertEquals(before, threads());
  }

  /** What keeps text from becoming anything else, and the page from asking anybody else. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "index.html",
        "page.css",
        "page.js",
        "phone.js",
        "entries.js",
        "ringer.js",
        "texts.js",
        "icon.svg"
      })
  void thePageNeedsNobodyElseAndMakesNoHtml(String name) throws Exception {
    String content = resource(name).replace("http://www.w3.org/2000/svg", "");
    for (String forbidden :
        List.of(
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "createContextualFragment",
            "setHTML",
            "srcdoc",
            "eval(",
            "new Function",
            "http:",
            "https:",
            "@import",
            "style=",
            "<style",
            "javascript:")) {
      assertFalse(content.contains(forbidden), name + " contains " + forbidden);
    }
    assertFalse(Pattern.compile("(src|href)=\"//").matcher(content).find());
    assertFalse(Pattern.compile("<[^>]* on\\w+=").matcher(content).find());
    assertFalse(Pattern.compile("<script(?![^>]* src=)").matcher(content).find());
  }

  @Test
  void bothLanguagesSayTheSame() throws Exception {
    String texts = resource("texts.js");
    int chinese = texts.indexOf("const chinese");
    Set<String> english = keys(texts.substring(0, chinese));
    assertEquals(english, keys(texts.substring(chinese)));
    String page = resource("index.html");
    Matcher used = Pattern.compile("data-(?:text|label|hint)=\"(\\w+)\"").matcher(page);
    int count = 0;
    while (used.find()) {
      assertTrue(english.stream().anyMatch(k -> k.startsWith(used.group(1) + " ")), used.group());
      count++;
    }
    assertTrue(count > 40, "found only " + count);
    for (PushVerdict verdict : PushVerdict.values()) {
      assertTrue(texts.contains("  verdict" + verdict + ":"), verdict.name());
      assertTrue(texts.contains("  means" + verdict + ":"), verdict.name());
    }
    for (SimulatedCall.State state : SimulatedCall.State.values()) {
      assertTrue(texts.contains("  state" + state + ":"), state.name());
    }
  }

  @Test
  void eachTextIsShownSomewhere() throws Exception {
    Set<String> used = new TreeSet<>();
    used.addAll(found("data-(?:text|label|hint)=\"(\\w+)\"", resource("index.html")));
    for (String script : List.of("page.js", "phone.js", "entries.js")) {
      String code = resource(script);
      for (String asked : found("\\btext\\((.*)", code)) { // text('a'), text(b ? 'c' : 'd')
        used.addAll(found("'(\\w+)'", asked));
      }
      // What is asked for by a variable, and by another line than that of text(
      used.addAll(found("'(screen\\w+|gone\\w+)'", code));
      for (String chosen : found("const (?:words|what|announcement) =([^;]*);", code)) {
        used.addAll(found("'(\\w+)'", chosen));
      }
      for (String choices : found("text\\(\\s*(\\{[^;]*);", code)) {
        used.addAll(found("'(\\w+)'", choices));
      }
    }
    // Names that are put together
    for (PushVerdict verdict : PushVerdict.values()) {
      used.addAll(List.of("verdict" + verdict, "means" + verdict));
    }
    for (SimulatedCall.State state : SimulatedCall.State.values()) {
      used.add("state" + state);
    }
    used.addAll(List.of("inVoice", "inVideo", "incomingVoice", "incomingVideo"));

    Set<String> unused = new TreeSet<>(found("(?m)^  (\\w+): '.*',$", resource("texts.js")));
    unused.removeAll(used);
    assertEquals(Set.of(), unused);
  }

  /** The first groups of all matches. */
  private static List<String> found(String pattern, String text) {
    return Pattern.compile(pattern).matcher(text).results().map(match -> match.group(1)).toList();
  }

  /** Each text's name, and the values that it wants. */
  private static Set<String> keys(String texts) {
    Set<String> keys = new TreeSet<>();
    Matcher lines = Pattern.compile("(?m)^  (\\w+): '(.*)',$").matcher(texts);
    while (lines.find()) {
      Set<String> values = new TreeSet<>();
      Matcher placeholders = Pattern.compile("\\{\\w+}").matcher(lines.group(2));
      while (placeholders.find()) {
        values.add(placeholders.group());
      }
      keys.add(lines.group(1) + " " + values);
    }
    return keys;
  }

  static void assertGuarded(WebClient.Answer answer) {
    assertEquals("nosniff", answer.header("x-content-type-options"));
    assertEquals("no-store", answer.header("cache-control"));
    assertEquals("same-origin", answer.header("cross-origin-resource-policy"));
    assertEquals("DENY", answer.header("x-frame-options"));
    assertEquals(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src"
            + " 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        answer.header("content-security-policy"));
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = WebFiles.class.getResourceAsStream("web/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static Set<String> threads() {
    Set<String> names = new TreeSet<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("apns-simulator")) {
        names.add(thread.getName());
      }
    }
    return names;
  }
}
