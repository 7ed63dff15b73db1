/**
 * Randomness as a value, so that a run can be repeated from its seed.
 *
 * @module
 */

import { invariant } from "../invariant.ts";

/** A source of uniformly distributed numbers. */
export interface Random {
  /** The next whole number from 0 to 2^32 − 1. */
  u32(): number;
}

/**
 * A whole number from 0 to `count` − 1, each as likely as the others.
 *
 * @param count How many different results there are: 1 to 2^32.
 */
export function randomBelow(random: Random, count: number): number {
  invariant(
    Number.isInteger(count) && count >= 1 && count <= 0x1_0000_0000,
    `randomBelow() needs a count from 1 to 2^32, not ${count}`,
  );
  // Values above the last full multiple of `count` would favour small results.
  const acceptedMax = 0x1_0000_0000 - (0x1_0000_0000 % count);
  while (true) {
    const value = random.u32();
    if (value < acceptedMax) return value % count;
  }
}

/** `length` random bytes. */
export function randomBytes(random: Random, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += 4) {
    let word = random.u32();
    for (let index = start; index < Math.min(start + 4, length); index++) {
      bytes[index] = word & 0xff;
      word >>>= 8;
    }
  }
  return bytes;
}

/**
 * Randomness that repeats itself for the same seed, for tests and simulations; never for keys.
 *
 * A 32-bit Weyl sequence through a bijective mixer: every state is on the one cycle of 2^32, so no
 * seed is a weak one (0 and neighbouring seeds included).
 *
 * @param seed Any whole number; its low 32 bits count.
 */
export function seededRandom(seed: number): Random {
  let state = mix(seed >>> 0);
  return {
    u32(): number {
      state = (state + 0x9e3779b9) >>> 0;
      return mix(state);
    },
  };
}

/** Spreads every input bit over all output bits; different inputs give different outputs. */
function mix(input: number): number {
  let bits = input ^ (input >>> 16);
  bits = Math.imul(bits, 0x21f0aaad);
  bits ^= bits >>> 15;
  bits = Math.imul(bits, 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}
