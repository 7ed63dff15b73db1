/**
 * Whole transfers over calls that may do less than they were asked for.
 *
 * @module
 */

import { FileError } from "./file_error.ts";
import type { FileHandle, FilePosition } from "./file_handle.ts";

/**
 * Fills `buffer` from offset `at`, however many reads that takes.
 *
 * @returns The number of bytes read: less than `buffer.length` only where the file ends.
 */
export function readFully(file: FileHandle, buffer: Uint8Array, options: FilePosition): number {
  let done = 0;
  while (done < buffer.length) {
    const count = file.read(buffer.subarray(done), { at: options.at + done });
    if (count === 0) break;
    done += count;
  }
  return done;
}

/**
 * Writes all of `buffer` at offset `at`, however many writes that takes.
 *
 * When it throws, any part of the bytes may have been written.
 */
export function writeFully(file: FileHandle, buffer: Uint8Array, options: FilePosition): void {
  let done = 0;
  while (done < buffer.length) {
    const count = file.write(buffer.subarray(done), { at: options.at + done });
    // A write of nothing that reports no error would be tried for ever.
    if (count === 0) throw new FileError("EIO", `The write at ${options.at + done} did nothing`);
    done += count;
  }
}
