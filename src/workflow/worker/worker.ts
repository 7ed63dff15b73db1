/**
 * Claims, works and settles until it is told to end.
 *
 * @module
 */
import { checkObject, invalid } from "../../argument.ts";
import { LEASE_MS } from "../../bounds.ts";
import type { ClaimOptions, FlowRecord, FlowStore } from "../../flow/mod.ts";
import { systemTime, type Time } from "../../time/mod.ts";
import { checkMembers } from "../../unknown_option.ts";
import { checkFlag, checkHandler, checkName, checkWhole, membersOf } from "../argument.ts";
import { checkClaim, claimCommand, type ClaimStates } from "../claim.ts";
import type { CheckedDefinition } from "../definition/definition.ts";
import type { LiveName } from "../definition/state.ts";
import { type LooseJob, type Runner, runnerOf } from "../jobs/run.ts";
import type { SettledJob } from "../jobs/run_options.ts";
import { isStoreEnd } from "../store_end.ts";
import { StoreLimit } from "../store_limit.ts";
import type { Workflow } from "../workflow.ts";
import { Bell } from "./bell.ts";
import { claimBackoffMs } from "./claim_backoff.ts";
import { JobRunner } from "./job_runner.ts";
import type {
  Worker,
  WorkerErrorContext,
  WorkerOptions,
  WorkerPace,
  WorkerStats,
} from "./worker_options.ts";
import { WorkerWarnings } from "./worker_warnings.ts";

const LIMIT = 100;
const CONCURRENCY = 10;
/** Four claims a second of a store that cannot wait; one that can is asked once. */
const INTERVAL_MS = 250;

/** A day: a worker that waits longer than that does not work. */
const INTERVAL_MS_MAX = 86_400_000;

/** Handlers of one process that anybody could want to run at the same time. */
const CONCURRENCY_MAX = 100_000;

const MEMBERS = membersOf<
  WorkerOptions<readonly [], Readonly<Record<string, object>>, "any", true>
>(
  {
    worker: true,
    state: true,
    handler: true,
    handlers: true,
    onOmitted: true,
    limit: true,
    concurrency: true,
    intervalMs: true,
    heartbeat: true,
    signal: true,
    onSettled: true,
    onError: true,
    time: true,
    leaseMs: true,
    priority: true,
    partitionKey: true,
    partitionKeys: true,
    payload: true,
    payloadMaxBytes: true,
    values: true,
    reclaimExpired: true,
    reclaimRatio: true,
  },
);

/**
 * Starts a worker: it claims due flows, runs their handlers side by side, extends their leases, and
 * applies what the handlers say, those of one turn in one command.
 *
 * It waits for work inside the store, without end and without asking again. A claim that fails is
 * told to `onError`, or the process is warned; and it is tried again, after a wait that doubles up to
 * 30 seconds.
 *
 * Throws `invalid_argument` for bad options and a `TypeError` for a handler that is no function.
 *
 * @example
 * ```ts
 * import { ok, openStore, startWorker, type, workflow } from "@flowcask/flowcask";
 *
 * await using store = await openStore(":memory:");
 * const email = workflow({
 *   type: "email",
 *   store,
 *   initialState: "queued",
 *   states: { queued: { payload: type<{ to: string }>() } },
 * });
 * await email.create({ id: "email-1", payload: { to: "ada@example.com" } });
 *
 * const sent = Promise.withResolvers<string>();
 * await using worker = startWorker(email, {
 *   worker: "worker-1",
 *   concurrency: 20,
 *   handlers: {
 *     queued: (job) => {
 *       sent.resolve(job.payload.to);
 *       return ok();
 *     },
 *   },
 * });
 * console.log(await sent.promise); // ada@example.com
 * await worker.drain();
 * ```
 */
export function startWorker<
  T extends string,
  P extends readonly string[],
  S,
  I extends LiveName<S>,
  const C extends ClaimStates<S> = "any",
  Asked extends boolean | undefined = undefined,
>(workflow: Workflow<T, P, S, I>, options: WorkerOptions<P, S, C, Asked>): Worker {
  const plan = planOf(checkedWorkflow(workflow), options);
  return new FlowWorker(workflow.store, plan);
}

/** The workflow itself; refuses what is none, or has no store. */
function checkedWorkflow<W extends object>(workflow: W): W {
  if (typeof workflow === "object" && workflow !== null && "definition" in workflow) {
    if ("store" in workflow) return workflow;
  }
  throw invalid("workflow", workflow, "a workflow() with a store");
}

/** What a worker does, after a check of its options. */
interface WorkerPlan {
  readonly definition: CheckedDefinition;
  readonly runner: Runner;
  readonly command: ClaimOptions;
  readonly limit: number;
  readonly concurrency: number;
  /** The pause where a store cannot wait, or where a claim has failed. */
  readonly intervalMs: number;
  readonly heartbeat: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onSettled: ((settled: SettledJob<LooseJob>) => void) | undefined;
  readonly onError: NonNullable<WorkerPace["onError"]>;
  readonly time: Time;
}

