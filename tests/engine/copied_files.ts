/**
 * Directories as a process finds them that comes after one was killed.
 *
 * @module
 */

import { type Directory, memoryDirectory } from "../../src/files/mod.ts";

/**
 * Everything that there is in a directory, in another one.
 *
 * @param change The bytes of a file there, by those that it has here. Default: the same.
 */
export function copyOf(
  files: Directory,
  change: (name: string, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes,
): Directory {
  const copy = memoryDirectory();
  for (const name of files.list()) {
    const file = files.open(name);
    const bytes = new Uint8Array(file.getSize());
    file.read(bytes, { at: 0 });
    file.close();
    const target = copy.open(name, { create: true });
    target.write(change(name, bytes), { at: 0 });
    target.close();
  }
  return copy;
}
