/**
 * The states of a workflow as types: what a definition may say, and what follows from it.
 *
 * @module
 */
import type { RetryPolicy, TerminalState } from "../../flow/mod.ts";
import type { CompleteAction, FailAction, RetryOr } from "./action.ts";
import type { StandardSchema } from "./schema.ts";

/** How much of a payload a claim brings along: up to 65,536 bytes, nothing, or up to a cap. */
export type ClaimPayload = boolean | {
  /** Payloads above this many bytes are left out and marked. */
  readonly maxBytes: number;
};

/** Every option a state can have, whatever the names of the states are. */
export interface StateShape {
  /** The type of the payload. Default: unknown. */
  readonly payload?: StandardSchema | undefined;
  /**
   * How long a claim holds a flow, in milliseconds. Default 30,000. A worker extends it while the
   * handler runs, so it is no limit for that: it says how soon a flow is claimed again after its
   * process has died. Better no less than a second: shorter ones are lost when something blocks the
   * process.
   */
  readonly leaseMs?: number | undefined;
  /**
   * How long a handler may run, in milliseconds. After that its job is settled by `onError` with
   * `handler_timeout`, its `signal` is aborted, and what it says is not heard. Default: no limit.
   */
  readonly handlerTimeoutMs?: number | undefined;
  /** Whether claims bring the payload along. Default true: up to 65,536 bytes. */
  readonly claimPayload?: ClaimPayload | undefined;
  /**
   * When and how often `retry()` runs the flow again, and `error()` unless `onError` is `fail()`.
   * Default: the type's policy, else three times after about one, two and four seconds.
   */
  readonly retry?: RetryPolicy | undefined;
  /**
   * Leases a flow may lose in a row before it goes where `onError` says, 0 to 1,000,000; null: no cap.
   * Default: the type's policy, else 10.
   */
  readonly maxReclaims?: number | null | undefined;
  /** What `ok()` does: a state to go to, or `complete()`. Default `complete()`. */
  readonly onOk?: string | CompleteAction | undefined;
  /**
   * What `error()` and a throw do: `retryOr(state)` tries again and then goes to that state, `fail()`
   * ends the flow at once. Default: as `retryOr("failed")`, or as the type's policy says. A flow that
   * has lost too many leases goes to the state of `retryOr()`, too.
   */
  readonly onError?: RetryOr | FailAction | undefined;
}

/** The options of one state among states of the names `N`. */
export interface StateDef<N extends string> extends Omit<StateShape, "onOk" | "onError" | "retry"> {
  /** What `ok()` does: a state to go to, or `complete()`. Default `complete()`. */
  readonly onOk?: Exclude<N, TerminalState> | CompleteAction | undefined;
  /**
   * What `error()` and a throw do: `retryOr(state)` tries again and then goes to that state, `fail()`
   * ends the flow at once. Default: as `retryOr("failed")`, or as the type's policy says. A flow that
   * has lost too many leases goes to the state of `retryOr()`, too.
   */
  readonly onError?: RetryOr<N | TerminalState> | FailAction | undefined;
  /**
   * When and how often `retry()` runs the flow again, and `error()` unless `onError` is `fail()`.
   * Default: the type's policy, else three times after about one, two and four seconds.
   */
  readonly retry?: RetryPolicy<N | TerminalState> | undefined;
}

/** Refuses members that the shape does not have, one level down. */
export type NoOthers<Given, Shape> = { readonly [X in Exclude<keyof Given, keyof Shape>]: never };

/** States that fit together: every target is declared, and no option is unknown. */
export type CheckedStates<S> = {
  readonly [K in keyof S]: StateDef<Name<S>> & NoOthers<S[K], StateShape>;
};

/** The names of the declared states. */
export type Name<S> = Extract<keyof S, string>;

/** The names of the declared states in which a flow can be worked on. */
export type LiveName<S> = Exclude<Name<S>, TerminalState>;
