/**
 * Runs a simulation for as long as one likes: `deno task simulate --level 2 --runs 100000`.
 *
 * Level 1 is the log, level 2 the whole store on it, level 3 a store of several shards that one
 * caller has for himself, level 4 one that many call at once. A violation ends the run with exit
 * code 1 and the command that repeats it.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { checkEngineScenarios } from "./engine_property.ts";
import { checkLogScenarios } from "./log_property.ts";
import { checkCrowdScenarios, checkShardsScenarios } from "./shards_property.ts";

/** Which scenarios to run. */
interface Campaign {
  readonly seed: number;
  readonly runs: number;
}

/** What came of them. */
interface Finding {
  readonly violation: string | undefined;
  /** What happened, for the last line. */
  readonly summary: string;
}

type Simulate = (campaign: Campaign) => Finding | Promise<Finding>;

function simulateLog(campaign: Campaign): Finding {
  let openings = 0;
  let frames = 0;
  let refusals = 0;
  const { violation } = checkLogScenarios({
    ...campaign,
    onRun(report) {
      openings += report.openingCount;
      frames += report.committedCount;
      refusals += Number(report.isRefused);
    },
  });
  return {
    violation,
    summary:
      `${openings} openings, ${frames} frames committed, ${refusals} logs refused after damage`,
  };
}

async function simulateStore(campaign: Campaign): Promise<Finding> {
  let openings = 0;
  let answers = 0;
  let redecided = 0;
  let losses = 0;
  const { violation } = await checkEngineScenarios({
    ...campaign,
    onRun(report) {
      openings += report.openingCount;
      answers += report.answerCount;
      redecided += report.redecidedCount;
      losses += report.lossCount;
    },
  });
  return {
    violation,
    summary: `${openings} openings, ${answers} answers, ${redecided} calls decided again, ` +
      `${losses} logs lost`,
  };
}

async function simulateShards(campaign: Campaign): Promise<Finding> {
  const { violation, sum } = await checkShardsScenarios(campaign);
  const { openingCount, callCount, familyCount, cutCount } = sum;
  return {
    violation,
    summary: `${openingCount} openings, ${callCount} answers, ${familyCount} of them with ` +
      `families of many shards, ${cutCount} calls without power`,
  };
}

async function simulateCrowd(campaign: Campaign): Promise<Finding> {
  const { violation, sum } = await checkCrowdScenarios(campaign);
  const { crashCount, answerCount, familyCount } = sum;
  return {
    violation,
    summary: `${crashCount} crashes, ${answerCount} answers, ${familyCount} families`,
  };
}

const { values } = parseArgs({
  options: {
    level: { type: "string", default: "1" },
    seed: { type: "string", default: String(Date.now() % 0x7fff_ffff) },
    runs: { type: "string", default: "10000" },
  },
});
const [seed, runs] = [values.seed, values.runs].map((text) => {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new TypeError(`"${text}" is not a whole number`);
  return number;
}) as [number, number];
const levels = new Map<string, Simulate>([
  ["1", simulateLog],
  ["2", simulateStore],
  ["3", simulateShards],
  ["4", simulateCrowd],
]);
const simulate = levels.get(values.level);
if (simulate === undefined) {
  throw new TypeError(
    `There is no level "${values.level}"; 1 is the log, 2 the store, 3 and 4 shards`,
  );
}

console.log(`Level ${values.level}, seed ${seed}, ${runs} runs`);
const startMs = performance.now();
const { violation, summary } = await simulate({ seed, runs });
const seconds = (performance.now() - startMs) / 1_000;
if (violation !== undefined) {
  console.error(violation);
  process.exit(1);
}
console.log(`${summary}; nothing lost, in ${seconds.toFixed(1)} s`);
