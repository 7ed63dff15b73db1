import type { Ending, Fault, FileCall, Keep } from "../../src/files/mod.ts";
import { assert } from "../assert.ts";
import { test } from "../harness.ts";
import type { EngineReport } from "../simulation/engine/report.ts";
import type { EngineOp, LogTemper } from "../simulation/engine/scenario.ts";
import { runEngineScenario } from "../simulation/engine/simulation.ts";

/** A day in the life of a store: whatever callers do, with rests, pauses and a restart. */
const day: readonly EngineOp[] = Array.from({ length: 24 }, (_, hour): EngineOp[] => [
  { kind: "call", dice: 7_919 * hour },
  { kind: "call", dice: 104_729 * hour + 1 },
  hour % 6 === 5 ? { kind: "advance", ms: 150 } : { kind: "turn" },
  ...hour % 8 === 7 ? [{ kind: "close", isQuiet: true, downMs: 30 } as const] : [],
]).flat();

/** A run that would end otherwise. */
const LOOPS_MAX = 1_000;

/** Where the log is written. */
type Pace = LogTemper["pace"];

const paces: readonly Pace[] = ["inline", "thread"];

function live(first: readonly EngineOp[], temper: Partial<LogTemper>): Promise<EngineReport> {
  const fixed = { voidPercent: 0, losePercent: 0, pace: "inline" } as const;
  const ops = [...first, ...day];
  return runEngineScenario({ seed: 1, temper: { ...fixed, ...temper }, familyPercent: 0, ops });
}

/** Does something to the first, second, third call, until there is no such call any more. */
async function untilSpared(
  pace: Pace,
  strike: (calls: number) => EngineOp,
  struck: RegExp,
): Promise<number> {
  for (let calls = 0; calls < LOOPS_MAX; calls++) {
    const { trace } = await live([strike(calls)], { pace });
    if (!struck.test(trace)) return calls;
  }
  return LOOPS_MAX;
}

const crashes: readonly { readonly what: string; readonly ending: Ending; readonly keep: Keep }[] =
  [
    { what: "a power cut that leaves none", ending: "power", keep: "none" },
    { what: "a power cut that leaves chance", ending: "power", keep: "chance" },
    { what: "a kill", ending: "kill", keep: "none" },
  ];

for (const pace of paces) {
  for (const { what, ending, keep } of crashes) {
    test(`A store over a log ${pace} survives ${what} in every call on the disk`, async () => {
      const calls = await untilSpared(
        pace,
        (calls) => ({ kind: "cut", calls, ending, keep }),
        /→ (POWER CUT|KILLED)/,
      );
      assert(calls > 40 && calls < LOOPS_MAX, `${calls} calls`);
    });
  }
}

const faults: readonly { readonly call: FileCall; readonly code: string; readonly min: number }[] =
  [
    { call: "write", code: "EIO", min: 15 },
    { call: "write", code: "ENOSPC", min: 15 },
    { call: "flush", code: "EIO", min: 15 },
    { call: "sync", code: "EIO", min: 3 },
    { call: "open", code: "EIO", min: 10 },
    { call: "read", code: "EIO", min: 10 },
  ];

for (const pace of paces) {
  for (const { call, code, min } of faults) {
    test(`A store over a log ${pace} survives ${code} of every ${call}`, async () => {
      const calls = await untilSpared(pace, (after) => {
        const fault: Fault = { call, code, after, keep: "none" };
        return { kind: "fault", fault };
      }, new RegExp(`→ ${code}`));
      assert(calls >= min && calls < LOOPS_MAX, `${calls} calls`);
    });
  }
}

for (const moment of ["before", "between", "after"] as const) {
  test(`A store survives the end of its log thread ${moment} every order`, async () => {
    let order = 0;
    while (order < LOOPS_MAX) {
      const { lossCount } = await live([], { pace: "thread", death: { order, moment } });
      if (lossCount === 0) break;
      order += 1;
    }
    assert(order > 5 && order < LOOPS_MAX, `${order} orders`);
  });
}
