/**
 * SipHash-2-4 (Aumasson and Bernstein), the hash that outsiders cannot steer.
 *
 * Ids come from users, and tables are indexed by their hashes; without a key a user could choose ids
 * that all fall together. 64-bit words are kept as two 32-bit halves, since `BigInt` allocates.
 *
 * @module
 */

import { invariant } from "../invariant.ts";

/** A 64-bit value in two halves, each from 0 to 2^32 − 1. */
export interface Hash64 {
  /** The upper half. */
  readonly hi: number;
  /** The lower half. */
  readonly lo: number;
}

/** A key of 128 bits: four little-endian words of its sixteen bytes. */
export type SipKey = readonly [number, number, number, number];

/** The key that sixteen bytes stand for. */
export function sipKey(bytes: Uint8Array): SipKey {
  invariant(bytes.length === 16, `A SipHash key has 16 bytes, not ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return [
    view.getUint32(0, true),
    view.getUint32(4, true),
    view.getUint32(8, true),
    view.getUint32(12, true),
  ];
}

/** The keyed hash of `bytes`. */
export function sipHash24(key: SipKey, bytes: Uint8Array): Hash64 {
  const state = new SipState(key);
  const whole = bytes.length & ~7;
  for (let at = 0; at < whole; at += 8) state.absorb(wordOf(bytes, at), wordOf(bytes, at + 4));
  // The last word holds what is left, and the length in its highest byte.
  state.absorb(
    wordOf(bytes, whole),
    wordOf(bytes, whole + 4) | ((bytes.length & 0xff) << 24),
  );
  return state.finish();
}

/** Four bytes as a number; those past the end are zero. */
function wordOf(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24);
}

/** The four words of the hash, as the halves of `v0` to `v3`. */
class SipState {
  #lo0: number;
  #hi0: number;
  #lo1: number;
  #hi1: number;
  #lo2: number;
  #hi2: number;
  #lo3: number;
  #hi3: number;

  constructor([k0lo, k0hi, k1lo, k1hi]: SipKey) {
    this.#lo0 = k0lo ^ 0x70736575;
    this.#hi0 = k0hi ^ 0x736f6d65;
    this.#lo1 = k1lo ^ 0x6e646f6d;
    this.#hi1 = k1hi ^ 0x646f7261;
    this.#lo2 = k0lo ^ 0x6e657261;
    this.#hi2 = k0hi ^ 0x6c796765;
    this.#lo3 = k1lo ^ 0x79746573;
    this.#hi3 = k1hi ^ 0x74656462;
  }

  /** Takes in one word of the message. */
  absorb(lo: number, hi: number): void {
    this.#lo3 ^= lo;
    this.#hi3 ^= hi;
    this.#rounds(2);
    this.#lo0 ^= lo;
    this.#hi0 ^= hi;
  }

  /** The hash of all that was taken in. */
  finish(): Hash64 {
    this.#lo2 ^= 0xff;
    this.#rounds(4);
    return {
      hi: (this.#hi0 ^ this.#hi1 ^ this.#hi2 ^ this.#hi3) >>> 0,
      lo: (this.#lo0 ^ this.#lo1 ^ this.#lo2 ^ this.#lo3) >>> 0,
    };
  }

  #rounds(count: number): void {
    let a0 = this.#lo0, b0 = this.#hi0, a1 = this.#lo1, b1 = this.#hi1;
    let a2 = this.#lo2, b2 = this.#hi2, a3 = this.#lo3, b3 = this.#hi3;
    let held = 0;
    for (let round = 0; round < count; round++) {
      // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
      held = (a0 >>> 0) + (a1 >>> 0);
      b0 = (b0 + b1 + (held > 0xffff_ffff ? 1 : 0)) | 0;
      a0 = held | 0;
      held = a1;
      a1 = ((a1 << 13) | (b1 >>> 19)) ^ a0;
      b1 = ((b1 << 13) | (held >>> 19)) ^ b0;
      held = a0;
      a0 = b0;
      b0 = held;
      // v2 += v3; v3 = rotl(v3, 16) ^ v2
      held = (a2 >>> 0) + (a3 >>> 0);
      b2 = (b2 + b3 + (held > 0xffff_ffff ? 1 : 0)) | 0;
      a2 = held | 0;
      held = a3;
      a3 = ((a3 << 16) | (b3 >>> 16)) ^ a2;
      b3 = ((b3 << 16) | (held >>> 16)) ^ b2;
      // v0 += v3; v3 = rotl(v3, 21) ^ v0
      held = (a0 >>> 0) + (a3 >>> 0);
      b0 = (b0 + b3 + (held > 0xffff_ffff ? 1 : 0)) | 0;
      a0 = held | 0;
      held = a3;
      a3 = ((a3 << 21) | (b3 >>> 11)) ^ a0;
      b3 = ((b3 << 21) | (held >>> 11)) ^ b0;
      // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
      held = (a2 >>> 0) + (a1 >>> 0);
      b2 = (b2 + b1 + (held > 0xffff_ffff ? 1 : 0)) | 0;
      a2 = held | 0;
      held = a1;
      a1 = ((a1 << 17) | (b1 >>> 15)) ^ a2;
      b1 = ((b1 << 17) | (held >>> 15)) ^ b2;
      held = a2;
      a2 = b2;
      b2 = held;
    }
    this.#lo0 = a0;
    this.#hi0 = b0;
    this.#lo1 = a1;
    this.#hi1 = b1;
    this.#lo2 = a2;
    this.#hi2 = b2;
    this.#lo3 = a3;
    this.#hi3 = b3;
  }
}
