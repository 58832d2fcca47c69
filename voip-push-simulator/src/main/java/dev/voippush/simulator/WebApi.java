// SPDX-License-Identifier: Apache-2.0
package dev.voippush.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The endpoints of the HTTP API, apart from {@code /api/events}, whose answer never ends. */
final class WebApi {
  private static final int MAX_TEXT = 100;
  private static final int MAX_DEBUG_DATA = 4096;
  private static final long DEFAULT_RING_SECONDS = 45;

  private final ApnsSimulator simulator;
  private final WebState state;
  private final PlacedCalls calls;
  private final List<Route> routes = new ArrayList<>();

  /** Answers a request to a path with this variable, {@code ""} if it has none. */
  private interface Endpoint {
    WebReply answer(String variable, byte[] body);
  }

  /** An endpoint and its path, with {@code *} for a variable. */
  private record Route(String method, String path, Endpoint endpoint) {
    /** The variable of a path that fits, {@code ""} if it has none; or null. */
    @Nullable String match(String asked) {
      int star = path.indexOf('*');
      if (star < 0) {
        return asked.equals(path) ? "" : null;
      }
      String before = path.substring(0, star);
      String after = path.substring(star + 1);
      int end = asked.length() - after.length();
      if (end <= star || !asked.startsWith(before) || !asked.endsWith(after)) {
        return null;
      }
      String variable = asked.substring(star, end);
      return variable.contains("/") ? null : variable;
    }
  }

  WebApi(ApnsSimulator simulator, WebState state, PlacedCalls calls) {
    this.simulator = simulator;
    this.state = state;
    this.calls = calls;
    addReading("/api/state", state::all);
    addReading("/api/requests", this::requests);
    addReading("/api/credentials", this::credentials);
    addReading("/api/events", Map::of); // for HEAD
    add(
        "DELETE",
        "/api/requests",
        (empty, body) -> {
          simulator.forgetRequests();
          return WebReply.json(200, Map.of());
        });
    addPhones();
    add("POST", "/api/calls", (empty, body) -> placeCall(JsonFields.read(body)));
    add("POST", "/api/calls/*/end", (id, body) -> endCall(id, JsonFields.read(body)));
    addAction("PUT", "/api/script", this::script);
    addAction("PUT", "/api/tls", this::tls);
    addAction("PUT", "/api/settings", this::settings);
    addAction("POST", "/api/go-away", this::goAway);
    addAction("POST", "/api/freeze", fields -> simulator::freeze);
    addAction("POST", "/api/unfreeze", fields -> simulator::unfreeze);
    addAction("POST", "/api/drop-connections", fields -> simulator::dropConnections);
  }

  private void addPhones() {
    add("POST", "/api/phones", (empty, body) -> addPhone(JsonFields.read(body)));
    addPhoneAction("answer", WebApi::answer);
    addPhoneAction("decline", WebApi::decline);
    addPhoneAction("hang-up", WebApi::hangUp);
    addPhoneAction("app", WebApi::app);
    addPhoneAction(
        "online",
        (phone, fields) -> {
          boolean online = fields.requiredFlag("online");
          return () -> phone.online(online);
        });
    addPhoneAction(
        "reports-calls",
        (phone, fields) -> {
          boolean reports = fields.requiredFlag("reportsCalls");
          return () -> phone.reportsCalls(reports);
        });
    addPhoneAction("rotate-token", (phone, fields) -> phone::rotateToken);
    addPhoneAction("unregister", (phone, fields) -> phone::unregister);
    addPhoneAction("forget-history", (phone, fields) -> phone::forgetHistory);
  }

  private void add(String method, String path, Endpoint endpoint) {
    routes.add(new Route(method, path, endpoint));
  }

  private void addReading(String path, Supplier<Object> value) {
    add("GET", path, (empty, body) -> WebReply.json(200, value.get()));
  }

  /** What reads all members first, then acts: a refused request has done nothing. */
  private void addAction(String method, String path, Function<JsonFields, Runnable> action) {
    add(
        method,
        path,
        (empty, body) -> {
          JsonFields fields = JsonFields.read(body);
          Runnable act = action.apply(fields);
          fields.noOthers();
          act.run();
          return WebReply.json(200, Map.of());
        });
  }

  private void addPhoneAction(
      String name, BiFunction<SimulatedPhone, JsonFields, Runnable> action) {
    add(
        "POST",
        "/api/phones/*/" + name,
        (number, body) -> {
          SimulatedPhone phone = pathPhone(number);
          JsonFields fields = JsonFields.read(body);
          Runnable act = action.apply(phone, fields);
          fields.noOthers();
          act.run();
          return WebReply.json(200, state.phone(phone));
        });
  }

