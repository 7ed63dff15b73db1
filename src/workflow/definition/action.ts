/**
 * What a state does when its handler says ok or error.
 *
 * @module
 */
import type { Complete, Fail } from "../jobs/outcome.ts";

/** Retry under the state's policy, and where to go when the retries are spent. */
export interface RetryOr<To extends string = string> {
  /** Which action it is. */
  readonly kind: "retryOr";
  /** The state, declared or terminal, to go to when the retries are spent. */
  readonly exhaustedTo: To;
}

/** The action `complete()`: the flow ends well, with the value of `ok()` as its result. */
export type CompleteAction = Complete<undefined>;

/** The action `fail()`: the flow ends badly, with the reason of `error()` as its error. */
export type FailAction = Fail<undefined>;

/**
 * The action of a state that retries, and goes to `exhaustedTo` when the retries are spent.
 *
 * @param exhaustedTo A declared state, or `"failed"`, `"completed"` or `"cancelled"`.
 */
export function retryOr<To extends string>(exhaustedTo: To): RetryOr<To> {
  return { kind: "retryOr", exhaustedTo };
}
