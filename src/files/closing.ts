/**
 * Closing several files.
 *
 * @module
 */

import type { FileHandle } from "./file_handle.ts";

/** Closes all of them, also if one of them cannot be closed; then throws the first such error. */
export function closeAll(files: Iterable<Pick<FileHandle, "close">>): void {
  const failures: unknown[] = [];
  for (const file of files) {
    try {
      file.close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
