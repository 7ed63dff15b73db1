/**
 * Signals of jobs, for as long as their handlers run.
 *
 * @module
 */
import type { FlowStore } from "../../flow/mod.ts";
import type { StateJob } from "./job.ts";

/** What is done with a job while it has a signal of its own. */
type SignalledRun<Result> = (job: StateJob<string, unknown>) => Promise<Result>;

/**
 * A signal that aborts when another one does, or by itself. It lets go of the other at its end: that
 * one may belong to the whole program, and keeps nothing of a handler that is done or left behind.
 */
export class OwnSignal implements Disposable {
  readonly #controller = new AbortController();
  readonly #other: AbortSignal | undefined;
  readonly #passOn = (): void => this.abort(this.#other?.reason);

  /** @param other Whose abort is passed on. A job that came from another thread has none. */
  constructor(other: AbortSignal | undefined) {
    this.#other = other;
    if (other?.aborted) this.#passOn();
    else other?.addEventListener("abort", this.#passOn, { once: true });
  }

  /** The signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts the signal, and not the other one. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Passes nothing on any more. */
  [Symbol.dispose](): void {
    this.#other?.removeEventListener("abort", this.#passOn);
  }
}

/**
 * Does something with a job that no worker holds. Where the store can tell that the lease is lost,
 * the job's signal aborts with it.
 */
export async function runWatched<Result>(
  store: FlowStore,
  job: StateJob<string, unknown>,
  run: SignalledRun<Result>,
): Promise<Result> {
  if (store.watchLease === undefined) return await run(job);
  const own = new OwnSignal(job.signal);
  let unwatch: (() => void) | undefined;
  try {
    unwatch = store.watchLease(job, {
      fencingToken: job.fencingToken,
      onLost: (error) => own.abort(error),
    });
    return await run({ ...job, signal: own.signal });
  } finally {
    unwatch?.();
    own[Symbol.dispose]();
  }
}
