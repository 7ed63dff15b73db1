/**
 * What a worker does with errors that nobody has asked for.
 *
 * @module
 */
import { isFlowError } from "../../errors.ts";
import type { Time } from "../../time/mod.ts";
import { CAUSES_MAX, messageOf } from "../jobs/failure.ts";
import { warn } from "../warning.ts";
import type { WorkerErrorContext } from "./worker_options.ts";

/** How long nothing is said about more errors of the same kind, in milliseconds. */
const SILENCE_MS = 60_000;

const ADVICE = "Give startWorker() an onError to hear of every error instead";

/** Who warns, and by which time. */
export interface WorkerWarningsOptions {
  /** The name of the worker. */
  readonly worker: string;
  /** The workflow type. */
  readonly type: string;
  /** Its clock says for how long a warning is enough. */
  readonly time: Time;
}

/** The last warning about errors of a kind, and how many came after it. */
interface Warned {
  readonly atMs: number;
  unsaidCount: number;
}

/** Warns of errors: at once of the first of each kind, then once a minute. */
export class WorkerWarnings {
  readonly #options: WorkerWarningsOptions;
  readonly #warned = new Map<string, Warned>();

  /** Nothing has gone wrong yet. */
  constructor(options: WorkerWarningsOptions) {
    this.#options = options;
  }

  /** Warns of an error, or counts it. */
  tell(error: unknown, context: WorkerErrorContext): void {
    // Workers end with their store. Whoever has closed it knows.
    const hasEnded = isFlowError(error, "store_closed");
    if (hasEnded && (context.during === "claim" || context.during === "heartbeat")) return;
    const kind = `${context.during}:${codeOf(error)}`;
    const nowMs = this.#options.time.clock.monotonicMs();
    const last = this.#warned.get(kind);
    if (last !== undefined && nowMs - last.atMs < SILENCE_MS) {
      last.unsaidCount++;
      return;
    }
    this.#warned.set(kind, { atMs: nowMs, unsaidCount: 0 });
    warn(this.#textOf(error, context, last?.unsaidCount ?? 0), {
      cause: error,
      detail: [...causeLines(error), ADVICE].join("\n"),
    });
  }

  #textOf(error: unknown, { during, job }: WorkerErrorContext, unsaidCount: number): string {
    const { worker, type } = this.#options;
    const flow = job === undefined ? "" : ` flow "${job.id}"`;
    const what = {
      claim: "claim",
      heartbeat: `extend the lease of${flow}`,
      settle: `settle${flow}`,
      handBack: `hand back${flow}`,
    };
    const before = unsaidCount === 0 ? "" : ` (after ${unsaidCount} more like this)`;
    const could = `Worker "${worker}" of type "${type}" could not ${what[during]}`;
    return `${could}${before}: ${messageOf(error)}`;
  }
}

/** What led to an error, a line for each. What prints a warning shows no causes. */
function causeLines(error: unknown): string[] {
  const causes: string[] = [];
  let last = error;
  while (last instanceof Error && last.cause !== undefined && causes.length < CAUSES_MAX) {
    last = last.cause;
    causes.push(`Caused by: ${messageOf(last)}`);
  }
  return causes;
}

function codeOf(error: unknown): string {
  if (isFlowError(error)) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
