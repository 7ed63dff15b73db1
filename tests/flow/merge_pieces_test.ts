import fc from "fast-check";
import { assert } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { currentRuntime } from "../runtimes.ts";
import { type Merged, type MergeMutant, pieceMutants } from "./core_merge.ts";
import { CorePair } from "./pairs/core_pair.ts";
import { op } from "./pairs/operations.ts";

/** Runs to try. Each is a store of two flows that come, go and come again. */
const RUNS = currentRuntime === "deno" ? 500 : 40;

/** A run has so many steps, each in a frame of its own, but for a few that are left out. */
const STEPS = 40;

/** A mutant that lives longer than this is not noticed. */
const MUTANT_RUNS_MAX = 400;

/** The same mutants are to be found in the same runs on every machine. */
const MUTANT_SEED = 7;

/** Commands of which most are about the same two flows, which end soon and are forgotten at once. */
const narrow = op.map((command) => {
  switch (command.op) {
    case "create":
      return {
        ...command,
        items: command.items.slice(0, 2).map((item, index) => ({
          ...item,
          id: "fg"[index]!,
          partitionKey: "p",
          type: "t",
          delayMs: undefined,
          parentFlowId: undefined,
          retentionTtlMs: 1,
          // Most are soon not shown any more.
          historyMaxEvents: item.historyMaxEvents ?? 1 + index,
        })),
      };
    case "claim":
      return { ...command, options: { ...command.options, type: "t", limit: 2 } };
    default:
      return command;
  }
});

const ofKind = (kind: string) => narrow.filter((command) => command.op === kind);

const step = fc.oneof(
  { weight: 14, arbitrary: ofKind("create") },
  { weight: 14, arbitrary: ofKind("claim") },
  { weight: 14, arbitrary: ofKind("settle") },
  { weight: 4, arbitrary: ofKind("signal") },
  { weight: 6, arbitrary: ofKind("value") },
  { weight: 4, arbitrary: ofKind("rewind") },
  { weight: 6, arbitrary: narrow },
  { weight: 10, arbitrary: fc.constant({ op: "forget" as const }) },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant("pieces" as const),
      // Some stay here and there, or all but a few.
      stayBits: fc.oneof(fc.constant(0), fc.nat(2 ** 31 - 1), fc.nat(30).map((bit) => 2 ** bit)),
      doneCount: fc.constantFrom(1, 2, 3, 5, 8, 100),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("merge" as const),
      first: fc.nat(20),
      count: fc.constantFrom(2, 3, 6, 100),
    }),
  },
);

const scenario = fc.record({
  steps: fc.array(fc.option(step, { nil: undefined, freq: 50 }), {
    minLength: STEPS,
    maxLength: STEPS,
  }),
  valueInlineBytesMax: fc.constantFrom(1_000, 3),
});

interface Tally {
  dropped: number;
}

function run(
  { steps, valueInlineBytesMax }: typeof scenario extends fc.Arbitrary<infer T> ? T : never,
  tally: Tally,
  mutant?: MergeMutant,
): void {
  const pair = new CorePair(1_000, {}, { limits: { valueInlineBytesMax } });
  const reopen = (merged?: Merged): void => {
    tally.dropped += merged?.dropped.size ?? 0;
    pair.compareAll();
    // What is left has to mean the same whenever the process ends.
    pair.reopen({ lostCount: undefined, awayMs: 0 });
  };
  for (const step of steps) {
    if (step === undefined) continue;
    switch (step.op) {
      case "pieces":
        reopen(pair.mergePieces({ ...step, mutant }));
        break;
      case "merge":
        reopen(pair.merge(step));
        break;
      case "forget":
        pair.run({ op: "advance", ms: 60 });
        pair.run({ op: "cleanup", limit: undefined });
        pair.commit();
        break;
      default:
        pair.run(step);
        pair.commit();
    }
  }
  reopen(pair.merge({ first: 0, count: 1_000 }));
}

test("Survivors keeps what lives of few flows need, whatever stays of a run", () => {
  const tally = { dropped: 0 };
  assertProperty(fc.property(scenario, (scenario) => run(scenario, tally)), {
    file: import.meta.url,
    runs: RUNS,
    tried: () => `merges dropped ${tally.dropped} records`,
  });
  assert(tally.dropped > 5 * RUNS, "Hardly anything was dropped");
});

for (const [name, mutant] of Object.entries(pieceMutants)) {
  test(`Lives of few flows notice the mutant ${name}`, () => {
    const property = fc.property(scenario, (scenario) => run(scenario, { dropped: 0 }, mutant));
    const { failed } = fc.check(property, {
      seed: MUTANT_SEED,
      numRuns: MUTANT_RUNS_MAX,
      endOnFailure: true,
    });
    assert(failed, `Nothing was wrong in ${MUTANT_RUNS_MAX} runs`);
  });
}
