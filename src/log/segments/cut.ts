/**
 * Cutting off the end of a segment for good.
 *
 * @module
 */

import { type FileHandle, writeFully } from "../../files/mod.ts";
import { HEADER_BYTES } from "../format/header.ts";

/**
 * Cuts a file off where a frame begins that is none. First its header goes, durably: a cut whose sync
 * fails is taken for one by whoever reads the file next, and what was cut off may be there again after
 * the next loss of power, or be made whole by what is written behind it.
 */
export function cutOff(file: FileHandle, at: number): void {
  const length = Math.min(HEADER_BYTES, file.getSize() - at);
  writeFully(file, new Uint8Array(length), { at });
  file.flush();
  file.truncate(at);
}
