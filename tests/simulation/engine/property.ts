/**
 * Many scenarios of a store from one seed.
 *
 * @module
 */

import fc from "fast-check";
import { type EnginePractice, soundEngine } from "./machine.ts";
import type { EngineReport } from "./report.ts";
import { engineScenario } from "./scenario.ts";
import { runEngineScenario } from "./simulation.ts";

/** Which scenarios to run. */
export interface EnginePropertyOptions {
  /** Seed of all of them. */
  readonly seed: number;
  /** How many. */
  readonly runs: number;
  /** How the store is used. Default: as it should be. */
  readonly practice?: EnginePractice;
  /** Whether a failure is reduced to what matters. Default `true`. */
  readonly shrinks?: boolean;
  /** Hears of every run. */
  readonly onRun?: (report: EngineReport) => void;
}

/** What came of them. */
export interface EnginePropertyResult {
  /** How many were run until the first violation, or all. */
  readonly runs: number;
  /** What was violated, with the scenario, the story and the command that repeats it. */
  readonly violation: string | undefined;
}

/** Runs scenarios until one violates the oracle. */
export async function checkEngineScenarios(
  options: EnginePropertyOptions,
): Promise<EnginePropertyResult> {
  const { seed, runs, practice = soundEngine, shrinks = true, onRun } = options;
  const property = fc.asyncProperty(engineScenario, async (scenario) => {
    const report = await runEngineScenario(scenario, practice);
    onRun?.(report);
  });
  const result = await fc.check(property, { seed, numRuns: runs, endOnFailure: !shrinks });
  if (!result.failed) return { runs, violation: undefined };
  const violation = [
    result.errorInstance instanceof Error ? result.errorInstance.message : result.errorInstance,
    `Scenario: ${JSON.stringify(result.counterexample?.[0])}`,
    `Replay: deno task simulate --level 2 --seed ${seed} --runs ${result.numRuns}`,
  ].join("\n");
  return { runs: result.numRuns, violation };
}
