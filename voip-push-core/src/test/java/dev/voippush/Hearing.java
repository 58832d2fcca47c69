// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Takes down what objects say of themselves: those it is given and all of the library's that they
 * hold; of exceptions, their causes as well. Thread-safe.
 */
final class Hearing {
  private static final String OURS = "dev.voippush.";
  private static final String SIMULATORS = OURS + "simulator.";

  private final Set<String> said = new LinkedHashSet<>();
  private final Set<Class<?>> classes = new HashSet<>();
  private final Set<Object> met = Collections.newSetFromMap(new IdentityHashMap<>());

  synchronized String text() {
    return String.join("\n", said);
  }

  /** Of which classes something was heard. */
  synchronized Set<Class<?>> classes() {
    return Set.copyOf(classes);
  }

  synchronized void hear(Object... objects) {
    for (Object object : objects) {
      if (!isOurs(object.getClass()) && !(object instanceof Throwable)) {
        say(object);
      }
      met.clear(); // what was met before may have changed
      visit(object);
    }
  }

  private void visit(Object object) {
    if (object == null || !met.add(object)) {
      return;
    }
    if (object instanceof Throwable e) {
      visit(e.getCause());
      visit(e.getSuppressed());
      say(e);
    }
    if (isOurs(object.getClass())) {
      if (speaks(object.getClass())) {
        say(object);
      }
      classes.add(object.getClass());
      for (Class<?> type = object.getClass(); isOurs(type); type = type.getSuperclass()) {
        visitFields(object, type);
      }
    } else if (object instanceof Map<?, ?> map) {
      snapshot(map.keySet()).forEach(this::visit);
      snapshot(map.values()).forEach(this::visit);
    } else if (object instanceof Collection<?> all) {
      snapshot(all).forEach(this::visit);
    } else if (object instanceof Object[] all) {
      Arrays.asList(all).forEach(this::visit);
    } else if (object instanceof Optional<?> optional) {
      optional.ifPresent(this::visit);
    }
  }

  private void say(Object object) {
    said.add(String.valueOf(object));
  }

  /** The collections of a client that runs may change meanwhile. */
  private static List<Object> snapshot(Collection<?> all) {
    while (true) {
      try {
        return new ArrayList<>(all);
      } catch (RuntimeException e) {
        Thread.onSpinWait();
      }
    }
  }

  /** Java's own toString tells but the class. */
  private static boolean speaks(Class<?> type) {
    try {
      return type.getMethod("toString").getDeclaringClass() != Object.class;
    } catch (NoSuchMethodException e) {
      throw new AssertionError(e);
    }
  }

  private void visitFields(Object object, Class<?> type) {
    for (Field field : type.getDeclaredFields()) {
      if (!Modifier.isStatic(field.getModifiers()) && !field.getType().isPrimitive()) {
        try {
          field.setAccessible(true);
          visit(field.get(object));
        } catch (IllegalAccessException e) {
          throw new AssertionError(e);
        }
      }
    }
  }

  private static boolean isOurs(Class<?> type) {
    return type != null
        && !type.isHidden()
        && type.getName().startsWith(OURS)
        && !type.getName().startsWith(SIMULATORS);
  }
}
