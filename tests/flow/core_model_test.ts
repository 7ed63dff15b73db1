import fc from "fast-check";
import { assert } from "../assert.ts";
import { test } from "../harness.ts";
import { assertProperty } from "../property.ts";
import { currentRuntime } from "../runtimes.ts";
import { checkpointMutants } from "./checkpoint_mutants.ts";
import { coreMutants } from "./core_mutants.ts";
import {
  type CoreMistakes,
  coreScenario,
  newTally,
  RUN_STEPS,
  runCoreScenario,
} from "./pairs/scenario.ts";

/** Commands to try at least. The other runtimes run the same code; a few show that it is the same. */
const COMMANDS_MIN = currentRuntime === "deno" ? 200_000 : 10_000;

/** At least so many of a hundred steps are commands. */
const COMMANDS_PERCENT = 83;

/** A mutant that lives longer than this is not noticed. */
const MUTANT_RUNS_MAX = 300;

/** The same mutants are to be found in the same runs on every machine. */
const MUTANT_SEED = 7;

test("decide() and evolve() agree with the model, command by command, crash by crash", () => {
  const tally = newTally();
  const runs = Math.ceil(COMMANDS_MIN / RUN_STEPS / (COMMANDS_PERCENT / 100));
  assertProperty(
    fc.property(coreScenario, (scenario) => runCoreScenario(scenario, tally)),
    {
      file: import.meta.url,
      runs,
      tried() {
        const { commands, reopenings, crashes, lostRecords } = tally;
        return `${commands} commands, ${reopenings} reopenings, ${crashes} crashes, ` +
          `${lostRecords} lost records`;
      },
    },
  );
  // Runs in which nothing happens prove nothing.
  assert(tally.commands >= COMMANDS_MIN, `Only ${tally.commands} commands`);
  assert(tally.reopenings > runs && tally.crashes > runs, "Few openings");
  assert(tally.lostRecords > 5 * runs, "Few lost records");
  assert(tally.checkpoints > runs / 2, `Only ${tally.checkpoints} checkpoints`);
});

const mistakes: readonly (readonly [string, CoreMistakes])[] = [
  ...Object.entries(coreMutants).map(([name, rebuilding]) => [name, { rebuilding }] as const),
  ...Object.entries(checkpointMutants)
    .map(([name, onCheckpoint]) => [name, { onCheckpoint }] as const),
];

for (const [name, mistake] of mistakes) {
  test(`The model notices the mutant ${name}`, () => {
    const property = fc.property(
      coreScenario,
      (scenario) => runCoreScenario(scenario, newTally(), mistake),
    );
    const { failed } = fc.check(property, {
      seed: MUTANT_SEED,
      numRuns: MUTANT_RUNS_MAX,
      endOnFailure: true,
    });
    assert(failed, `Nothing was wrong in ${MUTANT_RUNS_MAX} runs`);
  });
}
