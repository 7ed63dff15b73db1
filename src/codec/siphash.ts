/**
 * SipHash-2-4 (Aumasson and Bernstein), the hash that outsiders cannot steer.
 *
 * Ids come from users, and tables are indexed by their hashes; without a key a user could choose ids
 * that all fall together. Where there is no WebAssembly, 64-bit words are kept as two 32-bit halves,
 * since `BigInt` allocates.
 *
 * @module
 */

import { invariant } from "../invariant.ts";
import { ByteWriter } from "./byte_writer.ts";
import { MACHINE_BYTES_MAX, type SipMachine, sipMachine } from "./siphash_machine.ts";

/** A 64-bit value in two halves, each from 0 to 2^32 − 1. */
export interface Hash64 {
  /** The upper half. */
  readonly hi: number;
  /** The lower half. */
  readonly lo: number;
}

/** Whether two values are the same. */
export function isSameHash(a: Hash64, b: Hash64): boolean {
  return a.lo === b.lo && a.hi === b.hi;
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

const machine: SipMachine | undefined = sipMachine();

/**
 * A writer of what is hashed next, which then needs no copy. All such writers write to the same place:
 * what is written is hashed before anybody else writes.
 */
export function hashWriter(): ByteWriter {
  return new ByteWriter(machine?.text);
}

/** So many bytes are copied sooner than the runtime is asked to. */
const FEW_BYTES = 48;

/** The keyed hash of `bytes`, or of the first `length` of them. */
export function sipHash24(key: SipKey, bytes: Uint8Array, length: number = bytes.length): Hash64 {
  return machine === undefined || length > MACHINE_BYTES_MAX
    ? sipHash24InHalves(key, bytes, length)
    : hashedBy(machine, key, bytes, length);
}

function hashedBy(
  { words, text, run }: SipMachine,
  [k0lo, k0hi, k1lo, k1hi]: SipKey,
  bytes: Uint8Array,
  length: number,
): Hash64 {
  words[0] = k0lo;
  words[1] = k0hi;
  words[2] = k1lo;
  words[3] = k1hi;
  if (bytes === text) {
    // It was written there: see `hashWriter()`.
  } else if (length > FEW_BYTES) text.set(bytes.subarray(0, length));
  else for (let at = 0; at < length; at++) text[at] = bytes[at]!;
  run(length);
  return { hi: words[5]!, lo: words[4]! };
}

/**
 * {@linkcode sipHash24} without WebAssembly.
 *
 * The state is sixteen local numbers and the rounds stand in one loop, since it is the engines'
 * registers that make it fast: as the fields of an object it took two to four times as long.
 */
export function sipHash24InHalves(
  key: SipKey,
  bytes: Uint8Array,
  length: number = bytes.length,
): Hash64 {
  const [k0lo, k0hi, k1lo, k1hi] = key;
  let lo0 = k0lo ^ 0x70736575, hi0 = k0hi ^ 0x736f6d65;
  let lo1 = k1lo ^ 0x6e646f6d, hi1 = k1hi ^ 0x646f7261;
  let lo2 = k0lo ^ 0x6e657261, hi2 = k0hi ^ 0x6c796765;
  let lo3 = k1lo ^ 0x79746573, hi3 = k1hi ^ 0x74656462;
  const whole = length & ~7;
  let lo = 0, hi = 0, held = 0;
  for (let at = 0; at <= whole + 8; at += 8) {
    let rounds = 2;
    if (at < whole) {
      lo = wordAt(bytes, at);
      hi = wordAt(bytes, at + 4);
    } else if (at === whole) {
      // The last word holds what is left, and the length in its highest byte.
      lo = lastWordAt(bytes, whole, length);
      hi = lastWordAt(bytes, whole + 4, length) | (length << 24);
    } else {
      lo = hi = 0;
      lo2 ^= 0xff;
      rounds = 4;
    }
    lo3 ^= lo;
    hi3 ^= hi;
    for (; rounds > 0; rounds--) {
      // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
      held = (lo0 + lo1) | 0;
      hi0 = (hi0 + hi1 + carry(lo0, lo1, held)) | 0;
      lo0 = held;
      held = lo1;
      lo1 = ((lo1 << 13) | (hi1 >>> 19)) ^ lo0;
      hi1 = ((hi1 << 13) | (held >>> 19)) ^ hi0;
      held = lo0;
      lo0 = hi0;
      hi0 = held;
      // v2 += v3; v3 = rotl(v3, 16) ^ v2
      held = (lo2 + lo3) | 0;
      hi2 = (hi2 + hi3 + carry(lo2, lo3, held)) | 0;
      lo2 = held;
      held = lo3;
      lo3 = ((lo3 << 16) | (hi3 >>> 16)) ^ lo2;
      hi3 = ((hi3 << 16) | (held >>> 16)) ^ hi2;
      // v0 += v3; v3 = rotl(v3, 21) ^ v0
      held = (lo0 + lo3) | 0;
      hi0 = (hi0 + hi3 + carry(lo0, lo3, held)) | 0;
      lo0 = held;
      held = lo3;
      lo3 = ((lo3 << 21) | (hi3 >>> 11)) ^ lo0;
      hi3 = ((hi3 << 21) | (held >>> 11)) ^ hi0;
      // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
      held = (lo2 + lo1) | 0;
      hi2 = (hi2 + hi1 + carry(lo2, lo1, held)) | 0;
      lo2 = held;
      held = lo1;
      lo1 = ((lo1 << 17) | (hi1 >>> 15)) ^ lo2;
      hi1 = ((hi1 << 17) | (held >>> 15)) ^ hi2;
      held = lo2;
      lo2 = hi2;
      hi2 = held;
    }
    lo0 ^= lo;
    hi0 ^= hi;
  }
  return { hi: (hi0 ^ hi1 ^ hi2 ^ hi3) >>> 0, lo: (lo0 ^ lo1 ^ lo2 ^ lo3) >>> 0 };
}

/** What is carried over when the 32 bits of `a` and `b` add up to `sum`. Without a branch. */
function carry(a: number, b: number, sum: number): number {
  return ((a & b) | ((a | b) & ~sum)) >>> 31;
}

/** Four bytes as a number. */
function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Four bytes as a number; those from `end` on count as zero. */
function lastWordAt(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let index = Math.min(end, at + 4) - 1; index >= at; index--) {
    word = (word << 8) | bytes[index]!;
  }
  return word;
}
