// SPDX-License-Identifier: Apache-2.0
package dev.voippush.credentials;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.CopyOption;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.AclEntry;
import java.nio.file.attribute.AclEntryPermission;
import java.nio.file.attribute.AclEntryType;
import java.nio.file.attribute.AclFileAttributeView;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Writes a file whole or not at all, readable by its owner alone. The bytes go into a temporary
 * file beside it first, which then takes the name in one step; whatever fails, a file that had the
 * name before is still there.
 */
final class PrivateFile {
  private PrivateFile() {}

  static void write(Path file, byte[] bytes, CopyOption... options) throws CredentialsException {
    boolean replace = replaces(options);
    String name = file.toString();
    if (!replace && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw Problem.FILE_EXISTS.in(name);
    }
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      throw Problem.A_DIRECTORY.in(name);
    }
    try {
      Path temporary = createPrivate(folder);
      try {
        try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
          ByteBuffer rest = ByteBuffer.wrap(bytes);
          while (rest.hasRemaining()) {
            out.write(rest);
          }
          out.force(true);
        }
        if (replace) {
          Files.move(
              temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } else {
          claim(temporary, file);
        }
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (FileAlreadyExistsException e) {
      throw Problem.FILE_EXISTS.because(e, name);
    } catch (IOException e) {
      throw Problem.CANNOT_WRITE.because(e, name, reason(e));
    }
  }

  private static boolean replaces(CopyOption... options) {
    for (CopyOption option : options) {
      if (option != StandardCopyOption.REPLACE_EXISTING) {
        throw new IllegalArgumentException("option must be REPLACE_EXISTING, but was " + option);
      }
    }
    return options.length > 0;
  }

  /** A link never takes a name that exists, a move may. File systems without links get the move. */
  private static void claim(Path temporary, Path file) throws IOException {
    try {
      Files.createLink(file, temporary);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException | UnsupportedOperationException e) {
      Files.move(temporary, file);
    }
  }

  private static Path createPrivate(Path folder) throws IOException {
    Set<String> views = folder.getFileSystem().supportedFileAttributeViews();
    if (views.contains("posix")) {
      FileAttribute<?> ownerOnly =
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
      return Files.createTempFile(folder, ".voippush", ".tmp", ownerOnly);
    }
    // Not tested: needs Windows.
    Path file = Files.createTempFile(folder, ".voippush", ".tmp");
    AclFileAttributeView acl = Files.getFileAttributeView(file, AclFileAttributeView.class);
    if (acl != null) {
      acl.setAcl(
          List.of(
              AclEntry.newBuilder()
                  .setType(AclEntryType.ALLOW)
                  .setPrincipal(Files.getOwner(file))
                  .setPermissions(EnumSet.allOf(AclEntryPermission.class))
                  .build()));
    }
    return file;
  }

  private static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "no such folder";
    }
    return e instanceof AccessDeniedException
        ? "permission denied"
        : String.valueOf(e.getMessage());
  }
}
