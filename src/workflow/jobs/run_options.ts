/**
 * How jobs are run, and what becomes of them, as callers see it.
 *
 * @module
 */
import type { FlowRecord } from "../../flow/mod.ts";
import type { Claimed, JobClaimOptions, StateChoice } from "../claim.ts";
import type { LiveName } from "../definition/state.ts";
import type { Handler } from "./handler.ts";
import type { Outcome } from "./outcome.ts";

/** What running a job may say besides how. */
export interface HandleOptions {
  /**
   * What becomes of a job whose payload is larger than the claim's cap. `"error"`: it is settled with
   * the error `too_large`, without its handler. `"handle"`: the handler runs without the payload, and
   * `job.payloadOmitted` is true. Default `"error"`. A payload that is gone is an error either way:
   * `payload_missing`.
   */
  readonly onOmitted?: "error" | "handle" | undefined;
}

/** One handler for all the states of a call. */
export interface OneHandler<S, K extends LiveName<S>, Asked extends boolean | undefined> {
  /** Works on the jobs. */
  readonly handler: Handler<S, K, Asked>;
}

/** The states of a call and their one handler, or a handler for each state. */
export type HandlerChoice<S, C, Asked extends boolean | undefined> =
  | (StateChoice<C> & OneHandler<S, Claimed<S, C>, Asked> & {
    /** Not together with `handler`. */
    readonly handlers?: undefined;
  })
  | {
    /** A handler for each state to claim from. At least one. */
    readonly handlers: { readonly [N in LiveName<S>]?: Handler<S, N, Asked> | undefined };
    /** Not together with `handlers`, whose names are the states. */
    readonly state?: undefined;
    /** Not together with `handlers`. */
    readonly handler?: undefined;
  };

/** Options of `runOnce(state, …)`. */
export type RunOptions<P extends readonly string[], S, C, Asked extends boolean | undefined> =
  & JobClaimOptions<P, Asked>
  & HandleOptions
  & OneHandler<S, Claimed<S, C>, Asked>;

/** Options of `runOnce(…)`. */
export type RunStatesOptions<P extends readonly string[], S, C, Asked extends boolean | undefined> =
  & JobClaimOptions<P, Asked>
  & HandleOptions
  & HandlerChoice<S, C, Asked>;

/** A job that was run and settled. */
export interface SettledJob<J> {
  /** The job. */
  readonly job: J;
  /** What its handler said; `error()` if that could not be done for what it says. */
  readonly outcome: Outcome;
  /** The flow after it; null if the handler said `noReply`. */
  readonly record: FlowRecord | null;
  /** Nothing went wrong. */
  readonly error?: undefined;
}

/** A job that was run, and whose outcome the store refused. */
export interface UnsettledJob<J> {
  /** The job. */
  readonly job: J;
  /** Why: mostly `stale_lease`, when another worker has taken the flow over. */
  readonly error: unknown;
  /** There is none. */
  readonly outcome?: undefined;
  /** There is none. */
  readonly record?: undefined;
}

/** What became of one job of `runOnce()`. */
export type RunResult<J> = SettledJob<J> | UnsettledJob<J>;
