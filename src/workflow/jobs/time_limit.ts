/**
 * An end for handlers that have none.
 *
 * @module
 */
import { FlowError } from "../../errors.ts";
import type { Time } from "../../time/mod.ts";
import type { CheckedDefinition } from "../definition/definition.ts";
import type { StateJob } from "./job.ts";
import { OwnSignal } from "./job_signal.ts";

/** A handler that wants nothing but its job. */
type JobRun = (job: StateJob<string, unknown>) => unknown;

/** Where limits are declared, what they are measured by, and who hears of what goes beyond them. */
export interface TimeLimits {
  /** The workflow. */
  readonly definition: CheckedDefinition;
  /** Clock and alarms. */
  readonly time: Time;
  /** Called when nobody waits for a handler any more that still runs. */
  readonly onAbandoned?: (() => void) | undefined;
  /** Called when such a handler has ended after all. */
  readonly onLateEnd?: (() => void) | undefined;
}

/**
 * Runs a handler, and waits for it for as long as its state says. After that this rejects with
 * `handler_timeout`, the signal of the job is aborted with the same error, and what the handler says
 * or throws goes nowhere.
 */
export async function runInTime(
  run: JobRun,
  job: StateJob<string, unknown>,
  limits: TimeLimits,
): Promise<unknown> {
  const limitMs = limits.definition.states.get(job.state)?.handlerTimeoutMs ?? null;
  return limitMs === null ? await run(job) : await runUntil(run, job, { ...limits, limitMs });
}

function runUntil(
  run: JobRun,
  job: StateJob<string, unknown>,
  { time, limitMs, onAbandoned, onLateEnd }: TimeLimits & { readonly limitMs: number },
): Promise<unknown> {
  const own = new OwnSignal(job.signal);
  return new Promise((resolve, reject) => {
    let isOver = false;
    const alarm = time.alarm(() => {
      isOver = true;
      const error = timeout(job, limitMs);
      // In this order: what a handler says because its signal was aborted comes too late.
      reject(error);
      onAbandoned?.();
      own.abort(error);
      own[Symbol.dispose]();
    });
    alarm.set(time.clock.monotonicMs() + limitMs, { keepAlive: true });
    const end = (): void => {
      alarm.clear();
      own[Symbol.dispose]();
      if (isOver) onLateEnd?.();
    };
    Promise.try(run, { ...job, signal: own.signal }).then(resolve, reject).finally(end);
  });
}

function timeout({ id, state }: StateJob<string, unknown>, limitMs: number): FlowError {
  const error = new FlowError(
    "handler_timeout",
    `The handler of flow "${id}" ran for longer than the ${limitMs} ms that state "${state}" ` +
      `allows by handlerTimeoutMs`,
    { details: { field: "handlerTimeoutMs", id, state, limit: limitMs } },
  );
  // It is kept with the flow, and would show the way from an alarm to here.
  error.stack = String(error);
  return error;
}
