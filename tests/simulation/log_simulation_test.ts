import process from "node:process";
import { assert, assertEquals, assertNotEquals, fail } from "../assert.ts";
import { test } from "../harness.ts";
import { checkLogScenarios } from "./log/property.ts";
import type { LogScenario } from "./log/scenario.ts";
import { type LogReport, runLogScenario } from "./log/simulation.ts";
import { logMutants } from "./mutants/log.ts";

/** Seed and runs of a long night: `FLOWCASK_SEED` and `FLOWCASK_RUNS`, which multiplies. */
const SEED = Number(process.env["FLOWCASK_SEED"] ?? Date.now() % 0x7fff_ffff);
const BATCH_RUNS = 500 * Number(process.env["FLOWCASK_RUNS"] ?? 1);

/** Small enough for the patience of every runtime's test function. */
const BATCHES = [1, 2, 3, 4, 5, 6, 7, 8];

/** A mutant that lives longer than this is not noticed. */
const MUTANT_RUNS_MAX = 5_000;

/** The same mutants are to be found in the same runs on every machine. */
const MUTANT_SEED = 7;

/** Scenarios that once found something wrong, with what it was. */
const found: Readonly<Record<string, LogScenario>> = {
  "a segment was made while the first manifest was in the page cache only": {
    seed: 0,
    ops: [
      { kind: "fault", fault: { call: "flush", after: 0, code: "EIO", keep: "none" } },
      { kind: "cut", calls: 5, ending: "power", keep: "chance" },
      { kind: "append", count: 1, bytes: 0, syncFails: false },
    ],
  },
  "a cut whose sync had failed made a sealed segment longer than the manifest said": {
    seed: 205220048,
    ops: [
      { kind: "mark" },
      { kind: "crash", ending: "kill", keep: "chance", cut: 4 },
      { kind: "append", count: 2, bytes: 201, syncFails: true },
      { kind: "append", count: 1, bytes: 297, syncFails: false },
      { kind: "append", count: 1, bytes: 0, syncFails: false },
    ],
  },
  "one misdirected piece took a sealed segment's frames and the manifest that had sealed it": {
    seed: 1162264954,
    ops: [
      { kind: "crash", ending: "power", keep: "none", cut: 1 },
      { kind: "append", count: 2, bytes: 23, syncFails: false },
      { kind: "fault", fault: { call: "write", after: 4, code: "ENOSPC", keep: "none" } },
      { kind: "append", count: 2, bytes: 23, syncFails: false },
      { kind: "append", count: 1, bytes: 0, syncFails: false },
      { kind: "append", count: 1, bytes: 0, syncFails: false },
      { kind: "damage", how: "misdirect", file: 73, at: 0, ending: "power" },
      { kind: "append", count: 1, bytes: 0, syncFails: false },
    ],
  },
};

for (const batch of BATCHES) {
  test(`The log keeps what it has committed, whatever happens, in batch ${batch} of runs`, () => {
    const reports: LogReport[] = [];
    const { violation } = checkLogScenarios({
      seed: SEED + batch,
      runs: BATCH_RUNS,
      onRun: (report) => reports.push(report),
    });
    if (violation !== undefined) fail(violation);
    // A simulation in which nothing happens proves nothing.
    const openings = reports.reduce((sum, { openingCount }) => sum + openingCount, 0);
    const frames = reports.reduce((sum, { committedCount }) => sum + committedCount, 0);
    assert(openings > BATCH_RUNS && frames > BATCH_RUNS, `${openings} openings, ${frames} frames`);
    assert(reports.some(({ isRefused }) => isRefused), "No damage was ever noticed");
  });
}

for (const [what, scenario] of Object.entries(found)) {
  test(`The log is right where once ${what}`, () => {
    runLogScenario(scenario);
  });
}

for (const mutant of logMutants) {
  test(`The simulation notices the mutant ${mutant.name}`, () => {
    const { violation } = checkLogScenarios({
      seed: MUTANT_SEED,
      runs: MUTANT_RUNS_MAX,
      practice: mutant,
      shrinks: false,
    });
    assert(violation !== undefined, `Nothing was wrong in ${MUTANT_RUNS_MAX} runs`);
  });
}

test("runLogScenario() makes the same calls for the same seed, and others for another", () => {
  const scenario: LogScenario = {
    seed: 7,
    ops: [
      { kind: "append", count: 2, bytes: 900, syncFails: false },
      { kind: "cut", calls: 1, ending: "power", keep: "chance" },
      { kind: "append", count: 1, bytes: 1_200, syncFails: false },
      { kind: "append", count: 1, bytes: 700, syncFails: true },
      { kind: "crash", ending: "kill", keep: "chance", cut: 3 },
      { kind: "append", count: 3, bytes: 300, syncFails: false },
      { kind: "damage", how: "bit", file: 2, at: 12_345, ending: "power" },
    ],
  };
  const first = runLogScenario(scenario);
  assertEquals(runLogScenario(scenario), first);
  const others = [8, 9, 10, 11].map((seed) => runLogScenario({ ...scenario, seed }).trace);
  assert(others.some((trace) => trace !== first.trace), "The seed changes nothing");
});

test("checkLogScenarios() draws the same scenarios for the same seed", () => {
  const tracesOf = (seed: number): string[] => {
    const traces: string[] = [];
    checkLogScenarios({ seed, runs: 50, onRun: ({ trace }) => traces.push(trace) });
    return traces;
  };
  assertEquals(tracesOf(3), tracesOf(3));
  assertNotEquals(tracesOf(3), tracesOf(4));
});
