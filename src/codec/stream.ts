/**
 * Numbers, texts and bytes one after the other, in any amount.
 *
 * @module
 */
import { copySpan } from "./byte_span.ts";
import { DecodeError } from "./decode_error.ts";
import { u32At } from "./u32.ts";

/** Bytes that are collected before they are handed on. */
export const STREAM_BYTES: number = 1 << 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Writes to somebody who takes bytes piece by piece. */
export class StreamWriter {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #buffer = new Uint8Array(STREAM_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  #length = 0;

  /** @param write Takes pieces; each is good only until it returns. */
  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  /** A whole number below 2^32. */
  u32(value: number): void {
    this.#view.setUint32(this.#room(4), value, true);
  }

  /** Any number. */
  f64(value: number): void {
    this.#view.setFloat64(this.#room(8), value, true);
  }

  /** Anything that JSON can say. */
  json(value: unknown): void {
    const bytes = encoder.encode(JSON.stringify(value));
    this.u32(bytes.length);
    this.raw(bytes);
  }

  /** Bytes, whose number the reader has to know. */
  raw(bytes: Uint8Array): void {
    if (bytes.length > STREAM_BYTES) {
      this.flush();
      return this.#write(bytes);
    }
    this.#buffer.set(bytes, this.#room(bytes.length));
  }

  /** The bytes of an array of numbers, which the reader has to know the length of. */
  numbers(numbers: Uint32Array | Float64Array): void {
    this.raw(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }

  /** Hands on what was collected. */
  flush(): void {
    if (this.#length > 0) this.#write(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }

  #room(bytes: number): number {
    if (this.#length + bytes > STREAM_BYTES) this.flush();
    const at = this.#length;
    this.#length += bytes;
    return at;
  }
}

/** Reads what a {@linkcode StreamWriter} has written. Everything throws `DecodeError` at the end. */
export class StreamReader {
  readonly #next: () => Uint8Array | undefined;
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** @param next The next piece, undefined after the last. Each is good until the next but one. */
  constructor(next: () => Uint8Array | undefined) {
    this.#next = next;
  }

  /** A whole number below 2^32. */
  u32(): number {
    const at = this.#at;
    if (at + 4 > this.#piece.length) return u32At(this.#joined(4), 0);
    this.#at = at + 4;
    return u32At(this.#piece, at);
  }

  /** Any number. */
  f64(): number {
    const bytes = this.raw(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  /** Anything that JSON can say. Whoever asks knows what it is: the bytes have been checked. */
  json<Value>(): Value {
    try {
      return JSON.parse(decoder.decode(this.raw(this.u32()))) as Value;
    } catch (error) {
      throw error instanceof DecodeError ? error : new DecodeError("There is no JSON");
    }
  }

  /** Bytes, as a view that is good until the next but one is asked for. */
  raw(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#piece.length) return this.#joined(length);
    const bytes = this.#piece.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** Puts bytes into an array, from an offset on. */
  into(bytes: Uint8Array, offset: number, length: number): void {
    const start = this.#at;
    const end = start + length;
    if (end > this.#piece.length) return bytes.set(this.#joined(length), offset);
    copySpan({ bytes: this.#piece, start, end }, bytes, offset);
    this.#at = end;
  }

  /** Fills an array of numbers. */
  numbers(numbers: Uint32Array | Float64Array): void {
    this.fill(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }

  /** Fills bytes. */
  fill(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      if (this.#at === this.#piece.length) this.#load();
      const count = Math.min(bytes.length - done, this.#piece.length - this.#at);
      bytes.set(this.#piece.subarray(this.#at, this.#at + count), done);
      this.#at += count;
      done += count;
    }
  }

  /** Whether nothing is left. */
  get isAtEnd(): boolean {
    if (this.#at < this.#piece.length) return false;
    const next = this.#next();
    if (next === undefined) return true;
    this.#piece = next;
    this.#at = 0;
    return next.length === 0;
  }

  #joined(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.fill(bytes);
    return bytes;
  }

  #load(): void {
    const next = this.#next();
    if (next === undefined) throw new DecodeError("The bytes end too soon");
    this.#piece = next;
    this.#at = 0;
  }
}
