/**
 * Runs a simulation for as long as one likes: `deno task simulate --level 1 --runs 100000`.
 *
 * Level 1 is the log. A violation ends the run with exit code 1 and the command that repeats it.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { checkLogScenarios } from "./log_property.ts";

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
if (values.level !== "1") throw new TypeError(`There is no level "${values.level}"; the log is 1`);

console.log(`Level 1, seed ${seed}, ${runs} runs`);
const startMs = performance.now();
let openings = 0;
let frames = 0;
let refusals = 0;
const { violation } = checkLogScenarios({
  seed,
  runs,
  onRun(report) {
    openings += report.openingCount;
    frames += report.committedCount;
    refusals += Number(report.isRefused);
  },
});
const seconds = (performance.now() - startMs) / 1_000;
if (violation !== undefined) {
  console.error(violation);
  process.exit(1);
}
console.log(
  `${openings} openings, ${frames} frames committed, ${refusals} logs refused after damage; ` +
    `nothing lost, in ${seconds.toFixed(1)} s`,
);
