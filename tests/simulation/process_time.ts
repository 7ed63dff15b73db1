/**
 * The time of a process of a simulation.
 *
 * @module
 */

import { type ManualTime, manualTime, type Random } from "../../src/time/mod.ts";

/**
 * Clocks stand still, or go on whenever somebody looks, as that of a machine does: by so little that
 * all looks of a run together take no millisecond.
 */
const LOOK_MS = [0, 2 ** -20] as const;

/** The time of a process that begins now: what the last one had deferred dies with it. */
export function processTime(wallMs: number, random: Random): ManualTime {
  const seed = random.u32();
  const lookMs = LOOK_MS[seed % LOOK_MS.length]!;
  return manualTime({ startMs: wallMs, seed, autoDefer: false, lookMs });
}
