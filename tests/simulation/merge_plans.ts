/**
 * How segments are merged in a process of a simulation.
 *
 * @module
 */

import type { MergePlan } from "../../src/engine/merges/merge_plan.ts";

/** Merges come as soon as there is something to merge. */
const WHOLE: MergePlan = { auto: true, keepBytes: 0 };

/** The same, but whoever asks for a merge gets some segments replaced one by one. */
const IN_PIECES: MergePlan = {
  ...WHOLE,
  choosePieces: (sealed) =>
    sealed.map(({ id }) => id).filter((id) => isChosen(id, sealed.length)).reverse(),
};

/** One of several plans, by the time at which a process begins. */
export function mergePlanAt(startMs: number): MergePlan {
  return Math.abs(Math.floor(startMs)) % 5 < 2 ? IN_PIECES : WHOLE;
}

/** Two of three, others each time. */
function isChosen(id: number, count: number): boolean {
  return (id * 7 + count) % 3 > 0;
}
