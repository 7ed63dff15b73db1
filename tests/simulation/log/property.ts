/**
 * Many scenarios from one seed.
 *
 * @module
 */

import fc from "fast-check";
import { type Practice, soundPractice } from "./practice.ts";
import { logScenario } from "./scenario.ts";
import { type LogReport, runLogScenario } from "./simulation.ts";

/** Which scenarios to run. */
export interface LogPropertyOptions {
  /** Seed of all of them. */
  readonly seed: number;
  /** How many. */
  readonly runs: number;
  /** How the log is used. Default: as it should be. */
  readonly practice?: Practice;
  /** Whether a failure is reduced to what matters. Default `true`. */
  readonly shrinks?: boolean;
  /** Hears of every run. */
  readonly onRun?: (report: LogReport) => void;
}

/** What came of them. */
export interface LogPropertyResult {
  /** How many were run until the first violation, or all. */
  readonly runs: number;
  /** What was violated, with the scenario, the calls and the command that repeats it. */
  readonly violation: string | undefined;
}

/** Runs scenarios until one violates the oracle. */
export function checkLogScenarios(options: LogPropertyOptions): LogPropertyResult {
  const { seed, runs, practice = soundPractice, shrinks = true, onRun } = options;
  const property = fc.property(logScenario, (scenario) => {
    const report = runLogScenario(scenario, practice);
    onRun?.(report);
  });
  const result = fc.check(property, { seed, numRuns: runs, endOnFailure: !shrinks });
  if (!result.failed) return { runs, violation: undefined };
  const violation = [
    result.errorInstance instanceof Error ? result.errorInstance.message : result.errorInstance,
    `Scenario: ${JSON.stringify(result.counterexample?.[0])}`,
    `Replay: deno task simulate --level 1 --seed ${seed} --runs ${result.numRuns}`,
  ].join("\n");
  return { runs: result.numRuns, violation };
}
