import { assert } from "../assert.ts";
import { test } from "../harness.ts";
import type { Ending, Fault, FileCall, Keep } from "../../src/files/mod.ts";
import type { EngineOp, EngineScenario, LogTemper } from "../simulation/engine_scenario.ts";
import { type EngineReport, runEngineScenario } from "../simulation/engine_simulation.ts";

/** A day in the life of a store: whatever callers do, with rests, pauses and a restart. */
const day: readonly EngineOp[] = Array.from({ length: 24 }, (_, hour): EngineOp[] => [
  { kind: "call", dice: 7_919 * hour },
  { kind: "call", dice: 104_729 * hour + 1 },
  hour % 6 === 5 ? { kind: "advance", ms: 150 } : { kind: "turn" },
  ...hour % 8 === 7 ? [{ kind: "close", isQuiet: true, downMs: 30 } as const] : [],
]).flat();

/** A run that would end otherwise. */
const LOOPS_MAX = 1_000;

function live(first: EngineOp): Promise<EngineReport> {
  const temper: LogTemper = { voidPercent: 0, losePercent: 0, pace: "inline" };
  const scenario: EngineScenario = { seed: 1, temper, ops: [first, ...day] };
  return runEngineScenario(scenario);
}

/** Does something to the first, second, third call, until there is no such call any more. */
async function untilSpared(strike: (calls: number) => EngineOp, struck: RegExp): Promise<number> {
  for (let calls = 0; calls < LOOPS_MAX; calls++) {
    const { trace } = await live(strike(calls));
    if (!struck.test(trace)) return calls;
  }
  return LOOPS_MAX;
}

for (const ending of ["power", "kill"] as Ending[]) {
  for (const keep of (ending === "power" ? ["none", "chance"] : ["none"]) as Keep[]) {
    const what = ending === "kill" ? "a kill" : `a power cut that leaves ${keep}`;
    test(`A store survives ${what} in every call on the disk`, async () => {
      const calls = await untilSpared(
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

for (const { call, code, min } of faults) {
  test(`A store survives ${code} of every ${call}`, async () => {
    const calls = await untilSpared((after) => {
      const fault: Fault = { call, code, after, keep: "none" };
      return { kind: "fault", fault };
    }, new RegExp(`→ ${code}`));
    assert(calls >= min && calls < LOOPS_MAX, `${calls} calls`);
  });
}