function planOf(
  { definition, store }: { readonly definition: CheckedDefinition; readonly store: FlowStore },
  options: object,
): WorkerPlan {
  const given = checkObject("options", options) as WorkerPace & Readonly<Record<string, unknown>>;
  const { limit, concurrency, intervalMs, heartbeat, signal, time, ...rest } = given;
  const { onSettled, onError, ...others } = rest;
  const runner = runnerOf(definition, others);
  checkMembers("", given, MEMBERS, definition.partitionBy);
  checkName("worker", given.worker);
  checkWhole("limit", limit, { min: 1 });
  checkWhole("concurrency", concurrency, { min: 1, max: CONCURRENCY_MAX });
  checkWhole("intervalMs", intervalMs, { min: 1, max: INTERVAL_MS_MAX });
  checkFlag("heartbeat", heartbeat);
  checkClaim(others);
  if (onSettled !== undefined) checkHandler("onSettled", onSettled);
  if (onError !== undefined) checkHandler("onError", onError);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid("signal", signal, "an AbortSignal");
  }
  const ownTime = time ?? store.time ?? systemTime();
  const about = { worker: given.worker, type: definition.type, time: ownTime };
  const warnings = new WorkerWarnings(about);
  return {
    definition,
    runner,
    command: claimCommand(definition, runner.states, runner.rest),
    limit: limit ?? LIMIT,
    concurrency: concurrency ?? CONCURRENCY,
    intervalMs: intervalMs ?? INTERVAL_MS,
    heartbeat: heartbeat ?? true,
    signal,
    onSettled: onSettled as WorkerPlan["onSettled"],
    onError: onError ?? ((error, context) => warnings.tell(error, context)),
    time: ownTime,
  };
}

class FlowWorker implements Worker {
  readonly ended: Promise<void>;
  readonly #store: FlowStore;
  readonly #plan: WorkerPlan;
  readonly #jobs: JobRunner;
  readonly #claimLimit: StoreLimit;
  /** Ends the claim that waits in the store. */
  readonly #claiming = new AbortController();
  readonly #room: Bell;
  readonly #pause: Bell;
  readonly #onAbort = (): void => void this.stop();
  #claimedCount = 0;
  #errorCount = 0;
  #lastError: unknown;

  constructor(store: FlowStore, plan: WorkerPlan) {
    const { time, signal, definition, runner, heartbeat, command } = plan;
    this.#store = store;
    this.#plan = plan;
    this.#claimLimit = new StoreLimit("limit", plan.limit);
    this.#room = new Bell(time);
    this.#pause = new Bell(time);
    this.#jobs = new JobRunner({
      ...{ definition, store, time, runner, heartbeat },
      leaseMs: command.leaseMs ?? LEASE_MS,
      asked: runner.rest.payload as boolean | undefined,
      onSettled: (settled) => this.#tell(() => plan.onSettled?.(settled)),
      onError: (error, context) => this.#report(error, context),
      onRoom: () => this.#room.ring(),
    });
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#endClaims();
    this.ended = this.#work();
  }

  get stats(): WorkerStats {
    return {
      claimed: this.#claimedCount,
      ...this.#jobs.counts,
      errors: this.#errorCount,
      lastError: this.#lastError,
    };
  }

  drain(): Promise<void> {
    this.#endClaims();
    return this.ended;
  }

  stop(): Promise<void> {
    this.#stop(new DOMException("The worker was stopped", "AbortError"));
    return this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #isEnding(): boolean {
    return this.#claiming.signal.aborted;
  }

  #stop(reason: unknown): void {
    this.#endClaims();
    this.#jobs.stop(reason);
  }

  #endClaims(): void {
    this.#claiming.abort();
    this.#room.ring();
    this.#pause.ring();
  }

  async #work(): Promise<void> {
    await this.#claimUntilEnd();
    await this.#jobs.idle();
    this.#plan.signal?.removeEventListener("abort", this.#onAbort);
  }

  async #claimUntilEnd(): Promise<void> {
    const { time, intervalMs } = this.#plan;
    let failureCount = 0;
    while (!this.#isEnding) {
      const roomCount = this.#roomCount();
      if (roomCount <= 0) {
        await this.#room.wait();
        continue;
      }
      const startMs = time.clock.monotonicMs();
      try {
        const records = await this.#claim(roomCount);
        failureCount = 0;
        // A store that cannot wait without end has waited already, or not at all.
        if (records.length === 0) await this.#pauseUntil(startMs + intervalMs);
      } catch (error) {
        if (this.#isEnding && error === this.#claiming.signal.reason) return;
        this.#report(error, { during: "claim" });
        const { random } = time;
        const waitMs = claimBackoffMs({ failureCount: ++failureCount, intervalMs, error, random });
        await this.#pauseUntil(time.clock.monotonicMs() + waitMs);
      }
    }
  }

  async #claim(roomCount: number): Promise<readonly FlowRecord[]> {
    const { definition, command } = this.#plan;
    const { signal } = this.#claiming;
    const records = await this.#claimLimit.within(
      roomCount,
      (limit) => this.#store.claimDue(definition.type, { ...command, limit, blockMs: 0, signal }),
    );
    this.#claimedCount += records.length;
    for (const record of records) {
      if (this.#isEnding) this.#jobs.handBack(record);
      else this.#jobs.start(record);
    }
    return records;
  }

  /**
   * Jobs that may be claimed now. A job that would have to wait for its handler is left to others;
   * and handlers that end faster than a store can settle do not pile up.
   */
  #roomCount(): number {
    const { concurrency } = this.#plan;
    const { counts, heldCount } = this.#jobs;
    return Math.min(concurrency - counts.running, 2 * concurrency - heldCount);
  }

  async #pauseUntil(untilMs: number): Promise<void> {
    if (!this.#isEnding) await this.#pause.wait(untilMs);
  }

  /** Calls somebody who listens. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (mistake) {
      // Nobody else would ever hear of it, and it must not end the worker.
      this.#plan.time.defer(() => {
        throw mistake;
      });
    }
  }

  #report(error: unknown, context: WorkerErrorContext): void {
    this.#errorCount++;
    this.#lastError = error;
    this.#tell(() => this.#plan.onError(error, context));
    // This store will not come back, and whoever works on a job of it works in vain.
    if (isStoreEnd(error)) this.#stop(error);
  }
}
