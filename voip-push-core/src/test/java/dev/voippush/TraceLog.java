// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.lang.reflect.Field;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LocationAwareLogger;

/**
 * Holds all that is logged, by SLF4J and by java.util.logging and at every level, until it is
 * closed.
 */
final class TraceLog implements AutoCloseable {
  private static final String DEFAULT_LEVEL = "defaultLogLevel";
  private static final String LEVEL = "currentLogLevel";

  private final CapturedLog log = new CapturedLog();
  private final java.util.logging.Logger julRoot = LogManager.getLogManager().getLogger("");
  private final Level julLevel = julRoot.getLevel();
  private final Handler julHandler = new Everything();
  private final Object settings;
  private final int defaultLevel;
  private final Map<Logger, Integer> levels = new HashMap<>();

  /** The binding of the tests reads levels once, when a logger is made: they are set behind it. */
  TraceLog() throws ReflectiveOperationException {
    Logger any = LoggerFactory.getLogger(TraceLog.class);
    settings = field(any.getClass(), "CONFIG_PARAMS").get(null);
    defaultLevel = field(settings.getClass(), DEFAULT_LEVEL).getInt(settings);
    field(settings.getClass(), DEFAULT_LEVEL).setInt(settings, LocationAwareLogger.TRACE_INT);
    for (Object logger : loggers()) {
      Field level = field(logger.getClass(), LEVEL);
      levels.put((Logger) logger, level.getInt(logger));
      level.setInt(logger, LocationAwareLogger.TRACE_INT);
    }
    julRoot.setLevel(Level.ALL);
    julRoot.addHandler(julHandler);
  }

  private static Collection<?> loggers() throws ReflectiveOperationException {
    Object factory = LoggerFactory.getILoggerFactory();
    return ((Map<?, ?>) field(factory.getClass(), "loggerMap").get(factory)).values();
  }

  private static Field field(Class<?> type, String name) throws NoSuchFieldException {
    Field field = type.getDeclaredField(name);
    field.setAccessible(true);
    return field;
  }

  String text() {
    return log.text();
  }

  @Override
  public void close() throws ReflectiveOperationException {
    log.close();
    julRoot.removeHandler(julHandler);
    julRoot.setLevel(julLevel);
    field(settings.getClass(), DEFAULT_LEVEL).setInt(settings, defaultLevel);
    for (Object logger : loggers()) { // those made meanwhile, too
      field(logger.getClass(), LEVEL).setInt(logger, levels.getOrDefault(logger, defaultLevel));
    }
  }

  /** With the stack traces, as it is written to files. */
  private static final class Everything extends Handler {
    Everything() {
      setFormatter(new SimpleFormatter());
      setLevel(Level.ALL);
    }

    @Override
    public void publish(LogRecord event) {
      System.err.print(getFormatter().format(event));
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
