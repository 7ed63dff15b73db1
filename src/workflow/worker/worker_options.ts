/**
 * How a worker works, and what can be seen of it.
 *
 * @module
 */
import type { ClaimOptions } from "../../flow/mod.ts";
import type { Time } from "../../time/mod.ts";
import type { PayloadChoice } from "../claim.ts";
import type { PartitionFilter } from "../definition/partition_key.ts";
import type { LiveName } from "../definition/state.ts";
import type { Job, Lease } from "../jobs/job.ts";
import type { HandleOptions, HandlerChoice, SettledJob } from "../jobs/run_options.ts";

/** What a worker claims, and how fast. */
export interface WorkerPace
  extends Omit<ClaimOptions, "state" | "states" | "payload" | "lostLeases" | "blockMs" | "nowMs"> {
  /** The most jobs of one claim. Default 100. Of a store that takes fewer at once it asks for those. */
  readonly limit?: number | undefined;
  /** The most handlers that run at the same time. A claim asks for no more jobs. Default 10. */
  readonly concurrency?: number | undefined;
  /**
   * The pause between claims where a store cannot wait for work, and the first one after a claim that
   * has failed, in milliseconds. Default 250. A store that can wait is asked once, and answers when
   * there is something to do.
   */
  readonly intervalMs?: number | undefined;
  /** Whether to extend leases while handlers run, at a third of their length. Default true. */
  readonly heartbeat?: boolean | undefined;
  /** Stops the worker, as `stop()` does. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Hears of everything that went wrong outside the handlers. That a lease was lost is told by the
   * job's signal, and counted. A throw in it is not caught.
   *
   * Default: the process is warned, at most once a minute of errors that are alike. Such a warning is
   * printed, and `process.on("warning")` hears of it under the name `FlowcaskWarning`, with the error
   * as its cause.
   */
  readonly onError?: ((error: unknown, context: WorkerErrorContext) => void) | undefined;
  /** Clock, alarms and randomness. Default: the store's, else the machine's. */
  readonly time?: Time | undefined;
}

/** Who hears of what becomes of a worker's jobs. */
export interface WorkerListener<S, Asked extends boolean | undefined> {
  /**
   * Hears of every job that was settled, when that is on disk: what its handler said, and the flow
   * after it. So it is the place for logs and counts of what handlers do. A throw in it is not caught.
   *
   * No handler settles a flow that is given up because its leases were lost (`maxReclaims`) or that
   * somebody cancels: of those `store.events()` tells.
   */
  readonly onSettled?: ((settled: SettledJob<Job<S, LiveName<S>, Asked>>) => void) | undefined;
}

/** Where a worker's error comes from. */
export interface WorkerErrorContext {
  /** What the worker was doing. */
  readonly during: "claim" | "heartbeat" | "settle" | "handBack";
  /** The job, if it was about one. */
  readonly job?: Lease | undefined;
}

/**
 * Options of `startWorker()`.
 *
 * @typeParam P The partition fields.
 * @typeParam S The states of the workflow.
 * @typeParam C The states that the worker claims from.
 * @typeParam Asked What `payload` says; undefined: it is not given.
 */
export type WorkerOptions<P extends readonly string[], S, C, Asked extends boolean | undefined> =
  & WorkerPace
  & WorkerListener<S, Asked>
  & PayloadChoice<Asked>
  & PartitionFilter<P>
  & HandleOptions
  & HandlerChoice<S, C, Asked>;

/** What a worker has done so far. */
export interface WorkerStats {
  /** Jobs that were claimed. */
  readonly claimed: number;
  /** Handlers that run now, without those that are abandoned. */
  readonly running: number;
  /** Jobs whose outcome was applied, `noReply` included. */
  readonly settled: number;
  /** Jobs whose outcome the store refused. */
  readonly refused: number;
  /** Jobs whose lease was lost while their handler ran. */
  readonly lost: number;
  /**
   * Jobs that were handed back: unstarted or interrupted by `stop()`, or because the store takes no
   * children at present.
   */
  readonly handedBack: number;
  /** Jobs whose handlers ran for longer than `handlerTimeoutMs` of their state. */
  readonly timedOut: number;
  /** Handlers of such jobs that still run: they ignore their signal, and take up no room. */
  readonly abandoned: number;
  /** Errors outside the handlers, whoever was told of them. */
  readonly errors: number;
  /** The last of them. */
  readonly lastError: unknown;
}

/** A running worker. */
export interface Worker extends AsyncDisposable {
  /** What it has done so far. */
  readonly stats: WorkerStats;
  /**
   * Resolves when the worker has ended: by `drain()`, `stop()`, its signal, or, as by `stop()`,
   * because the store was closed or has failed. Never rejects.
   */
  readonly ended: Promise<void>;
  /**
   * Claims nothing more, lets the handlers that run finish, and settles their jobs. A handler that
   * waits for it waits for itself.
   */
  drain(): Promise<void>;
  /**
   * Claims nothing more and aborts the signals of the jobs. Resolves when their handlers have ended,
   * or their time is over, and not before. A handler that throws its signal's reason, or whatever
   * was thrown because of it, is not counted as failed: its job is handed back.
   */
  stop(): Promise<void>;
}
