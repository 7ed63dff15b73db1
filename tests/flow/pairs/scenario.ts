/**
 * Runs of commands against the flow core and its model, in which the store is closed, crashes and is
 * opened again.
 *
 * @module
 */

import fc from "fast-check";
import type { CoolingPlan, FlowState } from "../../../src/flow/core/mod.ts";
import type { Rebuilding } from "../core_mutants.ts";
import { RunningTrip } from "../running_trip.ts";
import { CorePair, type Reopening } from "./core_pair.ts";
import { type Op, op } from "./operations.ts";

/** What happens next: a command, or something to the log. */
export type CoreStep =
  | Op
  /** A frame ends: what is in it is kept as a whole, or lost. */
  | { readonly op: "seal" }
  /** All frames are safe. */
  | { readonly op: "commit" }
  | ({ readonly op: "reopen" } & Reopening);

/** A run. What is left out when a failure is reduced to what matters is undefined. */
export interface CoreScenario {
  readonly steps: readonly (CoreStep | undefined)[];
  /** So many ends of descendants one command writes. */
  readonly endsMax: number;
  /** So many flows are never cold, and others only if nothing happens to them for so long. */
  readonly coolingPlan: CoolingPlan;
}

/** What has happened in runs. */
export interface CoreTally {
  commands: number;
  /** Openings after the store was closed. */
  reopenings: number;
  /** Openings after it was not. */
  crashes: number;
  /** Checkpoints that were written while commands came. */
  checkpoints: number;
  /** Records that were lost. */
  lostRecords: number;
}

/** A run has so many steps, but for a few that are left out. */
export const RUN_STEPS = 72;

/** So many steps lie between looks at everything, unless the store is opened meanwhile. */
const LOOK_STEPS = 12;

const step: fc.Arbitrary<CoreStep> = fc.oneof(
  { weight: 63, arbitrary: op },
  { weight: 6, arbitrary: fc.constant({ op: "seal" as const }) },
  { weight: 1, arbitrary: fc.constant({ op: "commit" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("reopen" as const),
      lostCount: fc.option(fc.nat(3), { nil: undefined, freq: 3 }),
      awayMs: fc.constantFrom(0, 1, 20, 60, 6_000, -30),
    }),
  },
);

/** Any run. */
export const coreScenario: fc.Arbitrary<CoreScenario> = fc.record({
  steps: fc.array(fc.option(step, { nil: undefined, freq: 50 }), {
    minLength: RUN_STEPS,
    maxLength: RUN_STEPS,
  }),
  endsMax: fc.constantFrom(1_000, 1, 2, 4),
  coolingPlan: fc.record({
    hotFlowsMax: fc.constantFrom(0, 1, 3, Infinity),
    // Below 0 flows become cold that are due, and come back with the next command.
    aheadMs: fc.constantFrom(-1_000_000, -10, 0, 10),
  }),
});

/** A tally of nothing. */
export function newTally(): CoreTally {
  return { commands: 0, reopenings: 0, crashes: 0, checkpoints: 0, lostRecords: 0 };
}

/** What goes wrong in a run. */
export interface CoreMistakes {
  /** When the store is opened again. */
  readonly rebuilding?: Rebuilding;
  /** Before a checkpoint is begun. */
  readonly onCheckpoint?: (state: FlowState) => void;
}

/**
 * Runs a scenario. Throws if the core and the model do not agree on something.
 *
 * @param mistakes What goes wrong. Default: nothing.
 */
export function runCoreScenario(
  { steps, endsMax, coolingPlan }: CoreScenario,
  tally: CoreTally,
  { rebuilding, onCheckpoint }: CoreMistakes = {},
): void {
  const pair = new CorePair(endsMax, rebuilding, { coolingPlan });
  const checkpoints = new RunningTrip(onCheckpoint);
  for (const [index, step] of steps.entries()) {
    if (step === undefined) continue;
    switch (step.op) {
      case "seal":
        pair.seal();
        break;
      case "commit":
        pair.commit();
        break;
      case "reopen":
        tally.lostRecords += pair.reopen(step);
        tally[step.lostCount === undefined ? "reopenings" : "crashes"] += 1;
        continue;
      default:
        pair.run(step);
        tally.commands += 1;
        // A state that something is wrong with is not to be found out by this.
        if (rebuilding === undefined) checkpoints.after(pair.store);
    }
    if (index % LOOK_STEPS === 0) pair.compareAll();
  }
  pair.compareAll();
  pair.reopen({ lostCount: undefined, awayMs: 0 });
  tally.reopenings += 1;
  tally.checkpoints += checkpoints.count;
}
