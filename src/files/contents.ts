/**
 * The bytes of a file that lives in memory.
 *
 * @module
 */

/** Bytes that grow by writing past their end; a gap reads as zeros. */
export class Contents {
  #bytes: Uint8Array = new Uint8Array(0);
  #size = 0;

  /** Number of bytes. */
  get size(): number {
    return this.#size;
  }

  /** Copies bytes from offset `at` into `buffer` and returns how many there were. */
  read(buffer: Uint8Array, at: number): number {
    const count = Math.max(0, Math.min(buffer.length, this.#size - at));
    if (count > 0) buffer.set(this.#bytes.subarray(at, at + count));
    return count;
  }

  /** Puts all of `buffer` at offset `at`. */
  write(buffer: Uint8Array, at: number): void {
    if (buffer.length === 0) return;
    this.grow(at + buffer.length);
    this.#bytes.set(buffer, at);
  }

  /** Fills up with zeros to at least `size` bytes. */
  grow(size: number): void {
    if (size <= this.#size) return;
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(size, this.#bytes.length * 2, 256));
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
    this.#size = size;
  }

  /** Cuts, or fills up with zeros, to exactly `size` bytes. */
  truncate(size: number): void {
    if (size < this.#size) {
      // What is cut must not come back when the file grows again.
      this.#bytes.fill(0, size, this.#size);
      this.#size = size;
    } else {
      this.grow(size);
    }
  }

  /** A copy of the bytes from `start` to `end`, or of all of them. */
  slice(start = 0, end: number = this.#size): Uint8Array {
    return this.#bytes.slice(start, Math.min(end, this.#size));
  }

  /** A copy that goes its own way. */
  clone(): Contents {
    const copy = new Contents();
    copy.write(this.#bytes.subarray(0, this.#size), 0);
    return copy;
  }
}
