/**
 * A file read from front to back, by large reads.
 *
 * @module
 */

import { type FileHandle, readFully } from "../../files/mod.ts";

/** Bytes of one read, unless more are asked for at once. */
const READ_BYTES = 1 << 20;

/** Memory that windows share, one after the other. */
export class WindowMemory {
  #bytes = new Uint8Array(0);

  /** So many bytes, whatever is in there. */
  take(length: number): Uint8Array {
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(length);
    return this.#bytes.subarray(0, length);
  }
}

/**
 * Hands out views of a file's bytes. The memory behind them is never used again for other bytes, so
 * whoever gets a view may keep it; but for what is read into the memory of somebody, which is good until
 * the next view.
 */
export class FileWindow {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #memory: WindowMemory | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;

  /**
   * @param size How much of the file there is to be read, in bytes.
   * @param memory Where it is read to. Default: wherever there is room.
   */
  constructor(file: FileHandle, size: number, memory?: WindowMemory) {
    this.#file = file;
    this.#size = size;
    this.#memory = memory;
  }

  /** Where it ends, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** The bytes from `offset` on, `length` of them, or `undefined` if there are fewer. */
  view(offset: number, length: number): Uint8Array | undefined {
    if (offset + length > this.#size) return undefined;
    if (offset < this.#start || offset + length > this.#start + this.#bytes.length) {
      this.#load(offset, length);
      if (length > this.#bytes.length) return undefined;
    }
    const from = offset - this.#start;
    return this.#bytes.subarray(from, from + length);
  }

  #load(offset: number, length: number): void {
    const wanted = Math.min(this.#size - offset, Math.max(length, READ_BYTES));
    const bytes = this.#memory?.take(wanted) ?? new Uint8Array(wanted);
    const count = readFully(this.#file, bytes, { at: offset });
    this.#bytes = bytes.subarray(0, count);
    this.#start = offset;
  }
}
