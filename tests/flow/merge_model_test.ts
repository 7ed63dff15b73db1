import fc from "fast-check";
import { assert } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { currentRuntime } from "../runtimes.ts";
import { type Merged, type MergeMutant, mergeMutants } from "./core_merge.ts";
import { CorePair } from "./pairs/core_pair.ts";
import { type Op, op } from "./pairs/operations.ts";

/** Runs to try. Each is a store that lives, merges and is opened again. */
const RUNS = currentRuntime === "deno" ? 800 : 40;

/** A run has so many steps, but for a few that are left out. */
const STEPS = 72;

/** A mutant that lives longer than this is not noticed. */
const MUTANT_RUNS_MAX = 400;

/** The same mutants are to be found in the same runs on every machine. */
const MUTANT_SEED = 7;

/** A command after which more is soon unwanted: flows keep few events, and are soon forgotten. */
const shortLived = op.map((command): Op => {
  if (command.op !== "create") return command;
  const items = command.items.map((item) => ({
    ...item,
    historyMaxEvents: item.historyMaxEvents ?? 2,
    retentionTtlMs: item.retentionTtlMs ?? 30,
  }));
  return { ...command, items };
});

const step = fc.oneof(
  { weight: 60, arbitrary: shortLived },
  { weight: 4, arbitrary: fc.constant({ op: "advance" as const, ms: 60 }) },
  { weight: 4, arbitrary: fc.constant({ op: "cleanup" as const, limit: undefined }) },
  { weight: 12, arbitrary: fc.constant({ op: "commit" as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant("merge" as const),
      first: fc.oneof(fc.constant(0), fc.nat(20)),
      count: fc.constantFrom(1, 2, 3, 6, 100),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant("pieces" as const),
      stayBits: fc.oneof(fc.constant(0), fc.nat(2 ** 31 - 1)),
      doneCount: fc.constantFrom(1, 2, 5, 100),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("reopen" as const),
      lostCount: fc.constantFrom(undefined, 1),
    }),
  },
);

const scenario = fc.record({
  steps: fc.array(fc.option(step, { nil: undefined, freq: 50 }), {
    minLength: STEPS,
    maxLength: STEPS,
  }),
  endsMax: fc.constantFrom(1_000, 2),
  /** Larger values go ahead in parts. */
  valueInlineBytesMax: fc.constantFrom(1_000, 3),
});

interface Tally {
  merges: number;
  kept: number;
  dropped: number;
}

function run(
  { steps, endsMax, valueInlineBytesMax }: typeof scenario extends fc.Arbitrary<infer T> ? T
    : never,
  tally: Tally,
  mutant?: MergeMutant,
): void {
  const pair = new CorePair(endsMax, {}, { limits: { valueInlineBytesMax } });
  const note = (merged: Merged | undefined): void => {
    tally.merges += 1;
    tally.kept += merged?.kept.length ?? 0;
    tally.dropped += merged?.dropped.size ?? 0;
  };
  const merge = (first: number, count: number): void => note(pair.merge({ first, count, mutant }));
  for (const step of steps) {
    if (step === undefined) continue;
    switch (step.op) {
      case "commit":
        pair.commit();
        break;
      case "merge":
        merge(step.first, step.count);
        pair.compareAll();
        break;
      case "pieces":
        note(pair.mergePieces({ ...step, mutant }));
        pair.compareAll();
        // What is left has to mean the same whenever the process ends.
        pair.reopen({ lostCount: undefined, awayMs: 0 });
        break;
      case "reopen":
        pair.reopen({ lostCount: step.lostCount, awayMs: 0 });
        break;
      default:
        pair.run(step);
    }
  }
  pair.commit();
  merge(1, 100);
  pair.reopen({ lostCount: undefined, awayMs: 0 });
  merge(0, 1_000);
  pair.reopen({ lostCount: undefined, awayMs: 0 });
}

test("Survivors keeps what the model knows, whatever runs are merged", () => {
  const tally = { merges: 0, kept: 0, dropped: 0 };
  assertProperty(fc.property(scenario, (scenario) => run(scenario, tally)), {
    file: import.meta.url,
    runs: RUNS,
    tried: () => `${tally.merges} merges kept ${tally.kept} records and dropped ${tally.dropped}`,
  });
  // Mostly five to twelve; forty runs that begin badly have had less than five.
  assert(tally.dropped > 3 * RUNS, "Hardly anything was dropped");
});

for (const [name, mutant] of Object.entries(mergeMutants)) {
  test(`The model notices the mutant ${name}`, () => {
    const tally = { merges: 0, kept: 0, dropped: 0 };
    const property = fc.property(scenario, (scenario) => run(scenario, tally, mutant));
    const { failed } = fc.check(property, {
      seed: MUTANT_SEED,
      numRuns: MUTANT_RUNS_MAX,
      endOnFailure: true,
    });
    assert(failed, `Nothing was wrong in ${MUTANT_RUNS_MAX} runs`);
  });
}
