// SPDX-License-Identifier: Apache-2.0
package dev.voippush.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.BlockTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever users can call has a comment; doclint, in the compiler, checks what is in it. */
class JavadocTest {
  @ParameterizedTest
  @ValueSource(strings = {"voip-push-core", "voip-push-simulator"})
  void everythingPublicIsDocumented(String module) throws Exception {
    Path sources = ReadmeTest.readme().resolveSibling(module).resolve("src/main/java");
    List<Path> files;
    try (Stream<Path> all = Files.walk(sources)) {
      files = all.filter(file -> file.toString().endsWith(".java")).toList();
    }
    Silence silence = new Silence();
    scan(files, silence);
    assertTrue(silence.documented > 100, silence.documented + " comments found");
    assertEquals(Set.of(), silence.undocumented);
  }

  @Test
  void whatHasNoCommentIsFound(@TempDir Path directory) throws Exception {
    String source =
        "/** A. */ public class Shop { public void open() {} void hidden() {}"
            + " public interface Key { int TEETH = 1; } /** B. */ public Shop(int size) {} }";
    Silence silence = new Silence();
    scan(List.of(Files.writeString(directory.resolve("Shop.java"), source)), silence);
    assertEquals(Set.of("Shop.Key", "Shop.Key.TEETH", "Shop.open"), silence.undocumented);
    assertEquals(2, silence.documented);
  }

  private static void scan(List<Path> files, Silence silence) throws Exception {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null, manager, null, null, null, manager.getJavaFileObjectsFromPaths(files));
      silence.comments = DocTrees.instance(task);
      for (CompilationUnitTree unit : task.parse()) {
        silence.scan(unit, true);
      }
    }
  }

  /** Walks through what is public within what is public. */
  private static final class Silence extends TreePathScanner<Void, Boolean> {
    final Set<String> undocumented = new TreeSet<>();
    int documented;
    DocTrees comments;
    private String owner = "";

    @Override
    public Void visitClass(ClassTree type, Boolean isPublic) {
      String outer = owner;
      boolean inInterface = isInterface(getCurrentPath().getParentPath().getLeaf());
      boolean visible = isPublic && (inInterface || isApi(type.getModifiers()));
      owner =
          outer.isEmpty() ? type.getSimpleName().toString() : outer + "." + type.getSimpleName();
      look(visible, owner);
      super.visitClass(type, visible);
      owner = outer;
      return null;
    }

    @Override
    public Void visitMethod(MethodTree method, Boolean isPublic) {
      Tree type = getCurrentPath().getParentPath().getLeaf();
      boolean inInterface = isInterface(type);
      if (type.getKind() == Tree.Kind.RECORD && method.getReturnType() == null) {
        return null; // the record's comment has the components
      }
      boolean overrides =
          method.getModifiers().getAnnotations().stream()
              .anyMatch(annotation -> annotation.getAnnotationType().toString().equals("Override"));
      look(
          isPublic && !overrides && (inInterface || isApi(method.getModifiers())),
          owner + "." + method.getName());
      return null; // what is within belongs to nobody else
    }

    @Override
    public Void visitVariable(VariableTree field, Boolean isPublic) {
      boolean inInterface = isInterface(getCurrentPath().getParentPath().getLeaf());
      look(isPublic && (inInterface || isApi(field.getModifiers())), owner + "." + field.getName());
      return null;
    }

    @Override
    public Void visitBlock(BlockTree block, Boolean isPublic) {
      return null;
    }

    private void look(boolean visible, String name) {
      if (visible && comments.getDocComment(getCurrentPath()) == null) {
        undocumented.add(name);
      } else if (visible) {
        documented++;
      }
    }

    private static boolean isInterface(Tree parent) {
      return parent.getKind() == Tree.Kind.INTERFACE;
    }

    private static boolean isApi(ModifiersTree modifiers) {
      return modifiers.getFlags().contains(Modifier.PUBLIC)
          || modifiers.getFlags().contains(Modifier.PROTECTED);
    }
  }
}
