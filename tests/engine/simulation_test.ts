import process from "node:process";
import { assert, assertEquals, assertNotEquals, fail } from "../assert.ts";
import { test } from "../harness.ts";
import { currentRuntime } from "../runtimes.ts";
import { checkEngineScenarios } from "../simulation/engine/property.ts";
import type { EngineReport } from "../simulation/engine/report.ts";
import { engineMutants } from "../simulation/mutants/engine.ts";

/** Seed and runs of a long night: `FLOWCASK_SEED` and `FLOWCASK_RUNS`, which multiplies. */
const SEED = Number(process.env["FLOWCASK_SEED"] ?? Date.now() % 0x7fff_ffff);
const FACTOR = Number(process.env["FLOWCASK_RUNS"] ?? 1);

/** The other runtimes run the same code; a few runs show that it is the same there, too. */
const BATCH_RUNS = FACTOR * (currentRuntime === "deno" ? 500 : 60);

/** Small enough for the patience of every runtime's test function. */
const BATCHES = [1, 2, 3, 4, 5, 6, 7, 8];

/** What notices mutants is the same everywhere, too: elsewhere every eighth is enough. */
const MUTANTS = engineMutants.filter((_, index) => currentRuntime === "deno" || index % 8 === 0);

/** A mutant that lives longer than this is not noticed. */
const MUTANT_RUNS_MAX = 2_000;

/** The same mutants are to be found in the same runs on every machine. */
const MUTANT_SEED = 7;

/** Those that are noticed seldom may take one more series of runs, or two. */
const MUTANT_SEEDS = [MUTANT_SEED, 8, 9];

function sum(reports: readonly EngineReport[], count: (report: EngineReport) => number): number {
  return reports.reduce((total, report) => total + count(report), 0);
}

for (const batch of BATCHES) {
  test(`A store tells nothing that is lost later, whatever happens, in batch ${batch} of runs`, async () => {
    const reports: EngineReport[] = [];
    const { violation } = await checkEngineScenarios({
      seed: SEED + batch,
      runs: BATCH_RUNS,
      onRun: (report) => reports.push(report),
    });
    if (violation !== undefined) fail(violation);
    const answers = sum(reports, ({ answerCount }) => answerCount);
    console.log(`${reports.length} lives, ${answers} answers, seed ${SEED + batch}`);
    // A simulation in which nothing happens proves nothing.
    assert(sum(reports, ({ openingCount }) => openingCount) > 2 * BATCH_RUNS, "Few openings");
    assert(answers > 5 * BATCH_RUNS, "Few answers");
    assert(sum(reports, ({ quietCount }) => quietCount) > BATCH_RUNS, "Never a moment of rest");
    assert(sum(reports, ({ redecidedCount }) => redecidedCount) > 0, "Nothing was decided again");
    assert(sum(reports, ({ lossCount }) => lossCount) > 0, "The log was never lost");
  });
}

for (const mutant of MUTANTS) {
  test(`The simulation of the store notices the mutant ${mutant.name}`, async () => {
    for (const seed of MUTANT_SEEDS) {
      const { violation } = await checkEngineScenarios({
        seed,
        runs: MUTANT_RUNS_MAX,
        practice: mutant,
        shrinks: false,
      });
      if (violation !== undefined) return;
    }
    fail(`Nothing was wrong in ${MUTANT_SEEDS.length * MUTANT_RUNS_MAX} runs`);
  });
}

test("checkEngineScenarios() does the same for the same seed, to the last call on the disk", async () => {
  const storiesOf = async (seed: number): Promise<string[]> => {
    const stories: string[] = [];
    const onRun = ({ story, trace }: EngineReport): unknown => stories.push(story, trace);
    await checkEngineScenarios({ seed, runs: 30, onRun });
    return stories;
  };
  assertEquals(await storiesOf(3), await storiesOf(3));
  assertNotEquals(await storiesOf(3), await storiesOf(4));
});

test("checkEngineScenarios() says what was wrong, and how to see it again", async () => {
  const [mutant] = engineMutants;
  const { violation = "" } = await checkEngineScenarios({
    seed: MUTANT_SEED,
    runs: MUTANT_RUNS_MAX,
    practice: mutant!,
  });
  assert(/is the last on disk/.test(violation), violation);
  assert(/Scenario: \{"seed":/.test(violation), violation);
  assert(/deno task simulate --level 2 --seed 7 --runs \d+/.test(violation), violation);
});
