/**
 * A directory with some of its calls replaced.
 *
 * @module
 */

import type { Directory, FileHandle, FilePosition } from "../../src/files/mod.ts";

/** Calls of one file that are replaced. What is left out goes to the file as it is. */
export interface FileHooks {
  /** Instead of reading. */
  readonly read?: (file: FileHandle, buffer: Uint8Array, position: FilePosition) => number;
  /** Instead of writing. */
  readonly write?: (file: FileHandle, buffer: Uint8Array, position: FilePosition) => number;
  /** Instead of making durable. */
  readonly flush?: (file: FileHandle) => void;
  /** Instead of cutting. */
  readonly truncate?: (file: FileHandle, size: number) => void;
  /** Instead of closing. */
  readonly close?: (file: FileHandle) => void;
}

/** Replaces calls of the files that `hooksOf` gives hooks for, by name. */
export function wrappedDirectory(
  inner: Directory,
  hooksOf: (name: string) => FileHooks | undefined,
  sync: () => void = () => inner.sync(),
): Directory {
  return {
    path: inner.path,
    open(name, options) {
      const file = inner.open(name, options);
      const hooks = hooksOf(name);
      return hooks === undefined ? file : wrappedFile(file, hooks);
    },
    list: () => inner.list(),
    remove: (name) => inner.remove(name),
    sync,
    lock: (owner) => inner.lock(owner),
    freeBytes: () => inner.freeBytes(),
  };
}

/** Replaces calls of one file. */
export function wrappedFile(file: FileHandle, hooks: FileHooks): FileHandle {
  return {
    read: (buffer, position) => hooks.read?.(file, buffer, position) ?? file.read(buffer, position),
    write: (buffer, position) =>
      hooks.write?.(file, buffer, position) ?? file.write(buffer, position),
    truncate(size) {
      if (hooks.truncate === undefined) file.truncate(size);
      else hooks.truncate(file, size);
    },
    getSize: () => file.getSize(),
    isInPlace: () => file.isInPlace(),
    flush() {
      if (hooks.flush === undefined) file.flush();
      else hooks.flush(file);
    },
    close() {
      if (hooks.close === undefined) file.close();
      else hooks.close(file);
    },
  };
}
