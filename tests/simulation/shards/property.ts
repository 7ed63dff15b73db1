/**
 * Many scenarios of a store of several shards from one seed.
 *
 * @module
 */

import fc from "fast-check";
import { type CrowdReport, runCrowdScenario } from "./crowd.ts";
import { crowdScenario } from "./crowd_scenario.ts";
import { type OpenShards, soundly } from "./machine.ts";
import { shardsScenario } from "./scenario.ts";
import { runShardsScenario, type ShardsReport } from "./simulation.ts";

/** Which scenarios to run. */
export interface ShardsPropertyOptions {
  /** Seed of all of them. */
  readonly seed: number;
  /** How many. */
  readonly runs: number;
  /** How shards are opened. Default: as they should be. */
  readonly opens?: OpenShards;
  /** Whether a failure is reduced to what matters. Default `true`. */
  readonly shrinks?: boolean;
}

/** What came of them. */
export interface ShardsPropertyResult<Report> {
  /** What was violated, with the scenario, the story and the command that repeats it. */
  readonly violation: string | undefined;
  /** Everything that happened, added up. */
  readonly sum: Report;
}

/** Runs scenarios of one caller, until one is not what the model says. */
export function checkShardsScenarios(
  options: ShardsPropertyOptions,
): Promise<ShardsPropertyResult<ShardsReport>> {
  return check(options, { level: 3, scenario: shardsScenario, run: runShardsScenario });
}

/** Runs scenarios of many callers, until something is lost or forgotten in one. */
export function checkCrowdScenarios(
  options: ShardsPropertyOptions,
): Promise<ShardsPropertyResult<CrowdReport>> {
  return check(options, { level: 4, scenario: crowdScenario, run: runCrowdScenario });
}

interface Simulated<Scenario, Report> {
  readonly level: number;
  readonly scenario: fc.Arbitrary<Scenario>;
  run(scenario: Scenario, opens: OpenShards): Promise<Report>;
}

async function check<Scenario, Report extends object>(
  { seed, runs, opens = soundly, shrinks = true }: ShardsPropertyOptions,
  { level, scenario, run }: Simulated<Scenario, Report>,
): Promise<ShardsPropertyResult<Report>> {
  const sum: Record<string, number> = {};
  const property = fc.asyncProperty(scenario, async (scenario) => {
    for (const [name, count] of Object.entries(await run(scenario, opens))) {
      sum[name] = (sum[name] ?? 0) + count;
    }
  });
  const result = await fc.check(property, { seed, numRuns: runs, endOnFailure: !shrinks });
  const ended = { sum: sum as Report, violation: undefined };
  if (!result.failed) return ended;
  const violation = [
    result.errorInstance instanceof Error ? result.errorInstance.message : result.errorInstance,
    `Scenario: ${JSON.stringify(result.counterexample?.[0])}`,
    `Replay: deno task simulate --level ${level} --seed ${seed} --runs ${result.numRuns}`,
  ].join("\n");
  return { ...ended, violation };
}
