/**
 * Reads numbers, texts and bytes back, never outside of what it was given.
 *
 * @module
 */

import { invariant } from "../invariant.ts";
import { DecodeError } from "./decode_error.ts";
import { u32At, u48At } from "./u32.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Texts up to this length are tried character by character; beyond it the runtime is faster. */
const SHORT_TEXT_MAX = 48;

/** Some bytes of an array. */
export interface ByteRange {
  /** The offset of the first. Default 0. */
  readonly start?: number;
  /** The offset after the last. Default: the length of the array. */
  readonly end?: number;
}

/**
 * Takes values from the front of bytes. Whatever an encoder would not have written (a value cut
 * short, a number beyond 2^53, bytes that are not UTF-8) throws a {@linkcode DecodeError}.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  /**
   * @param bytes What is read. Views returned by this reader share its memory.
   * @param range Only these of the bytes, from the first to before the last. Default: all.
   */
  constructor(bytes: Uint8Array, { start = 0, end = bytes.length }: ByteRange = {}) {
    invariant(start >= 0 && start <= end && end <= bytes.length, "A reader stays within its bytes");
    // No view: two of them took a quarter of the time in which a flow is read.
    this.#bytes = bytes;
    this.#end = end;
    this.#at = start;
  }

  /** Offset of the next byte. */
  get offset(): number {
    return this.#at;
  }

  /** Number of bytes left. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** A number of one byte. */
  u8(): number {
    return this.#bytes[this.#advance(1)]!;
  }

  /** A number of two bytes. */
  u16(): number {
    return u16At(this.#bytes, this.#advance(2));
  }

  /** A number of four bytes. */
  u32(): number {
    return u32At(this.#bytes, this.#advance(4));
  }

  /** A number of six bytes. */
  u48(): number {
    return u48At(this.#bytes, this.#advance(6));
  }

  /** A number below 2^53, of eight bytes. */
  u53(): number {
    const at = this.#advance(8);
    const high = u32At(this.#bytes, at + 4);
    if (high > 0x1f_ffff) throw new DecodeError(`The number at ${at} is not below 2^53`);
    return u32At(this.#bytes, at) + high * 0x1_0000_0000;
  }

  /** A floating-point number. */
  f64(): number {
    const { buffer, byteOffset } = this.#bytes;
    return new DataView(buffer, byteOffset).getFloat64(this.#advance(8), true);
  }

  /** The next `count` bytes; a view, not a copy. */
  raw(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** Bytes after their length; a view, not a copy. */
  blob(): Uint8Array {
    return this.raw(this.u32());
  }

  /** A text after its length. */
  text(): string {
    const length = this.u32();
    const start = this.#advance(length);
    if (length <= SHORT_TEXT_MAX) {
      const text = asciiOf(this.#bytes, start, this.#at);
      if (text !== undefined) return text;
    }
    try {
      return decoder.decode(this.#bytes.subarray(start, this.#at));
    } catch {
      throw new DecodeError(`The text at ${start} is not UTF-8`);
    }
  }

  /** Zeros, `count` of them: a place that is kept free. */
  zeros(count: number): void {
    const at = this.#at;
    if (this.raw(count).some((byte) => byte !== 0)) {
      throw new DecodeError(`The ${count} bytes at ${at} are not zero`);
    }
  }

  /** Asserts that nothing is left. */
  end(): void {
    if (this.left > 0) throw new DecodeError(`${this.left} bytes are left over at ${this.#at}`);
  }

  #advance(count: number): number {
    const at = this.#at;
    if (count > this.#end - at) {
      throw new DecodeError(`${count} bytes are needed at ${at}, and ${this.left} are there`);
    }
    this.#at = at + count;
    return at;
  }
}

/** A number of two bytes where it stands. */
function u16At(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

/**
 * The text of bytes that are all below 128, or `undefined`. Eight at a time, and at the end four, two
 * and one: one by one, a text is a chain of as many pieces, and takes up to four times as long by the
 * time that somebody has looked at it.
 */
function asciiOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const a = bytes[at]!, b = bytes[at + 1]!, c = bytes[at + 2]!, d = bytes[at + 3]!;
    const e = bytes[at + 4]!, f = bytes[at + 5]!, g = bytes[at + 6]!, h = bytes[at + 7]!;
    if ((a | b | c | d | e | f | g | h) >= 0x80) return undefined;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  if (at + 4 <= end) {
    const a = bytes[at]!, b = bytes[at + 1]!, c = bytes[at + 2]!, d = bytes[at + 3]!;
    if ((a | b | c | d) >= 0x80) return undefined;
    text += String.fromCharCode(a, b, c, d);
    at += 4;
  }
  if (at + 2 <= end) {
    const a = bytes[at]!, b = bytes[at + 1]!;
    if ((a | b) >= 0x80) return undefined;
    text += String.fromCharCode(a, b);
    at += 2;
  }
  if (at === end) return text;
  const last = bytes[at]!;
  return last < 0x80 ? text + String.fromCharCode(last) : undefined;
}
