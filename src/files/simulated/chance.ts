/**
 * What the simulated disk needs of randomness. Asked for by shape, so that this room stands on
 * nothing: `Random` of `time/` fits.
 *
 * @module
 */

/** A source of uniformly distributed numbers. */
export interface Chance {
  /** The next whole number from 0 to 2^32 − 1. */
  u32(): number;
}

/** A whole number from 0 to `count` − 1; the bias of the remainder does not matter for faults. */
export function chanceBelow(chance: Chance, count: number): number {
  return chance.u32() % count;
}
