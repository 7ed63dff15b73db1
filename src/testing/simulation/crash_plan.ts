/**
 * Where the crashes of a simulation strike.
 *
 * @module
 */
import type { Ending } from "../../files/mod.ts";
import { type Random, randomBelow } from "../../time/mod.ts";

/** A crash to come. */
export interface Crash {
  /** How many calls that change the disk are let through before: of the run, or since the last crash. */
  readonly afterCalls: number;
  /** Whether power goes or only the process. */
  readonly ending: Ending;
  /** How long it takes until the next process starts. */
  readonly downMs: number;
}

/** The run to plan for. */
export interface PlannedRun {
  /** Its number, from 1 on; the run without a crash is none of them. */
  readonly number: number;
  /** How many of them there are. */
  readonly count: number;
  /** How many calls change the disk in a run without a crash. */
  readonly callCount: number;
}

/** A process that crashes again before it has got anywhere is one that recovers: rarely more often. */
const CRASHES_MAX = 3;

/** Starts again at once, a second later, or after leases have ended: not longer than this. */
const DOWN_MS_MAX = 600_000;

/**
 * The crashes of a run, in order. The first of each run are spread evenly over all calls of the run
 * without a crash: with at least as many runs as calls, each call is struck.
 */
export function planCrashes({ number, count, callCount }: PlannedRun, random: Random): Crash[] {
  const stride = callCount / count;
  const within = stride > 1 ? random.u32() / 2 ** 32 : 0;
  const first = Math.floor((number - 1 + within) * stride);
  const more = Math.max(0, randomBelow(random, CRASHES_MAX + 1) - 1);
  const later = Array.from({ length: more }, () => randomBelow(random, callCount));
  return [first, ...later].map((afterCalls) => ({
    afterCalls,
    ending: randomBelow(random, 3) === 0 ? "kill" : "power",
    downMs: downtime(random),
  }));
}

function downtime(random: Random): number {
  const max = [1, 1_000, DOWN_MS_MAX][randomBelow(random, 3)]!;
  return randomBelow(random, max);
}