  /**
   * Answers a request.
   *
   * @throws WebRefusal if there is something wrong with it
   */
  WebReply answer(String method, String path, String contentType, byte[] body) {
    List<String> allowed = new ArrayList<>();
    for (Route route : routes) {
      String variable = route.match(path);
      if (variable == null) {
        continue;
      }
      if (route.method.equals(method)) {
        if (method.equals("POST") || method.equals("PUT")) {
          checkContentType(contentType);
        }
        return answer(route, variable, body);
      }
      allowed.add(route.method.equals("GET") ? "GET, HEAD" : route.method);
    }
    if (allowed.isEmpty()) {
      throw new WebRefusal(
          404, "the path must be one of those in docs/simulator.md, but was " + path);
    }
    return WebReply.methodNotAllowed(method, path, String.join(", ", allowed));
  }

  private static WebReply answer(Route route, String variable, byte[] body) {
    try {
      return route.endpoint.answer(variable, body);
    } catch (IllegalArgumentException e) { // the simulator's own rules, which say what is wrong
      throw WebRefusal.badRequest(String.valueOf(e.getMessage()));
    } catch (IllegalStateException e) { // no such call rings, for example
      throw new WebRefusal(409, String.valueOf(e.getMessage()));
    }
  }

  private static void checkContentType(String contentType) {
    String type = contentType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (!type.equals(WebReply.JSON)) {
      throw new WebRefusal(
          415,
          "the Content-Type header must be application/json, but was "
              + (contentType.isEmpty() ? "left out" : contentType));
    }
  }

  private SimulatedPhone pathPhone(String number) {
    return simulator.phones().stream()
        .filter(phone -> number.equals(String.valueOf(phone.number())))
        .findFirst()
        .orElseThrow(() -> new WebRefusal(404, noSuchPhone(number)));
  }

  private String noSuchPhone(Object number) {
    int last = simulator.phones().size();
    return "a phone's number must be "
        + (last == 0 ? "that of a registered one, and there is none yet" : "1 to " + last)
        + ", but was "
        + number;
  }

  private WebReply addPhone(JsonFields fields) {
    SimulatedPhone.Builder phone = simulator.newPhone();
    fields.text("name", MAX_TEXT).ifPresent(phone::name);
    fields.text("user", MAX_TEXT).ifPresent(phone::user);
    fields.text("bundleId", MAX_TEXT).ifPresent(phone::bundleId);
    phone.sandbox(fields.flag("sandbox", false)).callKit(fields.flag("callKit", true));
    fields.noOthers();
    return WebReply.json(201, state.phone(phone.register()));
  }

  private static Runnable answer(SimulatedPhone phone, JsonFields fields) {
    Optional<UUID> id = callId(fields);
    return () -> id.ifPresentOrElse(phone::answer, phone::answer);
  }

  private static Runnable decline(SimulatedPhone phone, JsonFields fields) {
    Optional<UUID> id = callId(fields);
    return () -> id.ifPresentOrElse(phone::decline, phone::decline);
  }

  /** Without a call id, the call that was answered first. */
  private static Runnable hangUp(SimulatedPhone phone, JsonFields fields) {
    Optional<UUID> id = callId(fields);
    return () ->
        phone.hangUp(
            id.or(
                    () ->
                        phone.calls().stream()
                            .filter(call -> call.state() == SimulatedCall.State.ANSWERED)
                            .map(SimulatedCall::callId)
                            .findFirst())
                .orElseThrow(
                    () ->
                        new IllegalStateException(
                            "a call must be answered to be hung up, but the calls are "
                                + phone.calls())));
  }

  private static Optional<UUID> callId(JsonFields fields) {
    return fields.text("callId", MAX_TEXT).map(id -> uuid("callId", id));
  }

  private static UUID uuid(String name, String text) {
    if (!RequestRules.isUuid(text)) {
      throw JsonFields.wrong(name, "a UUID", text);
    }
    return UUID.fromString(text);
  }

  private static Runnable app(SimulatedPhone phone, JsonFields fields) {
    String wanted = fields.requiredText("state", MAX_TEXT);
    return switch (wanted) {
      case "killed" -> phone::killApp;
      case "background" -> phone::leaveApp;
      case "foreground" -> phone::openApp;
      default -> throw JsonFields.wrong("state", "killed, background or foreground", wanted);
    };
  }

  private WebReply placeCall(JsonFields fields) {
    String callerName = fields.requiredText("callerName", MAX_TEXT);
    String handle = fields.textOrEmpty("handle", MAX_TEXT);
    boolean video = fields.flag("video", false);
    long seconds = fields.number("ringSeconds", 1, 600).orElse(DEFAULT_RING_SECONDS);
    List<SimulatedPhone> phones = calledPhones(fields);
    fields.noOthers();
    UUID id = UUID.randomUUID();
    calls.place(new PlacedCall(id, callerName, handle, video, Duration.ofSeconds(seconds), phones));
    return WebReply.json(201, Map.of("callId", id.toString()));
  }

