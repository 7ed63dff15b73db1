/**
 * Where the bytes of values are until they are in a record.
 *
 * @module
 */

/** Values of so many bytes share memory. */
const SMALL_BYTES = 1 << 10;

/** What they share, piece by piece. A piece lives as long as any value in it. */
const PIECE_BYTES = 1 << 14;

const encoder = new TextEncoder();

/**
 * Memory for values that live until their command was answered. An array of its own, with the memory
 * behind it and what the collector does about both, takes half a microsecond in Node and Deno: longer
 * than deciding most commands.
 */
export class ValueMemory {
  #piece = new Uint8Array(0);
  /** Where in the piece there is room. */
  #at = 0;

  /** A copy of bytes. */
  copy(bytes: Uint8Array): Uint8Array {
    // Not `slice()`: of a `Buffer` that is no copy.
    if (bytes.length > SMALL_BYTES) return new Uint8Array(bytes);
    const copy = this.#take(bytes.length);
    copy.set(bytes);
    return copy;
  }

  /** A text in UTF-8. */
  encode(text: string): Uint8Array {
    // One UTF-16 unit never takes more than three bytes.
    const bytesMax = 3 * text.length;
    if (bytesMax > SMALL_BYTES) return encoder.encode(text);
    const room = this.#take(bytesMax);
    const { written } = encoder.encodeInto(text, room);
    this.#at -= bytesMax - written;
    return room.subarray(0, written);
  }

  /** The next so many bytes. */
  #take(count: number): Uint8Array {
    if (this.#at + count > this.#piece.length) {
      this.#piece = new Uint8Array(PIECE_BYTES);
      this.#at = 0;
    }
    const start = this.#at;
    this.#at += count;
    return this.#piece.subarray(start, this.#at);
  }
}
