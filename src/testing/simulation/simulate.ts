/**
 * A program that crashes again and again, on a machine that is only simulated.
 *
 * @module
 */
import { checkInteger, checkObject } from "../../argument.ts";
import type { OpenOptions } from "../../engine/mod.ts";
import { seededRandom } from "../../time/mod.ts";
import { checkMembers } from "../../unknown_option.ts";
import { planCrashes } from "./crash_plan.ts";
import type { ScenarioFactory } from "./scenario.ts";
import { SimulationFailure } from "./simulation_failure.ts";
import { type RunOptions, SimulationRun } from "./simulation_run.ts";

/** How to {@linkcode simulate}. */
export interface SimulateOptions {
  /** Runs with crashes. Default 100. */
  readonly runs?: number | undefined;
  /** Decides everything that is left to chance: the same seed, the same crashes. Default 1. */
  readonly seed?: number | undefined;
  /** Only this run, besides the one without a crash: to see a failure again. Default: all. */
  readonly only?: number | undefined;
  /**
   * For how long a process goes on if it does not crash, in simulated milliseconds: until its flows
   * have come to their end, with all their retries. Default 600,000, ten minutes.
   */
  readonly processMs?: number | undefined;
  /** How the store is opened. Default: as `openStore()` does by itself. */
  readonly store?: Omit<OpenOptions, "dir" | "files" | "time"> | undefined;
}

/** What a simulation has done. */
export interface SimulationReport {
  /** Runs with crashes that were planned, and all of which were as they should be. */
  readonly runs: number;
  /** Calls that changed the disk in the run without a crash: as many places for the first crash. */
  readonly callCount: number;
  /** Crashes that took what was not synced. */
  readonly powerCuts: number;
  /** Crashes that took the process alone. */
  readonly kills: number;
}

const OPTIONS = ["runs", "seed", "only", "processMs", "store"] as const satisfies readonly (
  keyof SimulateOptions
)[];

const RUNS = 100;
const RUNS_MAX = 1_000_000;
const SEED_MAX = 0xffff_ffff;
const PROCESS_MS = 600_000;
const PROCESS_MS_MAX = 365 * 86_400_000;

/**
 * Lets a program crash at every place, and looks whether it does what it should all the same.
 *
 * A run has a simulated disk, time that is moved from alarm to alarm, and one process after the
 * other. Each opens the store and calls `start()`; then time passes. Within a call that changes the
 * disk, a write or a sync, power goes or the process is killed: between what a handler has done and
 * what it says about it, in the middle of a command, during recovery. Nothing of the process goes on
 * then, calls of its store included. The next one finds what the disk has kept. The last one comes to
 * its end, and `check()` looks at what there is.
 *
 * First comes a run without a crash. The first crashes of the others are spread over all its calls:
 * with as many runs as it has calls, or more, each is struck. Further crashes of a run come by chance.
 * The same seed does the same again, as long as the program takes time and randomness from its store
 * (`store.time`), and what it talks to answers at once or after `sleep()` of its process.
 *
 * Rejects with a {@linkcode SimulationFailure} for the first run that fails: it tells how its
 * processes ended, and how to see it again. `invalid_argument` for bad options.
 *
 * @param scenario Makes a scenario for each run.
 * @param options How often, and from which seed.
 *
 * @example
 * ```ts
 * import { complete, ok, startWorker, type, workflow } from "@flowcask/flowcask";
 * import { simulate } from "@flowcask/flowcask/testing";
 *
 * const payment = workflow({
 *   type: "payment",
 *   initialState: "due",
 *   states: { due: { payload: type<number>(), onOk: complete() } },
 * });
 *
 * const report = await simulate(() => {
 *   const charges = new Map<string, number>(); // the bank: it outlives our crashes
 *   return {
 *     async start(store) {
 *       const payments = payment.on(store);
 *       await payments.create({ id: "payment-1", payload: 100, idempotent: true });
 *       startWorker(payments, {
 *         worker: "worker-1",
 *         handler: (job) => {
 *           charges.set(job.id, job.payload); // by id, so that a second time does no harm
 *           return ok();
 *         },
 *       });
 *     },
 *     async check(store) {
 *       const { state } = (await payment.on(store).get("payment-1"))!;
 *       if (state !== "completed") throw new Error(`The payment is ${state}`);
 *       if (charges.size !== 1) throw new Error(`${charges.size} charges`);
 *     },
 *   };
 * });
 * console.log(report.runs, report.powerCuts > 0); // 100 true
 * ```
 */
export async function simulate(
  scenario: ScenarioFactory,
  options: SimulateOptions = {},
): Promise<SimulationReport> {
  const { runs, seed, only, processMs, store } = checkedOptions(options);
  const report = { runs: 0, callCount: 0, powerCuts: 0, kills: 0 };

  async function play(number: number): Promise<number> {
    const random = seededRandom(seed + Math.imul(number, 0x9e37_79b1));
    const { callCount } = report;
    const crashes = number === 0 ? [] : planCrashes({ number, count: runs, callCount }, random);
    const run = new SimulationRun({ processMs, store, random });
    try {
      const made = await scenario({ run: number, random: seededRandom(random.u32()) });
      await run.finish(made, crashes);
    } catch (error) {
      throw new SimulationFailure({ run: number, runs, seed, story: run.story }, error);
    }
    report.powerCuts += run.endingCounts.power;
    report.kills += run.endingCounts.kill;
    return run.callCount;
  }

  report.callCount = await play(0);
  for (let number = 1; number <= runs; number++) {
    if (only !== undefined && number !== only) continue;
    await play(number);
    report.runs++;
  }
  return report;
}

interface CheckedOptions extends Omit<RunOptions, "random"> {
  readonly runs: number;
  readonly seed: number;
  readonly only: number | undefined;
}

function checkedOptions(options: SimulateOptions): CheckedOptions {
  checkObject("options", options);
  checkMembers("", options, OPTIONS);
  const { runs = RUNS, seed = 1, only, processMs = PROCESS_MS, store = {} } = options;
  checkInteger("runs", runs, 1, RUNS_MAX);
  return {
    runs,
    seed: checkInteger("seed", seed, 0, SEED_MAX),
    only: only === undefined ? undefined : checkInteger("only", only, 0, runs),
    processMs: checkInteger("processMs", processMs, 1, PROCESS_MS_MAX),
    store: checkObject("store", store),
  };
}
