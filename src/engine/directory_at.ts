/**
 * Directories by their paths.
 *
 * @module
 */
import { type Directory, nodeDirectory } from "../files/mod.ts";
import { guarded } from "../log/mod.ts";

/** The directory at a path of the operating system; made if it is not there. */
export function directoryAt(path: string): Directory {
  return guarded(`The directory "${path}" cannot be opened`, () => nodeDirectory(path));
}
