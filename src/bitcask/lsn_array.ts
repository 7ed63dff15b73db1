/**
 * One 32-bit number for every LSN.
 *
 * LSNs are dense, so a position in an array says all that a hash table would have to store.
 *
 * @module
 */
import type { StreamReader, StreamWriter } from "../codec/mod.ts";
import { invariant } from "../invariant.ts";

/** Numbers a chunk holds: large enough that chunks are few, small enough that growing is cheap. */
const CHUNK_COUNT = 1 << 13;

/** An array of 32-bit numbers by LSN, from 1, that grows without ever moving what it holds. */
export class LsnArray {
  readonly #chunks: Uint32Array[] = [];

  /** Bytes that it takes. */
  get bytes(): number {
    return 4 * CHUNK_COUNT * this.#chunks.length;
  }

  /** Writes all numbers. */
  save(stream: StreamWriter): void {
    stream.u32(this.#chunks.length);
    for (const chunk of this.#chunks) stream.numbers(chunk);
  }

  /** Reads all numbers; there are none yet. */
  load(stream: StreamReader): void {
    for (let count = stream.u32(); count > 0; count--) {
      const chunk = new Uint32Array(CHUNK_COUNT);
      stream.numbers(chunk);
      this.#chunks.push(chunk);
    }
  }

  /** Sets the number of an LSN. LSNs that were never set hold 0. */
  set(lsn: number, value: number): void {
    // Not the message as an argument: it would be made every time.
    if (!(lsn >= 1 && value >= 0 && value <= 0xffff_ffff)) {
      invariant(false, `no u32 for LSN ${lsn}: ${value}`);
    }
    const index = Math.floor(lsn / CHUNK_COUNT);
    while (this.#chunks.length <= index) this.#chunks.push(new Uint32Array(CHUNK_COUNT));
    this.#chunks[index]![lsn - index * CHUNK_COUNT] = value;
  }

  /** The number of an LSN, 0 if it was never set. */
  get(lsn: number): number {
    const index = Math.floor(lsn / CHUNK_COUNT);
    return this.#chunks[index]?.[lsn - index * CHUNK_COUNT] ?? 0;
  }
}
