/**
 * Lets handlers run until nothing is due.
 *
 * @module
 */
import { FlowError } from "../errors.ts";
import type { Lease, RunResult } from "../workflow/mod.ts";

/** Jobs after which something is taken to go in circles, unless the options say otherwise. */
const JOBS_MAX = 10_000;

/** One call of `runOnce()`, with the handlers that it needs. */
export type JobRun<Result extends RunResult<Lease> = RunResult<Lease>> = () => Promise<
  readonly Result[]
>;

/** What a {@linkcode JobRun} resolves to for each of its jobs. */
export type ResultOf<Run> = Run extends JobRun<infer Result> ? Result : never;

/** How long {@linkcode runUntilIdle} goes on. */
export interface RunUntilIdleOptions {
  /** The most jobs to run. Default 10,000. */
  readonly jobsMax?: number | undefined;
}

/**
 * Calls `runOnce()` of one or several workflows in turns until none has anything to do, and resolves
 * to what became of all jobs, in order.
 *
 * Time stands still meanwhile, so a retry that waits for its backoff is not due: move time, and call
 * this again. For handlers that wait for time, or for the end of theirs (`handlerTimeoutMs`), move it
 * while they run: call this, move time, and only then wait for what it resolves to. Throws an `Error`
 * that names the flow that ran most often, if there is no end to it.
 *
 * @param runs One call of `runOnce()`, or a list of them.
 * @param options How long to go on.
 *
 * @example
 * ```ts
 * import { ok, workflow } from "@flowcask/flowcask";
 * import { memoryStore, runUntilIdle } from "@flowcask/flowcask/testing";
 *
 * await using store = await memoryStore();
 * const order = workflow({
 *   type: "order",
 *   store,
 *   initialState: "packed",
 *   states: { packed: { onOk: "shipped" }, shipped: {} },
 * });
 * await order.create({ id: "order-1" });
 *
 * const results = await runUntilIdle(() => order.runOnce({ worker: "w", handler: () => ok() }));
 * console.log(results.map(({ job }) => job.state)); // ["packed", "shipped"]
 * console.log((await order.get("order-1"))?.state); // completed
 * ```
 */
export function runUntilIdle<Result extends RunResult<Lease>>(
  runs: JobRun<Result>,
  options?: RunUntilIdleOptions,
): Promise<Result[]>;
/**
 * Calls `runOnce()` of several workflows in turns until none has anything to do.
 *
 * @param runs One call of `runOnce()` each.
 * @param options How long to go on.
 */
export function runUntilIdle<const Runs extends readonly JobRun[]>(
  runs: Runs,
  options?: RunUntilIdleOptions,
): Promise<ResultOf<Runs[number]>[]>;
export async function runUntilIdle(
  runs: JobRun | readonly JobRun[],
  options: RunUntilIdleOptions = {},
): Promise<RunResult<Lease>[]> {
  const { jobsMax = JOBS_MAX } = options;
  if (!Number.isInteger(jobsMax) || jobsMax < 1) {
    throw new FlowError("invalid_argument", `jobsMax is ${jobsMax}, but must be 1 or more`, {
      details: { field: "jobsMax", value: jobsMax, limit: 1 },
    });
  }
  const all = typeof runs === "function" ? [runs] : runs;
  const results: RunResult<Lease>[] = [];
  let countBefore: number;
  do {
    countBefore = results.length;
    for (const run of all) {
      results.push(...await run());
      if (results.length > jobsMax) throw restless(results, jobsMax);
    }
  } while (results.length > countBefore);
  return results;
}

/** Why there is no end to it, as far as can be seen from the jobs. */
function restless(results: readonly RunResult<Lease>[], jobsMax: number): Error {
  const counts = new Map<string, number>();
  let most: RunResult<Lease> | undefined;
  let mostCount = 0;
  for (const result of results) {
    const { id, type, partitionKey } = result.job;
    const key = JSON.stringify([type, partitionKey, id]);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count < mostCount) continue;
    most = result;
    mostCount = count;
  }
  const { id, type, state } = most!.job;
  const said = most!.outcome === undefined ? "was refused" : `said "${most!.outcome.kind}"`;
  return new Error(
    `There is still work after ${jobsMax} jobs of ${counts.size} flows. Most often ran flow "${id}" ` +
      `of type "${type}", ${mostCount} times, last from state "${state}", where its handler ${said}. ` +
      `Does it ever end? If so, raise jobsMax`,
  );
}