  /** A user's phones, or those that are named, or all. */
  private List<SimulatedPhone> calledPhones(JsonFields fields) {
    Optional<String> user = fields.text("user", MAX_TEXT);
    Optional<List<Long>> numbers = fields.numbers("phones", 1, Integer.MAX_VALUE);
    List<SimulatedPhone> all = simulator.phones();
    if (user.isPresent() && numbers.isPresent()) {
      throw WebRefusal.badRequest("user and phones must not both be given; leave one of them out");
    }
    if (numbers.isPresent()) {
      for (long number : numbers.get()) {
        if (number > all.size()) {
          throw WebRefusal.badRequest(noSuchPhone(number));
        }
      }
      all = all.stream().filter(p -> numbers.get().contains((long) p.number())).toList();
    } else if (user.isPresent()) {
      String users =
          all.stream().flatMap(p -> p.user().stream()).distinct().collect(Collectors.joining(", "));
      all = all.stream().filter(p -> p.user().equals(user)).toList();
      if (all.isEmpty()) {
        throw WebRefusal.badRequest(
            "user must be one with a phone (%s), but was %s".formatted(users, user.get()));
      }
    }
    if (all.isEmpty()) {
      throw WebRefusal.badRequest("a call must go to at least one phone; add one first");
    }
    return all;
  }

  private WebReply endCall(String id, JsonFields fields) {
    fields.noOthers();
    if (!calls.end(uuid("the call id", id))) {
      throw new WebRefusal(404, "the call id must be that of a call here, but was " + id);
    }
    return WebReply.json(200, Map.of());
  }

  private Object requests() {
    return simulator.log().last(Integer.MAX_VALUE).stream().map(state::request).toList();
  }

  private Object credentials() {
    SimulatorCredentials credentials = simulator.credentials();
    Map<String, String> map = new LinkedHashMap<>();
    map.put("caPem", credentials.caPem());
    map.put("ckPem", credentials.ckPem());
    map.put("password", credentials.password());
    map.put("signingKeyPem", credentials.signingKeyPem());
    map.put("keyId", credentials.keyId());
    map.put("teamId", credentials.teamId());
    map.put("bundleId", credentials.bundleId());
    return map;
  }

  private Runnable script(JsonFields fields) {
    Optional<String> device = fields.text("device", 1000);
    Optional<String> app = fields.text("app", MAX_TEXT);
    if (device.isPresent() && app.isPresent()) {
      throw WebRefusal.badRequest("device and app must not both be given; leave one of them out");
    }
    Object json = fields.any("script");
    if (json == null && !fields.has("script")) {
      throw JsonFields.missing("script", "a step, a list of steps, or null to end the one before");
    }
    Scripts scripts = simulator.scripts();
    if (json == null) {
      return () ->
          device.ifPresentOrElse(
              scripts::remove,
              () -> app.ifPresentOrElse(scripts::removeForApp, () -> scripts.set(Script.normal())));
    }
    Script script = WebScripts.read(json, simulator.clock().instant());
    return () ->
        device.ifPresentOrElse(
            token -> scripts.set(token, script),
            () ->
                app.ifPresentOrElse(
                    bundleId -> scripts.setForApp(bundleId, script), () -> scripts.set(script)));
  }

  private Runnable tls(JsonFields fields) {
    String wanted = fields.requiredText("fault", MAX_TEXT);
    TlsFault fault =
        Arrays.stream(TlsFault.values())
            .filter(f -> WebState.lowerCase(f).equals(wanted))
            .findFirst()
            .orElseThrow(
                () ->
                    JsonFields.wrong(
                        "fault", "none, wrong-name, expired, no-alpn or issuer-not-named", wanted));
    return () -> simulator.tls(fault);
  }

  private Runnable settings(JsonFields fields) {
    OptionalLong streams = fields.number("maxConcurrentStreams", 0, Integer.MAX_VALUE);
    OptionalLong table = fields.number("headerTableSize", 0, Integer.MAX_VALUE);
    return () -> {
      streams.ifPresent(max -> simulator.maxConcurrentStreams((int) max));
      table.ifPresent(bytes -> simulator.headerTableSize((int) bytes));
    };
  }

  private Runnable goAway(JsonFields fields) {
    String debugData = fields.textOrEmpty("debugData", MAX_DEBUG_DATA);
    return () -> simulator.goAway(debugData);
  }
}
