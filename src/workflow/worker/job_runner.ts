/**
 * Runs the jobs of a worker and settles them.
 *
 * @module
 */
import { type FlowError, isFlowError } from "../../errors.ts";
import type { FlowRecord, FlowStore } from "../../flow/mod.ts";
import type { Time } from "../../time/mod.ts";
import { claimedJob } from "../claim.ts";
import type { CheckedDefinition } from "../definition/definition.ts";
import { CAUSES_MAX } from "../jobs/failure.ts";
import type { Outcome } from "../jobs/outcome.ts";
import { type LooseJob, outcomeOf, type Runner, type RunParts, settled } from "../jobs/run.ts";
import type { SettledJob } from "../jobs/run_options.ts";
import { handBackSettlement, type Settlement } from "../jobs/settlement.ts";
import { isStoreEnd } from "../store_end.ts";
import { Heartbeat } from "./heartbeat.ts";
import { SettlementQueue } from "./settlement_queue.ts";
import type { WorkerErrorContext } from "./worker_options.ts";

/** How long to leave a store alone that is overloaded and does not say for how long. */
const RETRY_MS = 1_000;

/** What jobs are run with. */
export interface JobRunnerOptions {
  /** The workflow. */
  readonly definition: CheckedDefinition;
  /** Where its flows live. */
  readonly store: FlowStore;
  /** Clock, alarms and turns. */
  readonly time: Time;
  /** The handlers. */
  readonly runner: Runner;
  /** How long the leases last, in milliseconds. */
  readonly leaseMs: number;
  /** Whether to extend them. */
  readonly heartbeat: boolean;
  /** Whether claims ask for payloads; undefined: what the states say. */
  readonly asked: boolean | undefined;
  /** Hears of what was settled. */
  readonly onSettled: (settled: SettledJob<LooseJob>) => void;
  /** Hears of what goes wrong outside the handlers. */
  readonly onError: (error: unknown, context: WorkerErrorContext) => void;
  /** Called at the end of a turn in which handlers ended, after their outcomes were sent. */
  readonly onRoom: () => void;
}

/** What became of jobs so far. */
export interface JobCounts {
  /** Handlers that run now. */
  running: number;
  /** Jobs whose outcome was applied. */
  settled: number;
  /** Jobs whose outcome was refused. */
  refused: number;
  /** Jobs whose lease was lost. */
  lost: number;
  /** Jobs that were handed back. */
  handedBack: number;
  /** Jobs whose handlers ran for too long. */
  timedOut: number;
  /** Handlers that ran for too long, and still do. */
  abandoned: number;
}

/** A job, and what the worker knows about it. */
interface HeldJob {
  readonly job: LooseJob;
  readonly controller: AbortController;
  isLost: boolean;
}

/** Runs jobs side by side. Outcomes of one turn travel together. */
export class JobRunner {
  /** What became of jobs so far. */
  readonly counts: JobCounts = {
    ...{ running: 0, settled: 0, refused: 0, lost: 0, handedBack: 0, timedOut: 0, abandoned: 0 },
  };
  readonly #options: JobRunnerOptions;
  readonly #heartbeat: Heartbeat<HeldJob> | undefined;
  readonly #parts: RunParts;
  readonly #queue: SettlementQueue;
  readonly #held = new Set<HeldJob>();
  readonly #tasks = new Set<Promise<void>>();
  #stopReason: unknown;
  #isTurnEnding = false;

