/**
 * Files that are opened for one thing and closed again.
 *
 * @module
 */

import type { Directory, OpenOptions } from "./directory.ts";
import { fileErrorCode } from "./file_error.ts";
import type { FileHandle } from "./file_handle.ts";
import { readFully, writeFully } from "./transfer.ts";

/** Opens a file for as long as something is done with it. */
export function withFile<T>(
  directory: Directory,
  name: string,
  act: (file: FileHandle) => T,
  options?: OpenOptions,
): T {
  return closing(directory.open(name, options), act);
}

/** All bytes of a file, undefined if there is no such file. */
export function readWholeFile(directory: Directory, name: string): Uint8Array | undefined {
  let file;
  try {
    file = directory.open(name);
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  return closing(file, () => {
    const bytes = new Uint8Array(file.getSize());
    return bytes.subarray(0, readFully(file, bytes, { at: 0 }));
  });
}

/** Writes the beginning of a file and makes it durable. */
export function writeDurably(
  directory: Directory,
  name: string,
  bytes: Uint8Array,
  options?: OpenOptions,
): void {
  withFile(directory, name, (file) => {
    writeFully(file, bytes, { at: 0 });
    file.flush();
  }, options);
}

function closing<T>(file: FileHandle, act: (file: FileHandle) => T): T {
  try {
    return act(file);
  } finally {
    file.close();
  }
}
