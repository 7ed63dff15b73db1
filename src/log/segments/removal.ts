/**
 * Removing files that nothing depends on any more.
 *
 * @module
 */

import { type Directory, type FileHandle, withFile } from "../../files/mod.ts";

/** So much is given back in one step: a gigabyte at once takes a tenth of a second. */
const STEP_BYTES = 16 << 20;

/** Removes a file, if that is possible. */
export function removeIfPossible(directory: Directory, name: string): void {
  try {
    directory.remove(name);
  } catch {
    // Then it stays, and says itself what it belongs to: the next opening finds it.
  }
}

/**
 * Removes a file, if that is possible, a little in each step.
 *
 * @param keptBytes Its head, which stays to the end: should a loss of power bring the file back, it is
 *   known for what it is.
 */
export function* removeInSteps(
  directory: Directory,
  name: string,
  keptBytes: number,
): Generator<void> {
  try {
    const size = withFile(directory, name, (file) => file.getSize());
    for (let left = size - STEP_BYTES; left > keptBytes; left -= STEP_BYTES) {
      withFile(directory, name, (file) => file.truncate(left));
      yield;
    }
  } catch {
    // Then it goes at once.
  }
  removeIfPossible(directory, name);
}

/** Gives the room of a file back but for its head: whoever writes it may have it open for a while. */
export function emptyIfPossible(file: FileHandle, keptBytes: number): void {
  try {
    file.truncate(keptBytes);
  } catch {
    // Then it takes as long as that.
  }
}
