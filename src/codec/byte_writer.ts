/**
 * Writes numbers, texts and bytes into a buffer that grows. Little-endian.
 *
 * @module
 */

import { invariant } from "../invariant.ts";
import { crc32Between } from "./crc32.ts";
import { putU16, putU32, putU48, putU53, putU8 } from "./fields.ts";

const FIRST_BYTES = 256;

/** Texts up to this length are tried character by character; beyond it the runtime is faster. */
const SHORT_TEXT_MAX = 64;

/** So many bytes are set sooner than the runtime is asked to. */
const FEW_BYTES = 32;

const encoder = new TextEncoder();

/**
 * Appends values to a buffer, which doubles when it is full. Every method asserts that its value
 * fits: what is written can be read.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** @param first The buffer to start with, or how many bytes that is to have. Default 256. */
  constructor(first: number | Uint8Array<ArrayBuffer> = FIRST_BYTES) {
    const bytes = typeof first === "number" ? new Uint8Array(first) : first;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Number of bytes written. */
  get length(): number {
    return this.#length;
  }

  /** Number of bytes that fit before the buffer has to grow. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** The buffer, for whoever takes its first `length` bytes without a view of them. */
  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** What was written, from `start` on; a view, good until the next write. */
  bytes(start = 0): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(start, this.#length);
  }

  /** The CRC-32 of what was written from `start` on. */
  crc32(start: number): number {
    return crc32Between(this.#bytes, start, this.#length);
  }

  /** Forgets everything from `length` on, or everything, and keeps the buffer. */
  reset(length = 0): void {
    invariant(length <= this.#length, "A writer is reset to a length it had");
    this.#length = length;
  }

  /** A number from 0 to 255, in one byte. */
  u8(value: number): void {
    this.#reserve(1);
    putU8(this.#view, this.#length, value);
    this.#length += 1;
  }

  /** A number from 0 to 2^16 − 1, in two bytes. */
  u16(value: number): void {
    this.#reserve(2);
    putU16(this.#view, this.#length, value);
    this.#length += 2;
  }

  /** A number from 0 to 2^32 − 1, in four bytes. */
  u32(value: number): void {
    this.#reserve(4);
    putU32(this.#view, this.#length, value);
    this.#length += 4;
  }

  /** A number from 0 to 2^48 − 1, in six bytes. */
  u48(value: number): void {
    this.#reserve(6);
    putU48(this.#view, this.#length, value);
    this.#length += 6;
  }

  /** A number from 0 to 2^53 − 1, in eight bytes. */
  u53(value: number): void {
    this.#reserve(8);
    putU53(this.#view, this.#length, value);
    this.#length += 8;
  }

  /** A floating-point number, in eight bytes. */
  f64(value: number): void {
    const at = this.#advance(8);
    this.#view.setFloat64(at, value, true);
  }

  /** Bytes as they are, without their length. */
  raw(bytes: Uint8Array): void {
    const at = this.#advance(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Bytes after their length (`u32`). */
  blob(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  /** A text in UTF-8, after its length in bytes (`u32`). A lone surrogate is a defect of the caller. */
  text(value: string): void {
    const start = this.#length;
    const written = this.#put(value, start + 4);
    this.#length = start + 4 + written;
    this.#view.setUint32(start, written, true);
  }

  /** A text in UTF-8, without its length. */
  rawText(value: string): void {
    this.#length += this.#put(value, this.#length);
  }

  /** Zeros, `count` of them. */
  zeros(count: number): void {
    const start = this.#advance(count);
    const bytes = this.#bytes;
    if (count > FEW_BYTES) bytes.fill(0, start, start + count);
    else for (let at = start; at < start + count; at++) bytes[at] = 0;
  }

  /**
   * Makes room for the next `count` bytes, whose fields are put into the view, and all of them.
   * Returns the offset of the first. Half the time of writing field by field.
   */
  room(count: number): number {
    return this.#advance(count);
  }

  /** The buffer, for whoever puts fields into it. Another one as soon as the buffer has grown. */
  get view(): DataView {
    return this.#view;
  }

  /** Replaces four bytes that were written, at offset `at`. */
  setU32(at: number, value: number): void {
    this.#checkWritten(at, 4);
    putU32(this.#view, at, value);
  }

  /** Puts a text where nothing has been written yet. Returns how many bytes that took. */
  #put(value: string, start: number): number {
    // One UTF-16 unit never takes more than three bytes.
    this.#reserve(start - this.#length + 3 * value.length);
    const isShort = value.length <= SHORT_TEXT_MAX;
    return isShort && this.#ascii(value, start) ? value.length : this.#utf8(value, start);
  }

  /** Puts the characters as bytes, unless one of them needs more than one. */
  #ascii(value: string, start: number): boolean {
    const bytes = this.#bytes;
    for (let index = 0; index < value.length; index++) {
      const unit = value.charCodeAt(index);
      if (unit >= 0x80) return false;
      bytes[start + index] = unit;
    }
    return true;
  }

  /** Returns how many bytes that took. */
  #utf8(value: string, start: number): number {
    invariant(value.isWellFormed(), "A text to be written is well-formed");
    return encoder.encodeInto(value, this.#bytes.subarray(start)).written;
  }

  #advance(count: number): number {
    this.#reserve(count);
    const at = this.#length;
    this.#length += count;
    return at;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  #checkWritten(at: number, count: number): void {
    if (at < 0 || at + count > this.#length) invariant(false, `Offset ${at} was written`);
  }
}
