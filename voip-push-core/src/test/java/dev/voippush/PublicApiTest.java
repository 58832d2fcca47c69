// SPDX-License-Identifier: Apache-2.0
package dev.voippush;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;

/** What users can call is what {@code api.txt} says, and names no type that they cannot. */
class PublicApiTest {
  private static final Set<String> EXPORTED = Set.of("dev.voippush", "dev.voippush.credentials");

  /** Ours to take: a user's client, for {@code httpClient(...)}. */
  private static final Set<Class<?>> FOREIGN = Set.of(OkHttpClient.class);

  private static List<Class<?>> publicTypes() throws Exception {
    Path classes =
        Path.of(VoipPushClient.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<Class<?>> types = new ArrayList<>();
    try (Stream<Path> files = Files.walk(classes.resolve("dev"))) {
      for (Path file : (Iterable<Path>) files.sorted()::iterator) {
        String name =
            classes.relativize(file).toString().replace(file.getFileSystem().getSeparator(), ".");
        if (name.endsWith(".class") && !name.endsWith("package-info.class")) {
          Class<?> type =
              Class.forName(
                  name.substring(0, name.length() - ".class".length()),
                  false,
                  VoipPushClient.class.getClassLoader());
          if (isPublic(type)) {
            types.add(type);
          }
        }
      }
    }
    return types;
  }

  private static boolean isPublic(Class<?> type) {
    for (Class<?> each = type; each != null; each = each.getEnclosingClass()) {
      if (!Modifier.isPublic(each.getModifiers())) {
        return false;
      }
    }
    return true;
  }

  private static boolean isApi(Member member) {
    return (member.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED)) != 0
        && !member.isSynthetic();
  }

  private static List<Member> members(Class<?> type) {
    List<Member> members = new ArrayList<>();
    Collections.addAll(members, type.getDeclaredFields());
    Collections.addAll(members, type.getDeclaredConstructors());
    Collections.addAll(members, type.getDeclaredMethods());
    members.removeIf(member -> !isApi(member));
    return members;
  }

  @Test
  void nothingHasChangedUnawares() throws Exception {
    List<String> lines = new ArrayList<>();
    for (Class<?> type : publicTypes()) {
      // What is sealed is printed from JDK 21 on only.
      lines.add(
          type.toGenericString().replaceAll("(non-)?sealed ", "")
              + (type.isSealed() ? " sealed" : ""));
      Set<String> sorted = new TreeSet<>();
      for (Member member : members(type)) {
        sorted.add("  " + generic(member) + (isDeprecated(member) ? " @Deprecated" : ""));
      }
      lines.addAll(sorted);
    }
    Path now = Files.createDirectories(Path.of("target")).resolve("api.txt");
    Files.write(now, lines);
    assertEquals(
        String.join("\n", recorded()),
        String.join("\n", lines),
        "the public API; if this is meant, copy "
            + now.toAbsolutePath()
            + " over src/test/resources/api.txt and say so in CHANGELOG.md");
  }

  private static List<String> recorded() throws IOException {
    try (InputStream in = PublicApiTest.class.getResourceAsStream("/api.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }

  private static String generic(Member member) {
    if (member instanceof Field field) {
      return field.toGenericString();
    }
    return ((Executable) member).toGenericString();
  }

  private static boolean isDeprecated(Member member) {
    return ((AnnotatedElement) member).isAnnotationPresent(Deprecated.class);
  }

  @Test
  void everyTypeInASignatureIsTheUsers() throws Exception {
    Set<String> leaks = new TreeSet<>();
    for (Class<?> type : publicTypes()) {
      if (!EXPORTED.contains(type.getPackageName())) {
        leaks.add(type.getName() + " is public, but its package is not exported");
      }
      List<Type> above = new ArrayList<>(Arrays.asList(type.getGenericInterfaces()));
      if (type.getGenericSuperclass() != null) {
        above.add(type.getGenericSuperclass());
      }
      check(type.getName(), above, leaks);
      for (Member member : members(type)) {
        check(type.getName() + "." + member.getName(), typesOf(member), leaks);
      }
    }
    assertEquals(Set.of(), leaks);
  }

  private static List<Type> typesOf(Member member) {
    List<Type> types = new ArrayList<>();
    if (member instanceof Field field) {
      types.add(field.getGenericType());
    } else if (member instanceof Method method) {
      types.add(method.getGenericReturnType());
    }
    if (member instanceof Executable executable) {
      Collections.addAll(types, executable.getGenericParameterTypes());
      Collections.addAll(types, executable.getGenericExceptionTypes());
    }
    return types;
  }

  private static void check(String where, List<Type> types, Set<String> leaks) {
    for (Type type : types) {
      if (type instanceof Class<?> single) {
        Class<?> element = single;
        while (element.isArray()) {
          element = element.getComponentType();
        }
        if (!isUsers(element)) {
          leaks.add(where + " names " + element.getName());
        }
      } else if (type instanceof ParameterizedType parameterized) {
        check(where, List.of(parameterized.getRawType()), leaks);
        check(where, List.of(parameterized.getActualTypeArguments()), leaks);
      } else if (type instanceof WildcardType wildcard) {
        check(where, List.of(wildcard.getUpperBounds()), leaks);
        check(where, List.of(wildcard.getLowerBounds()), leaks);
      }
    }
  }

  private static boolean isUsers(Class<?> type) {
    return type.isPrimitive()
        || type.getName().startsWith("java.")
        || FOREIGN.contains(type)
        || (EXPORTED.contains(type.getPackageName()) && isPublic(type));
  }
}
