/**
 * Reads numbers, texts and bytes back, never outside of what it was given.
 *
 * @module
 */

import { DecodeError } from "./decode_error.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Texts up to this length are tried character by character; beyond it the runtime is faster. */
const SHORT_TEXT_MAX = 48;

/**
 * Takes values from the front of `bytes`. Whatever an encoder would not have written (a value cut
 * short, a number beyond 2^53, bytes that are not UTF-8) throws a {@linkcode DecodeError}.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** @param bytes What is read. Views returned by this reader share its memory. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Offset of the next byte. */
  get offset(): number {
    return this.#at;
  }

  /** Number of bytes left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** A number of one byte. */
  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  /** A number of two bytes. */
  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  /** A number of four bytes. */
  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** A number of six bytes. */
  u48(): number {
    const at = this.#advance(6);
    return this.#view.getUint32(at, true) + this.#view.getUint16(at + 4, true) * 0x1_0000_0000;
  }

  /** A number below 2^53, of eight bytes. */
  u53(): number {
    const at = this.#advance(8);
    const high = this.#view.getUint32(at + 4, true);
    if (high > 0x1f_ffff) throw new DecodeError(`The number at ${at} is not below 2^53`);
    return this.#view.getUint32(at, true) + high * 0x1_0000_0000;
  }

  /** A floating-point number. */
  f64(): number {
    return this.#view.getFloat64(this.#advance(8), true);
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
    const bytes = this.blob();
    if (bytes.length <= SHORT_TEXT_MAX) {
      const text = asciiOf(bytes);
      if (text !== undefined) return text;
    }
    try {
      return decoder.decode(bytes);
    } catch {
      throw new DecodeError(`The text at ${this.#at - bytes.length} is not UTF-8`);
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
    if (count > this.#bytes.length - at) {
      throw new DecodeError(`${count} bytes are needed at ${at}, and ${this.left} are there`);
    }
    this.#at = at + count;
    return at;
  }
}

/** The text of bytes that are all below 128, or `undefined`. */
function asciiOf(bytes: Uint8Array): string | undefined {
  let text = "";
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
