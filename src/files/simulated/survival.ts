/**
 * What a crash leaves of the things that were not durable yet.
 *
 * @module
 */

import type { Chance } from "./chance.ts";

/**
 * Which pending pieces survive: none, all, each by chance, or as a function decides for one piece
 * after the other (with which a test can try every combination).
 */
export type Keep = "none" | "all" | "chance" | (() => boolean);

/** Decides for the next piece whether it survives. */
export type Survival = () => boolean;

/**
 * The fate of the pieces of one file, or of one directory.
 *
 * By chance means one time in three nothing, one time in three everything, and else each piece
 * with a probability drawn for this file: uniform luck alone would hardly ever produce the two
 * extremes, and "this file whole, that file not at all" is what breaks rolling and ordering.
 */
export function survival(random: Chance, keep: Keep): Survival {
  if (typeof keep === "function") return keep;
  if (keep === "none") return () => false;
  if (keep === "all") return () => true;
  const luck = random.u32() % 3;
  if (luck === 0) return () => false;
  if (luck === 1) return () => true;
  const threshold = random.u32();
  return () => random.u32() < threshold;
}
