/**
 * When flows become cold in a process of a simulation.
 *
 * @module
 */

import type { CoolingPlan } from "../../src/flow/core/mod.ts";

const HOT_FLOWS_MAX = [0, 2, Infinity] as const;

/** Below 0 flows become cold that are due, and come back with the next call. */
const AHEAD_MS = [-1_000_000_000, 0, 1_000] as const;

/** One of several plans, by the time at which a process begins. */
export function coolingPlanAt(startMs: number): CoolingPlan {
  const number = Math.abs(Math.floor(startMs));
  return {
    hotFlowsMax: HOT_FLOWS_MAX[number % HOT_FLOWS_MAX.length]!,
    aheadMs: AHEAD_MS[Math.floor(number / HOT_FLOWS_MAX.length) % AHEAD_MS.length]!,
  };
}
