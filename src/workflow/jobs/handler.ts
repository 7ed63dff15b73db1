/**
 * The code that works on a job, and what it may say for which state.
 *
 * @module
 */
import type { ChildItem, TerminalState } from "../../flow/mod.ts";
import type { MovePayload, OkArgs, OkValue, OptionalFirst } from "../definition/payload.ts";
import type { Eventually } from "../definition/schema.ts";
import type { LiveName, Name } from "../definition/state.ts";
import type { FanoutOptions } from "./fanout.ts";
import type { Job } from "./job.ts";
import type {
  AgainOptions,
  Complete,
  Fail,
  Failure,
  Fanout,
  MoveOptions,
  NoReply,
  Ok,
  Retry,
  Transition,
} from "./outcome.ts";

/** What a handler of state `K` may say. */
export type OutcomeOf<S, K extends LiveName<S>> =
  | OkOf<S, K>
  | TransitionOf<S, K>
  | Failure
  | Complete
  | Retry
  | Fail
  | Fanout<Name<S> | TerminalState>
  | NoReply;

/** The `ok()` of state `K`: it carries what the state's `onOk` needs. */
export type OkOf<S, K extends LiveName<S>> = K extends LiveName<S> ? Ok<OkValue<S, K>> : never;

/** The transitions from state `K`: each carries the payload of the state it leads to. */
export type TransitionOf<S, K extends LiveName<S>> = K extends LiveName<S>
  ? { [To in LiveName<S>]: Transition<To, MovePayload<S, K, To>> }[LiveName<S>]
  : never;

/**
 * Works on a job of the states `K` and says what happens next. A throw is the same as
 * `error(exception)`, and so is saying what cannot be done: a payload that does not fit, a result that
 * is too large, a child that exists already.
 */
export type Handler<
  S,
  K extends LiveName<S>,
  Asked extends boolean | undefined = undefined,
> = JobHandler<S, Job<S, K, Asked>, K>;

/** Works on a job of the type `J` and says what happens next. */
export type JobHandler<
  S,
  J extends { readonly state: LiveName<S> },
  K extends LiveName<S> = J["state"],
> = (
  job: J,
  context: HandlerContext<S, K>,
) => OutcomeOf<S, K> | Promise<OutcomeOf<S, K>>;

/**
 * The outcome functions, typed for the states of a handler. The same as those that the package
 * exports; handy where a name such as `error` is taken by something else.
 */
export interface HandlerContext<S, K extends LiveName<S>> {
  /** Applies the state's `onOk`. */
  readonly ok: (...args: OkArgs<S, K>) => OkOf<S, K>;
  /** Applies the state's `onError`. */
  readonly error: (reason?: unknown) => Failure;
  /** Sends the flow to a state. */
  readonly transition: <const To extends LiveName<S>>(
    to: To,
    ...args: OptionalFirst<MovePayload<S, K, To>, [options?: MoveOptions]>
  ) => TransitionOf<S, K>;
  /** Ends the flow well. */
  readonly complete: (result?: unknown) => Complete;
  /** Runs the flow again later. */
  readonly retry: (reason?: unknown, options?: AgainOptions) => Retry;
  /** Ends the flow badly. */
  readonly fail: (reason?: unknown) => Fail;
  /** Spawns children, and lets the flow wait for them. */
  readonly fanout: <const W extends string = string>(
    children: readonly Eventually<ChildItem>[],
    options: FanoutOptions<Name<S> | TerminalState, W>,
  ) => Fanout<Name<S> | TerminalState>;
  /** Nothing is to be done: the handler gives the final command itself. */
  readonly noReply: NoReply;
}
