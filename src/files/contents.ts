/**
 * The bytes of a file that lives in memory.
 *
 * @module
 */

/** Bytes of one piece: a file that grows copies no more than that. */
const PIECE_BYTES = 1 << 18;

/** Bytes that the first piece has at first, since most files are small. It doubles until it is whole. */
const FIRST_BYTES = 256;

/** Bytes that grow by writing past their end; a gap reads as zeros. */
export class Contents {
  /** All of them are whole, unless there is but one. Behind the size there are zeros. */
  readonly #pieces: Uint8Array[] = [];
  #size = 0;

  /** Number of bytes. */
  get size(): number {
    return this.#size;
  }

  /** Copies bytes from offset `at` into `buffer` and returns how many there were. */
  read(buffer: Uint8Array, at: number): number {
    const count = Math.max(0, Math.min(buffer.length, this.#size - at));
    for (let done = 0; done < count;) {
      const part = this.#part(at + done, count - done);
      buffer.set(part, done);
      done += part.length;
    }
    return count;
  }

  /** Puts all of `buffer` at offset `at`. */
  write(buffer: Uint8Array, at: number): void {
    if (buffer.length === 0) return;
    this.grow(at + buffer.length);
    for (let done = 0; done < buffer.length;) {
      const part = this.#part(at + done, buffer.length - done);
      part.set(buffer.subarray(done, done + part.length));
      done += part.length;
    }
  }

  /** Fills up with zeros to at least `size` bytes. */
  grow(size: number): void {
    if (size <= this.#size) return;
    const pieces = this.#pieces;
    this.#size = size;
    if (size <= PIECE_BYTES) return this.#growFirst(size);
    if (pieces.length <= 1) this.#growFirst(PIECE_BYTES);
    while (pieces.length * PIECE_BYTES < size) pieces.push(new Uint8Array(PIECE_BYTES));
  }

  /** Cuts, or fills up with zeros, to exactly `size` bytes. */
  truncate(size: number): void {
    if (size >= this.#size) return this.grow(size);
    this.#size = size;
    this.#pieces.length = Math.ceil(size / PIECE_BYTES);
    // What is cut must not come back when the file grows again.
    this.#pieces.at(-1)?.fill(0, size - (this.#pieces.length - 1) * PIECE_BYTES);
  }

  /** A copy of the bytes from `start` to `end`, or of all of them. */
  slice(start = 0, end: number = this.#size): Uint8Array {
    const copy = new Uint8Array(Math.max(0, Math.min(end, this.#size) - start));
    this.read(copy, start);
    return copy;
  }

  /** A copy that goes its own way. */
  clone(): Contents {
    const copy = new Contents();
    copy.#pieces.push(...this.#pieces.map((piece) => piece.slice()));
    copy.#size = this.#size;
    return copy;
  }

  #growFirst(size: number): void {
    const first = this.#pieces[0];
    if (first !== undefined && first.length >= size) return;
    const doubled = Math.max(FIRST_BYTES, 2 * (first?.length ?? 0));
    const larger = new Uint8Array(Math.min(PIECE_BYTES, Math.max(size, doubled)));
    if (first !== undefined) larger.set(first);
    this.#pieces[0] = larger;
  }

  /** A view of the bytes at an offset: of `count`, or of as many as are in one piece. */
  #part(at: number, count: number): Uint8Array {
    const start = at % PIECE_BYTES;
    return this.#pieces[Math.floor(at / PIECE_BYTES)]!.subarray(start, start + count);
  }
}
