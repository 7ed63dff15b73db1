/**
 * Which numbers are offsets and sizes.
 *
 * @module
 */

import { FileError } from "./file_error.ts";

/**
 * Throws `EINVAL` unless `bytes` is a whole number from 0 to 2^53 − 1.
 *
 * `node:fs` takes a negative position to mean "where the last call left off", which would put
 * bytes in a place nobody chose.
 */
export function checkOffset(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new FileError("EINVAL", `${bytes} is not an offset in a file`);
  }
}
