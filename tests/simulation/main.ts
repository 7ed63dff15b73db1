/**
 * Runs a simulation for as long as one likes: `deno task simulate --level 2 --runs 100000`, or all of
 * them in turn, `deno task simulate --seconds 3600`.
 *
 * Level 1 is the log, level 2 the whole store on it, level 3 a store of several shards that one
 * caller has for himself, level 4 one that many call at once. A violation ends the run with exit
 * code 1 and the command that repeats it.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { checkEngineScenarios } from "./engine/property.ts";
import { checkLogScenarios } from "./log/property.ts";
import { checkCrowdScenarios, checkShardsScenarios } from "./shards/property.ts";

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
  const { crashCount, answerCount, familyCount, lostCount, restoredCount } = sum;
  return {
    violation,
    summary: `${crashCount} crashes, ${lostCount} stores lost, ${restoredCount} made of copies, ` +
      `${answerCount} answers, ${familyCount} families`,
  };
}

/** What there is to simulate, and how many runs of it take a few seconds. */
const LEVELS: ReadonlyMap<string, { readonly simulate: Simulate; readonly fewRuns: number }> =
  new Map([
    ["1", { simulate: simulateLog, fewRuns: 10_000 }],
    ["2", { simulate: simulateStore, fewRuns: 150 }],
    ["3", { simulate: simulateShards, fewRuns: 60 }],
    ["4", { simulate: simulateCrowd, fewRuns: 200 }],
  ]);

const { values } = parseArgs({
  options: {
    level: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 0x7fff_ffff) },
    runs: { type: "string", default: "10000" },
    seconds: { type: "string" },
  },
});
const seed = wholeNumber(values.seed);
if (values.seconds === undefined) {
  await run(values.level ?? "1", { seed, runs: wholeNumber(values.runs) });
} else await soak(wholeNumber(values.seconds));

/** Runs one level, or the levels in turn, with one seed after the other, until the time is over. */
async function soak(seconds: number): Promise<void> {
  const levels = values.level === undefined ? [...LEVELS.keys()] : [values.level];
  const endMs = performance.now() + seconds * 1_000;
  for (let next = seed; performance.now() < endMs; next++) {
    for (const level of levels) {
      await run(level, { seed: next, runs: LEVELS.get(level)?.fewRuns ?? 0 });
    }
  }
}

/** Runs one level. A violation ends the process. */
async function run(level: string, { seed, runs }: Campaign): Promise<void> {
  const simulate = LEVELS.get(level)?.simulate;
  if (simulate === undefined) {
    throw new TypeError(
      `There is no level "${level}"; 1 is the log, 2 the store, 3 and 4 shards`,
    );
  }
  console.log(`Level ${level}, seed ${seed}, ${runs} runs`);
  const startMs = performance.now();
  const { violation, summary } = await simulate({ seed, runs });
  const seconds = (performance.now() - startMs) / 1_000;
  if (violation !== undefined) {
    console.error(violation);
    process.exit(1);
  }
  console.log(`${summary}; nothing lost, in ${seconds.toFixed(1)} s`);
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new TypeError(`"${text}" is not a whole number`);
  return number;
}
