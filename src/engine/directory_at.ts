/**
 * Directories by their paths.
 *
 * @module
 */
import { type Directory, nodeDirectory, type NodeDirectoryOptions } from "../files/mod.ts";
import { guarded } from "../log/mod.ts";

/** The directory at a path of the operating system; made if it is not there, unless it must be. */
export function directoryAt(path: string, options?: NodeDirectoryOptions): Directory {
  return guarded(`The directory "${path}" cannot be opened`, () => nodeDirectory(path, options));
}
