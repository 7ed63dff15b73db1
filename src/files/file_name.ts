/**
 * Which names a file of a store may have.
 *
 * @module
 */

import { FileError } from "./file_error.ts";

/** Names that belong to the directory's lock: SQLite makes the ones with a suffix. */
const LOCK_NAMES: readonly string[] = ["LOCK", "LOCK-journal", "LOCK-wal", "LOCK-shm", "OWNER"];

/** Whether the name belongs to the lock and is hidden from everybody else. */
export function isLockName(name: string): boolean {
  return LOCK_NAMES.includes(name);
}

/**
 * Throws unless `name` is the name of a file in this very directory.
 *
 * The lock's names are refused because opening `LOCK` once more and closing it would silently free
 * the lock: POSIX drops all locks of a process on a file when any of its descriptors is closed.
 */
export function checkFileName(name: string): void {
  // A NUL would end the name early in the system call.
  if (name === "" || name === "." || name === ".." || /[/\\\0]/.test(name)) {
    throw new FileError("EINVAL", `"${name}" is not the name of a file in a flat directory`);
  }
  if (isLockName(name)) throw new FileError("EINVAL", `"${name}" belongs to the directory's lock`);
}
