/**
 * Making a folder whose name stays.
 *
 * @module
 */

import { dirname } from "node:path";
import { fileErrorCode } from "./file_error.ts";

/** What a folder is made with. */
export interface Folders {
  /** Whether there is a folder at a path. */
  has(path: string): boolean;
  /** Whether nothing is in a folder. */
  isEmpty(path: string): boolean;
  /** Makes a folder in one that is there. Its name is durable only after `sync()` of that one. */
  make(path: string): void;
  /** Makes the names in a folder durable. */
  sync(path: string): void;
}

/**
 * Makes what is missing of `path`, one folder after the other, and nothing in a folder whose own name
 * is not durable: whoever finds something in one need not ask. An empty one may have been left by a
 * process that was killed before it could sync the parent.
 *
 * A parent that cannot be synced is found out before anything is made in it.
 */
export function makeFolder(path: string, folders: Folders): void {
  const parent = dirname(path);
  if (folders.has(path)) return syncLeft(path, folders);
  if (parent !== path) makeFolder(parent, folders);
  folders.sync(parent);
  try {
    folders.make(path);
  } catch (error) {
    // Somebody else may have been faster.
    if (!folders.has(path)) throw error;
  }
  folders.sync(parent);
}

/** Makes the name of a folder durable, unless that was seen to before something was put into it. */
function syncLeft(path: string, folders: Folders): void {
  if (!folders.isEmpty(path)) return;
  try {
    folders.sync(dirname(path));
  } catch (error) {
    // Then it was not made here: that begins with a sync of the parent.
    if (!isOutOfReach(error)) throw error;
  }
}

/** What says that this process may not open a folder, or that its file system syncs none. */
const OUT_OF_REACH: readonly (string | undefined)[] = [
  "EACCES",
  "EPERM",
  "ERR_ACCESS_DENIED",
  "EINVAL",
  "ENOTSUP",
  "EROFS",
];

/** Whether nobody here can sync a folder. */
function isOutOfReach(error: unknown): boolean {
  if (OUT_OF_REACH.includes(fileErrorCode(error))) return true;
  // Deno gives no code if it is not allowed to.
  return error instanceof Error && error.name === "NotCapable";
}