  /** A runner without jobs. */
  constructor(options: JobRunnerOptions) {
    const { definition, store, time, leaseMs } = options;
    this.#options = options;
    this.#parts = {
      ...{ definition, time, store },
      onAbandoned: () => {
        this.counts.timedOut++;
        this.counts.abandoned++;
      },
      onLateEnd: () => void this.counts.abandoned--,
    };
    this.#queue = new SettlementQueue(store, time);
    if (!options.heartbeat) return;
    this.#heartbeat = new Heartbeat({
      time,
      leaseMs,
      extend: ({ job: { id, partitionKey, leaseToken, fencingToken } }) =>
        store.extendLease({ id, partitionKey }, { leaseToken, fencingToken, leaseMs }),
      onLost: (held, error) => this.#lose(held, error),
      onError: ({ job }, error) => options.onError(error, { during: "heartbeat", job }),
    });
  }

  /** Jobs that are held, whether their handlers run or their outcomes are on the way. */
  get heldCount(): number {
    return this.#held.size;
  }

  /** Runs the handler of a flow that was claimed just now. */
  start(record: FlowRecord): void {
    const held = this.#hold(record);
    this.#track(this.#work(held));
  }

  /** Hands back a flow that was claimed just now. */
  handBack(record: FlowRecord): void {
    this.#track(this.#giveBack(this.#hold(record)));
  }

  /** Aborts the signals of all jobs. Their leases are extended on, unless the store has ended. */
  stop(reason: unknown): void {
    // The first, which is what the signals carry.
    this.#stopReason ??= reason;
    if (isStoreEnd(reason)) this.#heartbeat?.end();
    for (const { controller } of this.#held) controller.abort(reason);
  }

  /** Resolves when no job is held any more. */
  async idle(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  #hold(record: FlowRecord): HeldJob {
    const { definition, asked } = this.#options;
    const controller = new AbortController();
    const job = claimedJob(definition, record, { asked, signal: controller.signal });
    const held = { job, controller, isLost: false };
    this.#held.add(held);
    return held;
  }

  #release(held: HeldJob): void {
    this.#heartbeat?.remove(held);
    this.#held.delete(held);
  }

  #track(task: Promise<void>): void {
    this.#tasks.add(task);
    task.finally(() => this.#tasks.delete(task));
  }

  async #work(held: HeldJob): Promise<void> {
    const outcome = await this.#run(held);
    if (held.isLost) {
      this.#release(held);
      this.#endTurn();
    } else if (this.#isInterruption(outcome)) {
      await this.#giveBack(held);
    } else {
      await this.#settle(held, outcome);
    }
  }

  async #run(held: HeldJob): Promise<Outcome> {
    const { store, runner } = this.#options;
    const { job } = held;
    this.counts.running++;
    this.#heartbeat?.add(held);
    let unwatch: (() => void) | undefined;
    try {
      unwatch = store.watchLease?.(job, {
        fencingToken: job.fencingToken,
        // What becomes of a job after that is refused by the store, and told as that.
        onLost: (error) => isStoreEnd(error) ? this.stop(error) : this.#lose(held, error),
      });
      return await outcomeOf(runner, job, this.#parts);
    } finally {
      unwatch?.();
      this.counts.running--;
    }
  }

  async #settle(held: HeldJob, outcome: Outcome): Promise<void> {
    const { definition, time, onSettled, onError } = this.#options;
    const { job } = held;
    try {
      const send = (settlement: Settlement): Promise<FlowRecord> => this.#send(held, settlement);
      const said = await settled(definition, job, { outcome, send });
      this.counts.settled++;
      onSettled({ job, ...said });
    } catch (error) {
      this.counts.refused++;
      onError(error, { during: "settle", job });
      // Children are new work, of which a store may have had enough; their parent is old work.
      if (outcome.kind === "fanout" && isFlowError(error, "overloaded")) {
        await this.#giveBack(held, time.clock.wallMs() + retryMsOf(error));
      }
    } finally {
      this.#release(held);
      this.#endTurn();
    }
  }

  /**
   * @param runAtMs When the flow is due again. Default: before whatever else waits in its state, since
   *   it was at the front when it was claimed.
   */
  async #giveBack(held: HeldJob, runAtMs = held.job.record.createdAtMs): Promise<void> {
    const { job } = held;
    try {
      await this.#send(held, handBackSettlement(job, runAtMs));
      this.counts.handedBack++;
    } catch (error) {
      this.#options.onError(error, { during: "handBack", job });
    } finally {
      this.#release(held);
    }
  }

  /** Whether a handler gave up because it was told to, and not because of its job. */
  #isInterruption(outcome: Outcome): boolean {
    return this.#stopReason !== undefined && outcome.kind === "error" &&
      isAbort(outcome.reason, this.#stopReason);
  }

  #lose(held: HeldJob, error: unknown): void {
    if (held.isLost) return;
    this.#heartbeat?.remove(held);
    held.isLost = true;
    this.counts.lost++;
    held.controller.abort(error);
  }

  /** Keeps the lease until then: a fan-out may have to wait for its turn. */
  #send(held: HeldJob, settlement: Settlement): Promise<FlowRecord> {
    const sent = this.#queue.add(settlement, () => this.#heartbeat?.remove(held));
    this.#endTurn();
    return sent;
  }

  /** Lets everything else that ends in this turn join, and then sends it with one command a kind. */
  #endTurn(): void {
    if (this.#isTurnEnding) return;
    this.#isTurnEnding = true;
    this.#options.time.defer(() => {
      this.#isTurnEnding = false;
      this.#queue.flush();
      this.#options.onRoom();
    });
  }
}

/**
 * Whether an exception says that a signal was aborted: the signal's reason, what was caused by it, or
 * what platforms throw that do not pass reasons on.
 */
function isAbort(thrown: unknown, reason: unknown): boolean {
  let error = thrown;
  try {
    for (let depth = 0; depth <= CAUSES_MAX && error !== undefined; depth++) {
      if (error === reason) return true;
      if (!(error instanceof Error)) return false;
      if (error.name === "AbortError") return true;
      error = error.cause;
    }
  } catch {
    // It throws when it is asked: whatever it is, it is none.
  }
  return false;
}

/** How long a store that is overloaded wants to be left alone. */
function retryMsOf({ details: { retryAfterMs } }: FlowError): number {
  return typeof retryAfterMs === "number" ? retryAfterMs : RETRY_MS;
}
